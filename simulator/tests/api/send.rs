//! Template messages: what arrives, and every reason why not.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::{OA_APPID, TEMPLATE_COPIED_ID, TEMPLATE_ID, TEMPLATE_SHIPPED_ID, TEMPLATE_TICKET_ID};

use crate::wechat::{NEVER_FOLLOWED, SEND, Wechat, message};

#[tokio::test]
async fn a_message_arrives_as_it_was_sent() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let sent = wechat.send(&token, &message(&openid, "b-1")).await;
    assert_eq!((sent["errcode"].as_i64(), sent["errmsg"].as_str()), (Some(0), Some("ok")));
    let arrived = wechat.get("/_sim/messages?user=7").await;
    assert_eq!(arrived[0]["msgid"], sent["msgid"]);
    assert_eq!(arrived[0]["oa_openid"], *openid);
    assert_eq!(arrived[0]["page"], "pages/approval?id=7");
    assert_eq!(arrived[0]["data"]["thing4"], "年假三天");
    assert_eq!(wechat.get("/_sim/messages?user=8").await, json!([]));
}

#[tokio::test]
async fn every_reason_not_to_send_has_its_errcode() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let stranger = wechat.oa_openid(NEVER_FOLLOWED).await;
    let mini_openid = wechat.user(7).await["mini_openid"].clone();
    let wrong = [
        (40003, "/touser", mini_openid),
        (43004, "/touser", stranger.into()),
        (40037, "/template_id", "x".repeat(43).into()),
        (40013, "/miniprogram/appid", OA_APPID.into()),
        (40165, "/miniprogram/pagepath", "/pages/approval".into()),
        (40165, "/miniprogram/pagepath", "p".repeat(1025).into()),
        (40039, "/url", "u".repeat(1025).into()),
        (40035, "/client_msg_id", "i".repeat(1025).into()),
        (47003, "/data/thing1/value", "".into()),
        (47001, "/data", "text".into()),
    ];
    for (errcode, place, value) in wrong {
        let mut message = message(&openid, "b-1");
        message["url"] = "https://example.com/".into();
        *message.pointer_mut(place).unwrap() = value;
        assert_eq!(wechat.errcode(&token, &message).await, errcode, "{place}");
    }
    wechat.post("/_sim/users/7/refuse", Value::Null).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 43101);
    assert_eq!(wechat.inbox().await, [] as [Value; 0]);
    wechat.post("/_sim/users/7/accept", Value::Null).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
}

#[tokio::test]
async fn a_blocking_user_gets_nothing_and_the_sender_does_not_see_it() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.post("/_sim/users/7/block", Value::Null).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
    assert_eq!(wechat.inbox().await, [] as [Value; 0]);
}

#[tokio::test]
async fn the_same_client_msg_id_is_one_message_for_ten_minutes() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let first = wechat.send(&token, &message(&openid, "b-1")).await;
    wechat.advance(599).await;
    assert_eq!(wechat.send(&token, &message(&openid, "b-1")).await, first);
    assert_eq!(wechat.get("/_sim/stats").await["delivered"], 1);
    wechat.advance(1).await;
    assert_ne!(wechat.send(&token, &message(&openid, "b-1")).await["msgid"], first["msgid"]);
    let stats = wechat.get("/_sim/stats").await;
    assert_eq!((&stats["delivered"], &stats["duplicates"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn two_messages_to_one_openid_at_once_are_one_too_many() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let other = wechat.oa_openid(8).await;
    wechat.fault(json!({ "endpoint": SEND, "latency_ms": 200 })).await;
    let (one, two, three) = (message(&openid, "b-1"), message(&openid, "b-2"), message(&other, "b-3"));
    let (one, two, three) = tokio::join!(
        wechat.errcode(&token, &one),
        wechat.errcode(&token, &two),
        wechat.errcode(&token, &three)
    );
    let mut same_openid = [one, two];
    same_openid.sort_unstable();
    assert_eq!((same_openid, three), ([0, 43108], 0));
    assert_eq!(wechat.get("/_sim/stats").await["endpoints"][SEND]["max_concurrent"], 3);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_no_call_in_flight() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.fault(json!({ "endpoint": SEND, "latency_ms": 300, "times": 1 })).await;
    let impatient = wechat.http.post(format!("{}{SEND}?access_token={token}", wechat.base));
    let first = message(&openid, "b-1");
    assert!(impatient.timeout(Duration::from_millis(100)).json(&first).send().await.is_err());
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-2")).await, 43108);
    let second = message(&openid, "b-2");
    while wechat.errcode(&token, &second).await == 43108 {
        tokio::task::yield_now().await;
    }
    assert_eq!(wechat.inbox().await.len(), 2);
}

#[tokio::test]
async fn a_used_up_quota_answers_45009_until_midnight_in_beijing() {
    let wechat = Wechat::start().await;
    let evening = 1_893_427_200 - 60; // 2030-01-01T00:00:00+08:00
    wechat.post("/_sim/clock", json!({ "now": evening })).await;
    wechat.post("/_sim/quota", json!({ "endpoint": SEND, "per_day": 1 })).await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0);
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-2")).await, 45009);
    wechat.advance(60).await;
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-2")).await, 0);
}

#[tokio::test]
async fn the_templates_are_listed_without_an_errcode_as_lines_and_without_the_values_of_a_const() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let list = wechat.get(&format!("/cgi-bin/template/get_all_private_template?access_token={token}")).await;
    assert!(list.get("errcode").is_none());
    let ids: Vec<_> =
        list["template_list"].as_array().unwrap().iter().map(|one| &one["template_id"]).collect();
    assert_eq!(ids, [TEMPLATE_ID, TEMPLATE_COPIED_ID, TEMPLATE_SHIPPED_ID, TEMPLATE_TICKET_ID]);
    let ticket = &list["template_list"][3];
    assert_eq!(
        ticket["content"],
        "工单类型:{{const3.DATA}}\n工单名称:{{thing1.DATA}}\n提交时间:{{time4.DATA}}"
    );
    assert!(!ticket.to_string().contains("投诉"));
}

#[tokio::test]
async fn a_value_of_a_const_that_was_not_approved_answers_47003() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    for (kind, errcode) in [("投诉", 0), ("催办", 47003), ("", 0)] {
        let data = json!({ "thing1": { "value": "空调漏水" }, "const3": { "value": kind }, "time4": { "value": "09:30" } });
        let message = json!({ "touser": openid, "template_id": TEMPLATE_TICKET_ID, "data": data });
        assert_eq!(wechat.errcode(&token, &message).await, errcode, "{kind}");
    }
}
