//! Going back to the start, or to a snapshot.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::wechat::{SEND, Wechat, message};

impl Wechat {
    async fn keep(&self, name: &str) {
        assert_eq!(self.post("/_sim/snapshots", json!({ "name": name })).await, json!({ "name": name }));
    }
}

#[tokio::test]
async fn a_snapshot_is_gone_back_to_and_a_reset_to_the_start() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.send(&token, &message(&openid, "b-1")).await;
    wechat.post("/_sim/users/5/unfollow", Value::Null).await;
    wechat.keep("one").await;
    wechat.send(&token, &message(&openid, "b-2")).await;
    wechat.post("/_sim/users/5/follow", Value::Null).await;
    wechat.fault(json!({ "endpoint": SEND, "errcode": -1 })).await;
    wechat.advance(3600).await;
    let now = wechat.get("/_sim/clock").await["now"].as_i64().unwrap();
    assert_eq!(wechat.get("/_sim/snapshots").await, json!(["one"]));
    wechat.post("/_sim/snapshots/one", Value::Null).await;
    assert_eq!((wechat.inbox().await.len(), &wechat.user(5).await["following"]), (1, &json!(false)));
    assert_eq!(
        wechat.errcode(&token, &message(&openid, "b-3")).await,
        0,
        "the fault is over, the token is known"
    );
    assert!(wechat.get("/_sim/clock").await["now"].as_i64().unwrap() >= now, "time goes on");
    wechat.post("/_sim/reset", Value::Null).await;
    assert_eq!((wechat.inbox().await.len(), &wechat.user(5).await["following"]), (0, &json!(true)));
    assert_eq!(wechat.errcode(&token, &message(&openid, "b-4")).await, 0, "whoever holds a token keeps it");
    assert_eq!(wechat.get("/_sim/snapshots").await, json!(["one"]), "snapshots outlive it");
    wechat.delete("/_sim/snapshots/one").await;
    wechat.is_refused(Method::POST, "/_sim/snapshots/one", StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_msgid_never_comes_again() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.keep("one").await;
    let mut msgids = vec![wechat.msgid(&token, &message(&openid, "b-1")).await];
    wechat.post("/_sim/reset", Value::Null).await;
    msgids.push(wechat.msgid(&token, &message(&openid, "b-2")).await);
    wechat.post("/_sim/snapshots/one", Value::Null).await;
    msgids.push(wechat.msgid(&token, &message(&openid, "b-3")).await);
    assert!(msgids.is_sorted_by(|one, next| one < next), "{msgids:?}");
}

#[tokio::test]
async fn a_fault_never_gets_the_number_of_another() {
    let wechat = Wechat::start().await;
    let order = async || {
        let fault = json!({ "endpoint": SEND, "errcode": -1 });
        wechat.post("/_sim/faults", fault).await["id"].as_u64().unwrap()
    };
    wechat.keep("one").await;
    let first = order().await;
    wechat.post("/_sim/reset", Value::Null).await;
    let second = order().await;
    wechat.post("/_sim/snapshots/one", Value::Null).await;
    assert!(first < second && second < order().await);
    wechat.is_refused(Method::DELETE, &format!("/_sim/faults/{first}"), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_token_that_was_fetched_after_the_snapshot_outlives_it() {
    let wechat = Wechat::start().await;
    wechat.keep("one").await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    for back in ["/_sim/snapshots/one", "/_sim/reset", "/_sim/reset"] {
        wechat.post(back, Value::Null).await;
        assert_eq!(wechat.errcode(&token, &message(&openid, "b-1")).await, 0, "{back}");
    }
}

impl Wechat {
    /// Leaves the world while a call of this endpoint is on its way, and lets that come to its end.
    async fn leave(&self, endpoint: &str, by: &str) {
        while self.get("/_sim/stats").await["endpoints"][endpoint].is_null() {
            tokio::task::yield_now().await;
        }
        self.post(by, Value::Null).await;
        self.advance(60).await;
    }
}

#[tokio::test]
async fn a_call_of_the_world_before_leaves_nothing_in_the_next() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    wechat.keep("one").await;
    for (number, back) in ["/_sim/reset", "/_sim/snapshots/one"].into_iter().enumerate() {
        wechat.fault(json!({ "endpoint": SEND, "latency_ms": 60_000 })).await;
        let slow = message(&openid, &format!("b-{number}"));
        let (errcode, ()) = tokio::join!(wechat.errcode(&token, &slow), wechat.leave(SEND, back));
        assert_eq!((errcode, wechat.inbox().await.len()), (-1, 0), "{back}");
        let stats = wechat.get("/_sim/stats").await;
        assert_eq!((&stats["delivered"], &stats["endpoints"]), (&json!(0), &json!({})), "{back}");
        assert_eq!(wechat.errcode(&token, &slow).await, 0, "{back}");
        assert_eq!(wechat.get("/_sim/stats").await["endpoints"][SEND]["max_concurrent"], 1, "{back}");
        wechat.post("/_sim/reset", Value::Null).await;
    }
}

#[tokio::test]
async fn a_fault_that_takes_effect_does_so_in_its_own_world_alone() {
    let wechat = Wechat::start().await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let slow = json!({ "endpoint": SEND, "latency_ms": 60_000, "errcode": 45011, "delivered": 1.0 });
    wechat.fault(slow).await;
    let message = message(&openid, "b-1");
    let (errcode, ()) = tokio::join!(wechat.errcode(&token, &message), wechat.leave(SEND, "/_sim/reset"));
    assert_eq!((errcode, wechat.inbox().await.len()), (45011, 0));
}
