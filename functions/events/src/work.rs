//! The queue's worker: what each event does to the map or to a message.

use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{StreamExt, stream};
use shared::store::{Outcome, Receipt};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::{Error, Reason};

use crate::Events;
use crate::callback::Event;

/// How many events are worked on at a time. A receipt is a query of an index and a conditional update, and
/// DynamoDB takes neither in batches.
const CONCURRENCY: usize = 32;

/// A receipt may overtake the record of its message. It is looked for after these pauses; one that has
/// none by then is of a message that somebody else sent.
const LOOK_AGAIN: [Duration; 6] = [
    Duration::from_secs(2),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(15 * 60),
];

/// The index by openid lags behind its table by less than this.
const INDEX_LAG: Duration = Duration::from_secs(10);

impl Events {
    /// Works off a batch of events; names those that have to come again.
    pub(crate) async fn work(&self, event: SqsEvent) -> SqsBatchResponse {
        let records = event.records.into_iter().map(|record| self.attempt(record));
        let failed: Vec<_> = stream::iter(records).buffer_unordered(CONCURRENCY).boxed().collect().await;
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failed.into_iter().flatten().collect();
        answer
    }

    async fn attempt(&self, record: SqsMessage) -> Option<BatchItemFailure> {
        let outcome = match serde_json::from_str::<Event>(record.body.as_deref().unwrap_or_default()) {
            Ok(event) => self.apply(event).await,
            Err(error) => Err(Error::unavailable(error).into()),
        };
        let failure = outcome.err()?;
        let (errcode, rid) = (failure.errcode(), failure.rid());
        tracing::error!(errcode, rid, remedy = failure.remedy(), "an event has to come again: {failure}");
        let mut again = BatchItemFailure::default();
        again.item_identifier = record.message_id.unwrap_or_default();
        Some(again)
    }

    async fn apply(&self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Follows { openid, at } => self.follows(&openid, at).await,
            Event::Unfollowed { openid, at, again } => self.unfollowed(openid, at, again).await,
            Event::Receipt { msgid, status, tries } => self.receipt(msgid, status, tries).await,
        }
    }

    /// The event names no unionid: WeChat is asked for it, and for whether they still follow.
    async fn follows(&self, openid: &str, at: i64) -> Result<(), Failure> {
        let info = match self.wechat.user_info(openid).await {
            Ok(info) => info,
            Err(failure) if failure.action() == Action::DoubtFollower => {
                tracing::error!(errcode = failure.errcode(), "WeChat does not know its own follower");
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        match info.unionid.as_deref() {
            Some(unionid) if info.follows() => {
                let kept = self.identities.follows(unionid, openid, at).await?;
                tracing::info!(openid, kept, "follows");
            }
            None if info.follows() => tracing::warn!(openid, "follows, and has no unionid"),
            _ => tracing::info!(openid, "followed and is gone again"),
        }
        Ok(())
    }

    /// WeChat's rules: whoever unfollows is forgotten.
    async fn unfollowed(&self, openid: String, at: i64, again: bool) -> Result<(), Failure> {
        let forgotten = self.identities.unfollowed(&openid, at).await?;
        tracing::info!(openid, forgotten, "unfollowed");
        if !forgotten && !again {
            self.queues.event(&Event::Unfollowed { openid, at, again: true }, INDEX_LAG).await?;
        }
        Ok(())
    }

    async fn receipt(&self, msgid: i64, status: String, tries: u32) -> Result<(), Failure> {
        let (state, reason) = outcome(&status);
        match self.messages.receipt(msgid, state, reason, &status).await? {
            Receipt::Joined => {
                metrics::counter!("Receipt", "State" => state.to_string()).increment(1);
                tracing::debug!(msgid, status, "a receipt");
            }
            Receipt::Known => tracing::debug!(msgid, status, "a receipt that was known"),
            Receipt::NoMessage => match LOOK_AGAIN.get(usize::try_from(tries).unwrap_or(usize::MAX)) {
                Some(pause) => {
                    self.queues.event(&Event::Receipt { msgid, status, tries: tries + 1 }, *pause).await?;
                }
                None => tracing::warn!(msgid, status, "a receipt of no message of ours"),
            },
        }
        Ok(())
    }
}

/// `success`, `failed:user block`, `failed: system failed`, `failed:freq limit`, and what may come.
fn outcome(status: &str) -> (Outcome, Option<Reason>) {
    let (word, cause) = status.split_once(':').unwrap_or((status, ""));
    match (word.trim(), cause.trim()) {
        ("success", _) => (Outcome::Delivered, None),
        (_, "user block") => (Outcome::Blocked, Some(Reason::Refused)),
        (_, "freq limit") => (Outcome::Failed, Some(Reason::TooFrequent)),
        _ => (Outcome::Failed, Some(Reason::NotDelivered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_that_was_seen_is_understood_and_an_unknown_one_is_kept() {
        assert_eq!(outcome("success"), (Outcome::Delivered, None));
        assert_eq!(outcome("failed:user block"), (Outcome::Blocked, Some(Reason::Refused)));
        assert_eq!(outcome("failed: system failed"), (Outcome::Failed, Some(Reason::NotDelivered)));
        assert_eq!(outcome("failed:freq limit"), (Outcome::Failed, Some(Reason::TooFrequent)));
        assert_eq!(outcome("failed:new in 2027"), (Outcome::Failed, Some(Reason::NotDelivered)));
    }
}
