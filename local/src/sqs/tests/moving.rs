//! Dead letters' way back (API, StartMessageMoveTask).

use serde_json::{Value, json};

use super::{Desk, text};

/// Two messages dead, one still on its way there; the URLs of source and dead-letter queue.
async fn dead_letters(desk: &Desk) -> (String, String) {
    let (url, dead) = desk.with_dead_letters(1).await;
    for body in ["a", "b"] {
        desk.send(&url, body).await;
    }
    desk.receive(&url).await;
    desk.clock.advance(30);
    assert!(desk.receive(&url).await.is_empty());
    (url, dead)
}

async fn start(desk: &Desk, request: Value) -> Result<Value, String> {
    let mut request = request;
    request["SourceArn"] = "arn:aws:sqs:local:000000000000:dead".into();
    desk.try_ask("StartMessageMoveTask", request).await
}

/// Source: API, StartMessageMoveTask; Guide, "Learn how to configure a dead-letter queue redrive": "All
/// redriven messages are considered new messages with a new messageID and enqueueTime".
#[tokio::test]
async fn dead_letters_go_back_to_their_sources_as_new_messages() {
    let desk = Desk::new();
    let (url, dead) = dead_letters(&desk).await;
    let old = desk.receive(&dead).await;
    desk.clock.advance(30);
    desk.clock.set(desk.clock.now() + 1000);
    let started_at_ms = desk.clock.now_ms();
    start(&desk, json!({})).await.unwrap();
    assert_eq!(desk.attribute(&dead, "ApproximateNumberOfMessages").await, "0");
    let new = desk.receive(&url).await;
    assert_eq!(new.iter().map(|message| text(&message["Body"])).collect::<Vec<_>>(), ["a", "b"]);
    for (old, new) in old.iter().zip(&new) {
        assert_ne!(old["MessageId"], new["MessageId"]);
        assert_eq!(new["Attributes"]["ApproximateReceiveCount"], "1");
        assert_eq!(new["Attributes"].get("DeadLetterQueueSourceArn"), None);
        let sent_at_ms: i64 = text(&new["Attributes"]["SentTimestamp"]).parse().unwrap();
        assert!(sent_at_ms >= started_at_ms);
    }
}

/// Source: API, StartMessageMoveTask, `DestinationArn`.
#[tokio::test]
async fn dead_letters_go_where_they_are_told() {
    let desk = Desk::new();
    dead_letters(&desk).await;
    let other = desk.queue("other", json!({})).await;
    let to = |arn: &str| json!({"DestinationArn": arn});
    let nowhere = start(&desk, to("arn:aws:sqs:local:000000000000:none")).await.unwrap_err();
    assert_eq!(nowhere, "ResourceNotFoundException");
    start(&desk, to(&desk.attribute(&other, "QueueArn").await)).await.unwrap();
    assert_eq!(desk.bodies(&other).await, ["a", "b"]);
}

/// Source: API, StartMessageMoveTask: only from dead-letter queues of other queues, at up to 500 a second.
#[tokio::test]
async fn a_task_that_cannot_be_is_refused() {
    let desk = Desk::new();
    dead_letters(&desk).await;
    for arn in ["arn:aws:sqs:local:000000000000:none", "none"] {
        let refusal = desk.refusal("StartMessageMoveTask", json!({"SourceArn": arn})).await;
        assert_eq!(refusal, "ResourceNotFoundException");
    }
    let source = json!({"SourceArn": "arn:aws:sqs:local:000000000000:source"});
    assert_eq!(desk.refusal("StartMessageMoveTask", source).await, "InvalidParameterValueException");
    let fast = start(&desk, json!({"MaxNumberOfMessagesPerSecond": 501})).await.unwrap_err();
    assert_eq!(fast, "InvalidParameterValueException");
}

/// Source: API, ListMessageMoveTasks: the most recent one unless more are asked for.
#[tokio::test]
async fn tasks_are_listed_with_what_they_moved() {
    let desk = Desk::new();
    let (_, dead) = dead_letters(&desk).await;
    start(&desk, json!({"MaxNumberOfMessagesPerSecond": 10})).await.unwrap();
    // Nobody knows where this one came from.
    desk.send(&dead, "x").await;
    start(&desk, json!({})).await.unwrap();
    let list = async |most: Option<i64>| {
        let request = json!({"SourceArn": "arn:aws:sqs:local:000000000000:dead", "MaxResults": most});
        desk.ask("ListMessageMoveTasks", request).await["Results"].as_array().unwrap().clone()
    };
    assert_eq!(list(None).await.len(), 1);
    let tasks = list(Some(10)).await;
    assert_eq!(tasks.len(), 2);
    assert_eq!((&tasks[0]["Status"], &tasks[1]["Status"]), (&json!("FAILED"), &json!("COMPLETED")));
    assert_eq!(tasks[1]["ApproximateNumberOfMessagesMoved"], 2);
    assert_eq!(tasks[1]["MaxNumberOfMessagesPerSecond"], 10);
    assert_eq!(desk.bodies(&dead).await, ["x"]);
}
