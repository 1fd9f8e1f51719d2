//! POST /send with an Idempotency-Key: the same call makes the same batch, however often it comes.

use harness::{World, approval};
use local::{Faults, Settings};
use reqwest::Method;
use serde_json::{Value, json};

async fn call_to(world: &World, user: u32) -> Value {
    let to = json!([{ "oa_openid": world.user(user).await.oa_openid }]);
    json!({ "notification": "approval_submitted", "to": to, "data": approval() })
}

#[tokio::test]
async fn the_same_call_twice_at_the_same_instant_is_one_batch() {
    let world = World::start().await;
    let call = call_to(&world, 1).await;
    let send = || world.send_once(&world.service_key, "key", &call);
    let (one, other) = tokio::join!(send(), send());
    let (one, other) = (one.ok(202), other.ok(202));
    assert_eq!(one, other);
    let id = one["id"].as_str().expect("an id");
    assert_eq!(world.outcome(id).await["state"], "sent");
    assert_eq!(send().await.ok(202), one, "and once more when it has long arrived");
    assert_eq!(world.messages_of(1).await.len(), 1);
    assert_eq!(world.stats().await["duplicates"], 0);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_a_conflict() {
    let world = World::start().await;
    world.send_once(&world.service_key, "key", &call_to(&world, 1).await).await.ok(202);
    let other = world.send_once(&world.service_key, "key", &call_to(&world, 2).await).await;
    other.problem(409, "conflict");
    assert_eq!(world.messages_of(2).await.len(), 0);
}

#[tokio::test]
async fn the_same_key_of_another_sender_is_another_batch() {
    let catalog = tempfile::NamedTempFile::new().expect("a file");
    let shipped = include_str!("../../../notifications.toml");
    let open = shipped.replace("[approval_submitted]", "[approval_submitted]\nallow = \"self\"");
    std::fs::write(&catalog, open).expect("a catalog");
    let catalog = Some(catalog.path().to_owned());
    let world = World::with(Settings { followers: 20, catalog, ..Settings::default() }).await;
    world.sync_until_done().await;
    let session = world.login(1).await;
    let to = json!([{ "openid": world.user(1).await.openid }]);
    let call = json!({ "notification": "approval_submitted", "to": to, "data": approval() });
    let service = world.send_once(&world.service_key, "key", &call).await.ok(202);
    let user = world.send_once(&session.token, "key", &call).await.ok(202);
    assert_ne!(service["id"], user["id"]);
    for id in [&service["id"], &user["id"]] {
        assert_eq!(world.outcome(id.as_str().expect("an id")).await["state"], "sent");
    }
    assert_eq!(world.messages_of(1).await.len(), 2);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::start().await;
    let call = call_to(&world, 1).await;
    for key in [String::new(), "k".repeat(256)] {
        world.send_once(&world.service_key, &key, &call).await.problem(400, "invalid_request");
    }
    world.call(Method::POST, "/send", &world.service_key, call.to_string()).await.ok(202);
}

#[tokio::test]
async fn a_call_that_died_before_the_queue_was_filled_is_finished_by_its_key() {
    let faults = Faults { seed: 1, sqs: 0.8, ..Faults::default() };
    let world = World::with(Settings { followers: 20, faults, ..Settings::default() }).await;
    let mut failures = 0;
    for user in 0..10 {
        let (key, call) = (format!("key-{user}"), call_to(&world, user).await);
        let mut answer = world.send_once(&world.service_key, &key, &call).await;
        while answer.status == 503 {
            failures += 1;
            answer = world.send_once(&world.service_key, &key, &call).await;
        }
        let id = answer.ok(202)["id"].as_str().expect("an id").to_owned();
        assert_eq!(world.outcome(&id).await["state"], "sent");
        assert_eq!(world.messages_of(user).await.len(), 1);
    }
    assert!(failures > 0, "no call failed, so none was finished by its key");
}
