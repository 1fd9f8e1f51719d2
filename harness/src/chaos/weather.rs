//! What goes wrong while messages are sent.

use std::time::Duration;

use crate::World;
use serde_json::{Value, json};
use simulator::TEMPLATE_ID;

/// Sends template messages.
pub const SEND: &str = "/cgi-bin/message/template/send";
/// Sends subscribe messages.
pub const SUBSCRIBE: &str = "/cgi-bin/message/subscribe/send";
/// Says whether a user follows.
pub const USER_INFO: &str = "/cgi-bin/user/info";

/// Refusals that no second try changes: a field, a user's will, and one that depends on whether the user follows.
pub const REFUSALS: [i64; 3] = [47003, 43101, 43004];

/// How long it takes until somebody sets a console right.
const REPAIR: Duration = Duration::from_secs(30 * 60);

/// Between two looks at a queue, by the clock.
const A_WHILE: Duration = Duration::from_secs(20);

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

/// What is wrong in WeChat's consoles.
#[derive(Clone, Copy)]
pub enum Console {
    /// Our IP is not on the whitelist.
    Whitelist,
    /// The template was removed.
    Template,
}

impl Console {
    /// What WeChat then answers.
    pub fn errcode(self) -> &'static str {
        match self {
            Self::Whitelist => "40164",
            Self::Template => "40037",
        }
    }

    /// Sets it wrong.
    pub async fn break_it(self, world: &World) {
        let wrong = match self {
            Self::Whitelist => json!({ "whitelist": "all" }),
            Self::Template => json!({ "removed_templates": [TEMPLATE_ID] }),
        };
        world.console(&wrong).await;
    }

    /// Sets it right, some time after the first message met it.
    pub async fn is_wrong_for_a_while(self, world: &World) {
        refused(world, self.errcode()).await;
        world.stack().clock().sleep(REPAIR).await;
        world.console(&json!({ "whitelist": "off", "removed_templates": [] })).await;
        eprintln!("  the console is right again after {} sends", world.calls(SEND).await);
    }
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

/// Tables and queues are gone in the midst of sending, until jobs in hand are among the dead letters; when all else
/// is done, those are moved back.
pub async fn redrive(world: &World, messages: u32) {
    const DEAD_LETTERS: &str = "DeliverDeadLetters";
    let some = u64::from(messages / PARTS).max(1);
    until(async || world.calls(SEND).await >= some).await;
    world.stack().set_outage(true);
    while world.queued(DEAD_LETTERS).await == 0 {
        world.stack().clock().sleep(A_WHILE).await;
    }
    world.stack().set_outage(false);
    while world.queued("DeliverQueue").await > 0 {
        world.stack().clock().sleep(A_WHILE).await;
    }
    eprintln!("  {} jobs are among the dead letters, and are moved back", world.queued(DEAD_LETTERS).await);
    world.stack().redrive(DEAD_LETTERS).await.expect("a queue of dead letters");
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
