//! Many messages at once: large calls, a set pace, a used-up quota, and a job that cannot be worked off.

use std::collections::BTreeMap;
use std::time::Instant;

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use shared::store;

const SEND: &str = "/cgi-bin/message/template/send";

async fn send_to_first(world: &World, users: u32) -> String {
    let users = world.users(0, users).await;
    let to: Vec<_> = users.iter().map(|user| json!({ "oa_openid": user.oa_openid })).collect();
    let sent = world.send(&json!(to)).await;
    assert_eq!(sent["accepted"], users.len(), "{}", sent["rejected"]);
    sent["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn ten_thousand_recipients_are_accepted_in_one_call() {
    let world = World::with_followers(10_000).await;
    world.sync_until_done().await;
    let users = world.users(0, 10_000).await;
    let to: Vec<_> = users.iter().map(|user| json!({ "unionid": user.unionid })).collect();
    let started = Instant::now();
    let sent = world.send(&json!(to)).await;
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("10,000 recipients were accepted in {seconds:.2} s");
    assert_eq!(sent["accepted"], 10_000);
}

#[tokio::test]
async fn a_used_up_day_parks_what_is_left_and_its_end_lets_it_through() {
    let world = World::with_followers(100).await;
    world.limit(SEND, &json!({ "per_day": 10 })).await;
    let id = send_to_first(&world, 100).await;
    let is_parked = |batch: &Value| batch["counts"] == json!({ "sent": 10, "parked": 90 });
    let batch = world.wait_for(&id, is_parked).await;
    let parked = batch["messages"].as_array().expect("messages").iter().find(|m| m["state"] == "parked");
    let parked = parked.expect("one of the 90");
    assert_eq!(parked["reason"], "quota_exhausted", "{parked}");
    // They wait together, in as many jobs as they came in, and not each on its own.
    let jobs = world.queued("DeliverQueue").await;
    assert!(jobs <= 10, "90 parked messages are {jobs} jobs");

    // Probes come after one, five and then every fifteen minutes.
    let (before, now) = (world.calls(SEND).await, world.clock().await);
    world.until(async || world.clock().await >= now + 2 * 15 * 60).await;
    let probes = world.calls(SEND).await - before;
    assert!((2..=4).contains(&probes), "{probes} calls while the quota is used up");

    world.limit(SEND, &json!({ "per_day": null })).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 100 }));
    let stats = world.stats().await;
    assert_eq!((&stats["delivered"], &stats["duplicates"]), (&json!(100), &json!(0)));
}

#[tokio::test]
async fn a_probe_that_meets_another_trouble_is_made_up_for_at_once() {
    let world = World::start().await;
    world.limit(SEND, &json!({ "per_day": 0 })).await;
    let id = send_to_first(&world, 20).await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 20 })).await;
    world.limit(SEND, &json!({ "per_day": null })).await;
    world.fault(json!({ "endpoint": SEND, "errcode": 268_487_001, "times": 12 })).await;
    // One round is 15 min. Were each of these probes the only one of its round, it would take three hours.
    let before = world.clock().await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 20 }));
    let took = world.clock().await - before;
    assert!(took < 2 * 3600, "{took} s");
}

/// How many sends the workers took out of each second, by the table's own counters.
async fn taken_by_second(world: &World) -> BTreeMap<String, u32> {
    let tables = store::client(&world.stack().config()).expect("tables");
    let rows =
        tables.scan().table_name("StateTable").send().await.expect("the state").items.unwrap_or_default();
    let taken = rows.iter().filter_map(|row| {
        let second = row["key"].as_s().ok()?.strip_prefix("rate#pace#")?;
        Some((second.to_owned(), row["used"].as_n().ok()?.parse().ok()?))
    });
    taken.collect()
}

#[tokio::test]
async fn all_workers_together_keep_the_pace() {
    let environment = BTreeMap::from([("SENDS_PER_SECOND".to_owned(), "20".to_owned())]);
    let world = World::with(Settings { followers: 100, environment, ..Settings::default() }).await;
    let id = send_to_first(&world, 100).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 100 }));
    let mut by_second = BTreeMap::<i64, u32>::new();
    for message in world.deliveries().await {
        *by_second.entry(message["at"].as_i64().expect("a time")).or_default() += 1;
    }
    assert_eq!(world.calls(SEND).await, 100);
    // What all workers together took of each second, in blocks of ten.
    let taken = taken_by_second(&world).await;
    assert!(taken.values().all(|sends| *sends <= 20), "{taken:?}");
    assert!(taken.values().sum::<u32>() >= 100, "{taken:?}");
    // A call may be late, and then stands beside those of the next second; none is ever early.
    let first = taken.keys().filter_map(|second| second.parse::<i64>().ok()).min().unwrap_or_default();
    let mut so_far = 0;
    for (second, sends) in &by_second {
        so_far += i64::from(*sends);
        assert!(so_far <= 20 * (second - first + 1), "{by_second:?}");
    }
}

#[tokio::test]
async fn a_job_that_does_not_read_ends_among_the_dead_letters_and_holds_up_nobody() {
    let world = World::start().await;
    world.enqueue("DeliverQueue", "no job").await;
    let id = send_to_first(&world, 20).await;
    assert_eq!(world.settled(&id).await["counts"], json!({ "sent": 20 }));
    // The queue gives a job up after five tries of 360 s each.
    world.until(async || world.queued("DeliverDeadLetters").await == 1).await;
    assert_eq!((world.queued("DeliverDeadLetters").await, world.queued("DeliverQueue").await), (1, 0));
}
