//! POST /login as a Lambda.

use std::convert::Infallible;

use lambda_http::{Error, service_fn};
use login::Login;
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let login = Login::new(&Config::from_env()?).await?;
    lambda_http::run(service_fn(|request| async { Ok::<_, Infallible>(login.handle(request).await) })).await
}
