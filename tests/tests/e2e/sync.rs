//! POST /sync and GET /sync: how the map of followers is kept.

use harness::World;
use local::Settings;
use serde_json::{Value, json};

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";
const USER_INFO: &str = "/cgi-bin/user/info";

/// Why messages to these users are turned away; null for those who are reached.
pub async fn reasons(world: &World, users: &[u32]) -> Vec<Value> {
    let mut reasons = Vec::new();
    for user in users {
        let sent = world.send(&json!([{ "unionid": world.user(*user).await.unionid }])).await;
        reasons.push(sent["rejected"][0]["reason"].clone());
    }
    reasons
}

/// 25,050 followers are three pages and the empty one that ends them, in batches of a hundred.
#[tokio::test]
async fn a_whole_list_is_fetched_once_and_then_only_what_is_new() {
    let world = World::with_followers(25_050).await;
    world.user_does(12_345, "hide-unionid").await;
    let first = world.sync_at_length().await;
    let counts = |p: &Value| ["listed", "known", "new", "without_unionid", "removed"].map(|n| p[n].clone());
    assert_eq!(counts(&first), [25_050, 0, 25_049, 1, 0].map(Value::from), "{first}");
    assert_eq!(first["calls"], json!({ "user/get": 4, "user/info/batchget": 251, "user/info": 1 }));
    assert_eq!((world.calls(USER_GET).await, world.calls(BATCHGET).await), (4, 251));

    let second = world.sync_at_length().await;
    assert_eq!(counts(&second), [25_050, 25_049, 0, 1, 0].map(Value::from), "{second}");
    assert_eq!(second["calls"], json!({ "user/get": 4, "user/info/batchget": 2, "user/info": 1 }));
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
        world.user_does(user, "unfollow").await;
    }
    world.user_does(100, "follow").await;
    let progress = world.sync_until_done().await;
    assert_eq!((&progress["removed"], &progress["new"]), (&json!(3), &json!(1)), "{progress}");
    let reasons = reasons(&world, &[2, 3, 5, 100]).await;
    assert_eq!(reasons, [json!(null), json!("not_following"), json!("not_following"), json!(null)]);
}

#[tokio::test]
async fn a_later_run_looks_up_only_newcomers_a_hundred_at_a_time() {
    let world = World::with_followers(2_500).await;
    let first = world.sync_until_done().await;
    assert_eq!(first["calls"], json!({ "user/get": 2, "user/info/batchget": 25 }));
    for user in 100..120 {
        world.user_does(user, "unfollow").await;
    }
    for user in 5_000..5_130 {
        world.user_does(user, "follow").await;
    }
    let second = world.sync_until_done().await;
    // Two batches of newcomers, some of those who are known, and whoever is missing before their rows go; those who
    // were confirmed within the last minute alone, too.
    let calls = json!({ "user/get": 2, "user/info/batchget": 4, "user/info": 20 });
    assert_eq!(second["calls"], calls, "{second}");
    let counts = ["listed", "known", "new", "removed"].map(|name| second[name].clone());
    assert_eq!(counts, [2_610, 2_480, 130, 20].map(Value::from), "{second}");
}

/// User 0's unionid is missing and slow to come: until it does, the answer about all the others waits
/// to be written, and is stale about whoever comes or goes meanwhile.
async fn come_and_go_while_the_answer_waits(world: &World) {
    world.until_now(async || world.calls(USER_INFO).await > 0).await;
    world.advance(1).await;
    for user in 10..30 {
        world.user_does(user, "unfollow").await;
    }
    for user in 100..110 {
        world.user_does(user, "follow").await;
    }
    world.advance(1).await;
    for user in (20..30).chain(100..105) {
        world.user_does(user, if user < 100 { "follow" } else { "unfollow" }).await;
    }
    world.until_now(async || world.callbacks().await["pending"] == 0).await;
    world.advance(4).await;
}

#[tokio::test]
async fn whoever_comes_or_goes_while_a_sync_runs_is_as_they_are_at_the_end() {
    let world = World::with(Settings { followers: 100, callbacks: true, ..Settings::default() }).await;
    world.user_does(0, "hide-unionid").await;
    world.fault(json!({ "endpoint": USER_INFO, "user": 0, "latency_ms": 6_000 })).await;
    let (progress, ()) = tokio::join!(world.sync_now(), come_and_go_while_the_answer_waits(&world));
    assert_eq!(progress["state"], "done", "{progress}");
    world.callbacks_settled().await;
    let mut known = Vec::new();
    for user in 1..110 {
        known.push(world.login(user).await.answer["following"] == true);
    }
    assert_eq!(known, world.following(1, 109).await);
}

/// Four answers of five and a half seconds, and the twenty of a request are over.
#[tokio::test]
async fn a_request_whose_time_is_over_before_the_sweep_leaves_it_to_the_next() {
    let world = World::start().await;
    world.sync_until_done().await;
    world.user_does(3, "unfollow").await;
    world.user_does(100, "follow").await;
    for endpoint in [USER_GET, BATCHGET] {
        world.fault(json!({ "endpoint": endpoint, "latency_ms": 5_500 })).await;
    }
    let over = world.sync().await;
    let counts = |p: &Value| ["state", "new", "removed"].map(|name| p[name].clone());
    assert_eq!(counts(&over), [json!("running"), json!(1), json!(0)], "{over}");
    world.clear_faults().await;
    let done = world.sync_until_done().await;
    assert_eq!(counts(&done), [json!("done"), json!(1), json!(1)], "{done}");
    assert_eq!((&done["run"], &done["listed"]), (&over["run"], &json!(20)), "{done}");
    assert_eq!(reasons(&world, &[2, 3, 100]).await, [json!(null), json!("not_following"), json!(null)]);
}

/// Fifty lookups of seven seconds, eight at a time, take longer than a request has.
#[tokio::test]
async fn a_request_whose_time_is_over_inside_a_page_is_answered_and_the_next_goes_on() {
    let world = World::with_followers(5_000).await;
    world.fault(json!({ "endpoint": BATCHGET, "latency_ms": 7_000 })).await;
    let before = world.clock().await;
    let over = world.sync().await;
    assert_eq!((&over["state"], &over["error"]), (&json!("running"), &Value::Null), "{over}");
    let took = world.clock().await - before;
    assert!((20..30).contains(&took), "{took} s");
    world.clear_faults().await;
    let done = world.sync_until_done().await;
    assert_eq!((&done["run"], &done["listed"]), (&over["run"], &json!(5_000)), "{done}");
    assert_eq!(reasons(&world, &[0, 2_499, 4_999]).await, [Value::Null, Value::Null, Value::Null]);
}

/// Whoever was confirmed just now is asked for before their row goes: thirty times seven seconds, eight at a time.
#[tokio::test]
async fn a_request_whose_time_is_over_in_the_sweep_leaves_the_rest_of_it_to_the_next() {
    let world = World::with_followers(200).await;
    world.sync_until_done().await;
    for user in 0..30 {
        world.user_does(user, "unfollow").await;
    }
    world.fault(json!({ "endpoint": USER_INFO, "latency_ms": 7_000 })).await;
    let over = world.sync().await;
    assert_eq!((&over["state"], &over["error"]), (&json!("running"), &Value::Null), "{over}");
    assert!(over["removed"].as_u64().is_some_and(|removed| removed < 30), "{over}");
    world.clear_faults().await;
    let done = world.sync_until_done().await;
    assert_eq!((&done["run"], &done["removed"]), (&over["run"], &json!(30)), "{done}");
    assert_eq!(reasons(&world, &[0, 29, 30]).await[2], Value::Null);
}

/// A run may begin when the calls of the one before are won back, at 250 a day.
#[tokio::test]
async fn the_schedule_goes_on_with_a_run_and_begins_another_when_it_is_time() {
    let world = World::start().await;
    let tick = async || world.invoke("sync", json!({ "sync": "tick" })).await.expect("progress");
    world.fault(json!({ "endpoint": BATCHGET, "errcode": 45009, "times": 1 })).await;
    let stopped = tick().await;
    assert_eq!(stopped["state"], "running", "{stopped}");
    assert_eq!(tick().await, stopped, "the quota is not asked for at each tick");
    for endpoint in [BATCHGET, USER_INFO] {
        world.fault(json!({ "endpoint": endpoint, "errcode": -1 })).await;
    }
    assert_eq!(world.invoke("sync", json!({ "sync": "now" })).await.expect("progress")["state"], "failed");
    world.clear_faults().await;
    let done = tick().await;
    assert_eq!((&done["state"], &done["run"]), (&json!("done"), &stopped["run"]), "{done}");
    assert_eq!(tick().await, done);
    let rest = done["calls"]["user/get"].as_i64().expect("calls") * 24 * 3600 / 250;
    let begun_at = done["started_at"].as_i64().expect("a time");
    world.advance(begun_at + rest - 60 - world.clock().await).await;
    assert_eq!(tick().await, done);
    world.advance(60).await;
    assert_ne!(tick().await["run"], done["run"]);
    let last = world.sync().await;
    let at_once = world.invoke("sync", json!({ "sync": "now" })).await.expect("progress");
    assert_ne!(at_once["run"], last["run"], "{at_once}");
    assert!(world.invoke("sync", json!({ "sync": "later" })).await.is_err());
}

#[tokio::test]
async fn whoever_is_back_and_has_no_unionid_for_a_moment_stays() {
    let world = World::with(Settings { followers: 20, callbacks: true, ..Settings::default() }).await;
    world.sync_until_done().await;
    world.fault(json!({ "endpoint": USER_GET, "latency_ms": 4_000 })).await;
    let back_without_unionid = async {
        world.until_now(async || world.calls(USER_GET).await == 3).await;
        world.user_does(3, "unfollow").await;
        world.advance(1).await;
        world.user_does(3, "follow").await;
        world.until_now(async || world.are_callbacks_settled().await).await;
        world.user_does(3, "hide-unionid").await;
        world.clear_faults().await;
        world.advance(3).await;
    };
    let (progress, ()) = tokio::join!(world.sync_now(), back_without_unionid);
    assert_eq!(progress["calls"]["user/info"], 1, "the one who left is asked for: {progress}");
    world.user_does(3, "show-unionid").await;
    assert_eq!(world.login(3).await.answer["following"], true);
}

#[tokio::test]
async fn two_requests_at_once_make_one_run() {
    let world = World::with_followers(1_000).await;
    let (one, other) = tokio::join!(world.sync(), world.sync());
    world.sync_until_done().await;
    assert!([&one, &other].iter().any(|progress| progress["state"] == "done"), "{one} {other}");
    assert_eq!(
        world.calls(BATCHGET).await,
        10 + 1,
        "nobody is looked up twice, but for some in the next run"
    );
}

/// When the run was last heard of.
async fn heartbeat(world: &World) -> i64 {
    world.get("/sync", &world.service_key).await.ok(200)["updated_at"].as_i64().expect("a time")
}

/// The lease is 30 s, and a run whose minute's quota is used up waits for the next.
#[tokio::test]
async fn a_run_that_takes_longer_than_its_lease_is_left_alone() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": USER_GET, "errcode": 45011, "times": 1 })).await;
    let run = world.stack().invoke("sync", json!({ "sync": "now" }));
    let other = async {
        world.until_now(async || world.calls(USER_GET).await == 1).await;
        for _ in 0..5 {
            world.advance(10).await;
            world.until_now(async || heartbeat(&world).await >= world.clock().await - 1).await;
        }
        let other = world.sync_now().await;
        world.advance(20).await;
        other
    };
    let (run, other) = tokio::join!(run, other);
    let run = run.expect("progress");
    assert_eq!((&run["state"], &other["state"]), (&json!("done"), &json!("running")), "{run} {other}");
    assert_eq!((&run["run"], world.calls(USER_GET).await), (&other["run"], 3));
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
