//! Dead-letter queues: what ends in them, and for how long.

use serde_json::json;

use super::{Desk, text};

/// Source: Guide, "Using dead-letter queues in Amazon SQS"; API, Message, `DeadLetterQueueSourceArn`.
#[tokio::test]
async fn a_message_that_was_received_maxreceivecount_times_goes_to_the_dead_letter_queue() {
    let desk = Desk::new();
    let (url, dead) = desk.with_dead_letters(2).await;
    desk.clock.set(1_800_000_000);
    let id = desk.send(&url, "x").await;
    for _ in 0..2 {
        desk.receive_one(&url).await;
        desk.clock.advance(30);
    }
    desk.send(&url, "new").await;
    assert_eq!(desk.bodies(&url).await, ["new"]);
    let letters = desk.receive(&dead).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0]["MessageId"], json!(id));
    let attributes = &letters[0]["Attributes"];
    assert!(text(&attributes["SentTimestamp"]).starts_with("180000000"), "when it was sent first");
    assert_eq!(attributes["DeadLetterQueueSourceArn"], "arn:aws:sqs:local:000000000000:source");
}

/// Source: Guide, "Setting-up dead-letter queue retention in Amazon SQS": a day on the source queue and four
/// of retention are three days on the dead-letter queue.
#[tokio::test]
async fn a_dead_letter_is_kept_from_when_it_was_sent_first() {
    let desk = Desk::new();
    let (url, dead) = desk.with_dead_letters(1).await;
    desk.send(&url, "x").await;
    desk.receive_one(&url).await;
    desk.clock.advance(86_400);
    assert!(desk.receive(&url).await.is_empty());
    desk.clock.advance(3 * 86_400 - 10);
    assert_eq!(desk.attribute(&dead, "ApproximateNumberOfMessages").await, "1");
    desk.clock.advance(10);
    assert_eq!(desk.attribute(&dead, "ApproximateNumberOfMessages").await, "0");
}

/// Source: API, SetQueueAttributes, `RedrivePolicy`; Guide, "Configure a dead-letter queue": 1 to 1,000.
#[tokio::test]
async fn a_policy_names_a_queue_that_is_there_and_a_count_from_1_to_1000() {
    let desk = Desk::new();
    let (url, dead) = desk.with_dead_letters(3).await;
    let arn = desk.attribute(&dead, "QueueArn").await;
    for taken in [json!(1), json!(1000), json!("5")] {
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": taken}).to_string();
        desk.set(&url, json!({"RedrivePolicy": policy})).await.unwrap();
        assert_eq!(desk.attribute(&url, "RedrivePolicy").await, policy);
    }
    for refused in [
        json!({"deadLetterTargetArn": arn, "maxReceiveCount": 0}),
        json!({"deadLetterTargetArn": arn, "maxReceiveCount": 1001}),
        json!({"deadLetterTargetArn": format!("{arn}-not"), "maxReceiveCount": 1}),
        json!({"deadLetterTargetArn": arn}),
        json!("garbage"),
    ] {
        let refusal = desk.set(&url, json!({"RedrivePolicy": refused.to_string()})).await.unwrap_err();
        assert_eq!(refusal, "InvalidParameterValueException", "{refused}");
    }
}

/// Source: API, SetQueueAttributes, `RedrivePolicy`; an empty one takes it away.
#[tokio::test]
async fn without_a_policy_a_message_comes_again_and_again() {
    let desk = Desk::new();
    let (url, _) = desk.with_dead_letters(1).await;
    desk.set(&url, json!({"RedrivePolicy": ""})).await.unwrap();
    let all = desk.ask("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["All"]})).await;
    assert_eq!(all["Attributes"].get("RedrivePolicy"), None);
    desk.send(&url, "x").await;
    for _ in 0..3 {
        desk.receive_one(&url).await;
        desk.clock.advance(30);
    }
}

/// A rule of this room: a circle would keep whoever waits for a message busy for ever.
#[tokio::test]
async fn dead_letters_do_not_come_back() {
    let desk = Desk::new();
    let (url, dead) = desk.with_dead_letters(1).await;
    for (queue, target) in [(&url, &url), (&dead, &dead), (&dead, &url)] {
        let arn = desk.attribute(target, "QueueArn").await;
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 1});
        let refusal = desk.set(queue, json!({"RedrivePolicy": policy.to_string()})).await.unwrap_err();
        assert_eq!(refusal, "InvalidParameterValueException");
    }
}

/// Source: API, ListDeadLetterSourceQueues.
#[tokio::test]
async fn the_sources_of_a_dead_letter_queue_are_listed() {
    let desk = Desk::new();
    let (url, dead) = desk.with_dead_letters(1).await;
    let sources = desk.ask("ListDeadLetterSourceQueues", json!({"QueueUrl": dead})).await;
    assert_eq!(sources, json!({"queueUrls": [url]}));
    let none = desk.ask("ListDeadLetterSourceQueues", json!({"QueueUrl": url})).await;
    assert_eq!(none, json!({"queueUrls": []}));
}
