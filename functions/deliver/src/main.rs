//! The delivery queue's worker as a Lambda.

use deliver::Deliver;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    let deliver = Deliver::new(&Config::from_env()?);
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async {
        Ok::<_, Error>(deliver.handle(event.payload).await)
    }))
    .await
}
