//! POST /sync and GET /sync: how the map of followers is kept.

use local::Settings;
use serde_json::{Value, json};
use tests::World;

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";
const USER_INFO: &str = "/cgi-bin/user/info";

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

/// A run that failed by this doubt, and deleted nothing.
fn is_doubted(progress: &Value, doubt: &str) {
    assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
    assert!(error(progress).starts_with(&format!("Nothing was deleted: {doubt}")), "{progress}");
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
async fn a_doubted_list_is_believed_when_a_service_insists() {
    let world = World::with_followers(40).await;
    world.sync_until_done().await;
    world.list_fault(json!({ "empty": true })).await;
    is_doubted(&world.sync().await, "the list is empty, the map knows 40");
    world.list_fault(json!({})).await;
    for user in 0..20 {
        world.have(user, "unfollow").await;
    }
    is_doubted(&world.sync().await, "20 of 40 known followers are not on");
    let forced = world.post("/sync", &world.service_key, &json!({ "force": true })).await.ok(200);
    assert_eq!((&forced["state"], &forced["removed"]), (&json!("done"), &json!(20)), "{forced}");
    assert_eq!(
        reasons(&world, &[0, 19, 20]).await,
        [json!("not_following"), json!("not_following"), json!(null)]
    );
}

#[tokio::test]
async fn a_list_that_is_cut_short_is_named_deletes_nothing_and_keeps_what_it_brought() {
    let world = World::with_followers(10_200).await;
    world.list_fault(json!({ "cut_after": 10_000 })).await;
    for new in [10_000, 0] {
        let progress = world.sync().await;
        is_doubted(&progress, "the list ended after 10000 of 10200 ");
        assert_eq!(progress["new"], new, "{progress}");
    }
    world.list_fault(json!({})).await;
    let whole = world.sync_until_done().await;
    assert_eq!((&whole["known"], &whole["new"]), (&json!(10_000), &json!(200)), "{whole}");
    world.list_fault(json!({ "cut_after": 10_000 })).await;
    is_doubted(&world.sync().await, "the list ended after 10000 of 10200 ");
    world.list_fault(json!({})).await;
    let after = world.sync_until_done().await;
    assert_eq!((&after["known"], &after["new"]), (&json!(10_200), &json!(0)), "{after}");
}

/// Sends each user a message of their own by unionid: it must be on that user's phone and no other's.
async fn everybody_is_who_they_are(world: &World, followers: u32) {
    let users = world.users(0, followers).await;
    let own = |(n, user): (usize, &tests::User)| json!({ "unionid": user.unionid, "data": { "id": n } });
    let to: Vec<_> = users.iter().enumerate().map(own).collect();
    let sent = world.send(&json!(to)).await;
    assert_eq!(sent["accepted"], followers, "{sent}");
    world.settled(sent["id"].as_str().expect("an id")).await;
    for user in 0..followers {
        let messages = world.messages_of(user).await;
        let pages: Vec<_> = messages.iter().map(|message| message["page"].clone()).collect();
        assert_eq!(pages, [json!(format!("pages/approval/detail?id={user}"))]);
    }
}

#[tokio::test]
async fn unionids_that_shifted_to_other_people_are_noticed_and_asked_for_one_by_one() {
    let world = World::with_followers(250).await;
    world.list_fault(json!({ "shift_batch": 1.0, "times": 1 })).await;
    let progress = world.sync_until_done().await;
    let mended = json!({ "unionid missing in batchget": 1, "batchget rows shifted": 1 });
    assert_eq!((&progress["new"], &progress["mended"]), (&json!(250), &mended), "{progress}");
    everybody_is_who_they_are(&world, 250).await;
}

#[tokio::test]
async fn a_unionid_that_is_missing_once_is_asked_for_again() {
    let world = World::with_followers(250).await;
    world.list_fault(json!({ "missing_unionid": 1.0, "times": 1 })).await;
    let progress = world.sync_until_done().await;
    let mended = json!({ "unionid missing in batchget": 1 });
    assert_eq!((&progress["new"], &progress["mended"]), (&json!(250), &mended), "{progress}");
    assert_eq!(progress["without_unionid"], 0, "{progress}");
    everybody_is_who_they_are(&world, 250).await;
}

#[tokio::test]
async fn a_quota_that_ends_in_the_middle_is_named_and_the_run_ends_whole_when_it_is_back() {
    let world = World::with_followers(10_200).await;
    for (endpoint, calls) in [(BATCHGET, 30), (USER_GET, 1)] {
        world.quota(endpoint, json!(world.calls(endpoint).await + calls)).await;
        let progress = world.sync().await;
        assert_eq!((&progress["state"], &progress["removed"]), (&json!("running"), &json!(0)), "{progress}");
        assert!(error(&progress).contains("45009"), "{progress}");
        assert_eq!(world.get("/sync", &world.service_key).await.ok(200), progress);
        world.quota(endpoint, Value::Null).await;
    }
    let whole = world.sync_until_done().await;
    assert_eq!(whole["error"], Value::Null, "{whole}");
    let again = world.sync_until_done().await;
    assert_eq!((&again["known"], &again["new"]), (&json!(10_200), &json!(0)), "{again}");
}

#[tokio::test]
async fn a_later_run_looks_up_only_newcomers_a_hundred_at_a_time() {
    let world = World::with_followers(2_500).await;
    let first = world.sync_until_done().await;
    assert_eq!(first["calls"], json!({ "user/get": 2, "user/info/batchget": 25 }));
    for user in 100..120 {
        world.have(user, "unfollow").await;
    }
    for user in 5_000..5_130 {
        world.have(user, "follow").await;
    }
    let second = world.sync_until_done().await;
    assert_eq!(second["calls"], json!({ "user/get": 2, "user/info/batchget": 2 }), "{second}");
    let counts = ["listed", "known", "new", "removed"].map(|name| second[name].clone());
    assert_eq!(counts, [2_610, 2_480, 130, 20].map(Value::from), "{second}");
}

/// Waits until WeChat's time, in seconds, is another.
async fn a_second_later(world: &World) {
    let before = world.clock().await;
    world.until(async || world.clock().await > before).await;
}

/// User 0's unionid is missing and slow to come: until it does, the answer about all the others waits
/// to be written, and is stale about whoever comes or goes meanwhile.
async fn come_and_go_while_the_answer_waits(world: &World) {
    world.until(async || world.calls(USER_INFO).await > 0).await;
    a_second_later(world).await;
    for user in 10..30 {
        world.have(user, "unfollow").await;
    }
    for user in 100..110 {
        world.have(user, "follow").await;
    }
    a_second_later(world).await;
    for user in (20..30).chain(100..105) {
        world.have(user, if user < 100 { "follow" } else { "unfollow" }).await;
    }
    world.until(async || world.callbacks().await["pending"] == 0).await;
}

#[tokio::test]
async fn whoever_comes_or_goes_while_a_sync_runs_is_as_they_are_at_the_end() {
    let world = World::with(Settings { followers: 100, callbacks: true, ..Settings::default() }).await;
    world.have(0, "hide-unionid").await;
    world.fault(json!({ "endpoint": USER_INFO, "user": 0, "latency_ms": 6_000 })).await;
    let (progress, ()) = tokio::join!(world.sync(), come_and_go_while_the_answer_waits(&world));
    assert_eq!(progress["state"], "done", "{progress}");
    world.calm().await;
    let mut known = Vec::new();
    for user in 1..110 {
        known.push(world.login(user).await.answer["following"] == true);
    }
    assert_eq!(known, world.following(1, 109).await);
}

#[tokio::test]
async fn a_used_up_quota_is_named_deletes_nothing_and_the_run_goes_on_later() {
    let world = World::with_followers(300).await;
    world.fault(json!({ "endpoint": BATCHGET, "errcode": 45009 })).await;
    let progress = world.sync().await;
    assert_eq!(progress["state"], "running", "{progress}");
    assert!(error(&progress).contains("45009"), "{progress}");
    world.clear_faults().await;
    world.sync_until_done().await;

    world.fault(json!({ "endpoint": USER_GET, "errcode": 45009 })).await;
    let progress = world.sync().await;
    assert_eq!((&progress["state"], &progress["removed"]), (&json!("running"), &json!(0)), "{progress}");
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
