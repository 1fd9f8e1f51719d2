//! What goes wrong while messages are sent.

use std::time::Duration;

use crate::World;
use serde_json::{Value, json};

/// Sends template messages.
pub const SEND: &str = "/cgi-bin/message/template/send";
/// Says whether a user follows.
pub const USER_INFO: &str = "/cgi-bin/user/info";

/// Between two tokens that a third party fetches.
const ROTATION: Duration = Duration::from_secs(60);

/// Between two looks at what WeChat counts.
const GLANCE: Duration = Duration::from_millis(5);

/// In seconds.
const DAY: i64 = 24 * 3600;
const BEIJING_AHEAD_OF_UTC: i64 = 8 * 3600;

/// How long before midnight the day's quota is used up, in seconds.
const EVENING: i64 = 30 * 60;

/// In how many parts the messages are sent between which the workers are killed: far enough apart for them
/// not to meet the same job over and over, which would be its end in the dead-letter queue.
const PARTS: u32 = 8;

/// How WeChat's daily quota is reset.
#[derive(Clone, Copy)]
pub enum Reset {
    /// Midnight comes. What WeChat knows of client_msg_ids is then forgotten, too.
    Midnight,
    /// A person clears it.
    Cleared,
}

/// A third party fetches a token over and over.
pub async fn rotate(world: &World, mode: &str) {
    loop {
        world.stack().clock().sleep(ROTATION).await;
        world.rotate(mode, 1).await;
    }
}

/// Kills the workers so many times while they have jobs in hand.
pub async fn kill(world: &World, times: u32, messages: u32) {
    for time in 1..=times {
        let enough = world.calls(SEND).await + u64::from(messages / PARTS).max(1);
        until(async || world.calls(SEND).await >= enough).await;
        world.stack().kill("deliver");
        eprintln!("  killed the workers for the {time}. time");
    }
}

/// The minute's quota is used up, three times; then the day's, until it is reset.
pub async fn exhaust(world: &World, messages: u32, reset: Reset) {
    // Less than one call's, which come minutes apart.
    world.limit(SEND, &json!({ "per_minute": u64::from(messages / 20).max(1) })).await;
    for minute in 1..=3 {
        refused(world, "45011").await;
        eprintln!("  the minute's quota is used up for the {minute}. time");
    }
    world.limit(SEND, &json!({ "per_minute": null, "per_day": u64::from(messages / 6).max(1) })).await;
    refused(world, "45009").await;
    eprintln!("  the day's quota is used up");
    match reset {
        Reset::Midnight => {
            let day = beijing_day(world).await;
            until(async || beijing_day(world).await > day).await;
        }
        Reset::Cleared => {}
    }
    world.limit(SEND, &json!({ "per_day": null })).await;
    eprintln!("  the day's quota is reset");
}

/// Waits, as long as the scenario has patience.
async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(GLANCE).await;
    }
}

/// Has it be late in Beijing.
pub async fn let_evening_come(world: &World) {
    let into_the_day = (world.clock().await + BEIJING_AHEAD_OF_UTC) % DAY;
    world.advance(DAY - EVENING - into_the_day).await;
}

async fn beijing_day(world: &World) -> i64 {
    (world.clock().await + BEIJING_AHEAD_OF_UTC) / DAY
}

/// Waits until WeChat has answered a send with this errcode once more.
async fn refused(world: &World, errcode: &str) {
    let count = async || errors(&world.stats().await, errcode);
    let before = count().await;
    until(async || count().await > before).await;
}

/// How often sending ended this way, by WeChat's own count.
pub fn errors(stats: &Value, how: &str) -> u64 {
    stats["endpoints"][SEND]["errors"][how].as_u64().unwrap_or_default()
}
