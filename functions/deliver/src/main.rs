//! The delivery queue's worker as a Lambda.

use std::time::SystemTime;

use deliver::Deliver;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    shared::telemetry::count("deliver");
    let deliver = Deliver::new(&Config::from_env()?);
    let deliver = &deliver;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| async move {
        let time_left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        Ok::<_, Error>(deliver.handle(event.payload, time_left).await)
    }))
    .await
}
