//! A user who does not follow gets the mini-program's subscribe message, where they accepted one. One accept is good
//! for one, and WeChat knows no second copy of it: whoever cannot say whether it went out does not send it again.
//!
//! The accept is taken under the message's own mark before WeChat is asked, and given back when WeChat refused for
//! certain. Whoever gets a message anew and finds its mark knows that somebody asked WeChat and did not come to say
//! what it answered.

use std::time::Duration;

use contract::{MessageState, Reason};
use shared::job::{Job, Message, Prefer};
use shared::store::{Record, Take};
use shared::wechat::Failure;
use shared::wechat::errcode::{Action, NO_CREDIT};

use crate::STORE_PAUSE;
use crate::invocation::{Invocation, Requeue};

/// Whoever has a message in hand is done with it after this, or dead: longer than an invocation may take.
const IN_HAND: Duration = Duration::from_secs(2 * 60);

impl Invocation<'_> {
    /// Takes an accept of the user's, where the message needs one; `Err` when it is not to be sent now, with what is
    /// left to do.
    pub async fn take_credit(&self, job: &Job, mut message: Message) -> Result<Message, Option<Requeue>> {
        let Some(card) = message.by_fallback() else { return Ok(message) };
        let mark = job.client_msg_id(&message);
        match self.function.credits.take(&card.openid, &card.template_id, &mark).await {
            Ok(Take::Taken) => {
                // Whoever had it before has not come to ask WeChat.
                message.progress.ambiguous_since = None;
                Ok(message)
            }
            Ok(Take::AlreadyTaken { at }) => self.already_taken(job, message, at).await,
            Ok(Take::NoCredit) => {
                Err(self.end(job, message, MessageState::Failed, Reason::NotSubscribed).await)
            }
            Err(error) => {
                tracing::warn!(cause = error.causes(), "could not take a user's accept");
                Err(Some(Requeue { delay: STORE_PAUSE, message, record: None }))
            }
        }
    }

    /// Its own mark is there, since `at`. Another worker may have it in hand at this moment, and will say what became
    /// of it.
    async fn already_taken(
        &self,
        job: &Job,
        mut message: Message,
        at: i64,
    ) -> Result<Message, Option<Requeue>> {
        message.progress.ambiguous_since.get_or_insert(at);
        let (is_over, reason) = (self.ago(at) >= IN_HAND, Reason::OutcomeUnknown);
        match (is_over, job.prefer) {
            (true, Prefer::Arrive) => Ok(message),
            (true, Prefer::Once) => Err(self.end(job, message, MessageState::Unknown, reason).await),
            (false, _) => {
                let say = |record: Record| record.ended(MessageState::Retrying, reason);
                Err(Some(self.retry_later(job, message, IN_HAND, say)))
            }
        }
    }

    async fn end(&self, job: &Job, message: Message, state: MessageState, reason: Reason) -> Option<Requeue> {
        metrics::counter!("Failed", "Reason" => reason.to_string()).increment(1);
        self.finish(job, message, |record| record.ended(state, reason)).await
    }

    /// WeChat refused this try: what was taken for it is the user's again, unless an earlier one may have used it; by
    /// what WeChat says there is none.
    pub async fn credit_refused(&self, job: &Job, message: &Message, failure: &Failure) {
        let Some(card) = message.by_fallback() else { return };
        if failure.action() == Action::Ambiguous || message.progress.ambiguous_since.is_some() {
            return;
        }
        let (mark, credits) = (job.client_msg_id(message), &self.function.credits);
        let told = match failure.errcode() {
            Some(NO_CREDIT) => credits.zero(&card.openid, &card.template_id, &mark).await,
            _ => credits.give_back(&card.openid, &card.template_id, &mark).await,
        };
        if let Err(error) = told {
            // It finds its mark the next time, and then nobody knows any more.
            tracing::warn!(cause = error.causes(), "could not give a user's accept back");
        }
    }

    /// It was not tried after all.
    pub async fn credit_unused(&self, job: &Job, message: &Message) {
        self.credit_refused(job, message, &Failure::NoToken).await;
    }

    /// Has a message go by its fallback, for the user does not follow; `None` where it has none, or has gone by it.
    pub fn fall_back(&self, job: &Job, message: &Message) -> Option<Requeue> {
        let mut message =
            Some(message).filter(|one| one.fallback.is_some() && !one.progress.fell_back)?.clone();
        message.progress.fell_back = true;
        message.progress.parked = None;
        Some(self.retry_later(job, message, Duration::ZERO, |record| {
            record.ended(MessageState::Retrying, Reason::NotFollowing)
        }))
    }
}
