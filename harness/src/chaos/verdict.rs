//! What Queqiao says against what WeChat saw.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::client::Batch;

/// Why a message fails that is for somebody who does not follow and has no credit left.
const NO_WAY: [&str; 2] = ["not_subscribed", "not_following"];

/// What a scenario came to.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// Its name.
    pub scenario: &'static str,
    /// Messages that POST /send accepted.
    pub accepted: u64,
    /// Of those, how many WeChat delivered.
    pub delivered: u64,
    /// Messages that WeChat delivered once more than once.
    pub duplicates: u64,
    /// Messages without an end, or sent by their state and never delivered.
    pub lost: u64,
    /// Messages whose state contradicts WeChat.
    pub wrong_state: u64,
    /// Messages that may have arrived, by their state.
    pub unknown: u64,
    /// Subscribe messages that WeChat delivered.
    pub fallen_back: u64,
    /// How long it took.
    pub seconds: f64,
    /// The messages whose state does, with what WeChat saw of them.
    #[serde(skip)]
    pub wrong: Vec<String>,
    /// What should have happened and did not.
    #[serde(skip)]
    pub missed: Vec<String>,
}

impl Verdict {
    /// Compares. Who follows takes messages: without `may_fail`, whatever of theirs failed is wrong, whether it arrived or
    /// not. Who does not is to get as many as they have accepted.
    pub fn of(batches: &[Batch], deliveries: &[Value], stats: &Value, may_fail: bool) -> Self {
        let delivered = Delivered::of(deliveries);
        let mut verdict = Self {
            duplicates: stats["duplicates"].as_u64().unwrap_or(u64::MAX).max(delivered.twice),
            ..Self::default()
        };
        let mut expected = HashSet::new();
        let mut wants: HashMap<&str, Wants> = HashMap::new();
        for batch in batches {
            verdict.accepted += batch.accepted;
            for (n, to) in (1..).zip(&batch.recipients) {
                expected.insert((batch.id.clone(), n));
                let arrived = delivered.to.get(&(batch.id.clone(), n));
                let fallen_back = delivered.fallen_back(to.openid(), &batch.kind);
                let message = batch.messages.iter().find(|message| message["n"] == n);
                let state = message.and_then(|message| message["state"].as_str());
                let copies = u64::from(arrived.is_some()) + fallen_back;
                if !to.follows {
                    let wants =
                        wants.entry(to.openid()).or_insert(Wants { credits: to.credits, ..Wants::default() });
                    wants.messages += 1;
                    // A credit is used by what arrived, and by what may have.
                    wants.used += u64::from(copies > 0 || state == Some("unknown"));
                }
                verdict.duplicates += copies.saturating_sub(1);
                let before = verdict.wrong_state;
                verdict.wrong_state += u64::from(arrived.is_some_and(|openid| openid != to.oa_openid()));
                // Two copies of a job may have gone two ways, and which of them arrived is then as unknown as whether.
                let is_told_otherwise = |message: &Value| {
                    state != Some("unknown") && (message["channel"] == "subscribe") == arrived.is_some()
                };
                verdict.wrong_state += u64::from(copies > 0 && message.is_some_and(is_told_otherwise));
                if state.is_none() && copies == 0 && !to.follows {
                    // There is no way to them, and the call was told so.
                    continue;
                }
                verdict.fallen_back += fallen_back;
                let has_no_way = !to.follows
                    && message.is_some_and(|message| {
                        NO_WAY.contains(&message["reason"].as_str().unwrap_or_default())
                    });
                verdict.take(state, copies > 0, may_fail || has_no_way);
                if verdict.wrong_state > before {
                    let of = format!("{}-{n}: {copies} copies, {arrived:?}", batch.id);
                    verdict.wrong.push(format!("{of}, follows {}, {message:?}", to.follows));
                }
            }
        }
        verdict.lost += wants.values().map(Wants::lost).sum::<u64>();
        let nobodys = delivered.to.keys().filter(|message| !expected.contains(*message)).count();
        verdict.wrong_state += nobodys as u64;
        verdict
    }

    fn take(&mut self, state: Option<&str>, arrived: bool, may_fail: bool) {
        self.delivered += u64::from(arrived);
        match (state, arrived) {
            (Some("sent" | "delivered"), true) => {}
            (Some("sent" | "delivered"), false) => {
                self.lost += 1;
                self.wrong_state += 1;
            }
            (Some("unknown"), _) => self.unknown += 1,
            (None | Some("queued" | "retrying" | "parked"), _) => self.lost += 1,
            (Some("failed" | "refused"), false) if may_fail => {}
            (Some(_), _) => self.wrong_state += 1,
        }
    }

    /// What is not as it has to be in every scenario.
    pub fn faults(&self) -> Vec<String> {
        let zero = [("duplicates", self.duplicates), ("lost", self.lost), ("wrong_state", self.wrong_state)];
        let wrong = zero.into_iter().filter(|(_, count)| *count > 0);
        let mut faults: Vec<_> = wrong.map(|(name, count)| format!("{name} is {count}, not 0")).collect();
        faults.extend(self.wrong.iter().chain(&self.missed).cloned());
        faults
    }

    /// As a line of JSON.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("numbers and a name")
    }
}

/// What somebody who does not follow was to get.
#[derive(Default)]
struct Wants {
    credits: u64,
    messages: u64,
    used: u64,
}

impl Wants {
    /// Messages that did not come to them though they had accepted as many.
    fn lost(&self) -> u64 {
        self.credits.min(self.messages).saturating_sub(self.used)
    }
}

/// What WeChat delivered.
struct Delivered {
    /// (batch, number) → the openid.
    to: HashMap<(String, u32), String>,
    /// (the mini-program's openid, what its field for the kind says) → how many subscribe messages.
    subscribed: HashMap<(String, String), u64>,
    /// How often a user got a content once more.
    twice: u64,
}

impl Delivered {
    fn of(deliveries: &[Value]) -> Self {
        let (mut to, mut contents, mut twice) = (HashMap::new(), HashSet::new(), 0);
        let mut subscribed = HashMap::new();
        for delivery in deliveries {
            if delivery["channel"] == "subscribe" {
                let [openid, kind] = [&delivery["mini_openid"], &delivery["data"]["thing2"]];
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                *subscribed.entry((text(openid), text(kind))).or_default() += 1;
                continue;
            }
            let openid = delivery["oa_openid"].as_str().unwrap_or_default().to_owned();
            twice += u64::from(!contents.insert((openid.clone(), delivery["data"].to_string())));
            to.insert(message(delivery["client_msg_id"].as_str().unwrap_or_default()), openid);
        }
        Self { to, subscribed, twice }
    }

    fn fallen_back(&self, openid: &str, kind: &str) -> u64 {
        self.subscribed.get(&(openid.to_owned(), kind.to_owned())).copied().unwrap_or_default()
    }
}

/// The batch and number that a client_msg_id was made of: `batch-7`, or `batch-7r1` when replayed.
fn message(client_msg_id: &str) -> (String, u32) {
    let (batch, number) = client_msg_id.rsplit_once('-').unwrap_or((client_msg_id, ""));
    let number = number.split('r').next().unwrap_or_default();
    (batch.to_owned(), number.parse().unwrap_or_default())
}
