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
        // Whoever left it open said so in the job, and is done with it.
        let is_said = message.progress.ambiguous > 0;
        message.progress.ambiguous_since.get_or_insert(at);
        let (is_over, reason) = (self.ago(at) >= IN_HAND, Reason::OutcomeUnknown);
        match (is_over, job.prefer) {
            (_, Prefer::Arrive) if is_said || is_over => Ok(message),
            (true, _) => Err(self.end(job, message, MessageState::Unknown, reason).await),
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

    /// What becomes of a message that is of no use any more; `Err` when that is still to be seen, after so long. Where an
    /// earlier try, or another worker's, may have reached the user, nobody knows. Nobody asks WeChat for a fallback
    /// without its mark: one that has none was not sent, unless another worker is about to.
    pub async fn late_end(&self, job: &Job, message: &Message) -> Result<(MessageState, Reason), Duration> {
        let progress = &message.progress;
        let (unknown, expired) =
            ((MessageState::Unknown, Reason::OutcomeUnknown), (MessageState::Failed, Reason::Expired));
        let Some(_) = progress.ambiguous_since else { return Ok(expired) };
        let Some(card) = message.by_fallback().filter(|_| progress.ambiguous == 0) else {
            return Ok(unknown);
        };
        match self.function.credits.is_taken(&card.openid, &job.client_msg_id(message)).await {
            Ok(true) => Ok(unknown),
            Ok(false) if self.ago(job.ends_at()) < IN_HAND => Err(IN_HAND),
            Ok(false) => Ok(expired),
            Err(error) => {
                tracing::warn!(
                    cause = error.causes(),
                    "could not look whether a message has taken an accept"
                );
                Err(STORE_PAUSE)
            }
        }
    }

    /// WeChat refused this try: what was taken for it is the user's again, unless an earlier one may have used it; by
    /// what WeChat says there is none.
    pub async fn credit_refused(&self, job: &Job, message: &Message, failure: &Failure) {
        let Some(card) = message.by_fallback() else { return };
        if failure.action() == Action::Ambiguous || message.progress.ambiguous_since.is_some() {
            return;
        }
        if failure.errcode() != Some(NO_CREDIT) {
            return self.give_credit_back(job, message).await;
        }
        let mark = job.client_msg_id(message);
        if let Err(error) = self.function.credits.zero(&card.openid, &card.template_id, &mark).await {
            tracing::warn!(cause = error.causes(), "could not record that a user has accepted no more");
        }
    }

    /// What was taken for this try, which was not sent, is the user's again.
    pub async fn give_credit_back(&self, job: &Job, message: &Message) {
        let Some(card) = message.by_fallback() else { return };
        if message.progress.ambiguous_since.is_some() {
            return;
        }
        let mark = job.client_msg_id(message);
        if let Err(error) = self.function.credits.give_back(&card.openid, &card.template_id, &mark).await {
            // It finds its mark the next time, and then nobody knows any more.
            tracing::warn!(cause = error.causes(), "could not give a user's accept back");
        }
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
