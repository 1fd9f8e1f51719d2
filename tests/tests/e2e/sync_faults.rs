//! The sync, when the list or an answer about it is wrong, late or refused: nothing is lost, and it is told.

use harness::{User, World};
use local::{Faults, Settings};
use serde_json::{Value, json};
use shared::store::{self, Identities};

use crate::sync::reasons;

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";

fn error(progress: &Value) -> &str {
    progress["error"].as_str().unwrap_or_default()
}

/// A run that failed by this doubt, and deleted nothing.
fn is_doubted(progress: &Value, doubt: &str) {
    assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
    assert!(error(progress).starts_with(&format!("Nothing was deleted: {doubt}")), "{progress}");
}

#[tokio::test]
async fn a_list_that_is_suddenly_empty_deletes_nothing() {
    let world = World::with_followers(4).await;
    world.sync_until_done().await;
    for user in 0..4 {
        world.user_does(user, "unfollow").await;
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
        world.user_does(user, "unfollow").await;
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
        world.user_does(user, "unfollow").await;
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
        world.user_does(user, "unfollow").await;
    }
    is_doubted(&world.sync().await, "20 of 40 known followers are not on");
    is_doubted(&world.invoke("sync", json!({ "sync": "now" })).await.expect("progress"), "20 of 40");
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
        let progress = world.sync_at_length().await;
        is_doubted(&progress, "the list ended after 10000 of 10200 ");
        assert_eq!(progress["new"], new, "{progress}");
    }
    world.list_fault(json!({})).await;
    let whole = world.sync_at_length().await;
    assert_eq!((&whole["known"], &whole["new"]), (&json!(10_000), &json!(200)), "{whole}");
    world.list_fault(json!({ "cut_after": 10_000 })).await;
    is_doubted(&world.sync_at_length().await, "the list ended after 10000 of 10200 ");
    world.list_fault(json!({})).await;
    let after = world.sync_at_length().await;
    assert_eq!((&after["known"], &after["new"]), (&json!(10_200), &json!(0)), "{after}");
}

/// Sends each user a message of their own by unionid: it must be on that user's phone and no other's.
async fn everybody_is_who_they_are(world: &World, followers: u32) {
    let users = world.users(0, followers).await;
    let own = |(n, user): (usize, &User)| json!({ "unionid": user.unionid, "data": { "id": n } });
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
    let repairs = json!({ "unionid missing in batchget": 1, "batchget rows shifted": 1 });
    assert_eq!((&progress["new"], &progress["repairs"]), (&json!(250), &repairs), "{progress}");
    everybody_is_who_they_are(&world, 250).await;
}

#[tokio::test]
async fn a_unionid_that_two_people_have_is_noticed_and_all_are_asked_for_one_by_one() {
    let world = World::with_followers(250).await;
    world.list_fault(json!({ "shift_back": 1.0, "times": 1 })).await;
    let progress = world.sync_until_done().await;
    let repairs = json!({ "unionid twice in batchget": 1 });
    assert_eq!((&progress["new"], &progress["repairs"]), (&json!(250), &repairs), "{progress}");
    everybody_is_who_they_are(&world, 250).await;
}

#[tokio::test]
async fn one_openid_that_wechat_refuses_does_not_stop_the_others() {
    let world = World::with_followers(250).await;
    world.fault(json!({ "endpoint": BATCHGET, "errcode": 40003, "times": 1 })).await;
    let progress = world.sync_until_done().await;
    let repairs = json!({ "batchget refused": 1 });
    assert_eq!((&progress["new"], &progress["repairs"]), (&json!(250), &repairs), "{progress}");
    everybody_is_who_they_are(&world, 250).await;
}

#[tokio::test]
async fn a_place_in_the_list_that_wechat_refuses_is_left_for_the_beginning() {
    let world = World::with_followers(10_200).await;
    world.quota(BATCHGET, json!(100)).await;
    assert_eq!(world.sync_at_length().await["state"], "running");
    world.quota(BATCHGET, Value::Null).await;
    world.fault(json!({ "endpoint": USER_GET, "errcode": 40003, "times": 1 })).await;
    let refused = world.sync_at_length().await;
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(error(&refused).contains("40003"), "{refused}");
    let done = world.sync_at_length().await;
    assert_eq!((&done["run"], &done["listed"]), (&refused["run"], &json!(10_200)), "{done}");
    // Three, one that is refused, and three again: from the second page on it would be two.
    assert_eq!(done["calls"]["user/get"], 7, "{done}");
}

/// Thirty newcomers, less than a batch: those of the first page wait, and the list ends after it.
#[tokio::test]
async fn a_list_that_breaks_off_goes_on_where_it_was_and_forgets_nobody_on_the_way() {
    let world = World::with_followers(10_200).await;
    world.sync_at_length().await;
    for user in 20_000..20_030 {
        world.user_does(user, "follow").await;
    }
    world.quota(USER_GET, json!(world.calls(USER_GET).await + 1)).await;
    let broken_off = world.sync_at_length().await;
    assert_eq!((&broken_off["state"], &broken_off["listed"]), (&json!("running"), &json!(10_000)));
    world.quota(USER_GET, Value::Null).await;
    let done = world.sync_at_length().await;
    assert_eq!((&done["run"], &done["new"]), (&broken_off["run"], &json!(30)), "{done}");
    assert_eq!(done["calls"], json!({ "user/get": 4, "user/info/batchget": 2 }), "{done}");
}

#[tokio::test]
async fn a_used_up_minute_is_waited_out_while_there_is_time() {
    let world = World::start().await;
    world.fault(json!({ "endpoint": BATCHGET, "errcode": 45011, "times": 1 })).await;
    let progress = world.sync().await;
    assert_eq!(progress["state"], "failed", "a request has no minute: {progress}");
    world.fault(json!({ "endpoint": BATCHGET, "errcode": 45011, "times": 1 })).await;
    let progress = world.invoke("sync", json!({ "sync": "now" })).await.expect("progress");
    assert_eq!((&progress["state"], &progress["new"]), (&json!("done"), &json!(20)), "{progress}");
}

#[tokio::test]
async fn a_unionid_that_is_missing_once_is_asked_for_again() {
    let world = World::with_followers(250).await;
    world.list_fault(json!({ "missing_unionid": 1.0, "times": 1 })).await;
    let progress = world.sync_until_done().await;
    let repairs = json!({ "unionid missing in batchget": 1 });
    assert_eq!((&progress["new"], &progress["repairs"]), (&json!(250), &repairs), "{progress}");
    assert_eq!(progress["without_unionid"], 0, "{progress}");
    everybody_is_who_they_are(&world, 250).await;
}

#[tokio::test]
async fn a_quota_that_ends_in_the_middle_is_named_and_the_run_ends_whole_when_it_is_back() {
    let world = World::with_followers(10_200).await;
    let mut run = Value::Null;
    for (endpoint, calls) in [(BATCHGET, 30), (USER_GET, 1)] {
        world.quota(endpoint, json!(world.calls(endpoint).await + calls)).await;
        let progress = world.sync_at_length().await;
        assert!(run.is_null() || run == progress["run"], "{progress}");
        run = progress["run"].clone();
        assert_eq!((&progress["state"], &progress["removed"]), (&json!("running"), &json!(0)), "{progress}");
        assert!(error(&progress).contains("45009"), "{progress}");
        assert_eq!(world.get("/sync", &world.service_key).await.ok(200), progress);
        world.quota(endpoint, Value::Null).await;
    }
    let whole = world.sync_at_length().await;
    assert_eq!((&whole["run"], &whole["error"]), (&run, &Value::Null), "{whole}");
    assert_eq!((&whole["listed"], &whole["new"]), (&json!(10_200), &json!(10_200)), "{whole}");
    let again = world.sync_at_length().await;
    assert_eq!((&again["known"], &again["new"]), (&json!(10_200), &json!(0)), "{again}");
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
    assert_eq!(progress["calls"]["user/get"], 1, "a used-up day is not tried again");
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
async fn a_wechat_that_stays_busy_or_silent_ends_the_run_and_deletes_nothing() {
    let world = World::start().await;
    world.sync_until_done().await;
    let silent = "WeChat gave no answer: HTTP 502 Bad Gateway. Nothing to do; it is tried again.";
    for (fault, told) in [("errcode", "errcode -1, system busy. "), ("http_status", silent)] {
        let value = if fault == "errcode" { -1 } else { 502 };
        world.fault(json!({ "endpoint": USER_GET, fault: value })).await;
        let progress = world.sync().await;
        assert_eq!((&progress["state"], &progress["removed"]), (&json!("failed"), &json!(0)), "{progress}");
        assert!(error(&progress).starts_with(told), "{progress}");
        assert_eq!(progress["calls"]["user/get"], if fault == "errcode" { 6 } else { 12 }, "{progress}");
        world.clear_faults().await;
    }
    assert_eq!(reasons(&world, &[0]).await, [json!(null)]);
}

#[tokio::test]
async fn a_token_that_somebody_else_killed_is_replaced_within_the_run() {
    let world = World::start().await;
    world.rotate("classic", 2).await;
    assert_eq!(world.sync_until_done().await["new"], 20);
}

/// Of 400 batches of rows about eight are taken in part; what is left over has to be written again.
#[tokio::test]
async fn tables_that_are_throttled_get_every_row_all_the_same() {
    let faults = Faults { seed: 3, dynamodb: 0.08, ..Faults::default() };
    let world = World::with(Settings { followers: 10_000, faults, ..Settings::default() }).await;
    let is_done = async || {
        let answer = world.post("/sync", &world.service_key, &Value::Null).await;
        answer.status == 200 && answer.body["state"] == "done"
    };
    world.until(is_done).await;
    let config = world.stack().config();
    let users = world.users(0, 10_000).await;
    let unionids = users.iter().map(|user| user.unionid.clone()).collect();
    let map = Identities::new(&config, store::client(&config).expect("tables"))
        .expect("a map")
        .oa_openids(&unionids)
        .await;
    let truth = users.into_iter().map(|user| (user.unionid, user.oa_openid)).collect();
    assert!(map.expect("a map that reads") == truth, "rows are missing");
}
