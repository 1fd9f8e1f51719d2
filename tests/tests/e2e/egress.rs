//! Calls for the Official Account by way of a proxy, whose address is the only one on the account's whitelist.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use harness::{PROXY_ADDRESS, Proxy, World};
use local::Settings;
use serde_json::{Value, json};

const LOGIN: &str = "/sns/jscode2session";
const TOKEN: &str = "/cgi-bin/token";
const SEND: &str = "/cgi-bin/message/template/send";
const LIST: &str = "/cgi-bin/user/get";
const TEMPLATES: &str = "/cgi-bin/template/get_all_private_template";
const MINI_TEMPLATES: &str = "/wxaapi/newtmpl/gettemplate";
const LOOKUP: &str = "/cgi-bin/user/info/batchget";
const INFO: &str = "/cgi-bin/user/info";
const QUOTA: &str = "/cgi-bin/openapi/quota/get";

/// What a proxy wants to be told by `team` with the password `s3cret`.
const AUTHORIZATION: &str = "Basic dGVhbTpzM2NyZXQ=";

/// A world whose functions go by this proxy, but for one that was forgotten.
async fn world(proxy: &Proxy, forgotten: Option<&str>) -> World {
    let url = format!("http://team:s3cret@{}", proxy.at);
    let world = World::with(Settings {
        followers: 20,
        callbacks: true,
        environment: [("EGRESS_PROXY".to_owned(), url)].into(),
        without_proxy: forgotten.map(str::to_owned).into_iter().collect(),
        ..Settings::default()
    })
    .await;
    world.console(&json!({ "whitelist": "all", "whitelisted": [PROXY_ADDRESS] })).await;
    world
}

/// Has every function do what it does at WeChat.
async fn everything(world: &World) {
    world.advance(100 * 60).await;
    world.invoke("refresh", json!({ "refresh": "tick" })).await.expect("a tick that says what failed");
    world.sync().await;
    let id = world.send_to(&json!({ "oa_openid": world.user(3).await.oa_openid })).await;
    world.wait_for(&id, |batch| batch["counts"]["queued"].is_null()).await;
    world.user_does(100, "follow").await;
    world.until(async || world.calls(INFO).await > 0).await;
    world.login(1).await;
    world.get("/doctor", &world.service_key).await.ok(200);
}

/// The endpoints that refused a call because of where it came from.
async fn refused(world: &World) -> BTreeSet<String> {
    let stats = world.stats().await;
    let endpoints = stats["endpoints"].as_object().expect("endpoints").iter();
    endpoints.filter(|(_, of)| !of["errors"]["40164"].is_null()).map(|(path, _)| path.clone()).collect()
}

#[tokio::test]
async fn everybody_who_calls_for_the_account_goes_by_the_proxy_and_nobody_else() {
    let proxy = Proxy::start(Some(AUTHORIZATION)).await;
    let world = world(&proxy, None).await;
    everything(&world).await;
    assert_eq!(refused(&world).await, BTreeSet::new());
    assert_eq!(world.deliveries().await.len(), 1);
    assert_eq!(world.sync_until_done().await["total"], 21);
    world.until(async || world.login(100).await.answer["following"] == true).await;
    let seen: BTreeSet<_> = proxy.seen().into_iter().collect();
    let all = [TOKEN, SEND, LIST, LOOKUP, INFO, TEMPLATES, MINI_TEMPLATES, QUOTA];
    assert_eq!(seen, all.map(str::to_owned).into());
    assert!(world.calls(LOGIN).await > 0, "a login goes its own way");
}

#[tokio::test]
async fn each_of_them_needs_it() {
    for (forgotten, endpoints) in [
        ("refresh", &[TOKEN][..]),
        ("sync", &[LIST, TEMPLATES]),
        ("deliver", &[SEND]),
        ("events", &[INFO]),
        ("doctor", &[QUOTA]),
    ] {
        let proxy = Proxy::start(None).await;
        let world = world(&proxy, Some(forgotten)).await;
        everything(&world).await;
        let endpoints = endpoints.iter().map(|endpoint| (*endpoint).to_owned()).collect();
        assert_eq!(refused(&world).await, endpoints, "without {forgotten}'s");
    }
}

/// Nothing was sent, so it is not tried for ten minutes alone, as what may have arrived is.
#[tokio::test]
async fn a_message_that_the_proxy_does_not_let_out_is_sent_when_it_does() {
    let proxy = Proxy::start(Some(AUTHORIZATION)).await;
    let world = world(&proxy, None).await;
    proxy.refuse(Some(407));
    let id = world.send_to(&json!({ "oa_openid": world.user(3).await.oa_openid })).await;
    let batch = world.wait_for(&id, |batch| batch["counts"]["retrying"] == 1).await;
    assert_eq!(batch["messages"][0]["reason"], "wechat_unavailable");
    world.pass(Duration::from_secs(20 * 60)).await;
    proxy.refuse(None);
    world.wait_for(&id, |batch| batch["counts"] == json!({ "delivered": 1 })).await;
    assert_eq!(world.calls(SEND).await, 1);
}

#[tokio::test]
async fn a_sync_that_the_proxy_does_not_let_out_says_which_proxy_and_no_password() {
    let proxy = Proxy::start(Some(AUTHORIZATION)).await;
    let world = world(&proxy, None).await;
    proxy.refuse(Some(407));
    let progress = world.sync().await;
    let told = progress["error"].as_str().unwrap_or_default();
    assert!(told.contains(&format!("the proxy {} opens no way", proxy.at)), "{progress}");
    assert!(told.contains("EgressProxy") && !progress.to_string().contains("s3cret"), "{progress}");
    assert_ne!(Value::Null, progress["state"]);
}

/// What a network looks like from outside, is not to be seen here: that its stack is described whole, is.
#[tokio::test]
async fn each_way_out_that_the_template_offers_starts() {
    for (way, proxied) in [("none", false), ("nat", false), ("proxy", true)] {
        let proxy = Proxy::start(None).await;
        let mut environment = [("EGRESS".to_owned(), way.to_owned())].into_iter().collect::<BTreeMap<_, _>>();
        environment.extend(proxied.then(|| ("EGRESS_PROXY".to_owned(), format!("http://{}", proxy.at))));
        let world = World::with(Settings { followers: 20, environment, ..Settings::default() }).await;
        let id = world.send_to(&json!({ "oa_openid": world.user(3).await.oa_openid })).await;
        assert_eq!(world.outcome(&id).await["state"], "sent", "{way}");
        assert_eq!(proxy.seen().contains(&SEND.to_owned()), proxied, "{way}: {:?}", proxy.seen());
        let networked: BTreeSet<_> = world.stack().networked().iter().map(String::as_str).collect();
        let expected = BTreeSet::from(["deliver", "doctor", "events", "refresh", "sync"]);
        assert_eq!(networked, if way == "nat" { expected } else { BTreeSet::new() }, "{way}");
    }
}
