//! The catalog as a row: what was pushed is in force a minute later, and what cannot be read takes nothing down.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::types::AttributeValue;
use harness::World;
use local::Settings;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde_json::{Value, json};
use shared::store::{self, State};
use simulator::TEMPLATE_ID;

use crate::{catalog, doctor};

const SEND: &str = "/cgi-bin/message/template/send";

/// An entry called `approval` that says this as `thing1`.
fn entry(thing1: &str) -> String {
    format!(
        "[approval]\ntemplate_id = \"{TEMPLATE_ID}\"\nfields.thing1 = \"{thing1}\"\nfields.thing2 = \"{{kind}}\"\n\
         fields.time3 = \"{{submitted_at}}\"\nfields.thing4 = \"{{content}}\"\nfields.character_string5 = \"{{id}}\"\n"
    )
}

fn state(world: &World) -> State {
    let config = world.stack().config();
    State::new(&config, store::client(&config).expect("tables")).expect("a table of states")
}

/// Pushes it, checked or not, and lets it come into force.
pub(crate) async fn push(world: &World, text: &str) {
    let state = state(world);
    let newest = state.catalog_version().await.expect("a version");
    assert!(state.push_catalog(newest, text, None).await.expect("pushed"));
    world.advance(61).await;
}

/// Writes a row of the table as it is.
async fn put(world: &World, key: &str, version: AttributeValue) {
    let config = world.stack().config();
    let client = store::client(&config).expect("tables");
    let put = client.put_item().table_name(config.state_table().expect("its name"));
    let put = put.item("key", AttributeValue::S(key.to_owned())).item("version", version);
    put.send().await.expect("written");
    world.advance(61).await;
}

async fn send(world: &World, notification: &str) -> String {
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let sent = world.send_as(&world.service_key, notification, &to).await.ok(202);
    sent["id"].as_str().expect("an id").to_owned()
}

/// What the newest message on the user's phone says as `thing1`.
async fn newest(world: &World) -> Value {
    world.messages_of(1).await[0]["data"]["thing1"].clone()
}

/// What is sent by the catalog now.
async fn said(world: &World) -> Value {
    let id = send(world, "approval").await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    newest(world).await
}

/// Where what `send` reads and tells can be counted.
fn watched() -> Settings {
    Settings { followers: 20, meters: true, single_processes: true, ..Settings::default() }
}

fn kept_in(folder: &tempfile::TempDir) -> Settings {
    Settings { data: Some(folder.path().to_owned()), ..watched() }
}

#[tokio::test]
async fn a_batch_is_delivered_as_it_was_rendered_and_replayed_by_the_catalog_of_then() {
    let world = World::start().await;
    push(&world, &entry("one")).await;
    world.fault(json!({ "endpoint": SEND, "errcode": -1 })).await;
    let waiting = send(&world, "approval").await;
    world.wait_for(&waiting, |batch| batch["counts"]["retrying"] == 1).await;
    world.clear_faults().await;
    world.fault(json!({ "endpoint": SEND, "errcode": 45168 })).await;
    let failed = send(&world, "approval").await;
    world.wait_for(&failed, |batch| batch["counts"] == json!({ "failed": 1 })).await;
    let call = json!({
        "notification": "approval", "data": harness::approval(),
        "to": [{ "oa_openid": world.user(2).await.oa_openid }],
    });
    let first = world.send_once(&world.service_key, "key", &call).await.ok(202);
    world.clear_faults().await;

    push(&world, &entry("two")).await;
    world.wait_for(&waiting, |batch| batch["counts"] == json!({ "sent": 1 })).await;
    assert_eq!(newest(&world).await, "one");
    world.post(&format!("/send/{failed}/replay"), &world.service_key, &json!({})).await.ok(202);
    world.wait_for(&failed, |batch| batch["counts"] == json!({ "sent": 1 })).await;
    assert_eq!(newest(&world).await, "two");

    push(&world, &entry("other").replace("[approval]", "[other]")).await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    world.send_as(&world.service_key, "approval", &to).await.problem(400, "invalid_request");
    let again = world.send_once(&world.service_key, "key", &call).await.ok(202);
    assert_eq!(again, first, "what was accepted stays so, also without its entry");
}

#[tokio::test]
async fn of_two_who_push_at_once_one_is_told() {
    let world = World::start().await;
    let state = state(&world);
    for after in [0, 1] {
        let (one, other) = (entry("one"), entry("other"));
        let (one, other) =
            tokio::join!(state.push_catalog(after, &one, None), state.push_catalog(after, &other, None));
        // A transaction that meets another is refused in one way or the other.
        let pushed = [one, other].into_iter().filter(|pushed| matches!(pushed, Ok(true))).count();
        assert_eq!(pushed, 1);
        assert_eq!(state.catalog_version().await.expect("a version"), after + 1);
    }
    assert!(!state.push_catalog(1, "late", None).await.expect("an answer"));
    assert!(!state.push_catalog(0, "late", None).await.expect("an answer"));
    assert_ne!(state.catalog(2).await.expect("a row").expect("kept").text, "late");
}

#[tokio::test]
async fn what_was_pushed_never_expires_and_ten_versions_are_kept() {
    let world = World::start().await;
    for n in 1..=12 {
        push(&world, &entry(&n.to_string())).await;
    }
    let config = world.stack().config();
    let client = store::client(&config).expect("tables");
    let scan = client.scan().table_name(config.state_table().expect("its name")).send().await.expect("rows");
    let rows: Vec<_> = scan
        .items()
        .iter()
        .filter(|row| row["key"].as_s().is_ok_and(|key| key.starts_with("catalog")))
        .collect();
    assert_eq!(rows.len(), 11, "ten versions, and which one is in force");
    assert!(rows.iter().all(|row| !row.contains_key("expires_at")), "{rows:?}");
}

#[tokio::test]
async fn however_many_call_at_once_the_catalog_is_looked_for_once_a_minute() {
    let world = World::with(watched()).await;
    push(&world, &entry("one")).await;
    let read = || world.stack().usage("send", "StateTable").read_units;
    // The account's templates are looked at, too, for five minutes.
    for expected in [3.0, 4.0] {
        for _ in 0..2 {
            futures::future::join_all((0..20).map(|_| send(&world, "approval"))).await;
        }
        assert!((read() - expected).abs() < 0.1, "{} read units, of a version and its text", read());
        world.advance(61).await;
    }
}

#[tokio::test]
async fn a_catalog_that_was_named_at_the_start_is_not_outdone() {
    let (world, _folder) = catalog::world().await;
    push(&world, &entry("one")).await;
    send(&world, "closed").await;
}

#[tokio::test]
async fn the_doctor_looks_at_the_catalog_and_at_the_templates_of_those_before_it() {
    let world = World::start().await;
    push(&world, &entry("one").replace(TEMPLATE_ID, "tOfOurs")).await;
    let id = send(&world, "approval").await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 1 })).await;
    let waits = async || {
        let told = doctor::told(&world, "breakers").await;
        assert_eq!(
            (&told[0]["state"], &told[0]["subject"]),
            (&json!("problem"), &json!("tOfOurs")),
            "{told:?}"
        );
    };
    waits().await;
    // The repair that was named, for what comes: what waits, waits on.
    push(&world, &entry("two")).await;
    waits().await;
    assert_eq!(doctor::told(&world, "catalog").await[0]["detail"], "In force is version 2.");
    push(&world, &format!("{}colour = \"red\"\n", entry("three"))).await;
    let told = doctor::told(&world, "catalog").await;
    assert!(told[0]["detail"].as_str().is_some_and(|told| told.contains("approval.colour")), "{told:?}");
    push(&world, "no TOML").await;
    let told = doctor::told(&world, "catalog").await;
    assert!(
        told[0]["state"] == "problem"
            && told[0]["remedy"].as_str().is_some_and(|told| told.contains("catalog check")),
        "{told:?}"
    );
}

/// Counts what is counted in this thread.
#[derive(Default)]
struct Counters(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counters {
    /// So often it was told since this began that a catalog cannot be read: in this thread, or in the log of this
    /// world's program.
    async fn are(&self, world: &World, expected: u32) {
        const NAME: &str = "CatalogUnreadable";
        let here =
            || self.0.lock().expect("counters").get(NAME).map_or(0, |told| told.load(Ordering::Relaxed));
        let told = || f64::from(u32::try_from(here()).expect("a few")) + world.stack().metric("send", NAME);
        world.until_now(async || told() > f64::from(expected) - 0.5).await;
        assert!(told() < f64::from(expected) + 0.5, "told {} times, not {expected}", told());
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.0.lock().expect("counters").entry(key.name().to_owned()).or_default().clone())
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn what_a_newer_release_adds_is_passed_over_and_an_alarm() {
    let counters = Counters::default();
    let _guard = metrics::set_default_local_recorder(&counters);
    let world = World::with(watched()).await;
    push(&world, &format!("{}colour = \"red\"\n[approval.fallback]\nsms = true\n", entry("one"))).await;
    assert_eq!(said(&world).await, "one");
    counters.are(&world, 1).await;
    world.advance(61).await;
    assert_eq!(said(&world).await, "one");
    // It is told once, when it is read.
    counters.are(&world, 1).await;
}

#[tokio::test]
async fn what_cannot_be_read_leaves_the_version_before_it_in_force_also_for_who_starts_then() {
    let counters = Counters::default();
    let _guard = metrics::set_default_local_recorder(&counters);
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(kept_in(&folder)).await;
    push(&world, "[approval]\nallow = \"friends\"\n").await;
    send(&world, "approval_submitted").await;
    // There is none but the one built in.
    counters.are(&world, 1).await;
    push(&world, &entry("one")).await;
    assert_eq!(said(&world).await, "one");
    for broken in ["no TOML", "[approval]\ntemplate_id = \"t\"\n"] {
        push(&world, broken).await;
        assert_eq!(said(&world).await, "one");
    }
    // As often as it is looked at.
    counters.are(&world, 1 + 1 + 2).await;
    world.stop().await;

    let counters = Counters::default();
    let _guard = metrics::set_default_local_recorder(&counters);
    let world = World::with(kept_in(&folder)).await;
    assert_eq!(said(&world).await, "one", "nothing is remembered here");
    counters.are(&world, 2).await;
    push(&world, &entry("two")).await;
    assert_eq!(said(&world).await, "two");
    counters.are(&world, 2).await;
}

#[tokio::test]
async fn rows_that_are_none_change_nothing_for_who_has_a_catalog() {
    let counters = Counters::default();
    let _guard = metrics::set_default_local_recorder(&counters);
    let world = World::with(watched()).await;
    push(&world, &entry("one")).await;
    assert_eq!(said(&world).await, "one");
    // A version without its text, then a version that is no number.
    push(&world, "two").await;
    put(&world, "catalog#2", AttributeValue::N("2".to_owned())).await;
    assert_eq!(said(&world).await, "one");
    put(&world, "catalog", AttributeValue::S("two".to_owned())).await;
    assert_eq!(said(&world).await, "one");
    counters.are(&world, 2).await;
}
