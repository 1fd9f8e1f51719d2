//! What a receipt handle deletes.

use serde_json::{Value, json};

use super::Desk;

fn delete(url: &str, handle: &str) -> Value {
    json!({"QueueUrl": url, "ReceiptHandle": handle})
}

/// Source: API, DeleteMessage.
#[tokio::test]
async fn a_deleted_message_never_comes_again_and_is_deleted_twice_in_peace() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    let handle = desk.receive_one(&url).await;
    for _ in 0..2 {
        desk.ask("DeleteMessage", delete(&url, &handle)).await;
    }
    desk.clock.advance(3600);
    assert!(desk.receive(&url).await.is_empty());
}

/// Source: API, DeleteMessage: the most recent handle deletes, whatever became of the visibility timeout.
#[tokio::test]
async fn a_message_that_is_visible_again_can_still_be_deleted() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    let handle = desk.receive_one(&url).await;
    desk.clock.advance(60);
    desk.ask("DeleteMessage", delete(&url, &handle)).await;
    assert!(desk.receive(&url).await.is_empty());
}

/// Source: API, DeleteMessage: "you must provide the most recently received ReceiptHandle for the message
/// (otherwise, the request succeeds, but the message will not be deleted)".
#[tokio::test]
async fn the_handle_of_an_earlier_receive_succeeds_and_deletes_nothing() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    let earlier = desk.receive_one(&url).await;
    desk.clock.advance(30);
    let latest = desk.receive_one(&url).await;
    assert_ne!(earlier, latest);
    desk.ask("DeleteMessage", delete(&url, &earlier)).await;
    desk.clock.advance(30);
    desk.receive_one(&url).await;
}

/// Source: API, DeleteMessage, ReceiptHandleIsInvalid.
#[tokio::test]
async fn what_is_no_handle_of_this_queue_is_refused() {
    let desk = Desk::new();
    let (url, other) = (desk.queue("jobs", json!({})).await, desk.queue("other", json!({})).await);
    desk.send(&url, "x").await;
    let handle = desk.receive_one(&url).await;
    assert_eq!(desk.refusal("DeleteMessage", delete(&other, &handle)).await, "ReceiptHandleIsInvalid");
    for garbage in ["garbage", "1.2", "1.2.x", "1.2.3.4"] {
        let refusal = desk.refusal("DeleteMessage", delete(&url, garbage)).await;
        assert_eq!(refusal, "ReceiptHandleIsInvalid", "{garbage}");
    }
    let refusal = desk.refusal("DeleteMessage", delete(&url, "")).await;
    assert_eq!(refusal, "MissingRequiredParameterException");
}
