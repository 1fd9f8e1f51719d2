//! POST /sync, GET /sync and the sync schedule as a Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::Config;
use sync::Sync;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let sync = Sync::new(&Config::from_env()?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| sync.handle(event.payload))).await
}
