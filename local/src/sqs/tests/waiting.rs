//! Long polls: what ends them, and what the clock knows of them.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{Desk, text};

/// Source: Guide, "Amazon SQS short and long polling".
#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_at_once_when_a_message_is_sent() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let poll = desk.poll(&url).await;
    let sent = Instant::now();
    desk.send(&url, "x").await;
    assert_eq!(poll.await.unwrap()[0]["Body"], "x");
    assert!(sent.elapsed() < Duration::from_secs(1));
}

/// Source: the same. The queue that a message is sent to is the only one that looks.
#[tokio::test]
async fn a_long_poll_sleeps_on_when_a_message_is_sent_to_another_queue() {
    let desk = Desk::new();
    let (url, other) = (desk.queue("jobs", json!({})).await, desk.queue("other", json!({})).await);
    let poll = desk.poll(&url).await;
    desk.send(&other, "x").await;
    assert!(desk.sqs.0.waits.are_asleep());
    assert!(!poll.is_finished());
}

/// Source: API, ReceiveMessage, `WaitTimeSeconds`, and the queue's without one. By the machine's time.
#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_without_a_message_after_its_time() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"ReceiveMessageWaitTimeSeconds": "20"})).await;
    for (request, seconds) in [
        (json!({"QueueUrl": url}), 20),
        (json!({"QueueUrl": url, "WaitTimeSeconds": 5}), 5),
        (json!({"QueueUrl": url, "WaitTimeSeconds": 0}), 0),
    ] {
        let begun = Instant::now();
        assert_eq!(desk.ask("ReceiveMessage", request).await, json!({}));
        let waited = begun.elapsed();
        assert!((0..50).contains(&(waited.as_millis() as i64 - seconds * 1000)), "{waited:?}");
    }
}

/// Source: Guide, "Amazon SQS delay queues" and "Amazon SQS visibility timeout".
#[tokio::test]
async fn the_clock_knows_when_a_delayed_and_a_received_message_are_due() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"VisibilityTimeout": "600"})).await;
    let mut begun_at_ms = desk.clock.now_ms();
    desk.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 60})).await;
    for (receive, seconds) in [("1", 60), ("2", 600)] {
        let poll = desk.poll(&url).await;
        desk.clock.advance_to(desk.clock.next_sleeper().unwrap());
        let passed_ms = desk.clock.now_ms() - begun_at_ms;
        assert!((seconds * 1000..seconds * 1000 + 10_000).contains(&passed_ms), "{passed_ms}");
        // It has not been received yet: the poll has had no turn.
        begun_at_ms = desk.clock.now_ms();
        let handle = text(&poll.await.unwrap()[0]["ReceiptHandle"]);
        assert!(handle.ends_with(receive), "{handle}");
    }
}

/// Who waits while another one takes a message waits for that message, and no more when it is gone.
#[tokio::test]
async fn the_clock_knows_of_no_moment_when_no_message_will_be_due() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let poll = desk.poll(&url).await;
    assert_eq!(desk.clock.next_sleeper(), None, "the queue is empty");
    desk.send(&url, "x").await;
    let handle = text(&poll.await.unwrap()[0]["ReceiptHandle"]);
    let poll = desk.poll(&url).await;
    desk.ask("DeleteMessage", json!({"QueueUrl": url, "ReceiptHandle": handle})).await;
    assert!(!desk.sqs.0.waits.are_asleep(), "it sleeps for a message that is gone");
    while !desk.sqs.0.waits.are_asleep() {
        tokio::task::yield_now().await;
    }
    assert_eq!(desk.clock.next_sleeper(), None, "the message is gone");
    assert!(!poll.is_finished());
}

/// Source: API, SetQueueAttributes, `MessageRetentionPeriod`.
#[tokio::test]
async fn the_clock_knows_of_no_message_that_will_be_gone_before_it_is_due() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"MessageRetentionPeriod": "60"})).await;
    desk.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 60})).await;
    let _poll = desk.poll(&url).await;
    assert_eq!(desk.clock.next_sleeper(), None);
}

/// Source: API, DeleteQueue.
#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_with_its_queue() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let begun = Instant::now();
    let poll = desk.try_ask("ReceiveMessage", json!({"QueueUrl": url, "WaitTimeSeconds": 20}));
    let (ended, _) = tokio::join!(poll, desk.ask("DeleteQueue", json!({"QueueUrl": url})));
    assert_eq!(ended.unwrap_err(), "QueueDoesNotExist");
    assert!(begun.elapsed() < Duration::from_secs(1));
}
