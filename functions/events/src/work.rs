//! The queue's worker: what each event does, and to the map of followers here.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use futures::{StreamExt, stream};
use shared::event::Event;
use shared::store::Receipt;
use shared::wechat::errcode::Action;
use shared::wechat::{Failure, followers};

use crate::Function;
use crate::credit::Answer;
use crate::receipt::{self, Said};

/// How many events are worked on at a time. A receipt is a query of an index and a conditional update, and
/// DynamoDB takes neither in batches.
const CONCURRENCY: usize = 32;

/// A new follower of whom WeChat gives no unionid yet, or says that they do not follow, is asked for again after
/// these.
const ASK_AGAIN: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(10 * 60)];

/// The index by openid lags behind its table by less than this.
const INDEX_LAG: Duration = Duration::from_secs(10);

impl Function {
    /// Works off a batch of events; gives the ids of those that are to be delivered again.
    pub(crate) async fn handle_batch(&self, messages: Vec<SqsMessage>) -> Vec<String> {
        let messages: Vec<_> = messages.into_iter().map(|message| (parsed(&message), message)).collect();
        self.heard.note(messages.iter().filter_map(|(event, _)| event.as_ref().ok())).await;
        let failed = messages.into_iter().map(|(event, message)| self.handle_record(event, message));
        let failed: Vec<_> = stream::iter(failed).buffer_unordered(CONCURRENCY).boxed().collect().await;
        failed.into_iter().flatten().collect()
    }

    async fn handle_record(&self, event: serde_json::Result<Event>, message: SqsMessage) -> Option<String> {
        let outcome = match event {
            Ok(event) => self.apply(event).await,
            Err(error) => {
                let id = message.message_id.unwrap_or_default();
                tracing::error!(id, %error, "could not parse an event");
                return Some(id);
            }
        };
        let failure = outcome.err()?;
        let (errcode, rid) = (failure.errcode(), failure.rid());
        let (remedy, cause) = (failure.remedy(), failure.causes());
        tracing::error!(errcode, rid, remedy, cause, "an event will be redelivered: {failure}");
        Some(message.message_id.unwrap_or_default())
    }

    async fn apply(&self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Followed { openid, at, tries } => self.follows(openid, at, tries).await,
            Event::Unfollowed { openid, at, rechecked } => self.unfollowed(openid, at, rechecked).await,
            Event::Receipt { msgid, status, errcode, openid, template_id, tries } => {
                let whose = openid.as_deref().zip(template_id.as_deref());
                let said = Said { msgid, status: &status, errcode };
                if self.join(said, whose).await? != Receipt::NoMessage {
                    return Ok(());
                }
                let Some(pause) = receipt::pause(tries) else {
                    tracing::warn!(msgid, status, "a receipt of no message of ours");
                    return Ok(());
                };
                let tries = tries + 1;
                let again = Event::Receipt { msgid, status, errcode, openid, template_id, tries };
                Ok(self.queue.enqueue(&again, pause).await?)
            }
            Event::SubscriptionChanged { openid, template_id, accepted, at, popup } => {
                self.credit(&openid, &template_id, Answer { accepted, popup, at }).await
            }
        }
    }

    /// The event names no unionid: WeChat is asked for it, and for whether they still follow. Its answer may lag
    /// behind its own event.
    async fn follows(&self, openid: String, at: i64, tries: u32) -> Result<(), Failure> {
        let info = match self.wechat.call(&followers::info(&openid)).await {
            Ok(info) => Some(info),
            Err(failure) if failure.action() == Action::DoubtFollower => {
                tracing::warn!(errcode = failure.errcode(), "WeChat does not know its own follower");
                None
            }
            Err(failure) => return Err(failure),
        };
        let unionid = info.as_ref().filter(|info| info.follows()).and_then(|info| info.unionid.as_deref());
        if let Some(unionid) = unionid {
            let kept = self.identities.record_follow(unionid, &openid, at).await?;
            tracing::info!(kept, "a user follows");
            return Ok(());
        }
        let pause = ASK_AGAIN.get(usize::try_from(tries).unwrap_or(usize::MAX));
        match pause {
            Some(pause) if !self.identities.has_unfollowed_since(&openid, at).await? => {
                let again = Event::Followed { openid, at, tries: tries + 1 };
                Ok(self.queue.enqueue(&again, *pause).await?)
            }
            _ => {
                let follows = info.is_some_and(|info| info.follows());
                tracing::warn!(follows, "a user followed, and has no unionid or is gone again");
                Ok(())
            }
        }
    }

    /// WeChat's rules: whoever unfollows is forgotten.
    async fn unfollowed(&self, openid: String, at: i64, rechecked: bool) -> Result<(), Failure> {
        let forgotten = self.identities.record_unfollow(&openid, at).await?;
        tracing::info!(forgotten, "a user unfollowed");
        if !forgotten && !rechecked {
            self.queue.enqueue(&Event::Unfollowed { openid, at, rechecked: true }, INDEX_LAG).await?;
        }
        Ok(())
    }
}

fn parsed(message: &SqsMessage) -> serde_json::Result<Event> {
    serde_json::from_str(message.body.as_deref().unwrap_or_default())
}
