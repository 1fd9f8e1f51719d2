//! What invokes functions besides HTTP: schedules and queue subscriptions.

use std::time::{Duration, Instant};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use clock::Clock;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::host::Function;
use crate::template::{Subscription, arn};
use crate::wire::REGION;

/// How long a poll waits for a message, in seconds.
const POLL: i32 = 5;

/// SQS gives and takes ten messages a call.
const BATCH: i32 = 10;

/// Between two looks for more, while a window is open.
const GLANCE: Duration = Duration::from_millis(100);

/// After a poll that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Invokes the function every time its `rate(…)` has passed, as EventBridge does.
pub async fn schedule(function: Function, every: Duration, input: Value, clock: Clock) {
    loop {
        clock.sleep(every).await;
        if let Err(error) = function.invoke(input.clone()).await {
            tracing::error!(function = function.name, %error, "a scheduled run failed");
        }
    }
}

/// `rate(100 minutes)` as a duration; `None` for anything else.
pub fn rate(expression: &str) -> Option<Duration> {
    let (number, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3600,
        "day" => 24 * 3600,
        _ => return None,
    };
    Some(Duration::from_secs(number * seconds))
}

/// One poller of a queue: takes messages, invokes the function, deletes what it did not report as
/// failed. It ends between two batches, never inside one.
pub async fn subscribe(
    function: Function,
    subscription: Subscription,
    queue: PolledQueue,
    ending: CancellationToken,
) {
    while !ending.is_cancelled() {
        let received = tokio::select! {
            received = queue.receive(subscription.batch_size, Duration::from_secs(subscription.window_seconds)) => received,
            () = ending.cancelled() => return,
        };
        let messages = match received {
            Ok(messages) if messages.is_empty() => continue,
            Ok(messages) => messages,
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        match function.invoke(event(&subscription.queue, &messages)).await {
            Ok(answer) => queue.delete(&messages, &answer).await,
            Err(error) => {
                tracing::error!(function = function.name, %error, "a batch failed; it will be redelivered");
            }
        }
    }
}

/// A queue, as its pollers take from it. Cheap to clone.
#[derive(Clone)]
pub struct PolledQueue {
    client: Client,
    url: String,
}

impl PolledQueue {
    /// The queue at this URL, by a client that may do what the function may: whether that is enough is found here.
    ///
    /// # Errors
    /// When it may not look at the queue, as Lambda does.
    pub async fn open(client: Client, url: String) -> Result<Self, aws_sdk_sqs::Error> {
        let look = client.get_queue_attributes().queue_url(&url);
        look.attribute_names(QueueAttributeName::VisibilityTimeout).send().await?;
        Ok(Self { client, url })
    }

    /// Up to `most` messages, gathered ten at a time, as Lambda does: SQS gives no more in one call.
    /// After the first, more are waited for until the window, of the machine's time, is over.
    async fn receive(&self, most: i32, window: Duration) -> Result<Vec<Message>, aws_sdk_sqs::Error> {
        let mut messages = self.receive_once(most.min(BATCH), POLL).await?;
        if messages.is_empty() {
            return Ok(messages);
        }
        let (until, full) = (Instant::now() + window, BATCH as usize);
        let mut last = messages.len();
        while messages.len() < most as usize && (last == full || Instant::now() < until) {
            if last < full {
                tokio::time::sleep(GLANCE).await;
            }
            let left = full.min(most as usize - messages.len());
            // What was received before must not be lost with an error now.
            let more = self.receive_once(left as i32, 0).await.unwrap_or_default();
            last = more.len();
            messages.extend(more);
        }
        Ok(messages)
    }

    async fn receive_once(&self, most: i32, wait_seconds: i32) -> Result<Vec<Message>, aws_sdk_sqs::Error> {
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(most);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        Ok(receive.wait_time_seconds(wait_seconds).send().await?.messages.unwrap_or_default())
    }

    /// Deletes those that the function did not report as failed.
    async fn delete(&self, messages: &[Message], answer: &Value) {
        let failed = answer["batchItemFailures"].as_array().into_iter().flatten();
        let failed: Vec<_> = failed.filter_map(|failure| failure["itemIdentifier"].as_str()).collect();
        let is_finished =
            |message: &&Message| !failed.contains(&message.message_id.as_deref().unwrap_or_default());
        let finished: Vec<_> = messages.iter().filter(is_finished).collect();
        for batch in finished.chunks(BATCH as usize) {
            let entries = batch.iter().enumerate().map(|(place, message)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(place.to_string());
                let entry = entry.receipt_handle(message.receipt_handle.as_deref().unwrap_or_default());
                entry.build().expect("it has an id and a handle")
            });
            let delete = self.client.delete_message_batch().queue_url(&self.url);
            if let Err(error) = delete.set_entries(Some(entries.collect())).send().await {
                tracing::warn!(%error, "could not delete finished messages; they will be redelivered");
            }
        }
    }
}

fn event(queue: &str, messages: &[Message]) -> Value {
    let records = messages.iter().map(|message| {
        let attributes = message.attributes.iter().flatten();
        let attributes: serde_json::Map<_, _> =
            attributes.map(|(name, value)| (name.as_str().to_owned(), value.clone().into())).collect();
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "md5OfBody": message.md5_of_body,
            "attributes": attributes,
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": arn("sqs", queue),
            "awsRegion": REGION,
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::rate;
    use std::time::Duration;

    #[test]
    fn rates_are_read_as_eventbridge_writes_them() {
        assert_eq!(rate("rate(100 minutes)"), Some(Duration::from_secs(6000)));
        assert_eq!(rate("rate(1 hour)"), Some(Duration::from_secs(3600)));
        assert_eq!(rate("cron(0 0 * * ? *)"), None);
    }
}
