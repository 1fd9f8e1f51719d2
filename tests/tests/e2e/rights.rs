//! What the template grants is what is needed: a right that no function makes use of is too much. (One that is
//! missing makes whatever needs it fail, here as in AWS.)

use std::time::Duration;

use harness::World;
use local::Settings;
use serde_json::{Value, json};
use simulator::TEMPLATE_ID;

use crate::{catalog, mini_callbacks};

const SEND: &str = "/cgi-bin/message/template/send";

/// A user who has no unionid for wx.login, and brings it in sealed data; sessions that end.
async fn users(world: &World) {
    world.user_does(5, "hide-unionid").await;
    let session = world.login(5).await;
    world.user_does(5, "show-unionid").await;
    let sealed = world.sealed(5, &json!({})).await;
    // The second time the session knows the unionid, and the map is asked who said so.
    for _ in 0..2 {
        world.post("/decrypt", &session.token, &sealed).await.ok(200);
    }
    world.post("/subscriptions", &session.token, &json!({ "results": {} })).await.ok(200);
    for path in ["/decrypt", "/logout", "/subscriptions"] {
        world.post(path, &world.service_key, &json!({})).await.problem(403, "forbidden");
    }
    world.post("/login", "", &json!({ "code": "madeup" })).await.problem(401, "invalid_code");
    for path in ["/sync", "/forget"] {
        world.post(path, &session.token, &json!({})).await.problem(403, "forbidden");
    }
    world.get("/doctor", &session.token).await.problem(403, "forbidden");
    world.post("/logout", &session.token, &json!({ "all": true })).await.ok(200);
}

async fn send(world: &World, to: &Value) -> String {
    let sent = world.send_as(&world.service_key, "closed", to).await.ok(202);
    sent["id"].as_str().expect("an id").to_owned()
}

/// Batches small and large, by every name, once and again, by a user and a service; messages that are tried again.
async fn messages(world: &World) {
    let user = world.user(6).await;
    let session = world.login(6).await;
    let own =
        json!({ "notification": "to_self", "to": [{ "openid": user.openid }], "data": harness::approval() });
    for _ in 0..2 {
        world.send_once(&session.token, "key", &own).await.ok(202);
    }
    let mut to = vec![json!({ "unionid": user.unionid }), json!({ "openid": world.user(7).await.openid })];
    to.extend((0..150).map(|n| json!({ "openid": format!("nobody{n}") })));
    world.fault(json!({ "endpoint": SEND, "errcode": -1, "times": 1 })).await;
    let id = send(world, &json!(to)).await;
    world.settled(&id).await;
    // Who logs in and does not follow may have accepted a message.
    world.login(150).await;
    let stranger = json!([{ "openid": world.user(150).await.openid }]);
    world.send_as(&world.service_key, "falls_back", &stranger).await.ok(202);
    world.post(&format!("/send/{id}/replay"), &world.service_key, &json!({})).await.ok(202);
    // A token that dies, and an endpoint that gives no other at once.
    world.fault(json!({ "endpoint": "/cgi-bin/token", "errcode": -1, "times": 1 })).await;
    world.rotate("classic", 2).await;
    let id = send(world, &json!([{ "unionid": user.unionid }])).await;
    world.settled(&id).await;
}

/// Followers who come, go, come back and go unseen, unionids that change, a list that lacks somebody.
async fn followers(world: &World) {
    for action in ["unfollow", "follow"] {
        world.user_does(8, action).await;
        world.callbacks_settled().await;
    }
    world.console(&json!({ "info_lag": 30 })).await;
    world.user_does(100, "follow").await;
    world.until(async || world.login(100).await.answer["following"] == true).await;
    world.console(&json!({ "info_lag": 0 })).await;
    world.rotate("classic", 2).await;
    world.user_does(101, "follow").await;
    world.until(async || world.login(101).await.answer["following"] == true).await;
    // Whoever unfollows in the very second in which a sync begins is looked at once more.
    let is_rechecked = || {
        !world
            .stack()
            .unused_rights()
            .iter()
            .any(|right| right.contains("sync may dynamodb:ConditionCheckItem"))
    };
    for _ in 0..10 {
        world.resume_callbacks().await;
        world.user_does(13, "unfollow").await;
        let second = world.stack().clock().now();
        world.callbacks_settled().await;
        world.pause_callbacks().await;
        world.user_does(13, "follow").await;
        // On a busy machine it is over by now.
        world.stack().clock().set(second);
        world.sync_until_done().await;
        if is_rechecked() {
            break;
        }
    }
    world.user_does(9, "unfollow").await;
    let id = send(world, &json!([{ "oa_openid": world.user(9).await.oa_openid }])).await;
    world.settled(&id).await;
    world.user_does(10, "unfollow").await;
    world.rotate("classic", 2).await;
    world.pass(Duration::from_secs(3600)).await;
    world.sync_until_done().await;
    world.login(11).await;
    world.console(&json!({ "open_platform": 1 })).await;
    world.login(11).await;
    world.pass(Duration::from_secs(3600)).await;
    world.sync_until_done().await;
}

#[tokio::test]
async fn every_right_is_made_use_of() {
    let (world, _folder) =
        catalog::world_with(Settings { followers: 20, callbacks: true, ..mini_callbacks::set_up("client") })
            .await;
    users(&world).await;
    messages(&world).await;
    followers(&world).await;
    mini_callbacks::withdrawn(&world, "t1").await;
    let user = world.user(6).await;
    world.console(&json!({ "removed_templates": [TEMPLATE_ID] })).await;
    let id = send(&world, &json!([{ "oa_openid": user.oa_openid }])).await;
    world.wait_for(&id, |batch| batch["counts"] == json!({ "parked": 1 })).await;
    world.advance(600).await;
    world.invoke("sync", json!({ "sync": "tick" })).await.expect("progress");
    let whom = json!({ "openid": user.openid });
    let begun = world.post("/forget", &world.service_key, &whom).await.ok(202);
    let path = format!("/forget/{}", begun["id"].as_str().expect("an id"));
    world.until(async || world.get(&path, &world.service_key).await.ok(200)["state"] == "done").await;
    world.get("/sync", &world.service_key).await.ok(200);
    world.post("/sync", &world.service_key, &Value::Null).await.ok(200);
    // What looks at everything, and asks for the tokens that have expired meanwhile.
    world.advance(3 * 3600).await;
    world.get("/doctor", &world.service_key).await.ok(200);
    assert_eq!(world.stack().unused_rights(), Vec::<String>::new());
}
