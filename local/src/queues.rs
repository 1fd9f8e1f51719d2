//! SQS on this machine: the stack's own queues behind the proxy, as the template describes them.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use crate::Faults;
use crate::StackError;
use crate::dice::Dice;
use crate::meter::Meter;
use crate::proxy::{Backend, INJECTED};
use crate::sqs::Sqs;
use crate::template::{Queue, arn};
use crate::wire::{self, AwsRequest};

/// The attributes that a queue of the template may set.
const ATTRIBUTES: [QueueAttributeName; 5] = [
    QueueAttributeName::VisibilityTimeout,
    QueueAttributeName::MessageRetentionPeriod,
    QueueAttributeName::DelaySeconds,
    QueueAttributeName::ReceiveMessageWaitTimeSeconds,
    QueueAttributeName::MaximumMessageSize,
];

/// SQS, and what goes wrong with it on purpose.
#[derive(Clone)]
pub struct Queues {
    /// The queues.
    pub sqs: Sqs,
    /// What goes wrong.
    pub faults: Faults,
    /// Observes every call of the functions and their pollers.
    pub meter: Option<Meter>,
}

impl Backend for Queues {
    fn fault_share(&self, request: &AwsRequest) -> f64 {
        let sends = request.operation().is_some_and(|operation| operation.starts_with("SendMessage"));
        if sends { self.faults.sqs } else { 0.0 }
    }

    async fn forward(&self, request: AwsRequest) -> Response {
        // Only jobs are sent in batches.
        if request.operation() == Some("SendMessageBatch") {
            for _ in 0..self.faults.extra_copies {
                self.answer(&request).await;
            }
        }
        let answer = self.answer(&request).await;
        let Some(meter) = self.meter.as_ref().filter(|_| !request.is_the_stacks()) else { return answer };
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
        if parts.status.is_success() {
            meter.observe_queue(&request, &body);
        }
        Response::from_parts(parts, body.into())
    }

    /// The message is not taken.
    async fn inject_fault(&self, _request: AwsRequest, _dice: &Dice) -> Response {
        wire::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", INJECTED)
    }
}

impl Queues {
    async fn answer(&self, request: &AwsRequest) -> Response {
        let target = request.header("x-amz-target").unwrap_or_default();
        let base_url = format!("http://{}", request.header("host").unwrap_or_default());
        self.sqs.answer(target, &base_url, &request.body).await
    }
}

/// Creates the queues that are not there yet, and gives all of them the template's attributes; gives each
/// one's URL.
///
/// # Errors
/// When SQS refuses.
pub async fn provision(client: &Client, queues: &[Queue]) -> Result<BTreeMap<String, String>, StackError> {
    let (mut urls, mut arns) = (BTreeMap::new(), BTreeMap::new());
    for Queue { name, .. } in queues {
        let what = || format!("create the queue {name}");
        let created = client.create_queue().queue_name(name).send().await;
        let url = created.map_err(|error| StackError::new(&what(), error))?.queue_url.unwrap_or_default();
        let get = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn);
        let answer = get.send().await.map_err(|error| StackError::new(&what(), error))?;
        let own = answer.attributes.and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
        arns.insert(arn("sqs", name), own.unwrap_or_default());
        urls.insert(name.clone(), url);
    }
    for queue in queues {
        let attributes = attributes(queue, &arns);
        let set = client.set_queue_attributes().queue_url(&urls[&queue.name]);
        let done = set.set_attributes(Some(attributes.into_iter().collect())).send().await;
        done.map_err(|error| StackError::new(&format!("configure the queue {}", queue.name), error))?;
    }
    Ok(urls)
}

/// A queue's attributes, with the dead-letter queue under the ARN that this SQS gave it.
fn attributes(queue: &Queue, arns: &BTreeMap<String, String>) -> Vec<(QueueAttributeName, String)> {
    let declared = ATTRIBUTES.into_iter().filter_map(|name| match &queue.properties[name.as_str()] {
        Value::Null => None,
        Value::String(text) => Some((name, text.clone())),
        value => Some((name, value.to_string())),
    });
    let mut attributes: Vec<_> = declared.collect();
    if let Value::Object(policy) = &queue.properties["RedrivePolicy"] {
        let mut policy = policy.clone();
        let target = policy["deadLetterTargetArn"].as_str().and_then(|arn| arns.get(arn));
        policy.insert("deadLetterTargetArn".into(), target.cloned().into());
        attributes.push((QueueAttributeName::RedrivePolicy, Value::Object(policy).to_string()));
    }
    attributes
}
