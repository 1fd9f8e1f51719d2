//! Who logs in and who follows.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::wechat::{NEVER_FOLLOWED, Wechat};

#[tokio::test]
async fn a_login_gives_the_ids_of_the_user_and_a_new_session_key_each_time() {
    let wechat = Wechat::start().await;
    let (first, second) = (wechat.login(7).await, wechat.login(7).await);
    let user = wechat.user(7).await;
    assert_eq!((&first["openid"], &first["unionid"]), (&user["mini_openid"], &user["unionid"]));
    assert_eq!(first["session_key"].as_str().unwrap().len(), 24);
    assert_ne!(first["session_key"], second["session_key"]);
    assert!(first.get("errcode").is_none());
}

#[tokio::test]
async fn a_hidden_unionid_is_in_no_answer() {
    let wechat = Wechat::start().await;
    wechat.post("/_sim/users/7/hide-unionid", Value::Null).await;
    let (token, openid) = (wechat.token().await, wechat.oa_openid(7).await);
    let info = wechat.get(&format!("/cgi-bin/user/info?access_token={token}&openid={openid}")).await;
    assert_eq!(info["subscribe"], 1);
    assert!(info.get("unionid").is_none());
    assert!(wechat.login(7).await.get("unionid").is_none());
    wechat.post("/_sim/users/7/show-unionid", Value::Null).await;
    assert!(wechat.login(7).await["unionid"].is_string());
}

#[tokio::test]
async fn data_is_sealed_only_for_a_user_who_logged_in() {
    let wechat = Wechat::start().await;
    let profile = json!({ "nickName": "微信用户" });
    let seal = || wechat.try_call(Method::POST, "/_sim/users/7/sealed", &profile);
    assert_eq!(seal().await.unwrap().0, StatusCode::CONFLICT);
    wechat.login(7).await;
    let (status, sealed) = seal().await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(sealed["rawData"], r#"{"nickName":"微信用户"}"#);
    assert_eq!(sealed["signature"].as_str().unwrap().len(), 40);
}

#[tokio::test]
async fn a_batch_has_one_to_a_hundred_openids_of_this_account() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let path = format!("/cgi-bin/user/info/batchget?access_token={token}");
    let (follower, stranger) = (wechat.oa_openid(7).await, wechat.oa_openid(NEVER_FOLLOWED).await);
    let list = |openids: &[&str]| json!({ "user_list": openids.iter().map(|openid| json!({ "openid": openid })).collect::<Vec<_>>() });
    assert_eq!(wechat.post(&path, list(&[])).await["errcode"], 40032);
    assert_eq!(wechat.post(&path, list(&[follower.as_str(); 101])).await["errcode"], 40032);
    assert_eq!(wechat.post(&path, list(&[&follower, "undefined"])).await["errcode"], 40003);
    let two = wechat.post(&path, list(&[&follower, &stranger])).await;
    assert_eq!(two["user_info_list"][0]["subscribe"], 1);
    assert_eq!(two["user_info_list"][1], json!({ "subscribe": 0, "openid": stranger }));
}

#[tokio::test]
async fn the_follower_list_ends_with_an_answer_without_data() {
    let wechat = Wechat::start().await;
    let token = wechat.token().await;
    let only = wechat.get(&format!("/cgi-bin/user/get?access_token={token}")).await;
    let last = only["data"]["openid"][99].as_str().unwrap();
    assert_eq!((&only["count"], only["next_openid"].as_str()), (&json!(100), Some(last)));
    let end = wechat.get(&format!("/cgi-bin/user/get?access_token={token}&next_openid={last}")).await;
    assert_eq!(end, json!({ "total": 100, "count": 0, "next_openid": "" }));
}
