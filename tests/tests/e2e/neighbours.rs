//! Two stacks on one Official Account, a dev and a prod one perhaps: what they do to each other's tokens, and what is
//! said of it.

use std::time::Duration;

use harness::{WeChat, World};
use local::Settings;
use serde_json::{Value, json};
use shared::store::{self, Tokens};

use crate::doctor;

const TOKEN: &str = "/cgi-bin/token";
const STABLE_TOKEN: &str = "/cgi-bin/stable_token";

/// How often each of the two sends, and how long each rests between.
const ROUNDS: u64 = 8;
const REST: Duration = Duration::from_secs(30 * 60);

/// Two stacks in these token modes at one WeChat and one clock, with their schedules.
async fn neighbours(wechat: &WeChat, modes: [&str; 2]) -> [World; 2] {
    let stack = async |mode: &str| {
        let environment = [("TOKEN_MODE".to_owned(), mode.to_owned())].into();
        World::with(Settings { schedules: true, environment, ..wechat.settings() }).await
    };
    [stack(modes[0]).await, stack(modes[1]).await]
}

/// What came of some hours in which both send now and then.
struct Hours {
    /// Calls for classic and for stable tokens, of both and for both accounts.
    token_calls: [u64; 2],
    /// Calls that met a dead token.
    refused: u64,
    /// How the doctor of each finds its Official Account's token, as to who else fetches them.
    told: [Value; 2],
}

/// Both send, and everything arrives.
async fn hours(worlds: &[World; 2]) -> Hours {
    let [one, _] = worlds;
    for _ in 0..ROUNDS {
        for world in worlds {
            let id = world.send_to(&json!({ "oa_openid": world.user(1).await.oa_openid })).await;
            let message = world.outcome(&id).await;
            assert_eq!(message["state"], "sent", "{message}");
            world.pass(REST / 2).await;
        }
    }
    assert_eq!(one.messages_of(1).await.len() as u64, 2 * ROUNDS, "each arrived, once");
    let stats = one.stats().await;
    let endpoints = stats["endpoints"].as_object().expect("endpoints").values();
    let refused = endpoints.filter_map(|endpoint| endpoint["errors"]["40001"].as_u64()).sum();
    // The doctor asks WeChat something itself, and may meet a dead token.
    let token_calls = [one.calls(TOKEN).await, one.calls(STABLE_TOKEN).await];
    let [first, second] = worlds;
    let told = [doctor::told(first, "token_replaced").await, doctor::told(second, "token_replaced").await];
    Hours { token_calls, refused, told: told.map(|told| told[0].clone()) }
}

/// By which the Official Account's token that a stack has is known.
async fn fingerprint(world: &World) -> String {
    let config = world.stack().config();
    let tokens = Tokens::new(&config, store::client(&config).expect("tables")).expect("a table of tokens");
    let record = tokens.find(simulator::OA_APPID).await.expect("a table").expect("a token");
    record.access_token().expect("a token").fingerprint()
}

#[tokio::test]
async fn two_in_classic_mode_kill_each_others_tokens_are_warned_and_lose_no_message() {
    let wechat = WeChat::with_followers(20).await;
    let worlds = neighbours(&wechat, ["classic", "classic"]).await;
    let Hours { token_calls: [classic, stable], refused, told } = hours(&worlds).await;
    // Each is found dead whenever the other has fetched one and five minutes have passed: once a turn at most, on top
    // of the schedule's.
    let (scheduled, turns) = (12, 2 * ROUNDS);
    assert!((scheduled + 1..=scheduled + turns).contains(&classic) && stable == 0, "{classic}, {stable}");
    assert!((turns / 2..=3 * turns).contains(&refused), "{refused}");
    for told in told {
        let says = |name: &str, text: &str| told[name].as_str().is_some_and(|told| told.contains(text));
        assert!(told["state"] == "problem" && says("detail", "Somebody else fetches"), "{told}");
        assert!(says("remedy", "TokenMode=stable") && says("remedy", "an account of its own"), "{told}");
    }
    let [one, other] = worlds;
    assert_ne!(fingerprint(&one).await, fingerprint(&other).await);
}

#[tokio::test]
async fn one_in_classic_and_one_in_stable_mode_do_not_notice_each_other() {
    let wechat = WeChat::with_followers(20).await;
    let Hours { token_calls: [classic, stable], refused, told } =
        hours(&neighbours(&wechat, ["classic", "stable"]).await).await;
    assert_eq!((classic, refused), (6, 0), "at the start and every 100 minutes, for both accounts");
    assert!((4..=12).contains(&stable), "{stable}");
    assert!(told.iter().all(|one| one["state"] == "ok"), "{told:?}");
}

#[tokio::test]
async fn two_in_stable_mode_share_one_token() {
    let wechat = WeChat::with_followers(20).await;
    let worlds = neighbours(&wechat, ["stable", "stable"]).await;
    let Hours { token_calls: [classic, stable], refused, told } = hours(&worlds).await;
    assert_eq!((classic, refused), (0, 0));
    assert!((8..=24).contains(&stable), "{stable}");
    assert!(told.iter().all(|one| one["state"] == "ok"), "{told:?}");
    let [one, other] = worlds;
    assert_eq!(fingerprint(&one).await, fingerprint(&other).await);
}
