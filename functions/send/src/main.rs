//! POST /send and GET /send/{id} as a Lambda.

use std::convert::Infallible;

use lambda_http::{Error, service_fn};
use send::Send;
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    shared::telemetry::count("send");
    let send = Send::new(&Config::from_env()?)?;
    lambda_http::run(service_fn(|request| async { Ok::<_, Infallible>(send.handle(request).await) })).await
}
