//! `queqiao dead-letters`: what nobody could work off is told, and sent back.

use std::time::Duration;

use local::{RunFile, Settings};
use serde_json::{Value, json};

use super::{SEND, World, prints, queqiao, refusal, text};

const QUEUES: [&str; 2] = ["DeliverDeadLetters", "EventsDeadLetters"];

/// A stack with a job among the dead letters that WeChat has taken, though nobody learned it; gives its batch.
async fn with_a_dead_job(world: &World) -> String {
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": SEND, "latency_ms": 5000 })).await;
    let id = world.send_to(&json!({ "openid": world.login(1).await.answer["openid"] })).await;
    world.until(async || world.calls(SEND).await == 1).await;
    world.stack().set_outage(true);
    while world.queued(QUEUES[0]).await == 0 {
        world.pass(Duration::from_secs(60)).await;
    }
    world.stack().set_outage(false);
    id
}

#[tokio::test]
async fn a_dead_job_is_told_by_its_batch_stays_where_it_is_and_goes_back_when_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = super::world(folder.path()).await;
    let id = with_a_dead_job(&world).await;
    let user = world.user(1).await;
    for _ in 0..2 {
        let shown = prints(folder.path(), &["dead-letters", "show", "--json"]).await;
        for secret in [&user.openid, &user.unionid, &user.oa_openid, "张三", "回家探亲"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        let names: Vec<_> = shown.as_array().expect("queues").iter().map(|one| &one["queue"]).collect();
        assert_eq!(names, QUEUES);
        assert_eq!([&shown[0]["source"], &shown[0]["count"]], [&json!("DeliverQueue"), &json!(1)]);
        assert_eq!(shown[0]["kinds"], json!({ "job": 1 }));
        assert_eq!(shown[0]["batches"], json!({ id.as_str(): { "jobs": 1, "messages": 1 } }));
        assert_eq!([&shown[1]["count"], &shown[1]["looked_at"]], [0, 0]);
    }
    let told = prints(folder.path(), &["dead-letters", "show"]).await;
    assert!(told.contains("DeliverDeadLetters") && told.contains(&id) && told.contains("UTC"), "{told}");

    let told = refusal(folder.path(), &["dead-letters", "redrive"]).await;
    assert!(told.contains("client_msg_id for ten minutes") && told.contains("--yes"), "{told}");
    let told = refusal(folder.path(), &["dead-letters", "redrive", "--yes", "--queue", "Nobodys"]).await;
    assert!(told.contains("DeliverDeadLetters, EventsDeadLetters"), "{told}");
    assert_eq!(world.queued(QUEUES[0]).await, 1);

    let told = prints(folder.path(), &["dead-letters", "redrive", "--yes"]).await;
    assert_eq!(told, "DeliverDeadLetters: 1 sent back to DeliverQueue");
    assert_eq!(world.outcome(&id).await["state"], "unknown", "it may have arrived, and is not sent again");
    assert_eq!((world.calls(SEND).await, world.messages_of(1).await.len()), (1, 1));
    assert_eq!(world.queued(QUEUES[0]).await, 0);
    let told = prints(folder.path(), &["dead-letters", "redrive"]).await;
    assert_eq!(told, "There are no dead letters.");
}

#[tokio::test]
async fn a_dead_job_that_somebody_holds_is_not_forgotten() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = super::world(folder.path()).await;
    with_a_dead_job(&world).await;
    let run = RunFile::read(folder.path()).expect("a run file");
    let sqs = shared::queue::client(&shared::Config::of(run.operator)).expect("a client");
    let listed = sqs.list_queues().send().await.expect("queues");
    let url = listed.queue_urls().iter().find(|url| url.ends_with(QUEUES[0])).expect("a queue");
    let taken = sqs.receive_message().queue_url(url).visibility_timeout(120).send().await.expect("a letter");
    assert_eq!(taken.messages().len(), 1);

    let looked = queqiao(folder.path(), &["doctor", "--json"]).await;
    let looked: Value = serde_json::from_slice(&looked.stdout).expect("JSON");
    let mut checks = looked["checks"].as_array().expect("checks").iter();
    let queue = checks.find(|one| one["check"] == "queues" && one["subject"] == "deliver");
    assert_eq!(queue.expect("a check")["state"], "problem", "{looked}");
    let shown = queqiao(folder.path(), &["dead-letters", "show"]).await;
    let told = text(&shown.stderr);
    assert!(told.contains("0 were looked at. Somebody holds 1 of them"), "{told}");
    let redriven = queqiao(folder.path(), &["dead-letters", "redrive", "--yes"]).await;
    let told = text(&redriven.stdout);
    assert_eq!(redriven.status.code(), Some(3), "{told}");
    assert!(told.contains("Somebody holds 1 of them: run it again in two minutes."), "{told}");
    let redriven = queqiao(folder.path(), &["dead-letters", "redrive", "--yes", "--json"]).await;
    let redriven: Value = serde_json::from_slice(&redriven.stdout).expect("JSON");
    assert_eq!([&redriven[0]["redriven"], &redriven[0]["left"]], [0, 1]);
}

#[tokio::test]
async fn a_dead_callback_is_worked_off_once_it_was_sent_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Some(folder.path().to_owned());
    let world = World::with(Settings { followers: 20, callbacks: true, data, ..Settings::default() }).await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": "/cgi-bin/user/info", "errcode": 48001 })).await;
    world.user_does(100, "follow").await;
    while world.queued(QUEUES[1]).await == 0 {
        world.pass(Duration::from_secs(180)).await;
    }
    assert_eq!(world.login(100).await.answer["following"], false);
    world.clear_faults().await;
    let shown = queqiao(folder.path(), &["dead-letters", "show", "--queue", "eventsqueue"]).await;
    let told = text(&shown.stdout);
    assert!(told.contains("1 followed") && !told.contains(QUEUES[0]), "{told}");
    let redriven = prints(folder.path(), &["dead-letters", "redrive", "--yes", "--json"]).await;
    let redriven: Value = serde_json::from_str(&redriven).expect("JSON");
    assert_eq!(
        redriven,
        json!([{ "queue": QUEUES[1], "source": "EventsQueue", "redriven": 1, "twice": 0, "left": 0 }])
    );
    world.until(async || world.login(100).await.answer["following"] == true).await;
    assert_eq!(world.queued(QUEUES[1]).await, 0);
}
