//! POST /decrypt: what a session's key opens and what it does not.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use harness::World;
use serde_json::{Value, json};

/// The part of what WeChat seals that is sent to be opened.
fn unsigned(sealed: &Value) -> Value {
    json!({ "encryptedData": sealed["encryptedData"], "iv": sealed["iv"] })
}

fn tells_to_log_in(problem: &Value) -> bool {
    problem["detail"].as_str().is_some_and(|detail| detail.contains("POST /login"))
}

#[tokio::test]
async fn sealed_data_is_opened() {
    let world = World::start().await;
    let (user, session) = (world.user(7).await, world.login(7).await);
    let sealed = world.sealed(7, &json!({ "nickName": "鹊\u{1f426}", "phoneNumber": "13580006666" })).await;
    let answer = world.post("/decrypt", &session.token, &unsigned(&sealed)).await.ok(200);
    assert_eq!(answer["unionid"], user.unionid);
    assert_eq!(answer["data"]["openId"], user.openid);
    assert_eq!(answer["data"]["nickName"], "鹊\u{1f426}");
    assert_eq!(answer["data"]["phoneNumber"], "13580006666");
    assert_eq!(answer["data"]["watermark"]["appid"], simulator::MINI_APPID);
}

#[tokio::test]
async fn sealed_data_brings_the_unionid_that_login_lacked_and_messages_arrive() {
    let world = World::start().await;
    let user = world.user(7).await;
    world.user_does(7, "hide-unionid").await;
    let session = world.login(7).await;
    world.user_does(7, "show-unionid").await;
    world.sync_until_done().await;
    let to = json!({ "openid": user.openid });
    let sent = world.send(&json!([to])).await;
    assert_eq!((&sent["accepted"], &sent["rejected"][0]["reason"]), (&json!(0), &json!("no_unionid")));

    let sealed = world.sealed(7, &json!({})).await;
    let answer = world.post("/decrypt", &session.token, &unsigned(&sealed)).await.ok(200);
    assert_eq!(answer["unionid"], user.unionid);
    let id = world.send_to(&to).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
    assert_eq!(world.messages_of(7).await.len(), 1);
}

#[tokio::test]
async fn a_unionid_once_known_outlives_a_login_without_one() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.login(7).await;
    world.user_does(7, "hide-unionid").await;
    world.login(7).await;
    let id = world.send_to(&json!({ "openid": world.user(7).await.openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
}

#[tokio::test]
async fn another_users_sealed_data_stays_shut() {
    let world = World::start().await;
    let (mine, _) = (world.login(7).await, world.login(8).await);
    let theirs = world.sealed(8, &json!({})).await;
    let posing = world.sealed(7, &json!({ "openId": world.user(8).await.openid })).await;
    for sealed in [theirs, posing] {
        let problem = world.post("/decrypt", &mine.token, &unsigned(&sealed)).await;
        assert!(tells_to_log_in(&problem.problem(400, "decrypt_failed")));
    }
}

#[tokio::test]
async fn an_older_session_does_not_open_what_the_newest_login_seals() {
    let world = World::start().await;
    let (old, new) = (world.login(7).await, world.login(7).await);
    let sealed = unsigned(&world.sealed(7, &json!({})).await);
    let problem = world.post("/decrypt", &old.token, &sealed).await.problem(400, "decrypt_failed");
    assert!(tells_to_log_in(&problem), "{problem}");
    world.post("/decrypt", &new.token, &sealed).await.ok(200);
}

#[tokio::test]
async fn raw_data_is_held_against_its_signature() {
    let world = World::start().await;
    let session = world.login(7).await;
    let sealed = world.sealed(7, &json!({ "nickName": "Band" })).await;
    world.post("/decrypt", &session.token, &sealed).await.ok(200);
    let forgeries = [("rawData", json!(r#"{"nickName":"Bond"}"#)), ("signature", json!("0".repeat(40)))];
    for (name, forged) in forgeries {
        let mut sealed = sealed.clone();
        sealed[name] = forged;
        let problem = world.post("/decrypt", &session.token, &sealed).await;
        assert!(tells_to_log_in(&problem.problem(400, "decrypt_failed")));
    }
    let mut half = sealed.clone();
    half["signature"] = Value::Null;
    world.post("/decrypt", &session.token, &half).await.problem(400, "invalid_request");
}

#[tokio::test]
async fn another_mini_programs_data_is_refused_although_it_opens() {
    let world = World::start().await;
    let session = world.login(7).await;
    for watermark in [json!({ "appid": "wx0000000000000000", "timestamp": 1 }), json!({}), json!(null)] {
        let sealed = world.sealed(7, &json!({ "watermark": watermark })).await;
        let problem = world.post("/decrypt", &session.token, &unsigned(&sealed)).await;
        let problem = problem.problem(400, "decrypt_failed");
        assert!(tells_to_log_in(&problem), "{problem}");
    }
}

#[tokio::test]
async fn a_blank_unionid_is_none() {
    let world = World::start().await;
    world.user_does(7, "hide-unionid").await;
    let session = world.login(7).await;
    for unionid in [json!(""), json!(" "), json!(null)] {
        let sealed = world.sealed(7, &json!({ "unionId": unionid })).await;
        let opened = world.post("/decrypt", &session.token, &unsigned(&sealed)).await.ok(200);
        assert_eq!(opened["unionid"], Value::Null, "{opened}");
    }
}

/// What the backend's message to this user comes to, by the mini-program's openid.
async fn sent_to(world: &World, openid: &str) -> Value {
    let sent = world.send(&json!([{ "openid": openid }])).await;
    sent["rejected"][0]["reason"].clone()
}

/// A cipher without a MAC: a bit that is flipped in the iv is flipped in the first block, where `openId` stands.
#[tokio::test]
async fn flipping_a_bit_of_the_iv_takes_no_unionid_over() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.user_does(7, "hide-unionid").await;
    let (victim, mine) = (world.user(8).await, world.user(7).await);
    world.login(8).await;
    let session = world.login(7).await;
    let sealed = world.sealed(7, &json!({ "openId": victim.openid, "unionId": victim.unionid })).await;
    world.post("/decrypt", &session.token, &unsigned(&sealed)).await.problem(400, "decrypt_failed");

    let mut iv = STANDARD.decode(sealed["iv"].as_str().expect("an iv")).expect("base64");
    iv[7] ^= b'd' ^ b'x';
    let forged = json!({ "encryptedData": sealed["encryptedData"], "iv": STANDARD.encode(iv) });
    let opened = world.post("/decrypt", &session.token, &forged).await.ok(200);
    assert_eq!(opened["data"]["openIx"], victim.openid, "{opened}");
    assert_eq!(opened["unionid"], Value::Null);
    assert_eq!(sent_to(&world, &victim.openid).await, Value::Null);
    assert_eq!(sent_to(&world, &mine.openid).await, "no_unionid");
}

/// Whoever has the session_key can seal anything.
#[tokio::test]
async fn a_unionid_that_is_somebody_elses_is_not_learned() {
    let world = World::start().await;
    world.sync_until_done().await;
    let (victim, mine) = (world.user(8).await, world.user(7).await);
    world.login(8).await;
    for known in [false, true] {
        world.user_does(7, if known { "show-unionid" } else { "hide-unionid" }).await;
        let session = world.login(7).await;
        let sealed = world.sealed(7, &json!({ "openId": mine.openid, "unionId": victim.unionid })).await;
        let opened = world.post("/decrypt", &session.token, &unsigned(&sealed)).await.ok(200);
        let own = if known { json!(mine.unionid) } else { Value::Null };
        assert_eq!(opened["unionid"], own, "{opened}");
        assert_eq!(sent_to(&world, &victim.openid).await, Value::Null);
        assert_eq!(
            sent_to(&world, &mine.openid).await,
            if known { Value::Null } else { json!("no_unionid") }
        );
    }
    let to_victim = world.send_to(&json!({ "openid": victim.openid })).await;
    world.settled(&to_victim).await;
    assert!(!world.messages_of(8).await.is_empty());
}

#[tokio::test]
async fn a_known_unionid_is_never_replaced() {
    let world = World::start().await;
    world.user_does(7, "hide-unionid").await;
    let older = world.login(7).await;
    // Sealed while nothing was known, opened when something is.
    let sealed = world.sealed(7, &json!({ "unionId": "uFresh" })).await;
    world.user_does(7, "show-unionid").await;
    world.login(7).await;
    let opened = world.post("/decrypt", &older.token, &unsigned(&sealed)).await.ok(200);
    assert_eq!(opened["unionid"], Value::Null);
    assert_eq!(world.login(7).await.answer["unionid"], world.user(7).await.unionid);
    world.sync_until_done().await;
    let id = world.send_to(&json!({ "openid": world.user(7).await.openid })).await;
    assert_eq!(world.outcome(&id).await["state"], "sent");
}

#[tokio::test]
async fn a_session_opens_sixty_times_an_hour() {
    let world = World::start().await;
    let session = world.login(7).await;
    let sealed = unsigned(&world.sealed(7, &json!({})).await);
    for _ in 0..60 {
        world.post("/decrypt", &session.token, &sealed).await.ok(200);
    }
    world.post("/decrypt", &session.token, &sealed).await.problem(429, "too_many_requests");
    let other = world.login(8).await;
    let theirs = unsigned(&world.sealed(8, &json!({})).await);
    world.post("/decrypt", &other.token, &theirs).await.ok(200);
    world.pass(Duration::from_secs(3600)).await;
    world.post("/decrypt", &session.token, &sealed).await.ok(200);
}

#[tokio::test]
async fn a_body_that_is_not_sealed_data_is_refused() {
    let world = World::start().await;
    let session = world.login(7).await;
    world.post("/decrypt", &session.token, &json!({})).await.problem(400, "invalid_request");
    for (data, iv) in [("", ""), ("AAAA", "AAAA"), ("not base64!", "AAAAAAAAAAAAAAAAAAAAAA==")] {
        let body = json!({ "encryptedData": data, "iv": iv });
        world.post("/decrypt", &session.token, &body).await.problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn only_a_users_session_decrypts() {
    let world = World::start().await;
    world.login(7).await;
    let sealed = world.sealed(7, &json!({})).await;
    for bearer in ["", "made-up"] {
        world.post("/decrypt", bearer, &sealed).await.problem(401, "unauthorized");
    }
    world.post("/decrypt", &world.service_key, &sealed).await.problem(403, "forbidden");
}
