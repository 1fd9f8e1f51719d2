//! GET /events, POST /events and the queue of events as a Lambda.

use events::Events;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use shared::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    shared::telemetry::init();
    shared::telemetry::count("events");
    let events = Events::new(&Config::from_env()?).await?;
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| events.handle(event.payload))).await
}
