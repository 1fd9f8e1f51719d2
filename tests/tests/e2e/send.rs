//! POST /send: who is reached, and who is turned away with what reason.

use harness::{World, approval};
use reqwest::Method;
use serde_json::{Value, json};

/// The first recipient turned away.
fn rejection(sent: &Value) -> &Value {
    &sent["rejected"][0]
}

/// The one recipient of the call is turned away for this reason, and told a remedy.
fn is_rejected(sent: &Value, reason: &str) {
    assert_eq!((&sent["accepted"], &rejection(sent)["reason"]), (&json!(0), &json!(reason)), "{sent}");
    assert!(rejection(sent)["remedy"].as_str().is_some_and(|remedy| remedy.ends_with('.')), "{sent}");
}

#[tokio::test]
async fn a_message_arrives_whichever_way_the_user_is_named() {
    let world = World::start().await;
    world.login(1).await;
    world.sync_until_done().await;
    let users = world.users(1, 3).await;
    let to = json!([
        { "openid": users[0].openid },
        { "unionid": users[1].unionid },
        { "oa_openid": users[2].oa_openid },
    ]);
    let sent = world.send(&to).await;
    assert_eq!((&sent["accepted"], &sent["rejected"]), (&json!(3), &json!([])));
    let batch = world.settled(sent["id"].as_str().expect("an id")).await;
    assert_eq!(batch["counts"], json!({ "sent": 3 }));
    for user in 1..=3 {
        let messages = world.messages_of(user).await;
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0]["template_id"], simulator::TEMPLATE_ID);
    }
}

#[tokio::test]
async fn the_message_shows_the_data_and_opens_the_page() {
    let world = World::start().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
    world.settled(&id).await;
    let message = world.messages_of(1).await.remove(0);
    assert_eq!(
        message["data"],
        json!({
            "thing1": "张三", "thing2": "年假", "time3": "2026-11-22 09:30", "thing4": "回家探亲",
            "character_string5": "A 42&x=1",
        })
    );
    assert_eq!(message["page"], "pages/approval/detail?id=A%2042%26x%3D1");
    assert_eq!(message["client_msg_id"], format!("{id}-1"));
}

#[tokio::test]
async fn what_a_shop_has_becomes_what_wechat_shows() {
    let world = World::start().await;
    let call = json!({
        "notification": "order_shipped",
        "to": [{ "oa_openid": world.user(1).await.oa_openid }],
        "data": {
            "order": 7,
            "goods": "景德镇手绘青花瓷茶具十二件套装，含茶盘与茶巾",
            "total_fen": 12_800,
            "shipped_at": "2026-11-28T12:03:00Z",
            "courier": "顺丰速运",
            "tracking_number": "SF1234567890123",
        },
    });
    let sent = world.post("/send", &world.service_key, &call).await.ok(202);
    world.settled(sent["id"].as_str().expect("an id")).await;
    let message = world.messages_of(1).await.remove(0);
    assert_eq!(message["template_id"], simulator::TEMPLATE_SHIPPED_ID);
    assert_eq!(
        message["data"],
        json!({
            "thing1": "景德镇手绘青花瓷茶具十二件套装，含茶盘…",
            "amount2": "¥128.00",
            "time3": "2026-11-28 20:03",
            "thing4": "顺丰速运",
            "character_string5": "SF1234567890123",
        })
    );
}

#[tokio::test]
async fn a_number_keeps_its_digits_in_field_and_page_also_when_it_is_sent_anew() {
    let world = World::start().await;
    let call = format!(
        r#"{{"notification":"approval_submitted","to":[{{"oa_openid":"{}"}}],"data":{{"applicant":"张三",
        "kind":"年假","submitted_at":"2026-11-22 09:30","content":"回家探亲","id":100.00}}}}"#,
        world.user(1).await.oa_openid
    );
    world.fault(json!({ "endpoint": "/cgi-bin/message/template/send", "errcode": 45168, "times": 1 })).await;
    let sent = world.call(Method::POST, "/send", &world.service_key, call).await.ok(202);
    let id = sent["id"].as_str().expect("an id");
    assert_eq!(world.outcome(id).await["state"], "failed");
    world.post(&format!("/send/{id}/replay"), &world.service_key, &json!({})).await.ok(202);
    world.wait_for(id, |batch| batch["counts"] == json!({ "sent": 1 })).await;
    let message = world.messages_of(1).await.remove(0);
    assert_eq!(message["data"]["character_string5"], "100.00");
    assert_eq!(message["page"], "pages/approval/detail?id=100.00");
}

#[tokio::test]
async fn a_recipients_own_data_and_the_calls_page_go_before() {
    let world = World::start().await;
    let users = world.users(1, 2).await;
    let call = json!({
        "notification": "approval_copied",
        "to": [
            { "oa_openid": users[0].oa_openid },
            { "oa_openid": users[1].oa_openid, "data": { "applicant": "李四", "id": "B" } },
        ],
        "data": approval(),
        "page": "pages/other?n={id}",
    });
    let sent = world.post("/send", &world.service_key, &call).await.ok(202);
    world.settled(sent["id"].as_str().expect("an id")).await;
    let (first, second) = (world.messages_of(1).await.remove(0), world.messages_of(2).await.remove(0));
    assert_eq!((&first["data"]["thing1"], &second["data"]["thing1"]), (&json!("张三"), &json!("李四")));
    assert_eq!(first["page"], "pages/other?n=A%2042%26x%3D1");
    assert_eq!(second["page"], "pages/other?n=B");
    assert_eq!(second["template_id"], simulator::TEMPLATE_COPIED_ID);
}

#[tokio::test]
async fn whoever_never_logged_in_is_rejected_as_such() {
    let world = World::start().await;
    world.sync_until_done().await;
    let user = world.user(1).await;
    // An Official Account's openid in the place of a mini-program's is the usual mistake.
    for openid in [user.openid, user.oa_openid, "o-made-up".into()] {
        let to = json!([{ "openid": openid }]);
        let sent = world.send(&to).await;
        is_rejected(&sent, "never_logged_in");
        assert_eq!(rejection(&sent)["to"], to[0]);
    }
}

#[tokio::test]
async fn whoever_never_bound_is_rejected_as_such() {
    let world = World::start().await;
    world.user_does(1, "hide-unionid").await;
    world.login(1).await;
    world.sync_until_done().await;
    let sent = world.send(&json!([{ "openid": world.user(1).await.openid }])).await;
    is_rejected(&sent, "no_unionid");
    assert!(rejection(&sent)["remedy"].as_str().is_some_and(|text| text.contains("Open Platform")));
}

#[tokio::test]
async fn whoever_does_not_follow_is_rejected_as_such() {
    let world = World::start().await;
    world.login(1_000).await;
    world.sync_until_done().await;
    let user = world.user(1_000).await;
    for to in [json!({ "openid": user.openid }), json!({ "unionid": user.unionid })] {
        let to = json!([to]);
        is_rejected(
            &world.send_as(&world.service_key, "approval_copied", &to).await.ok(202),
            "not_following",
        );
        is_rejected(&world.send(&to).await, "not_subscribed");
    }
}

#[tokio::test]
async fn a_value_that_does_not_fit_its_field_is_named() {
    let world = World::start().await;
    let to = json!({ "oa_openid": world.user(1).await.oa_openid });
    let cases = [
        (
            "kind",
            json!("一二三四五六七八九十一二三四五六七八九十一"),
            "thing2 takes at most 20 characters, not 21",
        ),
        ("submitted_at", json!("tomorrow"), "time3 takes a time"),
        ("id", json!("单号42"), "character_string5 takes letters, digits and symbols"),
        ("applicant", json!(""), "thing1 may not be empty"),
    ];
    for (name, value, detail) in cases {
        let mut to = to.clone();
        to["data"] = json!({ name: value });
        let sent = world.send(&json!([to])).await;
        is_rejected(&sent, "invalid_field");
        let told = rejection(&sent)["detail"].as_str().unwrap_or_default();
        assert!(told.starts_with(detail), "{told}");
    }
    assert_eq!(world.messages_of(1).await.len(), 0);
}

#[tokio::test]
async fn a_recipient_named_twice_gets_one_message() {
    let world = World::start().await;
    world.login(1).await;
    world.sync_until_done().await;
    let user = world.user(1).await;
    let to = json!([
        { "openid": user.openid },
        { "unionid": user.unionid },
        { "oa_openid": user.oa_openid },
        { "openid": user.openid, "data": { "id": "another" } },
    ]);
    let sent = world.send(&to).await;
    let reasons: Vec<_> =
        sent["rejected"].as_array().expect("rejected").iter().map(|r| &r["reason"]).collect();
    assert_eq!(reasons, ["duplicate_recipient", "duplicate_recipient"]);
    assert_eq!(sent["accepted"], 2, "other data is another message");
    world.settled(sent["id"].as_str().expect("an id")).await;
    let mut pages: Vec<_> = world.messages_of(1).await.iter().map(|m| m["page"].to_string()).collect();
    pages.sort();
    assert_eq!(pages.len(), 2);
    assert!(pages[1].contains("id=another"), "{pages:?}");
}

#[tokio::test]
async fn a_rejected_recipient_does_not_hold_up_the_others() {
    let world = World::start().await;
    let (stranger, user) = (world.user(5).await, world.user(1).await);
    let to = json!([{ "openid": stranger.openid }, { "oa_openid": user.oa_openid }]);
    let sent = world.send(&to).await;
    assert_eq!((&sent["accepted"], &rejection(&sent)["reason"]), (&json!(1), &json!("never_logged_in")));
    let batch = world.settled(sent["id"].as_str().expect("an id")).await;
    let message = &batch["messages"][0];
    assert_eq!((&message["n"], &message["to"], &message["state"]), (&json!(2), &to[1], &json!("sent")));
}

#[tokio::test]
async fn a_call_that_cannot_be_sent_at_all_is_refused() {
    let world = World::start().await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    let calls = [
        json!({ "notification": "no_such", "to": to, "data": approval() }),
        json!({ "notification": "approval_submitted", "to": [], "data": approval() }),
        json!({ "notification": "approval_submitted", "data": approval() }),
        json!({ "notification": "approval_submitted", "to": [{}], "data": approval() }),
        json!({ "notification": "approval_submitted", "to": [{ "openid": "a", "unionid": "b" }] }),
        json!({ "notification": "approval_submitted", "to": [{ "openid": "o".repeat(65) }] }),
        json!({ "notification": "approval_submitted", "to": to, "data": approval(), "page": "/pages/a" }),
        json!({ "notification": "approval_submitted", "to": to, "data": approval(), "pgae": "pages/a" }),
    ];
    for call in calls {
        world.post("/send", &world.service_key, &call).await.problem(400, "invalid_request");
    }
    world.call(Method::POST, "/send", &world.service_key, "").await.problem(400, "invalid_request");
    let unknown = world.send_as(&world.service_key, "no_such", &to).await;
    let problem = unknown.problem(400, "invalid_request");
    assert!(
        problem["detail"].as_str().is_some_and(|text| text.contains("no such `notification`")),
        "{problem}"
    );
}

#[tokio::test]
async fn more_recipients_than_a_call_takes_are_refused_with_the_limit() {
    let world = World::start().await;
    let to = vec![json!({ "oa_openid": world.user(1).await.oa_openid }); 10_001];
    let answer = world.send_as(&world.service_key, "approval_submitted", &json!(to)).await;
    let problem = answer.problem(413, "too_large");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("10000")), "{problem}");
}

#[tokio::test]
async fn nobody_sends_without_a_token() {
    let world = World::start().await;
    let to = json!([{ "oa_openid": world.user(1).await.oa_openid }]);
    for bearer in ["", "made-up"] {
        world.send_as(bearer, "approval_submitted", &to).await.problem(401, "unauthorized");
    }
}
