//! Whose token works, and for how long.

use serde_json::json;
use simulator::{MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET};

use crate::wechat::{Wechat, message};

#[tokio::test]
async fn a_token_works_only_for_its_own_account() {
    let wechat = Wechat::start().await;
    let (mini, openid) = (wechat.token_of(MINI_APPID, MINI_SECRET).await, wechat.oa_openid(7).await);
    assert_eq!(wechat.errcode(&mini, &message(&openid, "b-1")).await, 48001);
    assert_eq!(wechat.errcode("", &message(&openid, "b-1")).await, 41001);
    assert_eq!(wechat.errcode("made-up", &message(&openid, "b-1")).await, 40001);
}

#[tokio::test]
async fn a_third_party_who_rotates_twice_kills_a_classic_token_but_no_stable_one() {
    let wechat = Wechat::start().await;
    let (classic, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let credentials = json!({ "grant_type": "client_credential", "appid": OA_APPID, "secret": OA_SECRET });
    let stable = wechat.post("/cgi-bin/stable_token", credentials).await;
    let rotated = wechat.post("/_sim/rotate", json!({ "times": 2 })).await;
    assert!(rotated["access_token_fingerprint"].is_string() && rotated.get("access_token").is_none());
    assert_eq!(wechat.errcode(&classic, &message(&openid, "b-1")).await, 40001);
    assert_eq!(wechat.errcode(stable["access_token"].as_str().unwrap(), &message(&openid, "b-1")).await, 0);
}

#[tokio::test]
async fn wrong_credentials_are_told_apart() {
    let wechat = Wechat::start().await;
    for (query, errcode) in [
        (format!("appid={OA_APPID}&secret={OA_SECRET}"), 40002),
        (format!("grant_type=client_credential&secret={OA_SECRET}"), 41002),
        (format!("grant_type=client_credential&appid={OA_APPID}"), 41004),
        (format!("grant_type=client_credential&appid=wx0&secret={OA_SECRET}"), 40013),
        (format!("grant_type=client_credential&appid={OA_APPID}&secret={MINI_SECRET}"), 40125),
    ] {
        assert_eq!(wechat.get(&format!("/cgi-bin/token?{query}")).await["errcode"], errcode, "{query}");
    }
}
