//! One message: try it, see what the answer asks for, record it.

use std::time::{Duration, SystemTime};

use contract::{MessageState, Reason};
use shared::Error;
use shared::job::{Job, Message, NO_MSGID, Prefer};
use shared::store::Record;
use shared::wechat::errcode::Action;
use shared::wechat::template::{self, TemplateMessage};
use shared::wechat::{Failure, followers};

use crate::breaker::QuotaBreaker;
use crate::decide::{self, Decision, FailedAttempt, Outcome, RetryTiming, decide};
use crate::{Function, ReceivedJob, STORE_PAUSE};

/// One invocation of the worker.
pub struct Invocation<'a> {
    /// The clients.
    pub function: &'a Function,
    /// Whether there is quota left.
    pub breaker: QuotaBreaker,
    /// One for all, so that the messages of a job that wait equally long stay one job.
    pub timing: RetryTiming,
    /// After this no call to WeChat is begun.
    pub send_deadline: SystemTime,
}

/// A message that is requeued.
pub struct Requeue {
    /// After how long it is redelivered.
    pub delay: Duration,
    /// The message as it is to be redelivered.
    pub message: Message,
    /// What is said of it meanwhile; `None` when nothing happened to it.
    pub record: Option<Record>,
}

impl Invocation<'_> {
    /// One user's messages, one after the other; gives those to be requeued, with the index of their job.
    pub async fn write_to_user(
        &self,
        jobs: &[ReceivedJob],
        messages: Vec<(usize, Message)>,
    ) -> Vec<(usize, Requeue)> {
        let mut requeue = Vec::new();
        for (index, message) in messages {
            requeue.extend(self.process(&jobs[index].job, message).await.map(|requeue| (index, requeue)));
        }
        requeue
    }

    /// Brings a message as far as it goes today; gives it back when that is not its end.
    async fn process(&self, job: &Job, mut message: Message) -> Option<Requeue> {
        if let Some(msgid) = message.progress.sent {
            return self.finish(job, message, |record| record.sent(msgid)).await;
        }
        if self.function.clock.time() >= self.send_deadline {
            return Some(Requeue { delay: Duration::ZERO, message, record: None });
        }
        if !self.may_try(job, &message) {
            let unknown = |record: Record| record.ended(MessageState::Unknown, Reason::OutcomeUnknown);
            return self.finish(job, message, unknown).await;
        }
        let may_be_tried = self.breaker.admits().await.unwrap_or_else(|error| {
            tracing::warn!(cause = error.causes(), "could not ask whether a probe is due");
            false
        });
        if !may_be_tried {
            let delay = self.timing.pause(decide::PARKED);
            return Some(self.retry_later(job, message, delay, |record| {
                record.ended(MessageState::Parked, Reason::QuotaExhausted)
            }));
        }
        match self.attempt(job, &mut message).await {
            Ok(msgid) => {
                message.progress.sent = Some(msgid);
                metrics::counter!("Sent").increment(1);
                self.finish(job, message, |record| record.sent(msgid)).await
            }
            Err(failure) => self.after_failure(job, message, failure).await,
        }
    }

    /// Whether WeChat would still recognize a second copy, or one is preferred to none.
    fn may_try(&self, job: &Job, message: &Message) -> bool {
        let since = message.progress.ambiguous_since;
        job.prefer == Prefer::Arrive || since.is_none_or(|since| decide::is_deduped(self.ago(since)))
    }

    async fn attempt(&self, job: &Job, message: &mut Message) -> Result<i64, Failure> {
        self.function.limiter.acquire().await?;
        message.progress.attempts += 1;
        let (n, client_msg_id) = (message.n, job.client_msg_id(message));
        let page = message.page.as_deref().map(|page| (self.function.mini_appid.as_str(), page));
        let message = TemplateMessage {
            touser: &message.oa_openid,
            template_id: &job.template_id,
            page,
            data: &message.data,
            client_msg_id: &client_msg_id,
        };
        let msgid = self.function.wechat.call(&template::send(message)).await?.msgid.unwrap_or_else(|| {
            tracing::warn!(
                batch = job.batch,
                n,
                "WeChat took a message and gave no msgid that can be read: its receipt cannot be joined"
            );
            NO_MSGID
        });
        if let Err(error) = self.breaker.on_success().await {
            tracing::warn!(
                cause = error.causes(),
                "the quota was reset, but the breaker could not be closed"
            );
        }
        Ok(msgid)
    }

    async fn after_failure(&self, job: &Job, mut message: Message, failure: Failure) -> Option<Requeue> {
        if failure.action() == Action::Ambiguous {
            message.progress.ambiguous_since.get_or_insert_with(|| self.function.clock.now());
        }
        let told = match failure.action() {
            Action::NextDay => self.breaker.on_exhausted().await,
            _ => self.breaker.on_other().await,
        };
        if let Err(error) = told {
            tracing::warn!(cause = error.causes(), "could not record the state of the quota");
        }
        let attempt = FailedAttempt {
            action: failure.action(),
            reason: failure.reason(),
            attempts: message.progress.attempts,
            ambiguous_for: message.progress.ambiguous_since.map(|since| self.ago(since)),
            prefer: job.prefer,
        };
        let decision = match decide(attempt, self.timing) {
            Outcome::Decided(decision) => decision,
            Outcome::CheckFollower => self.check_follower(&message, attempt).await,
        };
        match decision {
            Decision::Finish(state, reason) => {
                metrics::counter!("Failed", "Reason" => reason.to_string()).increment(1);
                self.finish(job, message, |record| record.caused_by(&failure).ended(state, reason)).await
            }
            Decision::Retry(delay, state) => {
                let reason = failure.reason();
                Some(self.retry_later(job, message, delay, |record| {
                    record.caused_by(&failure).ended(state, reason)
                }))
            }
        }
    }

    /// WeChat says the user does not follow, or that the openid is none of this account's. Only
    /// user/info's word for it takes the user off the map: a wrong appid gets 40003 for everybody.
    async fn check_follower(&self, message: &Message, attempt: FailedAttempt) -> Decision {
        let gone = match self.function.wechat.call(&followers::info(&message.oa_openid)).await {
            Ok(info) if info.has_left() => self.forget(&message.oa_openid).await,
            Ok(_) => Err(Action::Retry),
            // Asking is no sending: that WeChat did not answer leaves nothing open.
            Err(failure) if failure.action() == Action::Ambiguous => Err(Action::Retry),
            Err(failure) => Err(failure.action()),
        };
        match gone {
            Ok(()) => Decision::Finish(MessageState::Failed, Reason::NotFollowing),
            Err(action) => {
                let attempt = FailedAttempt { action, reason: Reason::WechatUnavailable, ..attempt };
                match decide(attempt, self.timing) {
                    Outcome::Decided(decision) => decision,
                    Outcome::CheckFollower => Decision::Finish(MessageState::Failed, Reason::Misconfigured),
                }
            }
        }
    }

    async fn forget(&self, oa_openid: &str) -> Result<(), Action> {
        let removed = self
            .function
            .identities
            .remove_followers(vec![oa_openid.to_owned()], self.function.clock.now())
            .await;
        removed.map(drop).map_err(|error: Error| {
            tracing::warn!(cause = error.causes(), "a follower who is none any more is still on the map");
            Action::Retry
        })
    }

    /// Records a message's end. When the table does not take it, the message comes back to be recorded.
    async fn finish(
        &self,
        job: &Job,
        message: Message,
        end: impl FnOnce(Record) -> Record,
    ) -> Option<Requeue> {
        let record = end(Record::of(&message, self.function.clock.now()));
        log(job, &record);
        match self.function.messages.put_record(&job.batch, &record).await {
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(
                    batch = job.batch,
                    n = message.n,
                    cause = error.causes(),
                    "could not record an outcome"
                );
                Some(Requeue { delay: STORE_PAUSE, message, record: None })
            }
        }
    }

    /// Puts a message back as its next turn.
    fn retry_later(
        &self,
        job: &Job,
        mut message: Message,
        delay: Duration,
        say: impl FnOnce(Record) -> Record,
    ) -> Requeue {
        message.progress.requeues += 1;
        let record = say(Record::of(&message, self.function.clock.now()));
        log(job, &record);
        Requeue { delay, message, record: Some(record) }
    }

    fn ago(&self, since: i64) -> Duration {
        Duration::from_secs(u64::try_from(self.function.clock.now() - since).unwrap_or(0))
    }
}

fn log(job: &Job, record: &Record) {
    tracing::info!(
        batch = job.batch,
        n = record.n,
        state = %record.state,
        reason = record.reason.map(tracing::field::display),
        errcode = record.errcode,
        rid = record.rid,
        attempts = record.attempts,
        "tried a message"
    );
}
