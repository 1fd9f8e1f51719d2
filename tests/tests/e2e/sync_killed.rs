//! The sync, when its process is killed over and over while users come and go. Here the map is looked at
//! behind the routes: tens of thousands of logins would take too long, and what is deleted and written
//! again would not be seen.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use harness::World;
use local::Settings;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use shared::store::{self, Identities};

const USER_GET: &str = "/cgi-bin/user/get";
const BATCHGET: &str = "/cgi-bin/user/info/batchget";
const IDENTITIES: &str = "IdentitiesTable";

/// These follow at the start.
const FOLLOWERS: u32 = 20_000;
/// These come and go; all before them follow all the time.
const RESTLESS: Range<u32> = 19_000..21_000;
const KILLS: u32 = 20;

/// In a life, so many of the import's 200 lookups are begun at most.
const LONGEST_LIFE: u64 = 8;
const LATENCY_MS: u64 = 50;

/// The lease of a run that was killed keeps others away for so long, in seconds.
const LEASE: i64 = 30;

/// Users come and go, one after the other.
async fn come_and_go(world: &World) {
    let mut dice = StdRng::seed_from_u64(7);
    loop {
        let action = if dice.random() { "follow" } else { "unfollow" };
        world.user_does(dice.random_range(RESTLESS), action).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Lets the schedule tick until it is stopped; a tick is not answered when its process is killed.
async fn tick(world: &World) {
    loop {
        let _ = world.stack().invoke("sync", json!({ "sync": "tick" })).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Kills the sync at a moment after it has begun to list, or to look up.
async fn kill(world: &World, dice: &mut StdRng) {
    let (listed, looked_up) = (world.calls(USER_GET).await, world.calls(BATCHGET).await);
    world.until_now(async || world.calls(USER_GET).await > listed).await;
    let enough = looked_up + dice.random_range(0..=LONGEST_LIFE);
    world.until_now(async || world.calls(BATCHGET).await >= enough).await;
    world.stack().kill("sync");
    world.advance(LEASE + 1).await;
}

/// Everybody who follows, and everybody else, by unionid: as WeChat knows it.
async fn truth(world: &World) -> (HashMap<String, String>, HashSet<String>) {
    let (mut following, mut all) = (HashMap::new(), HashSet::new());
    for from in (0..RESTLESS.end).step_by(10_000) {
        let n = 10_000.min(RESTLESS.end - from);
        let follows = world.following(from, n).await;
        for (user, follows) in world.users(from, n).await.into_iter().zip(follows) {
            all.insert(user.unionid.clone());
            following.extend(follows.then_some((user.unionid, user.oa_openid)));
        }
    }
    (following, all)
}

/// How many rows of the map were deleted of users who followed all the time.
async fn wrongly_deleted(world: &World) -> usize {
    let mut steady = HashSet::new();
    for from in (0..RESTLESS.start).step_by(10_000) {
        let users = world.users(from, 10_000.min(RESTLESS.start - from)).await;
        steady.extend(users.into_iter().map(|user| user.unionid));
    }
    let deleted =
        ["sync", "events", "deliver"].map(|function| world.stack().usage(function, IDENTITIES).deleted);
    let unionids = deleted.iter().flatten().filter_map(|key| key["unionid"]["S"].as_str());
    unionids.filter(|unionid| steady.contains(*unionid)).count()
}

#[tokio::test]
async fn a_sync_that_is_killed_over_and_over_loses_no_row_and_ends_with_wechats_map() {
    let world = World::with(Settings {
        followers: FOLLOWERS,
        callbacks: true,
        programs: [("sync".to_owned(), env!("CARGO_BIN_EXE_function").into())].into(),
        meters: true,
        environment: [("LOG_LEVEL".to_owned(), "error".to_owned())].into(),
        ..Settings::default()
    })
    .await;
    world.fault(json!({ "endpoint": BATCHGET, "latency_ms": LATENCY_MS })).await;
    let mut dice = StdRng::seed_from_u64(1);
    let kills = async {
        for _ in 0..KILLS {
            kill(&world, &mut dice).await;
        }
    };
    tokio::select! {
        () = kills => {}
        () = tick(&world) => {}
        () = come_and_go(&world) => {}
    }
    let written = world.stack().usage("sync", IDENTITIES).item_writes;
    assert!(
        (1..u64::from(FOLLOWERS)).contains(&written),
        "all kills were to fall into the import: {written}"
    );

    world.clear_faults().await;
    world.callbacks_settled().await;
    // The first ends the run that was killed, the second sees the whole list.
    for _ in 0..2 {
        world.sync_until_done().await;
    }
    let (following, all) = truth(&world).await;
    let config = world.stack().config();
    let map = Identities::new(&config, store::client(&config).expect("tables")).expect("a map");
    assert_eq!(map.oa_openids(&all).await.expect("a map that reads"), following);
    assert_eq!(wrongly_deleted(&world).await, 0);
}
