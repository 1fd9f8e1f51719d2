//! Subscribe messages: what a user lets the mini-program send, what arrives, and every reason why not.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use simulator::{SUBSCRIBE_SHIPPED_ID, SUBSCRIBE_TEMPLATE_ID, TEMPLATE_ID};

use crate::wechat::{SEND as TEMPLATE_SEND, Wechat, message};

const SEND: &str = "/cgi-bin/message/subscribe/send";

impl Wechat {
    async fn mini_openid(&self, user: u32) -> String {
        self.user(user).await["mini_openid"].as_str().unwrap().into()
    }

    async fn try_send_subscribed(
        &self,
        token: &str,
        message: &Value,
    ) -> reqwest::Result<(StatusCode, Value)> {
        self.try_call(Method::POST, &format!("{SEND}?access_token={token}"), message).await
    }

    async fn send_subscribed(&self, token: &str, message: &Value) -> Value {
        self.try_send_subscribed(token, message).await.unwrap().1
    }

    async fn subscribed_errcode(&self, token: &str, message: &Value) -> i64 {
        self.send_subscribed(token, message).await["errcode"].as_i64().unwrap()
    }

    async fn reply(&self, user: u32, replies: Value) -> Value {
        self.post(&format!("/_sim/users/{user}/subscribe"), replies).await
    }

    async fn accept(&self, user: u32) {
        self.reply(user, json!({ SUBSCRIBE_TEMPLATE_ID: "accept" })).await;
    }

    async fn left(&self, user: u32) -> Value {
        self.get(&format!("/_sim/users/{user}/subscriptions")).await
    }
}

/// A message that WeChat takes.
fn subscribed(openid: &str) -> Value {
    json!({
        "touser": openid,
        "template_id": SUBSCRIBE_TEMPLATE_ID,
        "page": "pages/approval?id=7",
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "data": {
            "thing1": { "value": "王小明" },
            "thing2": { "value": "请假" },
            "time3": { "value": "2026-03-01 09:30" },
            "phrase4": { "value": "待审批" },
        },
    })
}

#[tokio::test]
async fn the_popup_answers_as_the_client_is_answered_and_counts_what_starts_with_accept() {
    let wechat = Wechat::start().await;
    for (reply, left) in [("accept", 1), ("acceptWithAudio", 2), ("reject", 2), ("ban", 2), ("filter", 2)] {
        let told = wechat.reply(7, json!({ SUBSCRIBE_TEMPLATE_ID: reply })).await;
        assert_eq!(told, json!({ "errMsg": "requestSubscribeMessage:ok", SUBSCRIBE_TEMPLATE_ID: reply }));
        assert_eq!(wechat.left(7).await, json!({ SUBSCRIBE_TEMPLATE_ID: left }), "{reply}");
    }
    assert_eq!(wechat.left(8).await, json!({}));
    for wrong in [json!({}), json!({ TEMPLATE_ID: "accept" }), json!({ SUBSCRIBE_TEMPLATE_ID: "maybe" })] {
        let (status, answer) =
            wechat.try_call(Method::POST, "/_sim/users/7/subscribe", &wrong).await.unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(answer["error"].as_str().unwrap().ends_with('.'), "{answer}");
    }
}

#[tokio::test]
async fn one_accept_is_one_message_and_the_same_call_twice_is_two() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.mini_token().await, wechat.mini_openid(7).await);
    let refused = wechat.send_subscribed(&token, &subscribed(&openid)).await;
    assert!(refused["errmsg"].as_str().unwrap().starts_with("user refuse to accept the msg"), "{refused}");
    wechat.accept(7).await;
    wechat.accept(7).await;
    let sent = [(); 3].map(|()| subscribed(&openid));
    let (one, two) =
        (wechat.send_subscribed(&token, &sent[0]).await, wechat.send_subscribed(&token, &sent[1]).await);
    assert_eq!([&one["errcode"], &two["errcode"]], [0, 0]);
    assert!(one["msgid"].as_i64().unwrap() > 1 << 53 && one["msgid"] != two["msgid"]);
    assert_eq!(wechat.subscribed_errcode(&token, &sent[2]).await, 43101);
    let inbox = wechat.inbox().await;
    assert_eq!(
        (inbox.len(), &inbox[0]["msgid"], &inbox[0]["mini_openid"]),
        (2, &two["msgid"], &json!(openid))
    );
    let shown = ["channel", "page", "miniprogram_state", "lang"].map(|name| inbox[0][name].as_str().unwrap());
    assert_eq!(shown, ["subscribe", "pages/approval?id=7", "formal", "zh_CN"]);
    assert_eq!(inbox[0]["data"]["phrase4"], "待审批");
}

#[tokio::test]
async fn every_reason_not_to_send_one_has_its_errcode_and_costs_nothing() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.mini_token().await, wechat.mini_openid(7).await);
    wechat.accept(7).await;
    wechat.post("/_sim/console", json!({ "unpublished_pages": ["pages/approval"] })).await;
    assert_eq!(wechat.subscribed_errcode(&token, &subscribed(&openid)).await, 41030);
    wechat.post("/_sim/console", json!({ "unpublished_pages": [] })).await;
    for (errcode, place, value) in [
        (40003, "/touser", wechat.oa_openid(7).await),
        (40003, "/touser", String::new()),
        (40037, "/template_id", TEMPLATE_ID.into()),
        (41030, "/page", "/pages/approval".into()),
        (47003, "/data/thing1/value", "长".repeat(21)),
        (47003, "/data/phrase4/value", "pending".into()),
        (47001, "/data", "text".into()),
    ] {
        let mut message = subscribed(&openid);
        *message.pointer_mut(place).unwrap() = value.into();
        assert_eq!(wechat.subscribed_errcode(&token, &message).await, errcode, "{place}");
    }
    wechat.post("/_sim/console", json!({ "removed_templates": [SUBSCRIBE_TEMPLATE_ID] })).await;
    assert_eq!(wechat.subscribed_errcode(&token, &subscribed(&openid)).await, 40037);
    wechat.post("/_sim/console", json!({ "removed_templates": [] })).await;
    assert_eq!(wechat.get(&format!("{SEND}?access_token={token}")).await["errcode"], 43002);
    assert_eq!(wechat.subscribed_errcode(&wechat.token().await, &subscribed(&openid)).await, 48001);
    assert_eq!(wechat.subscribed_errcode("made-up", &subscribed(&openid)).await, 40001);
    wechat.post("/_sim/quota", json!({ "endpoint": SEND, "per_day": 0 })).await;
    assert_eq!(wechat.subscribed_errcode(&token, &subscribed(&openid)).await, 45009);
    wechat.post("/_sim/quota", json!({ "endpoint": SEND, "per_day": null })).await;
    assert_eq!(wechat.left(7).await, json!({ SUBSCRIBE_TEMPLATE_ID: 1 }));
    let mut without_a_page = subscribed(&openid);
    without_a_page.as_object_mut().unwrap().remove("page");
    assert_eq!(wechat.subscribed_errcode(&token, &without_a_page).await, 0);
}

#[tokio::test]
async fn two_of_them_to_one_openid_at_once_are_one_too_many_and_a_template_message_is_another_matter() {
    let wechat = Wechat::start().await;
    let (mini, openid) = (wechat.mini_token().await, wechat.mini_openid(7).await);
    let (oa, oa_openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.accept(7).await;
    wechat.accept(7).await;
    wechat.fault(json!({ "endpoint": "*", "latency_ms": 200 })).await;
    let (subscribed, template) = (subscribed(&openid), message(&oa_openid, "b-1"));
    let (one, two, other) = tokio::join!(
        wechat.send_subscribed(&mini, &subscribed),
        wechat.send_subscribed(&mini, &subscribed),
        wechat.errcode(&oa, &template)
    );
    let mut errcodes = [&one, &two].map(|answer| answer["errcode"].as_i64().unwrap());
    errcodes.sort_unstable();
    assert_eq!((errcodes, other), ([0, 43108], 0));
    assert_eq!(wechat.left(7).await, json!({ SUBSCRIBE_TEMPLATE_ID: 1 }));
    let stats = wechat.get("/_sim/stats").await;
    assert_eq!([SEND, TEMPLATE_SEND].map(|path| stats["endpoints"][path]["calls"].clone()), [2, 1]);
}

#[tokio::test]
async fn a_cut_connection_costs_the_accept_only_where_the_message_arrived() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.mini_token().await, wechat.mini_openid(7).await);
    wechat.accept(7).await;
    for (delivered, left, arrived) in [(0.0, json!({ SUBSCRIBE_TEMPLATE_ID: 1 }), 0), (1.0, json!({}), 1)] {
        let fault = json!({ "endpoint": SEND, "cut": true, "delivered": delivered, "times": 1, "user": 7 });
        wechat.fault(fault).await;
        assert!(wechat.try_send_subscribed(&token, &subscribed(&openid)).await.is_err());
        assert_eq!((wechat.left(7).await, wechat.inbox().await.len()), (left, arrived), "{delivered}");
    }
}

#[tokio::test]
async fn whoever_turns_a_template_off_takes_no_more_of_it() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.mini_token().await, wechat.mini_openid(7).await);
    wechat.reply(7, json!({ SUBSCRIBE_TEMPLATE_ID: "accept", SUBSCRIBE_SHIPPED_ID: "accept" })).await;
    for reply in ["reject", "accept"] {
        let left = wechat.post("/_sim/users/7/subscriptions", json!({ SUBSCRIBE_TEMPLATE_ID: reply })).await;
        assert_eq!(left, json!({ SUBSCRIBE_SHIPPED_ID: 1 }), "settings give nothing: {reply}");
    }
    assert_eq!(wechat.subscribed_errcode(&token, &subscribed(&openid)).await, 43101);
    let wrong = json!({ SUBSCRIBE_TEMPLATE_ID: "ban" });
    let (status, _) = wechat.try_call(Method::POST, "/_sim/users/7/subscriptions", &wrong).await.unwrap();
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_mini_programs_templates_are_listed_with_the_values_of_their_enums() {
    let wechat = Wechat::start().await;
    let path = async || format!("/wxaapi/newtmpl/gettemplate?access_token={}", wechat.mini_token().await);
    let list = wechat.get(&path().await).await;
    assert_eq!((&list["errcode"], list["data"].as_array().unwrap().len()), (&json!(0), 2));
    let (approval, shipped) = (&list["data"][0], &list["data"][1]);
    assert_eq!(
        [&approval["priTmplId"], &shipped["priTmplId"]],
        [SUBSCRIBE_TEMPLATE_ID, SUBSCRIBE_SHIPPED_ID]
    );
    let content =
        "申请人:{{thing1.DATA}}\n审批类型:{{thing2.DATA}}\n提交时间:{{time3.DATA}}\n状态:{{phrase4.DATA}}\n";
    assert_eq!((&approval["content"], &approval["type"]), (&json!(content), &json!(2)));
    assert!(approval.get("keywordEnumValueList").is_none());
    let enums =
        json!([{ "enumValueList": ["快递", "同城配送", "自提"], "keywordCode": "enum_string4.DATA" }]);
    assert_eq!(shipped["keywordEnumValueList"], enums);
    wechat.post("/_sim/console", json!({ "removed_templates": [SUBSCRIBE_TEMPLATE_ID] })).await;
    assert_eq!(wechat.get(&path().await).await["data"].as_array().unwrap().len(), 1);
    let oa = format!("/wxaapi/newtmpl/gettemplate?access_token={}", wechat.token().await);
    assert_eq!(wechat.get(&oa).await["errcode"], 48001);
}
