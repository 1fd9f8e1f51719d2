//! The queues: delivery jobs, requests for a new token, WeChat's events, users to be forgotten. A function builds those it uses.

mod depth;

pub use depth::{Depth, Depths};

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::event::Event;
use crate::job::Job;
use crate::{Account, Config, Error};

/// SQS takes ten messages a call.
const BATCH: usize = 10;

/// How many bytes of messages one call may have together; SQS takes a mebibyte.
const LARGEST_BATCH: usize = 1_000_000;

/// How many such calls run at a time.
const CONCURRENCY: usize = 8;

/// The longest SQS can hold a message back.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// A call that fails is made again after at most this, doubling: whoever called, WeChat among them, waits.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// The SQS client that a function's queues share; built once, in init.
///
/// # Errors
/// [`ConfigError`].
pub fn client(config: &Config) -> Result<Client, ConfigError> {
    let aws = config.aws()?;
    let mut builder = aws_sdk_sqs::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_sqs::config::Region::new(aws.region))
        .credentials_provider(aws.credentials)
        .http_client(aws.http)
        .timeout_config(aws.timeouts)
        .retry_config(RetryConfig::standard().with_initial_backoff(FIRST_BACKOFF));
    if let Some(endpoint) = aws.sqs_endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(builder.build()))
}

/// The delivery queue. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DeliverQueue(Queue);

/// The queue of those who need a new token. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RefreshQueue(Queue);

/// The queue of what happened at WeChat. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EventsQueue(Queue);

/// The queue of users who are being forgotten. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ForgetQueue(Queue);

#[derive(Clone, Debug)]
struct Queue {
    client: Client,
    url: String,
}

/// The message that asks `refresh` for a new token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshRequest {
    /// Whose token.
    pub account: Account,
    /// Which token failed; absent when there was none at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What WeChat said to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errcode: Option<i64>,
    /// Whether none failed: it is only time for a new one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_due: bool,
}

/// The message that has `forget` look through the messages.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ForgetRequest {
    /// Which deletion.
    pub id: String,
    /// Which of the calls for it.
    pub call: String,
}

impl DeliverQueue {
    /// The queue that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self(Queue { client, url: config.deliver_queue_url()? }))
    }

    /// Puts delivery jobs on the queue, to be taken after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some of the jobs may be on the queue.
    pub async fn enqueue(&self, jobs: &[Job], delay: Duration) -> Result<(), Error> {
        self.0.enqueue_all(jobs, delay).await
    }
}

impl RefreshQueue {
    /// The queue that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self(Queue { client, url: config.refresh_queue_url()? }))
    }

    /// Asks `refresh` for a new token, after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn enqueue(&self, request: &RefreshRequest, delay: Duration) -> Result<(), Error> {
        self.0.enqueue(request, delay).await
    }
}

impl EventsQueue {
    /// The queue that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self(Queue { client, url: config.events_queue_url()? }))
    }

    /// Puts an event on the queue, to be taken after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn enqueue(&self, event: &Event, delay: Duration) -> Result<(), Error> {
        self.0.enqueue(event, delay).await
    }

    /// Puts several events on the queue, each a message of its own.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some of them may be on the queue.
    pub async fn enqueue_all(&self, events: &[Event]) -> Result<(), Error> {
        self.0.enqueue_all(events, Duration::ZERO).await
    }
}

impl ForgetQueue {
    /// The queue that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        Ok(Self(Queue { client, url: config.forget_queue_url()? }))
    }

    /// Has the messages looked through.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn enqueue(&self, request: &ForgetRequest) -> Result<(), Error> {
        self.0.enqueue(request, Duration::ZERO).await
    }
}

impl Queue {
    async fn enqueue(&self, message: &impl Serialize, delay: Duration) -> Result<(), Error> {
        let send = self.client.send_message().queue_url(&self.url).message_body(text(message)?);
        send.delay_seconds(seconds(delay)).send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    async fn enqueue_all(&self, messages: &[impl Serialize + Sync], delay: Duration) -> Result<(), Error> {
        let bodies: Vec<_> = messages.iter().map(text).collect::<Result<_, _>>()?;
        let batches = batches(&bodies).into_iter().map(|batch| self.enqueue_batch(batch, delay));
        stream::iter(batches).buffer_unordered(CONCURRENCY).boxed().try_collect().await
    }

    async fn enqueue_batch(&self, bodies: &[String], delay: Duration) -> Result<(), Error> {
        let mut entries = Vec::with_capacity(bodies.len());
        for (index, body) in bodies.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.message_body(body).delay_seconds(seconds(delay));
            entries.push(entry.build().map_err(Error::unavailable)?);
        }
        let send = self.client.send_message_batch().queue_url(&self.url);
        let answer = send.set_entries(Some(entries)).send().await.map_err(Error::unavailable)?;
        match answer.failed.first() {
            Some(failed) => Err(Error::unavailable(format!("SQS did not take a message: {}", failed.code))),
            None => Ok(()),
        }
    }
}

/// The messages of each call: as many, and as large together, as one takes.
fn batches(mut bodies: &[String]) -> Vec<&[String]> {
    let mut batches = Vec::new();
    while !bodies.is_empty() {
        let mut bytes = 0;
        let fit = bodies.iter().take(BATCH).take_while(|body| {
            bytes += body.len();
            bytes <= LARGEST_BATCH
        });
        let (batch, rest) = bodies.split_at(fit.count().max(1));
        batches.push(batch);
        bodies = rest;
    }
    batches
}

fn seconds(delay: Duration) -> i32 {
    i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(0)
}

/// JSON, without the two characters that SQS takes in no message.
fn text(value: &impl Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(value).map_err(Error::unavailable)?;
    Ok(json.replace('\u{fffe}', r"\ufffe").replace('\u{ffff}', r"\uffff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_go_in_more_calls() {
        let sizes = |bodies: &[usize]| {
            let bodies: Vec<_> = bodies.iter().map(|bytes| "x".repeat(*bytes)).collect();
            batches(&bodies).iter().map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[1; 25]), [10, 10, 5]);
        assert_eq!(sizes(&[LARGEST_BATCH / 2; 5]), [2, 2, 1]);
        assert_eq!(sizes(&[1, LARGEST_BATCH, 1]), [1, 1, 1]);
        assert_eq!(sizes(&[LARGEST_BATCH + 1, 1]), [1, 1], "SQS says so");
    }

    #[test]
    fn what_sqs_takes_in_no_message_is_written_as_an_escape() {
        let odd = "a\u{fffe}b\u{ffff}c\0d\u{fffd}\u{10ffff}";
        let body = text(&odd).expect("JSON");
        let is_taken =
            |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        assert!(body.chars().all(is_taken), "{body:?}");
        assert_eq!(serde_json::from_str::<String>(&body).expect("a text"), odd);
    }
}
