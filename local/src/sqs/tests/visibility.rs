//! How a holder makes a message visible sooner or later (API, ChangeMessageVisibility).

use serde_json::json;

use super::Desk;

impl Desk {
    async fn change(&self, url: &str, handle: &str, seconds: i64) -> Result<(), String> {
        let request = json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds});
        self.try_ask("ChangeMessageVisibility", request).await.map(drop)
    }
}

async fn received(desk: &Desk) -> (String, String) {
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    let handle = desk.receive_one(&url).await;
    (url, handle)
}

/// Source: API, ChangeMessageVisibility: the new timeout counts from the change.
#[tokio::test]
async fn a_message_is_invisible_for_the_new_timeout_from_now_on() {
    let desk = Desk::new();
    let (url, handle) = received(&desk).await;
    desk.clock.advance(20);
    desk.change(&url, &handle, 60).await.unwrap();
    desk.clock.advance(50);
    assert!(desk.receive(&url).await.is_empty());
    desk.clock.advance(10);
    let handle = desk.receive_one(&url).await;
    desk.change(&url, &handle, 0).await.unwrap();
    desk.receive_one(&url).await;
}

/// Source: API, ChangeMessageVisibility, MessageNotInflight.
#[tokio::test]
async fn the_visibility_of_a_visible_message_cannot_be_changed() {
    let desk = Desk::new();
    let (url, handle) = received(&desk).await;
    desk.clock.advance(30);
    assert_eq!(desk.change(&url, &handle, 60).await.unwrap_err(), "MessageNotInflight");
}

/// Source: API, ChangeMessageVisibility: "you can't extend it beyond 12 hours from the time you receive the
/// message" (Guide, "Amazon SQS visibility timeout").
#[tokio::test]
async fn a_message_is_invisible_for_12_hours_in_all_at_most() {
    let desk = Desk::new();
    let (url, handle) = received(&desk).await;
    for refused in [-1, 43_201] {
        let refusal = desk.change(&url, &handle, refused).await.unwrap_err();
        assert_eq!(refusal, "InvalidParameterValueException");
    }
    desk.change(&url, &handle, 43_190).await.unwrap();
    desk.clock.advance(40_000);
    let refusal = desk.change(&url, &handle, 3_201).await.unwrap_err();
    assert_eq!(refusal, "InvalidParameterValueException");
    desk.change(&url, &handle, 3_190).await.unwrap();
}

/// Source: what AWS answered in mapbox/ecs-watchbot#135 and vmihailenco/taskq#29; its pages do not say.
#[tokio::test]
async fn the_visibility_of_a_deleted_message_cannot_be_changed() {
    let desk = Desk::new();
    let (url, handle) = received(&desk).await;
    desk.ask("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": handle})).await;
    assert_eq!(desk.change(&url, &handle, 60).await.unwrap_err(), "InvalidParameterValueException");
    assert_eq!(desk.change(&url, "garbage", 60).await.unwrap_err(), "ReceiptHandleIsInvalid");
}
