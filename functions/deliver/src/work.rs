//! One message: try it, see what the answer asks for, record it.

use std::time::{Duration, SystemTime};

use contract::{MessageState, Reason};
use shared::Error;
use shared::job::{Job, Message, Prefer};
use shared::store::Record;
use shared::wechat::errcode::Action;
use shared::wechat::template::{self, TemplateMessage};
use shared::wechat::{Failure, followers};

use crate::decide::{self, Clockwork, Next, Try, decide};
use crate::quota::Gate;
use crate::{Function, InHand, STORE_PAUSE};

/// One invocation of the worker.
pub struct Shift<'a> {
    /// The clients.
    pub function: &'a Function,
    /// Whether there is quota left.
    pub gate: Gate,
    /// One for all, so that the messages of a job that wait equally long stay one job.
    pub clockwork: Clockwork,
    /// After this no call to WeChat is begun.
    pub last_call: SystemTime,
}

/// A message that goes back on the queue.
pub struct PutBack {
    /// After how long it comes again.
    pub delay: Duration,
    /// The message as it is to come.
    pub message: Message,
    /// What is said of it meanwhile; `None` when nothing happened to it.
    pub record: Option<Record>,
}

impl Shift<'_> {
    /// One user's messages, one after the other; gives those to be put back, with the index of their job.
    pub async fn write_to_user(
        &self,
        jobs: &[InHand],
        messages: Vec<(usize, Message)>,
    ) -> Vec<(usize, PutBack)> {
        let mut put_back = Vec::new();
        for (index, message) in messages {
            put_back.extend(self.deliver(&jobs[index].job, message).await.map(|put_back| (index, put_back)));
        }
        put_back
    }

    /// Brings a message as far as it goes today; gives it back when that is not its end.
    async fn deliver(&self, job: &Job, mut message: Message) -> Option<PutBack> {
        if let Some(msgid) = message.progress.sent {
            return self.finish(job, message, |record| record.sent(msgid)).await;
        }
        if self.function.clock.time() >= self.last_call {
            return Some(PutBack { delay: Duration::ZERO, message, record: None });
        }
        if !self.may_try(job, &message) {
            let unknown = |record: Record| record.ended(MessageState::Unknown, Reason::OutcomeUnknown);
            return self.finish(job, message, unknown).await;
        }
        let may_be_tried = self.gate.lets_through().await.unwrap_or_else(|error| {
            tracing::warn!(cause = error.causes(), "nobody knows whether it is time for a probe");
            false
        });
        if !may_be_tried {
            let delay = self.clockwork.pause(decide::PARKED);
            return Some(self.again(job, message, delay, |record| {
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
        self.function.pace.keep().await?;
        message.progress.attempts += 1;
        let client_msg_id = job.client_msg_id(message);
        let page = message.page.as_deref().map(|page| (self.function.mini_appid.as_str(), page));
        let message = TemplateMessage {
            touser: &message.oa_openid,
            template_id: &job.template_id,
            page,
            data: &message.data,
            client_msg_id: &client_msg_id,
        };
        let msgid = self.function.wechat.call(&template::send(message)).await?.msgid;
        if let Err(error) = self.gate.passed().await {
            tracing::warn!(cause = error.causes(), "the quota is whole again, but the table does not know");
        }
        Ok(msgid)
    }

    async fn after_failure(&self, job: &Job, mut message: Message, failure: Failure) -> Option<PutBack> {
        if failure.action() == Action::Ambiguous {
            message.progress.ambiguous_since.get_or_insert_with(|| self.function.clock.now());
        }
        let told = match failure.action() {
            Action::NextDay => self.gate.exhausted().await,
            _ => self.gate.undecided().await,
        };
        if let Err(error) = told {
            tracing::warn!(cause = error.causes(), "the table does not know how it stands with the quota");
        }
        let tried = Try {
            action: failure.action(),
            reason: failure.reason(),
            attempts: message.progress.attempts,
            ambiguous_for: message.progress.ambiguous_since.map(|since| self.ago(since)),
            prefer: job.prefer,
        };
        let next = match decide(tried, self.clockwork) {
            Next::Doubt => self.doubt(&message, tried).await,
            next => next,
        };
        match next {
            Next::Finish(state, reason) => {
                metrics::counter!("Failed", "Reason" => reason.to_string()).increment(1);
                self.finish(job, message, |record| record.caused_by(&failure).ended(state, reason)).await
            }
            Next::Again(delay, state) => {
                let reason = failure.reason();
                Some(
                    self.again(job, message, delay, |record| record.caused_by(&failure).ended(state, reason)),
                )
            }
            Next::Doubt => unreachable!("doubt has been resolved"),
        }
    }

    /// WeChat says the user does not follow, or that the openid is none of this account's. Only
    /// user/info's word for it takes the user off the map: a wrong appid gets 40003 for everybody.
    async fn doubt(&self, message: &Message, tried: Try) -> Next {
        let gone = match self.function.wechat.call(&followers::info(&message.oa_openid)).await {
            Ok(info) if info.follows() => Err(Action::Retry),
            Ok(_) => self.forget(&message.oa_openid).await,
            Err(failure) if failure.action() == Action::DoubtFollower => {
                return Next::Finish(MessageState::Failed, Reason::Misconfigured);
            }
            // Asking is no sending: that WeChat did not answer leaves nothing open.
            Err(failure) if failure.action() == Action::Ambiguous => Err(Action::Retry),
            Err(failure) => Err(failure.action()),
        };
        match gone {
            Ok(()) => Next::Finish(MessageState::Failed, Reason::NotFollowing),
            Err(action) => decide(Try { action, reason: Reason::WechatUnavailable, ..tried }, self.clockwork),
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
    ) -> Option<PutBack> {
        let record = end(Record::of(&message, self.function.clock.now()));
        log(job, &record);
        match self.function.messages.record(&job.batch, &record).await {
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(
                    batch = job.batch,
                    n = message.n,
                    cause = error.causes(),
                    "could not record an outcome"
                );
                Some(PutBack { delay: STORE_PAUSE, message, record: None })
            }
        }
    }

    /// Puts a message back as its next turn.
    fn again(
        &self,
        job: &Job,
        mut message: Message,
        delay: Duration,
        say: impl FnOnce(Record) -> Record,
    ) -> PutBack {
        message.progress.turn += 1;
        let record = say(Record::of(&message, self.function.clock.now()));
        log(job, &record);
        PutBack { delay, message, record: Some(record) }
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
