//! The token schedule and the refresh queue as a Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use refresh::Refresh;
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    shared::telemetry::count("refresh");
    let refresh = Refresh::new(&Config::from_env()?).await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| refresh.handle(event.payload))).await
}
