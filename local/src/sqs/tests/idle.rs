//! When nothing happens by itself, for tests that move the clock.

use serde_json::json;

use super::Desk;

#[tokio::test]
async fn it_is_idle_while_nobody_waits_for_a_message() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    assert!(desk.sqs.is_idle());
    desk.receive_one(&url).await;
    assert!(desk.sqs.is_idle());
}

#[tokio::test]
async fn it_is_not_idle_before_whoever_waits_sleeps_until_the_next_message_is_due() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let poll = desk.poll(&url).await;
    assert!(desk.sqs.is_idle());
    desk.ask("SendMessage", json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": 60})).await;
    assert!(!desk.sqs.is_idle(), "the clock does not know of it");
    poll.abort();
}

#[tokio::test]
async fn who_waits_for_a_message_is_at_work_but_while_asleep() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    let poll = desk.poll(&url).await;
    let before = desk.clock.idle_generation().expect("nobody is at work");
    desk.send(&url, "x").await;
    assert_eq!(poll.await.unwrap().len(), 1);
    assert!(desk.clock.idle_generation().is_some_and(|now| now > before), "who woke up was at work");
}
