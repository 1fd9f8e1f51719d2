//! SQS by its rules, each test with the page of the Amazon SQS API Reference ("API") or Developer Guide
//! ("Guide") that has the rule. By the real SDK in `sdk`.

mod batches;
mod deleting;
mod idle;
mod keeping;
mod moving;
mod queues;
mod receiving;
mod redriving;
mod sdk;
mod sending;
mod visibility;
mod waiting;

use axum::body::to_bytes;
use clock::Clock;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Sqs, queue};

const BASE_URL: &str = "http://localhost:9324";

/// An SQS with a movable clock.
#[derive(Clone)]
struct Desk {
    sqs: Sqs,
    clock: Clock,
}

impl Desk {
    fn new() -> Self {
        let clock = Clock::movable();
        Self { sqs: Sqs::in_memory(clock.clone()), clock }
    }

    /// The answer, or the error's shape.
    async fn try_ask(&self, action: &str, request: Value) -> Result<Value, String> {
        let target = format!("AmazonSQS.{action}");
        let answer = self.sqs.answer(&target, BASE_URL, request.to_string().as_bytes()).await;
        let is_success = answer.status().is_success();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        if is_success {
            return Ok(body);
        }
        Err(body["__type"].as_str().unwrap().split_once('#').unwrap().1.to_owned())
    }

    async fn ask(&self, action: &str, request: Value) -> Value {
        self.try_ask(action, request).await.unwrap()
    }

    /// The shape of the error that a request is refused with.
    async fn refusal(&self, action: &str, request: Value) -> String {
        self.try_ask(action, request).await.unwrap_err()
    }

    /// The URL of a new queue.
    async fn queue(&self, name: &str, attributes: Value) -> String {
        let created = self.ask("CreateQueue", json!({"QueueName": name, "Attributes": attributes})).await;
        text(&created["QueueUrl"])
    }

    /// The message's id.
    async fn send(&self, url: &str, body: &str) -> String {
        text(&self.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": body})).await["MessageId"])
    }

    /// Up to ten messages with all that is known of them, without waiting.
    async fn receive(&self, url: &str) -> Vec<Value> {
        let request = json!({
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        });
        self.ask("ReceiveMessage", request).await["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// The one message that there is; its receipt handle.
    async fn receive_one(&self, url: &str) -> String {
        let messages = self.receive(url).await;
        assert_eq!(messages.len(), 1, "{messages:?}");
        text(&messages[0]["ReceiptHandle"])
    }

    async fn bodies(&self, url: &str) -> Vec<String> {
        self.receive(url).await.iter().map(|message| text(&message["Body"])).collect()
    }

    /// A long poll for one message, once it is asleep.
    async fn poll(&self, url: &str) -> JoinHandle<Vec<Value>> {
        let (desk, request) = (self.clone(), json!({"QueueUrl": url, "WaitTimeSeconds": 20}));
        let poll = tokio::spawn(async move {
            desk.ask("ReceiveMessage", request).await["Messages"].as_array().cloned().unwrap_or_default()
        });
        let id = self.sqs.call("", |call| queue::by_url(call, url)).unwrap().id;
        while !(self.sqs.0.waits.is_awaited(id) && self.sqs.0.waits.are_asleep()) {
            tokio::task::yield_now().await;
        }
        poll
    }

    async fn attribute(&self, url: &str, name: &str) -> String {
        let request = json!({"QueueUrl": url, "AttributeNames": [name]});
        text(&self.ask("GetQueueAttributes", request).await["Attributes"][name])
    }

    async fn set(&self, url: &str, attributes: Value) -> Result<Value, String> {
        self.try_ask("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": attributes})).await
    }

    /// A queue and the dead-letter queue of what was received from it so often; their URLs.
    async fn with_dead_letters(&self, max_receive_count: i64) -> (String, String) {
        let dead = self.queue("dead", json!({})).await;
        let arn = self.attribute(&dead, "QueueArn").await;
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": max_receive_count});
        (self.queue("source", json!({"RedrivePolicy": policy.to_string()})).await, dead)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
