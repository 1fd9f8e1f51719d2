//! One message: try it, see what the answer asks for, record it.

use std::sync::Once;
use std::time::{Duration, SystemTime};

use contract::{Channel, MessageState, Reason};
use shared::job::{Fallback, Job, LastFailure, Message, NO_MSGID};
use shared::store::{BreakerKeys, Record};
use shared::wechat::Failure;
use shared::wechat::errcode::Action;
use shared::wechat::subscribe::{self, SubscribeMessage};
use shared::wechat::template::{self, Taken, TemplateMessage};

use crate::breaker::{Breakers, Wait};
use crate::decide::{self, Decision, FailedAttempt, Outcome, RetryTiming, decide};
use crate::{Function, ReceivedJob, STORE_PAUSE};

/// One invocation of the worker.
pub struct Invocation<'a> {
    /// The clients.
    pub function: &'a Function,
    /// Whether anything has messages wait.
    pub breakers: Breakers,
    /// One for all, so that the messages of a job that wait equally long stay one job.
    pub timing: RetryTiming,
    /// After this no call to WeChat is begun.
    pub send_deadline: SystemTime,
    /// That WeChat cannot be reached is logged once, not for every message.
    pub is_unreachable: Once,
}

/// A message that is requeued.
pub struct Requeue {
    /// After how long it is redelivered.
    pub delay: Duration,
    /// The message as it is to be redelivered.
    pub message: Message,
    /// What is said of it meanwhile; `None` when nothing new happened to it.
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
            requeue.extend(self.process(&jobs[index], message).await.map(|requeue| (index, requeue)));
        }
        requeue
    }

    /// Whether all of a job's messages wait already for what is still not repaired: they are put back as they are,
    /// and nothing is read or written.
    pub fn all_wait(&self, received: &ReceivedJob) -> bool {
        let job = &received.job;
        received.is_first
            && job.messages.iter().all(|message| {
                let wait = self.breakers.waits(&self.function.breaker_keys(job, message));
                message.progress.parked.is_some()
                    && wait.map(|wait| wait.parked) == message.progress.parked
                    && !self.longest_wait(job, message).is_zero()
            })
    }

    /// Brings a message as far as it goes today; gives it back when that is not its end.
    async fn process(&self, received: &ReceivedJob, message: Message) -> Option<Requeue> {
        let job = &received.job;
        if let Some(msgid) = message.progress.sent {
            return self.finish(job, message, |record| record.sent(msgid)).await;
        }
        if self.function.clock.time() >= self.send_deadline {
            return Some(Requeue { delay: Duration::ZERO, message, record: None });
        }
        if self.longest_wait(job, &message).is_zero() {
            return self.finish_late(job, message).await;
        }
        let keys = self.function.breaker_keys(job, &message);
        if let Some(wait) = self.breakers.waits(&keys) {
            return Some(self.park(received, message, wait));
        }
        let mut message = match self.take_credit(job, message).await {
            Ok(message) => message,
            Err(end) => return end,
        };
        match self.breakers.admit(&keys).await {
            Ok(Ok(())) => {}
            Ok(Err(wait)) => {
                self.give_credit_back(job, &message).await;
                return Some(self.park(received, message, wait));
            }
            Err(error) => {
                tracing::warn!(cause = error.causes(), "could not ask whether a probe is due");
                self.give_credit_back(job, &message).await;
                return Some(Requeue { delay: STORE_PAUSE, message, record: None });
            }
        }
        match self.attempt(job, &mut message, &keys).await {
            Ok(msgid) => {
                message.progress.sent = Some(msgid);
                metrics::counter!("Sent").increment(1);
                self.finish(job, message, |record| record.sent(msgid)).await
            }
            Err(failure) => self.after_failure(received, message, failure).await,
        }
    }

    /// How long this message may wait before it has to be looked at again.
    pub fn longest_wait(&self, job: &Job, message: &Message) -> Duration {
        // A fallback's mark tells whether it may have gone out, not the time.
        let ambiguous_for = self.ambiguous_for(message).filter(|_| message.by_fallback().is_none());
        decide::longest_wait(ambiguous_for, job.prefer, self.keep(job))
    }

    /// How long the job's messages are still of use.
    fn keep(&self, job: &Job) -> Duration {
        Duration::from_secs(u64::try_from(job.ends_at() - self.function.clock.now()).unwrap_or(0))
    }

    fn ambiguous_for(&self, message: &Message) -> Option<Duration> {
        message.progress.ambiguous_since.map(|since| self.ago(since))
    }

    /// It waited too long: for its use, or for WeChat to recognize a second copy.
    async fn finish_late(&self, job: &Job, message: Message) -> Option<Requeue> {
        let (parked, last) = (message.progress.parked, message.progress.last.clone());
        let (state, reason) = match self.late_end(job, &message).await {
            Ok(end) => end,
            Err(delay) => return Some(Requeue { delay, message, record: None }),
        };
        metrics::counter!("Failed", "Reason" => reason.to_string()).increment(1);
        let end = |record: Record| record.after(last).ended(state, reason).having_waited_for(parked);
        self.finish(job, message, end).await
    }

    async fn attempt(&self, job: &Job, message: &mut Message, keys: &BreakerKeys) -> Result<i64, Failure> {
        self.function.limiter.acquire().await?;
        message.progress.attempts += 1;
        let msgid = self.hand_over(job, message).await?.msgid.unwrap_or_else(|| {
            tracing::warn!(
                batch = job.batch,
                n = message.n,
                "WeChat took a message and gave no msgid that can be read: its receipt cannot be joined"
            );
            NO_MSGID
        });
        if let Err(error) = self.breakers.on_success(keys).await {
            tracing::warn!(cause = error.causes(), "it is repaired, but the breaker could not be closed");
        }
        Ok(msgid)
    }

    async fn hand_over(&self, job: &Job, message: &Message) -> Result<Taken, Failure> {
        if let Some(Fallback { openid, template_id, page, data }) = message.by_fallback() {
            let card = SubscribeMessage { touser: openid, template_id, page: page.as_deref(), data };
            return self.function.mini.call(&subscribe::send(card)).await;
        }
        let message = TemplateMessage {
            touser: &message.oa_openid,
            template_id: &job.template_id,
            page: message.page.as_deref().map(|page| (self.function.mini_appid.as_str(), page)),
            data: &message.data,
            client_msg_id: &job.client_msg_id(message),
        };
        self.function.oa.call(&template::send(message)).await
    }

    async fn after_failure(
        &self,
        received: &ReceivedJob,
        mut message: Message,
        failure: Failure,
    ) -> Option<Requeue> {
        let job = &received.job;
        let keys = self.function.breaker_keys(job, &message);
        self.tell_breakers(&keys, &failure).await;
        if matches!(failure, Failure::Unreachable { .. }) {
            let (remedy, cause) = (failure.remedy(), failure.causes());
            self.is_unreachable
                .call_once(|| tracing::error!(remedy, cause, "messages are tried again: {failure}"));
        }
        self.credit_refused(job, &message, &failure).await;
        let attempt = self.failed(job, &mut message, &failure);
        let (decision, failure) = match decide(attempt, self.timing) {
            Outcome::Decided(decision) => (decision, failure),
            Outcome::CheckFollower => self.check_follower(&message, &keys, attempt, failure).await,
        };
        if decision == Decision::Finish(MessageState::Failed, Reason::NotFollowing)
            && let Some(falls_back) = self.fall_back(job, &message)
        {
            return Some(falls_back);
        }
        match decision {
            Decision::Sent => {
                message.progress.sent = Some(NO_MSGID);
                metrics::counter!("Sent").increment(1);
                self.finish(job, message, |record| record.caused_by(&failure).sent(NO_MSGID)).await
            }
            Decision::Finish(state, reason) => {
                metrics::counter!("Failed", "Reason" => reason.to_string()).increment(1);
                self.finish(job, message, |record| record.caused_by(&failure).ended(state, reason)).await
            }
            Decision::Retry(delay) => {
                message.progress.parked = None;
                Some(self.retry_later(job, message, delay, |record| {
                    record.caused_by(&failure).ended(MessageState::Retrying, failure.reason())
                }))
            }
            Decision::Park => {
                let wait = self.breakers.waits(&keys).unwrap_or_else(|| Wait::of(&failure));
                message.progress.parked = Some(wait.parked);
                let delay = self.delay(job, &message, wait);
                Some(self.retry_later(job, message, delay, |record| {
                    record.caused_by(&failure).ended(MessageState::Parked, failure.reason())
                }))
            }
        }
    }

    pub async fn tell_breakers(&self, keys: &BreakerKeys, failure: &Failure) {
        if let Err(error) = self.breakers.on_failure(keys, failure).await {
            tracing::warn!(cause = error.causes(), "could not write how a breaker stands");
        }
    }

    /// Notes that a try failed, and what is known of the message now.
    fn failed(&self, job: &Job, message: &mut Message, failure: &Failure) -> FailedAttempt {
        let progress = &mut message.progress;
        progress.last = LastFailure::of(failure);
        if failure.action() == Action::Ambiguous {
            progress.ambiguous += 1;
            progress.ambiguous_since.get_or_insert_with(|| self.function.clock.now());
        }
        let (ambiguous, refused) = (progress.ambiguous, progress.attempts.saturating_sub(progress.ambiguous));
        let channel = message.channel();
        let (action, reason) = decide::meaning(failure, channel);
        FailedAttempt {
            action,
            reason,
            is_recognized: channel == Channel::Template,
            ambiguous,
            refused,
            ambiguous_for: self.ambiguous_for(message),
            prefer: job.prefer,
            keep: self.keep(job),
        }
    }

    /// Has a message wait for a repair. What waits for it already is put back as it is, unless the queue delivers
    /// it anew: then another worker may have it in hand as well, and only a record tells the two apart.
    fn park(&self, received: &ReceivedJob, mut message: Message, wait: Wait) -> Requeue {
        let delay = self.delay(&received.job, &message, wait);
        if received.is_first && message.progress.parked == Some(wait.parked) {
            return Requeue { delay, message, record: None };
        }
        message.progress.parked = Some(wait.parked);
        message.progress.requeues += 1;
        let record = Record::of(&message, self.function.clock.now()).parked(wait.parked);
        Requeue { delay, message, record: Some(record) }
    }

    /// How long a message is put back for; no longer than its end.
    pub fn delay(&self, job: &Job, message: &Message, wait: Wait) -> Duration {
        self.timing.no_sooner(wait.pause).min(self.longest_wait(job, message))
    }

    /// Records a message's end. When the table does not take it, the message comes back to be recorded.
    pub async fn finish(
        &self,
        job: &Job,
        message: Message,
        end: impl FnOnce(Record) -> Record,
    ) -> Option<Requeue> {
        let mut record = end(Record::of(&message, self.function.clock.now()));
        if !self.function.receipts {
            // The index by msgid costs a write, and nobody will look there.
            record.msgid = None;
        }
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
    pub fn retry_later(
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

    pub fn ago(&self, since: i64) -> Duration {
        Duration::from_secs(u64::try_from(self.function.clock.now() - since).unwrap_or(0))
    }
}

/// What went wrong has a line of its own; what went well is counted in its job's.
fn log(job: &Job, record: &Record) {
    if record.state == MessageState::Sent {
        return tracing::debug!(batch = job.batch, n = record.n, "sent a message");
    }
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
