//! The sync and whom it cannot look up, an account without unionids, and unionids that change.

use harness::World;
use serde_json::{Value, json};
use shared::store::{self, Identities};

use crate::sync::reasons;

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";
const USER_INFO: &str = "/cgi-bin/user/info";

/// A follower about whom WeChat answers this, however it is asked.
async fn poison(world: &World, user: u32, errcode: i64) {
    for endpoint in [BATCHGET, USER_INFO] {
        world.fault(json!({ "endpoint": endpoint, "errcode": errcode, "user": user })).await;
    }
}

#[tokio::test]
async fn a_follower_who_cannot_be_looked_up_keeps_nobody_out() {
    for errcode in [45157, 41009, 40003, -1, 50002] {
        let world = World::with_followers(250).await;
        poison(&world, 7, errcode).await;
        poison(&world, 150, errcode).await;
        let progress = world.sync_at_length().await;
        assert_eq!(progress["state"], "done", "{errcode}: {progress}");
        assert_eq!([&progress["new"], &progress["not_looked_up"]], [&json!(248), &json!(2)], "{progress}");
        assert_eq!(
            reasons(&world, &[6, 7, 150]).await,
            [json!(null), json!("not_following"), json!("not_following")]
        );
        // They alone are new in the next run, and keep it from nothing.
        let progress = world.sync_at_length().await;
        assert_eq!(
            [&progress["state"], &progress["not_looked_up"]],
            [&json!("done"), &json!(2)],
            "{errcode}: {progress}"
        );
        // Whoever can be looked up again gets in.
        world.clear_faults().await;
        let progress = world.sync_at_length().await;
        assert_eq!([&progress["new"], &progress["not_looked_up"]], [&json!(2), &json!(0)], "{progress}");
    }
}

#[tokio::test]
async fn half_of_a_batch_that_cannot_be_looked_up_keeps_the_other_half_from_nothing() {
    let world = World::with_followers(100).await;
    let mut in_the_lists_order: Vec<_> = (0..).zip(world.users(0, 100).await).collect();
    in_the_lists_order.sort_by(|(_, one), (_, other)| one.oa_openid.cmp(&other.oa_openid));
    for (user, _) in &in_the_lists_order[..51] {
        poison(&world, *user, 50002).await;
    }
    let progress = world.sync_at_length().await;
    assert_eq!(progress["state"], "done", "{progress}");
    assert_eq!([&progress["new"], &progress["not_looked_up"]], [&json!(49), &json!(51)], "{progress}");
}

#[tokio::test]
async fn rows_that_may_have_shifted_are_not_believed_where_nobody_can_say() {
    for shift in ["shift_batch", "shift_back"] {
        for errcode in [50002, 40003, -1] {
            let world = World::with_followers(30).await;
            world.list_fault(json!({ shift: 1.0 })).await;
            world.fault(json!({ "endpoint": USER_INFO, "errcode": errcode })).await;
            world.sync_at_length().await;
            world.clear_faults().await;
            world.list_fault(json!({})).await;
            let config = world.stack().config();
            let map = Identities::new(&config, store::client(&config).expect("tables")).expect("the map");
            for user in world.users(0, 30).await {
                let found = map.oa_openid(&user.unionid).await.expect("an answer");
                let is_own = found.is_none_or(|openid| openid == user.oa_openid);
                assert!(is_own, "{shift}, {errcode}: somebody has another's openid");
            }
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_account_stops_the_walk_at_once() {
    for errcode in [48001, 40164, 50007] {
        let world = World::with_followers(250).await;
        world.fault(json!({ "endpoint": BATCHGET, "errcode": errcode })).await;
        let progress = world.sync_at_length().await;
        assert_eq!(progress["state"], "failed", "{progress}");
        assert_eq!(progress["calls"][BATCHGET.trim_start_matches("/cgi-bin/")], 1, "{progress}");
    }
}

#[tokio::test]
async fn a_wechat_that_looks_nobody_up_stops_the_walk_and_counts_nobody() {
    let world = World::with_followers(50).await;
    for endpoint in [BATCHGET, USER_INFO] {
        world.fault(json!({ "endpoint": endpoint, "errcode": -1 })).await;
    }
    let progress = world.sync_at_length().await;
    assert_eq!([&progress["state"], &progress["not_looked_up"]], [&json!("failed"), &json!(0)], "{progress}");
}

#[tokio::test]
async fn an_account_without_unionids_is_told_so_after_one_batch() {
    let world = World::with_followers(10_200).await;
    world.console(&json!({ "bound": false })).await;
    let progress = world.sync_at_length().await;
    assert_eq!(progress["state"], "failed", "{progress}");
    let told = progress["error"].as_str().unwrap_or_default();
    assert!(told.contains("gives no unionid") && told.contains("Open Platform"), "{told}");
    let calls = [USER_GET, BATCHGET, USER_INFO].map(async |endpoint| world.calls(endpoint).await);
    let [pages, batches, singles] = futures::future::join_all(calls).await.try_into().expect("three");
    assert!(pages <= 3 && batches == 1 && singles <= 10, "{pages} {batches} {singles}");
    world.console(&json!({ "bound": true })).await;
    assert_eq!(world.sync_at_length().await["new"], 10_200);
}

#[tokio::test]
async fn unionids_that_change_for_everybody_are_noticed_by_the_next_run() {
    let world = World::with_followers(250).await;
    world.sync_until_done().await;
    world.login(3).await;
    world.advance(3600).await;
    world.console(&json!({ "open_platform": 1 })).await;
    assert_eq!(reasons(&world, &[0, 249]).await, [json!("not_following"), json!("not_following")]);
    let progress = world.sync_until_done().await;
    assert_eq!(progress["repairs"], json!({ "unionids changed": 1 }), "{progress}");
    assert_eq!(reasons(&world, &[0, 249]).await, [json!(null), json!(null)]);
    let to = json!([{ "openid": world.user(3).await.openid }]);
    assert_eq!(world.send(&to).await["accepted"], 1, "whoever logged in before is found, too");
    world.console(&json!({ "open_platform": 0 })).await;
    assert_eq!(
        reasons(&world, &[0, 249]).await,
        [json!("not_following"), json!("not_following")],
        "old rows are gone"
    );
}

#[tokio::test]
async fn everybody_is_looked_up_anew_when_an_operator_says_so() {
    let world = World::with_followers(250).await;
    world.sync_until_done().await;
    let progress = world.invoke("sync", json!({ "sync": "now", "anew": true })).await.expect("progress");
    assert_eq!([&progress["known"], &progress["new"]], [&json!(0), &json!(250)], "{progress}");
    let progress = world.post("/sync", &world.service_key, &json!({ "anew": true })).await.ok(200);
    assert_eq!([&progress["state"], &progress["new"]], [&json!("done"), &json!(250)], "{progress}");
    assert_eq!(world.sync_until_done().await["known"], 250);
}

#[tokio::test]
async fn a_login_with_another_unionid_takes_everything_along() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.login(3).await;
    let to = json!([{ "openid": world.user(3).await.openid }]);
    assert_eq!(world.send(&to).await["accepted"], 1);
    world.console(&json!({ "open_platform": 1 })).await;
    let session = world.login(3).await;
    assert_eq!(session.answer["following"], true, "{}", session.answer);
    assert_eq!(world.send(&to).await["accepted"], 1);
    assert_eq!(reasons(&world, &[3, 4]).await, [json!(null), json!("not_following")]);
}

#[tokio::test]
async fn who_is_missing_from_a_list_and_follows_all_the_same_stays() {
    let world = World::with_followers(1_000).await;
    world.sync_until_done().await;
    world.user_does(7, "unfollow").await;
    world.user_does(7, "follow").await;
    world.list_fault(json!({ "cut_after": 995 })).await;
    let progress = world.sync_until_done().await;
    assert_eq!([&progress["listed"], &progress["removed"]], [&json!(995), &json!(0)], "{progress}");
    let following: Vec<u32> = (0..1_000).collect();
    assert!(reasons(&world, &following).await.iter().all(Value::is_null));
}
