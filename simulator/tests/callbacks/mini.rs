//! The mini-program's callbacks: its own server configuration, and what it is told of subscriptions.

use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::{
    Callback, MINI_CALLBACK_TOKEN, MINI_ORIGINAL_ID, SUBSCRIBE_SHIPPED_ID, SUBSCRIBE_TEMPLATE_ID, Settings,
    Simulator,
};

use crate::receiver::{Answer, Receiver, signature, text};
use crate::wechat::{Wechat, settings};

const CALLBACK: &str = "/_sim/mini/callback";

#[tokio::test]
async fn what_a_user_subscribes_to_is_sent_and_turned_off_arrives_encrypted_in_json_and_in_order() {
    let receiver = Receiver::of_mini().await;
    let wechat = Wechat::telling_mini(&receiver).await;
    wechat.post("/_sim/clock", json!({ "now": 1_900_000_000 })).await;
    let replies = json!({ SUBSCRIBE_TEMPLATE_ID: "acceptWithAudio", SUBSCRIBE_SHIPPED_ID: "reject" });
    wechat.subscribe(7, replies).await;
    let msgid = wechat.send_subscribed(7).await;
    wechat.post("/_sim/users/7/subscriptions", json!({ SUBSCRIBE_TEMPLATE_ID: "reject" })).await;
    let pushes = receiver.pushes(3).await;
    let openid = wechat.mini_openid(7).await;
    for push in &pushes {
        assert!(push.is_signed() && push.content_type == "application/json");
        let (body, told) = (serde_json::from_str::<Value>(&push.body).unwrap(), push.json());
        assert_eq!(
            (&body["ToUserName"], &told["ToUserName"]),
            (&json!(MINI_ORIGINAL_ID), &json!(MINI_ORIGINAL_ID))
        );
        assert_eq!((&push.query["openid"], &told["FromUserName"]), (&openid, &json!(openid)));
        let at = told["CreateTime"].as_i64().unwrap();
        assert!((1_900_000_000..1_900_000_060).contains(&at) && told["MsgType"] == "event");
    }
    let lists: Vec<_> =
        pushes.iter().map(|push| (push.json()["Event"].clone(), push.json()["List"].clone())).collect();
    let expected = [
        (
            json!("subscribe_msg_popup_event"),
            json!([
                { "TemplateId": SUBSCRIBE_TEMPLATE_ID, "SubscribeStatusString": "accept", "PopupScene": 0 },
                { "TemplateId": SUBSCRIBE_SHIPPED_ID, "SubscribeStatusString": "reject", "PopupScene": 0 },
            ]),
        ),
        (
            json!("subscribe_msg_sent_event"),
            json!([
                { "TemplateId": SUBSCRIBE_TEMPLATE_ID, "MsgID": msgid, "ErrorCode": 0, "ErrorStatus": "success" },
            ]),
        ),
        (
            json!("subscribe_msg_change_event"),
            json!([
                { "TemplateId": SUBSCRIBE_TEMPLATE_ID, "SubscribeStatusString": "reject" },
            ]),
        ),
    ];
    assert_eq!(lists, expected);
}

#[tokio::test]
async fn each_account_is_told_its_own() {
    let (oa, mini) = (Receiver::start().await, Receiver::of_mini().await);
    let settings = Settings {
        mini_callback: Some(Callback::of_mini(&*mini.url)),
        ..settings(Some(Callback::to(&*oa.url)))
    };
    let wechat = Wechat::serve(Simulator::new(settings)).await;
    wechat.post("/_sim/callback/pause", Value::Null).await;
    wechat.have(200, "follow").await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    assert_eq!(mini.pushes(1).await[0].json()["Event"], "subscribe_msg_popup_event");
    wechat.post("/_sim/callback/resume", Value::Null).await;
    assert_eq!(oa.events(1).await, ["subscribe"]);
    assert_eq!(
        (&wechat.settled().await["sent"], &wechat.mini_settled().await["sent"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn a_server_may_be_told_in_xml_in_plain_mode_or_not_at_all() {
    let (wechat, receiver) = (Wechat::with(None).await, Receiver::of_mini().await);
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    wechat.post(CALLBACK, json!({ "url": receiver.url, "format": "xml" })).await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    let push = receiver.pushes(1).await.remove(0);
    assert!(push.is_signed() && push.content_type == "text/xml");
    let list = text(&text(&push.xml(), "SubscribeMsgPopupEvent"), "List");
    assert_eq!(text(&list, "SubscribeStatusString"), "accept");
    wechat.post(CALLBACK, json!({ "url": receiver.url, "mode": "plain" })).await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "reject" })).await;
    let push = receiver.pushes(2).await.remove(1);
    let told: Value = serde_json::from_str(&push.body).unwrap();
    assert_eq!(told["List"][0]["SubscribeStatusString"], "reject");
    let signed = signature(&[MINI_CALLBACK_TOKEN, &push.query["timestamp"], &push.query["nonce"]]);
    assert!(push.query["signature"] == signed && !push.query.contains_key("msg_signature"));
    wechat.delete(CALLBACK).await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    assert_eq!(wechat.mini_settled().await["sent"], 2);
}

#[tokio::test]
async fn a_configuration_is_refused_that_the_account_cannot_have_or_its_server_does_not_answer() {
    let (wechat, receiver) = (Wechat::with(None).await, Receiver::of_mini().await);
    for (status, path, configuration) in [
        (StatusCode::CONFLICT, CALLBACK, json!({ "url": receiver.url, "token": "another" })),
        (StatusCode::CONFLICT, "/_sim/callback", json!({ "url": receiver.url })),
        (StatusCode::BAD_REQUEST, "/_sim/callback", json!({ "url": receiver.url, "format": "json" })),
        (StatusCode::BAD_REQUEST, CALLBACK, json!({ "url": receiver.url, "mode": "compatible" })),
    ] {
        let (answered, answer) = wechat.try_post(path, configuration.clone()).await;
        assert_eq!(answered, status, "{path} {configuration}");
        assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
    }
}

#[tokio::test]
async fn a_list_of_one_can_be_an_object_and_numbers_can_be_strings() {
    let receiver = Receiver::of_mini().await;
    let wechat = Wechat::telling_mini(&receiver).await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    let shares = json!({ "list_as_object": 1.0, "numbers_as_text": 1.0 });
    wechat.post("/_sim/mini/callback/faults", shares).await;
    let msgid = wechat.send_subscribed(7).await;
    let told = receiver.pushes(2).await[1].json();
    let list = json!({
        "TemplateId": SUBSCRIBE_TEMPLATE_ID, "MsgID": msgid.to_string(), "ErrorCode": "0", "ErrorStatus": "success",
    });
    assert_eq!((&told["List"], told["CreateTime"].is_string()), (&list, true));
}

#[tokio::test]
async fn a_message_that_wechat_loses_uses_up_its_accept_and_is_told_as_failed() {
    let receiver = Receiver::of_mini().await;
    let wechat = Wechat::telling_mini(&receiver).await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    wechat.post("/_sim/faults", json!({ "kind": "mini_callback", "system_failed": 1.0 })).await;
    let msgid = wechat.send_subscribed(7).await;
    let failed = json!([
        { "TemplateId": SUBSCRIBE_TEMPLATE_ID, "MsgID": msgid, "ErrorCode": -1, "ErrorStatus": "failed" },
    ]);
    assert_eq!(receiver.pushes(2).await[1].json()["List"], failed);
    assert_eq!(wechat.get("/_sim/messages?user=7").await, json!([]));
    assert_eq!(wechat.get("/_sim/users/7/subscriptions").await, json!({}));
}

#[tokio::test]
async fn they_go_wrong_and_are_tried_again_as_the_official_accounts_do() {
    let receiver = Receiver::of_mini().await;
    let wechat = Wechat::telling_mini(&receiver).await;
    wechat.post("/_sim/mini/callback/faults", json!({ "duplicate": 1.0, "wrong_signature": 1.0 })).await;
    wechat.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    let pushes = receiver.pushes(2).await;
    assert!(pushes[0].json() == pushes[1].json() && !pushes.iter().any(|push| push.is_signed()));
    wechat.delete("/_sim/faults?kind=mini_callback").await;
    wechat.mini_settled().await;
    receiver.answer([Answer::Text(500, ""), Answer::Silence]);
    wechat.subscribe(8, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    receiver.pushes(4).await;
    wechat.advance(5).await;
    assert!(receiver.pushes(5).await[2..].iter().all(|push| push.is_signed()));
    let stats = wechat.mini_settled().await;
    assert_eq!((&stats["sent"], &stats["answered"]), (&json!(3), &json!(3)));
    assert_eq!((&stats["tries"], &stats["over_5s"]), (&json!(5), &json!(1)));
}

#[tokio::test]
async fn a_restart_keeps_the_configuration_and_what_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wechat.json");
    let receiver = Receiver::of_mini().await;
    let before = Wechat::with(None).await;
    before.post(CALLBACK, json!({ "url": receiver.url })).await;
    before.subscribe(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    before.mini_settled().await;
    before.simulator.save(&path).unwrap();
    let after = Wechat::serve(Simulator::restore(settings(None), &path).unwrap()).await;
    let msgid = after.send_subscribed(7).await;
    assert_eq!(receiver.pushes(2).await[1].json()["List"][0]["MsgID"], msgid);
}
