//! POST /forget: nothing that is kept says who it was, and nobody else notices.

use harness::World;
use local::{Faults, Settings};
use serde_json::{Value, json};
use shared::store;
use simulator::TEMPLATE_ID;

use crate::{catalog, credits};

/// What stands in the tables, as text.
async fn tables(world: &World) -> String {
    let client = store::client(&world.stack().config()).expect("tables");
    let names = client.list_tables().send().await.expect("their names").table_names.unwrap_or_default();
    let mut text = String::new();
    for name in names {
        let items = client.scan().table_name(&name).send().await.expect("items").items;
        text += &format!("{items:?}\n");
    }
    text
}

async fn forgotten(world: &World, whom: &Value) -> Value {
    let begun = world.post("/forget", &world.service_key, whom).await.ok(202);
    let path = format!("/forget/{}", begun["id"].as_str().expect("an id"));
    let is_done = async || world.get(&path, &world.service_key).await.ok(200)["state"] == "done";
    world.until(is_done).await;
    world.get(&path, &world.service_key).await.ok(200)
}

fn letter(id: &str) -> Value {
    let mut data = harness::approval();
    data["id"] = json!(id);
    data
}

/// A batch to these users, whose data names them.
async fn send(world: &World, name: &str, to: &Value, data: &Value) -> String {
    let call = json!({ "notification": name, "to": to, "data": data });
    world.post("/send", &world.service_key, &call).await.ok(202)["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn all_that_is_kept_of_a_user_goes_whatever_they_are_named_by() {
    for kind in ["openid", "unionid", "oa_openid"] {
        let (world, _folder) = catalog::world().await;
        world.sync_until_done().await;
        let (user, other) = (world.user(1).await, world.user(2).await);
        let (session, _, others) = (world.login(1).await, world.login(1).await, world.login(2).await);
        let own = json!([{ "openid": user.openid, "data": letter("MINE-1") }, { "openid": other.openid }]);
        let together = send(&world, "closed", &own, &letter("OURS-1")).await;
        let alone = send(&world, "closed", &json!([{ "unionid": user.unionid }]), &letter("MINE-2")).await;
        let by_oa =
            send(&world, "closed", &json!([{ "oa_openid": user.oa_openid }]), &letter("MINE-3")).await;
        let itself =
            json!({ "notification": "to_self", "to": [{ "openid": user.openid }], "data": letter("MINE-4") });
        world.post("/send", &session.token, &itself).await.ok(202);
        for id in [&together, &alone, &by_oa] {
            world.settled(id).await;
        }
        let credits = credits::credits(&world);
        for openid in [&user.openid, &user.openid, &other.openid] {
            credits.add(openid, &["tOfNoCatalog"]).await.expect("credited");
        }
        let before = tables(&world).await;
        let names = [&user.openid, &user.unionid, &user.oa_openid];
        for trace in names.into_iter().map(String::as_str).chain(["MINE-1", "MINE-2", "MINE-3", "MINE-4"]) {
            assert!(before.contains(trace), "{trace} is nowhere to begin with");
        }
        let whom = json!({ kind: match kind {
            "openid" => &user.openid,
            "unionid" => &user.unionid,
            _ => &user.oa_openid,
        }});
        let told = forgotten(&world, &whom).await;
        assert_eq!(
            told["deleted"],
            json!({ "identities": 2, "sessions": 2, "credits": 2, "messages": 4 }),
            "{kind}: {told}"
        );
        let after = tables(&world).await;
        for trace in names.into_iter().map(String::as_str).chain(["MINE-"]) {
            assert!(!after.contains(trace), "{kind}: {trace} is still there");
        }
        // Their session is over, the other's is not, nor what the other got.
        world.post("/decrypt", &session.token, &json!({})).await.problem(401, "unauthorized");
        world.post("/logout", &others.token, &json!({})).await.ok(200);
        let batch = world.batch(&together).await;
        assert_eq!(batch["counts"], json!({ "sent": 2 }), "{batch}");
        let to = [&batch["messages"][0]["to"], &batch["messages"][1]["to"]];
        assert_eq!(to, [&json!({ "openid": "forgotten" }), &json!({ "openid": other.openid })]);
        assert!(after.contains("OURS-1"));
        assert_eq!(world.batch(&alone).await["counts"], json!({ "sent": 1 }));
        assert_eq!(credits.of(&other.openid).await.expect("a row"), [("tOfNoCatalog".to_owned(), 1)].into());
        // Forgotten once more, there is nothing.
        let told = forgotten(&world, &whom).await;
        assert_eq!(
            told["deleted"],
            json!({ "identities": 0, "sessions": 0, "credits": 0, "messages": 0 }),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_message_that_waits_is_not_sent_to_somebody_who_is_forgotten() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let (user, other) = (world.user(1).await, world.user(2).await);
    let id = send(
        &world,
        "approval_submitted",
        &json!([{ "unionid": user.unionid }, { "unionid": other.unionid }]),
        &letter("A"),
    )
    .await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 2 })).await;
    forgotten(&world, &json!({ "oa_openid": user.oa_openid })).await;
    world.console(&json!({ "removed_templates": [] })).await;
    let batch = world.settled(&id).await;
    assert_eq!(batch["counts"], json!({ "failed": 1, "sent": 1 }));
    assert_eq!(batch["messages"][0]["reason"], "forgotten");
    let replayed = world.post(&format!("/send/{id}/replay"), &world.service_key, &json!({})).await.ok(202);
    assert_eq!(replayed["replayed"], 0);
    world.pass(std::time::Duration::from_secs(3600)).await;
    assert_eq!((world.messages_of(1).await.len(), world.messages_of(2).await.len()), (0, 1));
}

/// The map does not know them any more: their messages do.
#[tokio::test]
async fn whoever_has_unfollowed_is_found_by_what_they_were_sent() {
    for kind in ["openid", "unionid", "oa_openid"] {
        let (world, _folder) =
            catalog::world_with(Settings { followers: 20, callbacks: true, ..Settings::default() }).await;
        let (user, other) = (world.user(1).await, world.user(2).await);
        let session = world.login(1).await;
        let own = json!([{ "openid": other.openid, "data": letter("MINE-0") }]);
        let call = json!({ "notification": "to_anyone", "to": own, "data": letter("MINE-4") });
        world.post("/send", &session.token, &call).await.ok(202);
        let by_oa = json!([{ "oa_openid": user.oa_openid }]);
        for (to, data) in [(by_oa, "MINE-1"), (json!([{ "openid": user.openid }]), "MINE-2")] {
            world.settled(&send(&world, "closed", &to, &letter(data)).await).await;
        }
        world.user_does(1, "unfollow").await;
        world.callbacks_settled().await;
        let name = match kind {
            "openid" => &user.openid,
            "unionid" => &user.unionid,
            _ => &user.oa_openid,
        };
        // Who has but the one name that nothing ties to the others keeps those.
        let told = forgotten(&world, &json!({ kind: name })).await;
        let after = tables(&world).await;
        if kind == "oa_openid" {
            assert_eq!(told["deleted"]["sessions"], 1, "{told}");
        }
        for trace in [user.openid.as_str(), &user.unionid, &user.oa_openid, "MINE-"] {
            assert!(!after.contains(trace), "{kind}: {trace} is still there: {told}");
        }
    }
}

#[tokio::test]
async fn tables_that_fail_only_put_it_off() {
    let faults = Faults { seed: 7, dynamodb: 0.2, ..Faults::default() };
    let world = World::with(Settings { followers: 20, faults, ..Settings::default() }).await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let user = world.user(1).await;
    let to = json!([{ "oa_openid": user.oa_openid }]);
    let call = json!({ "notification": "approval_submitted", "to": to, "data": letter("MINE") });
    let sent = async || world.post("/send", &world.service_key, &call).await.status == 202;
    for _ in 0..5 {
        world.until(sent).await;
    }
    world.until(async || tables(&world).await.matches("template_gone").count() >= 5).await;
    let whom = json!({ "oa_openid": user.oa_openid });
    let begun = async || world.post("/forget", &world.service_key, &whom).await.status == 202;
    world.until(begun).await;
    let is_done = async || {
        let client = store::client(&world.stack().config()).expect("tables");
        let items =
            client.scan().table_name("StateTable").send().await.expect("items").items.unwrap_or_default();
        items.iter().any(|item| item.get("done").is_some_and(|done| done.as_bool() == Ok(&true)))
    };
    world.until(is_done).await;
    let after = tables(&world).await;
    assert!(!after.contains("MINE") && !after.contains(&user.oa_openid));
    world.console(&json!({ "removed_templates": [] })).await;
    world.pass(std::time::Duration::from_secs(3600)).await;
    assert_eq!(world.messages_of(1).await.len(), 0);
}

#[tokio::test]
async fn nobody_forgets_users_without_the_scope_or_a_name() {
    let world = World::start().await;
    let session = world.login(1).await;
    let whom = json!({ "openid": world.user(1).await.openid });
    world.post("/forget", &session.token, &whom).await.problem(403, "forbidden");
    for body in [
        json!({}),
        json!({ "openid": "o", "unionid": "u" }),
        json!({ "openid": "" }),
        json!({ "openid": "o 1" }),
        json!("x"),
    ] {
        world.post("/forget", &world.service_key, &body).await.problem(400, "invalid_request");
    }
    world.get("/forget/nobody", &world.service_key).await.problem(404, "not_found");
}
