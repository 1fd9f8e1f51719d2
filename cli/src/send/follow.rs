//! What becomes of batches that were accepted.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::{Accepted, BatchStatus, MessageState, MessageStatus};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::api::{Api, ApiError};
use crate::lang::say;
use crate::{note, status};

/// So many of those that did not arrive are told one by one.
pub const MOST_TOLD: usize = 20;

/// How often it is looked; a look counts all messages of a batch.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where nobody watches a bar, it is told this often, in looks.
const TOLD_EVERY: u32 = 10;

/// What became of them, as far as that was waited for.
#[derive(Default, Serialize)]
pub struct Followed {
    /// How many messages are in each state.
    pub counts: BTreeMap<MessageState, u64>,
    /// The first of those that did not arrive, or not yet.
    pub undelivered: Vec<Undelivered>,
    /// The batches of which some are still on their way.
    #[serde(skip)]
    pub open: Vec<String>,
}

/// A message that did not arrive, or not yet.
#[derive(Serialize)]
pub struct Undelivered {
    /// Of which batch.
    pub batch: String,
    /// What is known of it.
    #[serde(flatten)]
    pub message: MessageStatus,
}

impl Followed {
    /// Whether everybody got it, as far as WeChat says.
    pub fn is_delivered(&self) -> bool {
        self.counts.keys().all(|state| has_arrived(*state))
    }

    /// How many are still on their way. What is parked waits for a person, and may wait for a day.
    pub fn waiting(&self) -> u64 {
        self.count(is_on_its_way)
    }

    /// How many did not arrive, or not yet, and may have a reason.
    pub fn undelivered(&self) -> u64 {
        self.count(has_reason)
    }

    fn count(&self, is_meant: impl Fn(MessageState) -> bool) -> u64 {
        self.counts.iter().filter(|(state, _)| is_meant(**state)).map(|(_, count)| count).sum()
    }

    fn add(&mut self, page: &BatchStatus) {
        for (state, count) in page.counts.iter().flatten() {
            *self.counts.entry(*state).or_default() += count;
        }
    }
}

fn is_on_its_way(state: MessageState) -> bool {
    matches!(state, MessageState::Queued | MessageState::Retrying)
}

fn has_arrived(state: MessageState) -> bool {
    matches!(state, MessageState::Sent | MessageState::Delivered)
}

fn has_reason(state: MessageState) -> bool {
    !has_arrived(state) && state != MessageState::Queued
}

/// Looks until no message waits for anything, or until it was looked for so long.
pub async fn follow(
    api: &Api,
    batches: &[Accepted],
    patience: Duration,
    bar: &ProgressBar,
) -> Result<Followed, ApiError> {
    let until = Instant::now() + patience;
    let mut looks = 0;
    loop {
        let next = Instant::now() + LOOK_EVERY;
        let (mut followed, firsts) = match look(api, batches).await {
            Ok(seen) => seen,
            // They are on their way all the same.
            Err(error) if error.is_transient() && next <= until => {
                sleep_until(next).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        looks += 1;
        let (waiting, all) = (followed.waiting(), followed.count(|_| true));
        bar.set_position(all - waiting);
        if bar.is_hidden() && looks % TOLD_EVERY == 0 {
            note(&say!("{waiting} of {all} are on their way", "{all} 条里还有 {waiting} 条没有结果"));
        }
        if waiting == 0 || next > until {
            followed.undelivered = undelivered(api, firsts).await?;
            return Ok(followed);
        }
        sleep_until(next).await;
    }
}

/// How all of them stand, and the first page of each.
async fn look(api: &Api, batches: &[Accepted]) -> Result<(Followed, Vec<BatchStatus>), ApiError> {
    let (mut followed, mut firsts) = (Followed::default(), Vec::new());
    for batch in batches.iter().filter(|batch| batch.accepted > 0) {
        let first = status::page(api, &batch.id, None).await?;
        followed.add(&first);
        if first.counts.iter().flatten().any(|(state, count)| is_on_its_way(*state) && *count > 0) {
            followed.open.push(batch.id.clone());
        }
        firsts.push(first);
    }
    Ok((followed, firsts))
}

/// The first of those that have a reason, from these pages on.
async fn undelivered(api: &Api, firsts: Vec<BatchStatus>) -> Result<Vec<Undelivered>, ApiError> {
    let mut found = Vec::new();
    for mut page in firsts {
        let mut left: u64 = page
            .counts
            .iter()
            .flatten()
            .filter(|(state, _)| has_reason(**state))
            .map(|(_, count)| count)
            .sum();
        while left > 0 && found.len() < MOST_TOLD {
            let batch = page.id.clone();
            for message in page.messages.drain(..).filter(|message| has_reason(message.state)) {
                left = left.saturating_sub(1);
                found.push(Undelivered { batch: batch.clone(), message });
            }
            let Some(after) = page.next else { break };
            page = status::page(api, &batch, Some(after)).await?;
        }
    }
    found.truncate(MOST_TOLD);
    Ok(found)
}
