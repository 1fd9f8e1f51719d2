//! POST /decrypt as a Lambda.

use std::convert::Infallible;

use decrypt::Decrypt;
use lambda_http::{Error, service_fn};
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let decrypt = Decrypt::new(&Config::from_env()?);
    lambda_http::run(service_fn(|request| async { Ok::<_, Infallible>(decrypt.handle(request).await) })).await
}
