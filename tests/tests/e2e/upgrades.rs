//! A new version beside an old one, and after it: what is stored and queued, read by both. What functions write in
//! all other tests is held against the same files (`harness/src/shapes.rs`).

mod read;
mod write;

use std::time::Duration;

use harness::World;
use harness::shapes::{self, GOLDEN, READERS, Shapes, Version};
use local::Written;
use reqwest::Client;
use serde_json::{Value, json};

/// No release, but its shapes are read.
const BEFORE_THE_FIRST: Version = [0, 0, 0];

/// Two moments that are less apart than this, in seconds, are one: tests do not stop the clock.
const A_MOMENT: i64 = 60;

/// What is written today, by shape.
async fn written() -> Shapes {
    let world = World::start().await;
    world.stack().take_written();
    write::everything(&world).await;
    let mut shapes = Shapes::new();
    for one in world.stack().take_written().into_iter().filter(|one| one.by == Written::BY_THE_STACK) {
        shapes.entry(shapes::shape(&one)).or_default().push(one.body);
    }
    // These are made up.
    for claim in shapes.get_mut("StateTable.send").into_iter().flatten() {
        (claim["id"], claim["lease"]) = (json!({ "S": "b1" }), json!({ "S": "lease1" }));
    }
    for credit in shapes.get_mut("StateTable.credit").into_iter().flatten() {
        for mark in credit["taken"]["M"].as_object_mut().into_iter().flat_map(|marks| marks.values_mut()) {
            mark["M"]["by"] = json!({ "S": "by1" });
        }
    }
    shapes
}

/// Whether two bodies are the same, but for what the clock did meanwhile.
fn is_same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| {
        value.as_i64().or_else(|| value.as_str()?.parse().ok()).filter(|number| *number > 1_000_000_000)
    };
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names = one.keys().eq(other.keys());
            names && one.values().zip(other.values()).all(|(one, other)| is_same(one, other))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (one, other) => {
            let apart = number(one).zip(number(other)).map(|(one, other)| (one - other).abs());
            one == other || apart.is_some_and(|apart| apart < A_MOMENT)
        }
    }
}

#[tokio::test]
async fn what_is_written_today_is_what_the_golden_files_say() {
    let (written, golden) = (written().await, shapes::newest());
    let is_golden = |shape: &str, bodies: &[Value]| {
        let golden = golden.get(shape).map(Vec::as_slice).unwrap_or_default();
        golden.len() == bodies.len() && golden.iter().zip(bodies).all(|(one, other)| is_same(one, other))
    };
    let other: Vec<_> = written.iter().filter(|(shape, bodies)| !is_golden(shape, bodies)).collect();
    if shapes::is_update() {
        other.iter().for_each(|(shape, bodies)| shapes::write(shape, bodies));
        return;
    }
    assert!(
        other.is_empty(),
        "These are not written as their newest golden files say: {:?}. If that is meant, and a new field has a \
         default, UPDATE_GOLDEN=1 writes the files. CONTRIBUTING.md says more: \"What is stored or queued\".",
        other.iter().map(|(shape, _)| shape).collect::<Vec<_>>()
    );
}

#[test]
fn every_version_with_golden_files_has_a_reader() {
    let with_files: Vec<_> = GOLDEN.keys().filter(|version| **version != BEFORE_THE_FIRST).collect();
    assert_eq!(
        READERS.iter().map(|(version, _)| version).collect::<Vec<_>>(),
        with_files,
        "copy the newest file of harness/src/shapes/, let it read what is new, and list it in READERS"
    );
}

/// What is read means the same to it: whoever renames a field takes it away from those who read the old name.
#[test]
fn every_version_that_may_be_out_there_reads_what_is_written_today() {
    for (version, read) in READERS {
        let golden = GOLDEN.get(&version).expect("a version that is read has its files");
        for (shape, today) in shapes::newest() {
            let see = |bodies: &[Value]| -> Vec<Value> {
                let seen = bodies.iter().filter_map(|body| read(&shape, &shapes::plain(&shape, body)));
                let seen =
                    seen.map(|seen| seen.unwrap_or_else(|error| panic!("{version:?}: {shape}: {error}")));
                seen.collect()
            };
            let (then, now) = (see(golden.get(&shape).map(Vec::as_slice).unwrap_or_default()), see(&today));
            for (then, now) in then.iter().zip(&now) {
                assert!(is_same(then, now), "{version:?} reads {shape} as {now}, where it wrote {then}");
            }
        }
    }
}

/// For nearly an hour, which is longer than any upgrade takes.
#[tokio::test]
async fn an_event_that_only_a_newer_version_knows_waits_for_it() {
    let world = World::start().await;
    world.enqueue("EventsQueue", r#"{"event":"subscribed","openid":"oa1","at":1}"#).await;
    world.pass(Duration::from_secs(50 * 60)).await;
    assert_eq!(world.queued("EventsQueue").await, 1);
}

/// A stack that holds what this version has stored.
async fn after(version: Version) -> World {
    let world = World::start().await;
    let aws = world.stack().config().aws().expect("how AWS is reached");
    let url = aws.dynamodb_endpoint.expect("a local one");
    let signed = format!(
        "AWS4-HMAC-SHA256 Credential={}/20300101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=none",
        aws.credentials.access_key_id()
    );
    let rows = GOLDEN[&version].iter().filter_map(|(shape, rows)| {
        let table = shape.split('.').next().filter(|place| place.ends_with("Table"))?;
        Some(rows.iter().map(move |row| json!({ "TableName": table, "Item": row })))
    });
    let http = Client::builder().no_proxy().build().expect("an HTTP client");
    for put in rows.flatten() {
        let call = http.post(&url).header("x-amz-target", "DynamoDB_20120810.PutItem").body(put.to_string());
        let call = call.header("authorization", &signed).header("x-amz-date", "20300101T000000Z");
        let call = call.header("content-type", "application/x-amz-json-1.0");
        let answer = call.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{put}: {}", answer.text().await.unwrap_or_default());
    }
    world
}

/// The messages of this shape that this version has queued.
fn queued<T: serde::de::DeserializeOwned>(version: Version, shape: &str) -> Vec<T> {
    let bodies = GOLDEN[&version][shape].iter();
    bodies.map(|body| serde_json::from_str(&body.to_string()).expect("a message that reads")).collect()
}
