//! POST /send/{id}/replay: an operator has messages sent anew that did not arrive.

use harness::World;
use serde_json::{Value, json};

const SEND: &str = "/cgi-bin/message/template/send";

/// A batch of three messages, of which the first two failed.
async fn two_of_three_failed(world: &World) -> String {
    for user in [0, 1] {
        world.fault(json!({ "endpoint": SEND, "errcode": 45168, "user": user })).await;
    }
    let to: Vec<_> = world.users(0, 3).await.iter().map(|u| json!({ "oa_openid": u.oa_openid })).collect();
    let sent = world.send(&json!(to)).await;
    let id = sent["id"].as_str().expect("an id").to_owned();
    assert_eq!(world.settled(&id).await["counts"], json!({ "failed": 2, "sent": 1 }));
    world.clear_faults().await;
    id
}

async fn replay(world: &World, id: &str, which: Value) -> Value {
    world.post(&format!("/send/{id}/replay"), &world.service_key, &which).await.ok(202)
}

#[tokio::test]
async fn one_failed_message_is_sent_anew_alone() {
    let world = World::start().await;
    let id = two_of_three_failed(&world).await;
    assert_eq!(
        replay(&world, &id, json!({ "n": 2 })).await,
        json!({ "id": id, "replayed": 1, "may_arrive_twice": 0, "unfit": 0 })
    );
    world.wait_for(&id, |batch| batch["counts"] == json!({ "failed": 1, "sent": 2 })).await;
    assert_eq!(world.messages_of(0).await.len(), 0);
    assert_eq!(world.messages_of(1).await[0]["client_msg_id"], format!("{id}-2r1"));
}

#[tokio::test]
async fn all_that_failed_is_sent_anew_and_what_arrived_is_not() {
    let world = World::start().await;
    let id = two_of_three_failed(&world).await;
    assert_eq!(replay(&world, &id, json!({})).await["replayed"], 2);
    world.wait_for(&id, |batch| batch["counts"] == json!({ "sent": 3 })).await;
    assert_eq!(world.calls(SEND).await, 5);
    let stats = world.stats().await;
    assert_eq!((&stats["delivered"], &stats["duplicates"]), (&json!(3), &json!(0)));
    assert_eq!(replay(&world, &id, json!({})).await["replayed"], 0);
}

#[tokio::test]
async fn what_arrived_cannot_be_replayed() {
    let world = World::start().await;
    let id = two_of_three_failed(&world).await;
    for n in [3, 4] {
        let path = format!("/send/{id}/replay");
        world.post(&path, &world.service_key, &json!({ "n": n })).await.problem(409, "conflict");
    }
    world.post("/send/none/replay", &world.service_key, &json!({})).await.problem(404, "not_found");
    assert_eq!(world.messages_of(2).await.len(), 1);
}

#[tokio::test]
async fn only_a_service_replays() {
    let world = World::start().await;
    let id = two_of_three_failed(&world).await;
    let session = world.login(1).await;
    let path = format!("/send/{id}/replay");
    world.post(&path, &session.token, &json!({})).await.problem(403, "forbidden");
    world.post(&path, "", &json!({})).await.problem(401, "unauthorized");
    assert_eq!(world.messages_of(1).await.len(), 0);
}
