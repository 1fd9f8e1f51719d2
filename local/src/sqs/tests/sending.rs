//! What can be sent, and when it arrives.

use serde_json::{Map, Value, json};

use super::Desk;

async fn refusal(desk: &Desk, url: &str, message: Value) -> Option<String> {
    let mut message = message;
    message["QueueUrl"] = url.into();
    desk.try_ask("SendMessage", message).await.err()
}

/// Source: API, SendMessage, `MessageBody`: 1 MiB at most.
#[tokio::test]
async fn a_body_has_up_to_1048576_bytes_and_at_least_one() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, &"x".repeat(1_048_576)).await;
    let longer = refusal(&desk, &url, json!({"MessageBody": "x".repeat(1_048_577)})).await;
    assert_eq!(longer.as_deref(), Some("InvalidParameterValueException"));
    for missing in [json!({}), json!({"MessageBody": ""})] {
        let refusal = refusal(&desk, &url, missing).await;
        assert_eq!(refusal.as_deref(), Some("MissingRequiredParameterException"));
    }
}

/// Source: API, SetQueueAttributes, `MaximumMessageSize`.
#[tokio::test]
async fn a_queue_can_take_shorter_messages_only() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"MaximumMessageSize": "1024"})).await;
    desk.send(&url, &"x".repeat(1024)).await;
    let longer = refusal(&desk, &url, json!({"MessageBody": "x".repeat(1025)})).await;
    assert_eq!(longer.as_deref(), Some("InvalidParameterValueException"));
}

/// Source: API, SendMessage, `MessageBody`: the characters of XML 1.0.
#[tokio::test]
async fn a_body_has_xmls_characters_only() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "\t\n\r \u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}").await;
    for unknown in ["\0", "\u{8}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
        let refusal = refusal(&desk, &url, json!({"MessageBody": unknown})).await;
        assert_eq!(refusal.as_deref(), Some("InvalidMessageContents"), "{unknown:?}");
    }
}

/// Source: API, SendMessage, `MD5OfMessageBody`; RFC 1321 for the digest.
#[tokio::test]
async fn a_sender_gets_the_digests_of_body_and_attributes() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let attributes = json!({"attribName1": {"DataType": "String", "StringValue": "attribValue 1"}});
    let message = json!({"QueueUrl": url, "MessageBody": "abc", "MessageAttributes": attributes});
    let sent = desk.ask("SendMessage", message).await;
    assert_eq!(sent["MD5OfMessageBody"], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(sent["MD5OfMessageAttributes"], "19e27d4e946b072f3f58da80d94fd778");
}

/// Source: Guide, "message quotas", and "Message metadata for Amazon SQS": all of an attribute counts.
#[tokio::test]
async fn up_to_ten_attributes_count_into_the_size() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"MaximumMessageSize": "1024"})).await;
    let attributes = |count: usize| {
        let attribute = |n: usize| (n.to_string(), json!({"DataType": "String", "StringValue": "x"}));
        (0..count).map(attribute).collect::<Map<_, _>>()
    };
    let eleven = json!({"MessageBody": "x", "MessageAttributes": attributes(11)});
    assert_eq!(refusal(&desk, &url, eleven).await.as_deref(), Some("InvalidParameterValueException"));
    // Name, type and value of each are 8 bytes.
    let message =
        |length: usize| json!({"MessageBody": "x".repeat(length), "MessageAttributes": attributes(10)});
    assert_eq!(refusal(&desk, &url, message(1024 - 80)).await, None);
    let longer = refusal(&desk, &url, message(1024 - 79)).await;
    assert_eq!(longer.as_deref(), Some("InvalidParameterValueException"));
}

/// Source: API, SendMessage, `DelaySeconds`: 0 to 900.
#[tokio::test]
async fn a_delay_is_15_minutes_at_most() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let delayed = |seconds: i64| json!({"MessageBody": "x", "DelaySeconds": seconds});
    assert_eq!(refusal(&desk, &url, delayed(900)).await, None);
    for seconds in [-1, 901] {
        let refusal = refusal(&desk, &url, delayed(seconds)).await;
        assert_eq!(refusal.as_deref(), Some("InvalidParameterValueException"));
    }
}

/// Source: Guide, "Amazon SQS delay queues"; API, SendMessage: the queue's delay without one of its own.
#[tokio::test]
async fn a_delayed_message_is_invisible_until_it_is_due() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"DelaySeconds": "60", "VisibilityTimeout": "43200"})).await;
    desk.send(&url, "by the queue").await;
    desk.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": "own", "DelaySeconds": 600})).await;
    desk.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": "at once", "DelaySeconds": 0})).await;
    assert_eq!(desk.bodies(&url).await, ["at once"]);
    desk.clock.advance(50);
    assert!(desk.receive(&url).await.is_empty());
    desk.clock.advance(10);
    assert_eq!(desk.bodies(&url).await, ["by the queue"]);
    desk.clock.advance(540);
    assert_eq!(desk.bodies(&url).await, ["own"]);
}
