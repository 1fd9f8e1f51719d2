//! SQS on this machine: the emulator behind an HTTP door that checks rights, and the template's queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::task::JoinSet;
use winterbaume_core::{MockRequest, MockResponse, MockService};
use winterbaume_sqs::SqsService;

use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::rights::{self, Rights};
use crate::template::{Queue, arn};
use crate::{Faults, StackError, loopback, wire};

/// What the emulator takes its region from; nothing is ever sent there.
const EMULATED: &str = "https://sqs.us-east-1.amazonaws.com/";

#[derive(Clone)]
struct Door {
    emulator: Arc<SqsService>,
    rights: Rights,
    ledger: Ledger,
    faults: Faults,
    dice: Dice,
}

/// Starts the emulator; gives its endpoint. The ledger hears of every message that comes and goes.
///
/// # Errors
/// When no socket can be opened.
pub async fn serve(
    rights: Rights,
    ledger: Ledger,
    faults: Faults,
    tasks: &mut JoinSet<()>,
) -> Result<String, StackError> {
    let (listener, url) = loopback(0).await?;
    let door =
        Door { emulator: Arc::new(SqsService::new()), rights, ledger, faults, dice: Dice::new(faults.seed) };
    let app = Router::new().fallback(pass).layer(DefaultBodyLimit::disable()).with_state(door);
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the queues are gone");
        }
    });
    Ok(url)
}

async fn pass(State(door): State<Door>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(denied) = door.rights.check(&headers, &body) {
        tracing::error!("{denied}");
        return wire::access_denied(&denied);
    }
    let target =
        headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default().to_owned();
    let is_sent = target.contains(".SendMessage") && !rights::is_stack(&headers);
    if is_sent && door.dice.hit(door.faults.sqs) {
        return wire::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", "thrown by the dice");
    }
    // Only jobs are sent in batches.
    let is_job = target.ends_with(".SendMessageBatch");
    let mut answer = door.carry_out(&target, &headers, &body).await;
    for _ in 0..if is_job { door.faults.extra_copies } else { 0 } {
        answer = door.carry_out(&target, &headers, &body).await;
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, answer.headers, answer.body).into_response()
}

impl Door {
    async fn carry_out(&self, target: &str, headers: &HeaderMap, body: &Bytes) -> MockResponse {
        let (headers, body) = (headers.clone(), body.clone());
        let request =
            MockRequest { method: "POST".into(), uri: EMULATED.into(), headers, body: body.clone() };
        let answer = self.emulator.handle(request).await;
        if answer.status == 200 {
            self.ledger.hear(target, &body, &answer.body);
        }
        answer
    }
}

/// Creates the queues that are not there yet; gives each one's URL.
///
/// # Errors
/// When SQS refuses.
pub async fn create(client: &Client, queues: &[Queue]) -> Result<BTreeMap<String, String>, StackError> {
    let mut urls = BTreeMap::new();
    for Queue { name, .. } in queues {
        let created = client.create_queue().queue_name(name).send().await;
        let created = created.map_err(|error| StackError::new(&format!("create the queue {name}"), error))?;
        urls.insert(name.clone(), created.queue_url.unwrap_or_default());
    }
    Ok(urls)
}

/// Gives the queues their attributes, once every ARN they may name exists.
///
/// # Errors
/// When SQS refuses one.
pub async fn configure(
    client: &Client,
    queues: &[Queue],
    urls: &BTreeMap<String, String>,
    time_scale: f64,
) -> Result<(), StackError> {
    let real_arns = real_arns(client, urls).await?;
    for queue in queues {
        let mut set = client.set_queue_attributes().queue_url(&urls[&queue.name]);
        if let Some(seconds) = queue.properties["VisibilityTimeout"].as_f64() {
            let seconds = (seconds * time_scale).ceil();
            set = set.attributes(QueueAttributeName::VisibilityTimeout, seconds.to_string());
        }
        if let Some(seconds) = queue.properties["MessageRetentionPeriod"].as_i64() {
            set = set.attributes(QueueAttributeName::MessageRetentionPeriod, seconds.to_string());
        }
        if let Value::Object(policy) = &queue.properties["RedrivePolicy"] {
            let mut policy = policy.clone();
            let target = policy["deadLetterTargetArn"].as_str().and_then(|arn| real_arns.get(arn));
            policy.insert("deadLetterTargetArn".into(), target.cloned().into());
            set = set.attributes(QueueAttributeName::RedrivePolicy, Value::Object(policy).to_string());
        }
        let done = set.send().await;
        done.map_err(|error| StackError::new(&format!("configure the queue {}", queue.name), error))?;
    }
    Ok(())
}

/// The template's ARN of each queue → the one this SQS gave it.
async fn real_arns(
    client: &Client,
    urls: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, StackError> {
    let mut arns = BTreeMap::new();
    for (name, url) in urls {
        let get = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::QueueArn);
        let answer = get.send().await.map_err(|error| StackError::new("ask for a queue's ARN", error))?;
        let real =
            answer.attributes.and_then(|mut attributes| attributes.remove(&QueueAttributeName::QueueArn));
        arns.insert(arn("sqs", name), real.unwrap_or_default());
    }
    Ok(arns)
}
