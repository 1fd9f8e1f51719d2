//! POST /sync and GET /sync: how the map of followers is kept.

use serde_json::{Value, json};
use tests::World;

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";

async fn reasons(world: &World, users: &[u32]) -> Vec<Value> {
    let mut reasons = Vec::new();
    for user in users {
        let sent = world.send(&json!([{ "unionid": world.user(*user).await.unionid }])).await;
        reasons.push(sent["rejected"][0]["reason"].clone());
    }
    reasons
}

fn error(progress: &Value) -> &str {
    progress["error"].as_str().unwrap_or_default()
}

/// 25,050 followers are three pages and the empty one that ends them, in batches of a hundred.
#[tokio::test]
async fn a_whole_list_is_fetched_once_and_then_only_what_is_new() {
    let world = World::with_followers(25_050).await;
    world.have(12_345, "hide-unionid").await;
    let first = world.sync_until_done().await;
    let counts = |p: &Value| ["listed", "known", "new", "without_unionid", "removed"].map(|n| p[n].clone());
    assert_eq!(counts(&first), [25_050, 0, 25_049, 1, 0].map(Value::from), "{first}");
    assert_eq!(first["calls"], json!({ "user/get": 4, "user/info/batchget": 251, "user/info": 1 }));
    assert_eq!((world.calls(USER_GET).await, world.calls(BATCHGET).await), (4, 251));

    let second = world.sync_until_done().await;
    assert_eq!(counts(&second), [25_050, 25_049, 0, 1, 0].map(Value::from), "{second}");
    assert_eq!(second["calls"], json!({ "user/get": 4, "user/info/batchget": 1, "user/info": 1 }));
    assert_ne!(second["run"], first["run"]);
    assert_eq!(reasons(&world, &[0, 12_345, 25_049, 25_050]).await[1], "not_following");
}

#[tokio::test]
async fn get_tells_the_progress_and_moves_nothing() {
    let world = World::start().await;
    let before = world.get("/sync", &world.service_key).await.ok(200);
    assert_eq!((&before["state"], &before["listed"]), (&json!("idle"), &json!(0)));
    assert_eq!(world.calls(USER_GET).await, 0);
    let done = world.sync_until_done().await;
    assert_eq!(world.get("/sync", &world.service_key).await.ok(200), done);
}

#[tokio::test]
async fn whoever_unfollowed_is_removed_and_whoever_followed_is_added() {
    let world = World::start().await;
    world.sync_until_done().await;
    for user in [3, 4, 5] {
        world.have(user, "unfollow").await;
    }
    world.have(100, "follow").await;
    let progress = world.sync_until_done().await;
    assert_eq!((&progress["removed"], &progress["new"]), (&json!(3), &json!(1)), "{progress}");
    let reasons = reasons(&world, &[2, 3, 5, 100]).await;
    assert_eq!(reasons, [json!(null), json!("not_following"), json!("not_following"), json!(null)]);
}

#[tokio::test]
async fn a_list_that_is_suddenly_empty_deletes_nothing() {
    let world = World::with_followers(4).await;
    world.sync_until_done().await;
    for user in 0..4 {
        world.have(user, "unfollow").await;
    }
    for _ in 0..2 {
        let progress = world.sync().await;
        assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
        assert!(error(&progress).contains("the list is empty, the map knows 4"), "{progress}");
        assert_eq!(world.get("/sync", &world.service_key).await.ok(200), progress);
    }
    assert_eq!(reasons(&world, &[0, 3]).await, [json!(null), json!(null)]);
}

#[tokio::test]
async fn a_list_that_is_suddenly_much_shorter_deletes_nothing() {
    let world = World::with_followers(40).await;
    world.sync_until_done().await;
    for user in 0..20 {
        world.have(user, "unfollow").await;
    }
    let progress = world.sync().await;
    assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
    assert!(error(&progress).contains("20 of 40 known followers"), "{progress}");
    assert_eq!(reasons(&world, &[0, 39]).await, [json!(null), json!(null)]);
}

#[tokio::test]
async fn a_list_that_stays_much_shorter_stays_doubted() {
    let world = World::with_followers(40).await;
    world.sync_until_done().await;
    for user in 0..20 {
        world.have(user, "unfollow").await;
    }
    for look in 0..3 {
        let progress = world.sync().await;
        assert_eq!(progress["state"], "failed", "look {look}: {progress}");
    }
}

#[tokio::test]
async fn a_used_up_quota_is_named_deletes_nothing_and_the_run_goes_on_later() {
    let world = World::with_followers(300).await;
    world.fault(json!({ "endpoint": BATCHGET, "errcode": 45009 })).await;
    let progress = world.sync().await;
    assert_eq!(progress["state"], "failed", "{progress}");
    assert!(error(&progress).contains("45009"), "{progress}");
    world.clear_faults().await;
    world.sync_until_done().await;

    world.fault(json!({ "endpoint": USER_GET, "errcode": 45009 })).await;
    let progress = world.sync().await;
    assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
    assert_eq!(progress["calls"], json!({ "user/get": 1 }), "a used-up day is not tried again");
    assert_eq!(reasons(&world, &[0, 299]).await, [json!(null), json!(null)]);
}

#[tokio::test]
async fn a_wechat_that_is_busy_for_a_moment_is_asked_again() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": USER_GET, "errcode": -1, "times": 1 })).await;
    world.fault(json!({ "endpoint": BATCHGET, "cut": true, "times": 1 })).await;
    let progress = world.sync_until_done().await;
    assert_eq!(progress["new"], 20, "{progress}");
    assert_eq!(progress["calls"], json!({ "user/get": 3, "user/info/batchget": 2 }));
}

#[tokio::test]
async fn a_wechat_that_stays_busy_ends_the_run_and_deletes_nothing() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": USER_GET, "errcode": -1 })).await;
    let progress = world.sync().await;
    assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
    assert!(error(&progress).contains("-1"), "{progress}");
    assert_eq!(reasons(&world, &[0]).await, [json!(null)]);
}

#[tokio::test]
async fn a_token_that_somebody_else_killed_is_replaced_within_the_run() {
    let world = World::start().await;
    world.rotate("classic", 2).await;
    assert_eq!(world.sync_until_done().await["new"], 20);
}

#[tokio::test]
async fn two_requests_at_once_make_one_run() {
    let world = World::with_followers(1_000).await;
    let (one, other) = tokio::join!(world.sync(), world.sync());
    world.sync_until_done().await;
    assert!([&one, &other].iter().any(|progress| progress["state"] == "done"), "{one} {other}");
    assert_eq!(world.calls(BATCHGET).await, 10, "nobody is looked up twice");
}

#[tokio::test]
async fn only_a_service_key_syncs() {
    let world = World::start().await;
    let session = world.login(7).await;
    for (bearer, status, code) in [("", 401, "unauthorized"), ("made-up", 401, "unauthorized")]
        .into_iter()
        .chain([(session.token.as_str(), 403, "forbidden")])
    {
        world.post("/sync", bearer, &Value::Null).await.problem(status, code);
        world.get("/sync", bearer).await.problem(status, code);
    }
    assert_eq!(world.calls(USER_GET).await, 0);
}
