//! What invokes functions besides HTTP: schedules and queue subscriptions.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::host::Function;
use crate::template::{Subscription, arn};

/// How long a poll waits for a message, in seconds.
const POLL: i32 = 5;

/// After a poll that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Invokes the function every time its `rate(…)` has passed, as EventBridge does.
pub async fn schedule(function: Function, every: Duration, input: Value) {
    loop {
        tokio::time::sleep(every).await;
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
    client: Client,
    queue_url: String,
    ending: CancellationToken,
) {
    while !ending.is_cancelled() {
        let receive = client
            .receive_message()
            .queue_url(&queue_url)
            .max_number_of_messages(subscription.batch_size)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .wait_time_seconds(POLL);
        let received = tokio::select! {
            received = receive.send() => received,
            () = ending.cancelled() => return,
        };
        let messages = match received {
            Ok(answer) => answer.messages.unwrap_or_default(),
            Err(_) => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if messages.is_empty() {
            continue;
        }
        let event = event(&subscription.queue, &messages);
        match function.invoke(event).await {
            Ok(answer) => delete(&client, &queue_url, &messages, &answer).await,
            Err(error) => tracing::error!(function = function.name, %error, "a batch failed; it comes again"),
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
            "awsRegion": "local",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

async fn delete(client: &Client, queue_url: &str, messages: &[Message], answer: &Value) {
    let failed = answer["batchItemFailures"].as_array().into_iter().flatten();
    let failed: Vec<_> = failed.filter_map(|failure| failure["itemIdentifier"].as_str()).collect();
    for message in messages.iter().filter(|m| !failed.contains(&m.message_id.as_deref().unwrap_or_default()))
    {
        let handle = message.receipt_handle.as_deref().unwrap_or_default();
        if let Err(error) = client.delete_message().queue_url(queue_url).receipt_handle(handle).send().await {
            tracing::warn!(%error, "a finished message stays on its queue; it comes again");
        }
    }
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
