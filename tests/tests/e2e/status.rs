//! GET /send/{id}: what a batch tells, and whom.

use harness::World;
use serde_json::{Value, json};

#[tokio::test]
async fn a_batch_is_its_senders_and_every_services() {
    let (world, _folder) = super::catalog::world().await;
    let (sender, other) = (world.login(1).await, world.login(2).await);
    let to = json!([{ "openid": world.user(1).await.openid }]);
    let sent = world.send_as(&sender.token, "to_self", &to).await.ok(202);
    let path = format!("/send/{}", sent["id"].as_str().expect("an id"));
    for bearer in [&sender.token, &world.service_key, &world.login(1).await.token] {
        let batch = world.get(&path, bearer).await.ok(200);
        assert_eq!((&batch["id"], &batch["notification"]), (&sent["id"], &json!("to_self")));
        assert_eq!(batch["messages"][0]["to"], to[0]);
    }
    world.get(&path, &other.token).await.problem(404, "not_found");
    world.get(&path, "").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_service_batch_is_nothing_to_a_user_not_even_its_receiver() {
    let world = World::start().await;
    let session = world.login(1).await;
    world.sync_until_done().await;
    let id = world.send_to(&json!({ "openid": world.user(1).await.openid })).await;
    world.get(&format!("/send/{id}"), &session.token).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_batch_that_never_was_is_not_found() {
    let world = World::start().await;
    for id in ["none", "00000000000000000000000000", "%20"] {
        world.get(&format!("/send/{id}"), &world.service_key).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_large_batch_is_read_page_by_page() {
    let world = World::with_followers(250).await;
    let to: Vec<_> = world.users(0, 250).await.iter().map(|u| json!({ "oa_openid": u.oa_openid })).collect();
    let sent = world.send(&json!(to)).await;
    let id = sent["id"].as_str().expect("an id");
    let first = world.settled(id).await;
    // Without the counts it is the same page.
    let uncounted = world.get(&format!("/send/{id}?after=0"), &world.service_key).await.ok(200);
    assert_eq!((&uncounted["counts"], &uncounted["next"]), (&Value::Null, &first["next"]));
    assert_eq!(uncounted["messages"], first["messages"]);
    let (mut page, mut pages, mut messages) = (first, Vec::new(), Vec::new());
    loop {
        // The counts are the whole batch's, and the first page's.
        assert_eq!(page["counts"], if pages.is_empty() { json!({ "sent": 250 }) } else { Value::Null });
        let shown = page["messages"].as_array().expect("messages").clone();
        pages.push(shown.len());
        messages.extend(shown);
        let Some(next) = page["next"].as_u64() else { break };
        page = world.get(&format!("/send/{id}?after={next}"), &world.service_key).await.ok(200);
    }
    assert_eq!(pages, [100, 100, 50]);
    let numbers: Vec<_> = messages.iter().filter_map(|message| message["n"].as_u64()).collect();
    assert_eq!(numbers, (1..=250).collect::<Vec<_>>());
    assert_eq!(messages.iter().map(|message| message["to"].clone()).collect::<Vec<_>>(), to);
    let not_sent = messages.iter().find(|message| message["state"] != "sent");
    assert_eq!(not_sent, None);
    assert_eq!(world.stats().await["delivered"], 250);
}

#[tokio::test]
async fn pages_pass_over_whoever_was_rejected_and_say_what_waits() {
    let world = World::with_followers(400).await;
    world.sync_until_done().await;
    // Every third is nobody's, and of one item of the batch all are.
    let is_reached = |n: usize| !n.is_multiple_of(3) && !(200..300).contains(&n);
    let users = world.users(0, 400).await;
    let name = |(n, user): (usize, &harness::User)| match is_reached(n) {
        true => json!({ "unionid": user.unionid }),
        false => json!({ "unionid": format!("nobody{n}") }),
    };
    let to: Vec<_> = users.iter().enumerate().map(name).collect();
    world.fault(json!({ "endpoint": "*", "errcode": 45009 })).await;
    let sent = world.send(&json!(to)).await;
    let id = sent["id"].as_str().expect("an id");
    let expected: Vec<_> = (0..400).filter(|n| is_reached(*n)).map(|n| n + 1).collect();
    let all_park = json!({ "parked": expected.len() });
    world.wait_for(id, |batch| batch["counts"] == all_park).await;
    let (mut after, mut numbers) = (0, Vec::new());
    loop {
        let page = world.get(&format!("/send/{id}?after={after}"), &world.service_key).await.ok(200);
        let shown = page["messages"].as_array().expect("messages").clone();
        assert!(shown.len() <= 100);
        let waits =
            |message: &Value| (&message["state"], &message["errcode"]) == (&json!("parked"), &json!(45009));
        assert!(shown.iter().all(waits), "{page}");
        numbers.extend(shown.iter().filter_map(|message| message["n"].as_u64()).map(|n| n as usize));
        let Some(next) = page["next"].as_u64() else { break };
        after = next;
    }
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_page_after_the_last_message_is_empty_and_after_must_be_a_number() {
    let world = World::start().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    let page = world.get(&format!("/send/{id}?after=1"), &world.service_key).await.ok(200);
    assert_eq!((&page["messages"], &page["next"]), (&json!([]), &Value::Null));
    for after in ["x", "-1", ""] {
        let answer = world.get(&format!("/send/{id}?after={after}"), &world.service_key).await;
        answer.problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_batch_of_which_everybody_was_rejected_is_empty_and_can_be_asked_about() {
    let world = World::start().await;
    let sent = world.send(&json!([{ "openid": "o-nobody" }])).await;
    let batch = world.batch(sent["id"].as_str().expect("an id")).await;
    assert_eq!((&batch["counts"], &batch["messages"]), (&json!({}), &json!([])));
}
