//! What goes wrong while messages are sent.

use std::time::Duration;

use crate::World;
use serde_json::{Value, json};

/// Sends template messages.
pub const SEND: &str = "/cgi-bin/message/template/send";
/// Says whether a user follows.
pub const USER_INFO: &str = "/cgi-bin/user/info";

/// Between two tokens that a third party fetches.
const ROTATION: Duration = Duration::from_secs(2);

/// Between two kills: five of them fall into one visibility time-out of the scaled queue (8 s), so that
/// they do not meet the same job five times, which would be its end in the dead-letter queue.
const BETWEEN_KILLS: Duration = Duration::from_millis(1400);

/// Between two looks at what WeChat counts.
const GLANCE: Duration = Duration::from_millis(50);

/// How WeChat's daily quota becomes whole again.
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
        tokio::time::sleep(ROTATION).await;
        world.rotate(mode, 1).await;
    }
}

/// Kills the workers so many times while they have jobs in hand.
pub async fn kill(world: &World, times: u32) {
    for time in 1..=times {
        let before = world.calls(SEND).await;
        while world.calls(SEND).await == before {
            tokio::time::sleep(GLANCE).await;
        }
        world.stack().kill("deliver");
        eprintln!("  killed the workers for the {time}. time");
        tokio::time::sleep(BETWEEN_KILLS).await;
    }
}

/// The minute's quota is used up, three times; then the day's, until it is whole again.
pub async fn exhaust(world: &World, messages: u32, reset: Reset) {
    let sixth = u64::from(messages / 6).max(1);
    world.limit(SEND, &json!({ "per_minute": sixth })).await;
    for minute in 1..=3 {
        refused(world, "45011").await;
        eprintln!("  the minute's quota is used up for the {minute}. time");
        world.advance(60).await;
    }
    refused(world, "45011").await;
    world.limit(SEND, &json!({ "per_minute": null, "per_day": sixth })).await;
    refused(world, "45009").await;
    eprintln!("  the day's quota is used up");
    tokio::time::sleep(ROTATION).await;
    match reset {
        Reset::Midnight => world.advance(24 * 3600).await,
        Reset::Cleared => {}
    }
    world.limit(SEND, &json!({ "per_day": null })).await;
    eprintln!("  the day's quota is whole again");
}

/// Waits until WeChat has answered a send with this errcode once more.
async fn refused(world: &World, errcode: &str) {
    let count = async || errors(&world.stats().await, errcode);
    let before = count().await;
    while count().await == before {
        tokio::time::sleep(GLANCE).await;
    }
}

/// How often sending ended this way, by WeChat's own count.
pub fn errors(stats: &Value, how: &str) -> u64 {
    stats["endpoints"][SEND]["errors"][how].as_u64().unwrap_or_default()
}
