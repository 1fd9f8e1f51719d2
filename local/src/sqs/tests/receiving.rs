//! What a receiver gets, and what is kept from it.

use serde_json::{Value, json};

use super::{Desk, text};

/// Source: Guide, "Amazon SQS visibility timeout".
#[tokio::test]
async fn a_received_message_is_invisible_for_the_visibility_timeout() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"VisibilityTimeout": "60"})).await;
    desk.send(&url, "x").await;
    desk.receive_one(&url).await;
    desk.clock.advance(50);
    assert!(desk.receive(&url).await.is_empty());
    desk.clock.advance(10);
    desk.receive_one(&url).await;
}

/// Source: API, ReceiveMessage, `VisibilityTimeout`.
#[tokio::test]
async fn a_receiver_can_have_a_timeout_of_its_own() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"VisibilityTimeout": "60"})).await;
    desk.send(&url, "x").await;
    for visible in [true, true] {
        let request = json!({"QueueUrl": url, "VisibilityTimeout": 0, "MaxNumberOfMessages": 10});
        let messages = desk.ask("ReceiveMessage", request).await;
        assert_eq!(messages["Messages"].as_array().map_or(0, Vec::len) == 1, visible);
    }
}

/// Source: API, ReceiveMessage.
#[tokio::test]
async fn a_parameter_outside_of_its_range_is_refused() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    for (name, least, most) in
        [("MaxNumberOfMessages", 1, 10), ("WaitTimeSeconds", 0, 20), ("VisibilityTimeout", 0, 43_200)]
    {
        for taken in [least, most] {
            desk.ask("ReceiveMessage", json!({"QueueUrl": url, name: taken, "VisibilityTimeout": 0})).await;
        }
        for refused in [least - 1, most + 1] {
            let refusal = desk.refusal("ReceiveMessage", json!({"QueueUrl": url, name: refused})).await;
            assert_eq!(refusal, "InvalidParameterValueException", "{name} {refused}");
        }
    }
}

/// Source: API, ReceiveMessage, `MaxNumberOfMessages`: 1 unless told. Guide, "Amazon SQS standard queues":
/// the order is about that of sending.
#[tokio::test]
async fn the_oldest_messages_come_first_and_one_at_a_time_unless_asked() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    for n in 0..12 {
        desk.send(&url, &n.to_string()).await;
    }
    let one = desk.ask("ReceiveMessage", json!({"QueueUrl": url})).await;
    assert_eq!(one["Messages"].as_array().unwrap().len(), 1);
    assert_eq!(one["Messages"][0]["Body"], "0");
    assert_eq!(desk.bodies(&url).await, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
}

/// Source: API, ReceiveMessage, `MessageSystemAttributeNames`, and Message.
#[tokio::test]
async fn a_receiver_is_told_when_a_message_was_sent_and_first_received_and_how_often() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.clock.set(1_800_000_000);
    let id = desk.send(&url, "abc").await;
    desk.clock.set(1_800_000_010);
    desk.receive_one(&url).await;
    desk.clock.set(1_800_000_100);
    let messages = desk.receive(&url).await;
    let (message, attributes) = (&messages[0], &messages[0]["Attributes"]);
    assert_eq!(message["MessageId"], json!(id));
    assert_eq!(message["MD5OfBody"], "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(attributes["SenderId"], "000000000000");
    assert_eq!(attributes["ApproximateReceiveCount"], "2");
    // Milliseconds; the clock goes on while the test runs.
    assert!(text(&attributes["SentTimestamp"]).starts_with("180000000"));
    assert_eq!(text(&attributes["SentTimestamp"]).len(), 13);
    assert!(text(&attributes["ApproximateFirstReceiveTimestamp"]).starts_with("180000001"));
}

/// Source: API, ReceiveMessage, `MessageSystemAttributeNames` and the older `AttributeNames`.
#[tokio::test]
async fn system_attributes_are_given_by_name_under_both_parameters_and_none_unasked() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    let names = async |parameter: &str, names: Value| -> Vec<String> {
        let request = json!({"QueueUrl": url, "VisibilityTimeout": 0, parameter: names});
        let received = desk.ask("ReceiveMessage", request).await;
        let attributes = received["Messages"][0]["Attributes"].as_object().cloned().unwrap_or_default();
        attributes.keys().cloned().collect()
    };
    for parameter in ["MessageSystemAttributeNames", "AttributeNames"] {
        assert_eq!(names(parameter, json!([])).await, [""; 0]);
        assert_eq!(names(parameter, json!(["SentTimestamp"])).await, ["SentTimestamp"]);
        assert_eq!(names(parameter, json!(["All"])).await.len(), 4);
    }
    let unknown = json!({"QueueUrl": url, "AttributeNames": ["Colour"]});
    assert_eq!(desk.refusal("ReceiveMessage", unknown).await, "InvalidAttributeName");
}

/// Source: API, ReceiveMessage, `MessageAttributeNames`.
#[tokio::test]
async fn message_attributes_are_given_by_name_or_prefix_and_none_unasked() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let attribute = json!({"DataType": "Number", "StringValue": "1"});
    let binary = json!({"DataType": "Binary", "BinaryValue": "AAE="});
    let attributes = json!({"a.x": attribute, "a.y": binary, "b": attribute});
    let message = json!({"QueueUrl": url, "MessageBody": "x", "MessageAttributes": attributes});
    let sent = desk.ask("SendMessage", message).await;
    let wanting = async |names: Value| {
        let request = json!({"QueueUrl": url, "VisibilityTimeout": 0, "MessageAttributeNames": names});
        desk.ask("ReceiveMessage", request).await["Messages"][0].clone()
    };
    for all in [json!(["All"]), json!([".*"])] {
        let message = wanting(all).await;
        assert_eq!(message["MessageAttributes"], attributes);
        assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    }
    let some = wanting(json!(["a.*"])).await;
    assert_eq!(some["MessageAttributes"], json!({"a.x": attribute, "a.y": binary}));
    assert_eq!(wanting(json!(["b"])).await["MessageAttributes"], json!({"b": attribute}));
    assert_eq!(wanting(json!(["c"])).await.get("MessageAttributes"), None);
    assert_eq!(wanting(json!([])).await.get("MD5OfMessageAttributes"), None);
}

/// Source: API, SetQueueAttributes, `MessageRetentionPeriod`.
#[tokio::test]
async fn a_message_is_gone_after_the_retention_period() {
    let desk = Desk::new();
    let by_default = desk.queue("default", json!({})).await;
    let short = desk.queue("short", json!({"MessageRetentionPeriod": "60"})).await;
    desk.send(&by_default, "x").await;
    desk.send(&short, "x").await;
    desk.clock.advance(50);
    assert_eq!(desk.attribute(&short, "ApproximateNumberOfMessages").await, "1");
    desk.clock.advance(10);
    assert_eq!(desk.attribute(&short, "ApproximateNumberOfMessages").await, "0");
    assert!(desk.receive(&short).await.is_empty());
    desk.clock.advance(4 * 86_400 - 100);
    desk.receive_one(&by_default).await;
    desk.clock.advance(40);
    assert!(desk.receive(&by_default).await.is_empty());
}

/// Source: Guide, "standard queue quotas", messages in flight.
#[tokio::test]
async fn a_short_poll_beyond_120000_messages_in_flight_is_over_the_limit_and_a_long_one_waits() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"VisibilityTimeout": "600"})).await;
    fill(&desk, 119_995);
    for n in 0..10 {
        desk.send(&url, &n.to_string()).await;
    }
    assert_eq!(desk.bodies(&url).await, ["0", "1", "2", "3", "4"], "there is room for five");
    assert_eq!(desk.refusal("ReceiveMessage", json!({"QueueUrl": url})).await, "OverLimit");
    let waiting = desk.poll(&url).await;
    // The filling is visible again.
    desk.clock.advance(60);
    assert_eq!(waiting.await.unwrap().len(), 1);
}

/// Puts so many messages into flight on the first queue, for a minute.
fn fill(desk: &Desk, count: i64) {
    let now_ms = desk.clock.now_ms();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
               INSERT INTO messages (queue, visible_at_ms, receives, sent_at_ms, id, attributes, body)
               SELECT 1, ?2 + 60000, 1, ?2, i, '{}', 'x' FROM n";
    desk.sqs.0.db.lock().execute(sql, [count, now_ms]).unwrap();
}
