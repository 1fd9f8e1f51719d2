//! The queues: delivery jobs, requests for a new token, WeChat's events.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::Account;
use crate::job::Job;
use crate::{Config, Error};

/// SQS takes ten messages a call.
const BATCH: usize = 10;

/// How many such calls run at a time.
const CONCURRENCY: usize = 8;

/// The longest SQS can hold a message back.
pub const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// The message that asks `refresh` for a new token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshRequest {
    /// Whose token.
    pub account: Account,
    /// Which token failed; absent when there was none at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The queues. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queues {
    client: Client,
    deliver_url: String,
    refresh_url: String,
    events_url: String,
}

impl Queues {
    /// Builds the SQS client; once, in init.
    pub fn new(config: &Config) -> Self {
        let aws = &config.aws;
        let mut builder = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_sqs::config::Region::new(aws.region.clone()))
            .credentials_provider(aws.credentials());
        if let Some(endpoint) = &aws.sqs_endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Self {
            client: Client::from_conf(builder.build()),
            deliver_url: config.deliver_queue_url.clone(),
            refresh_url: config.refresh_queue_url.clone(),
            events_url: config.events_queue_url.clone(),
        }
    }

    /// Puts delivery jobs on the queue, to be taken after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// [`Error::Unavailable`]; some of the jobs may be on the queue.
    pub async fn deliver(&self, jobs: &[Job], delay: Duration) -> Result<(), Error> {
        let batches = jobs.chunks(BATCH).map(|batch| self.deliver_batch(batch, delay));
        stream::iter(batches).buffer_unordered(CONCURRENCY).boxed().try_collect().await
    }

    async fn deliver_batch(&self, jobs: &[Job], delay: Duration) -> Result<(), Error> {
        let mut entries = Vec::with_capacity(jobs.len());
        for (index, job) in jobs.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(index.to_string());
            let entry = entry.message_body(text(job)?).delay_seconds(seconds(delay));
            entries.push(entry.build().map_err(Error::unavailable)?);
        }
        let send = self.client.send_message_batch().queue_url(&self.deliver_url);
        let answer = send.set_entries(Some(entries)).send().await.map_err(Error::unavailable)?;
        match answer.failed.first() {
            Some(failed) => Err(Error::unavailable(format!("SQS did not take a job: {}", failed.code))),
            None => Ok(()),
        }
    }

    /// Asks `refresh` for a new token.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn request_refresh(&self, request: &RefreshRequest) -> Result<(), Error> {
        let send = self.client.send_message().queue_url(&self.refresh_url).message_body(text(request)?);
        send.send().await.map_err(Error::unavailable)?;
        Ok(())
    }

    /// Puts an event on its queue, to be taken after `delay` (at most [`LONGEST_DELAY`]).
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn event(&self, event: &impl Serialize, delay: Duration) -> Result<(), Error> {
        let send = self.client.send_message().queue_url(&self.events_url).message_body(text(event)?);
        send.delay_seconds(seconds(delay)).send().await.map_err(Error::unavailable)?;
        Ok(())
    }
}

fn seconds(delay: Duration) -> i32 {
    i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(0)
}

fn text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::unavailable)
}
