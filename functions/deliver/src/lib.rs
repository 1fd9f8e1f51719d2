//! The delivery queue's worker: takes jobs, sends their messages, puts back what is not finished.

mod breaker;
mod decide;
mod fallback;
mod follower;
mod invocation;
mod rate_limiter;

use std::collections::{HashMap, HashSet};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::SqsMessage;
use futures::future::join_all;
use futures::{StreamExt, stream};
use shared::job::{Job, Message, Progress};
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, DeliverQueue};
use shared::store::{self, BreakerKeys, Credits, Identities, Messages, State};
use shared::wechat::client::TIMEOUT;
use shared::{Account, Authorized, Clock, Config, Error};

use breaker::Breakers;
use decide::RetryTiming;
use invocation::{Invocation, Requeue};
use rate_limiter::RateLimiter;

/// How many users one worker writes to at a time. With five jobs of twenty in hand and WeChat taking
/// its full eight seconds, the worker is still done within its minute. Times the workers that the template
/// allows, it is how many calls are in flight at most: so many are refused before a breaker is open for all.
pub const CONCURRENCY: usize = 20;

/// A job that comes for the first time, of messages that were accepted no longer ago than this, in seconds, is
/// worked off without a look at what is finished: WeChat knows the client_msg_ids of the last ten minutes.
const FRESH: i64 = 5 * 60;

/// A job that SQS got this much later than it was enqueued, in seconds, was moved out of the dead letters since.
const REDRIVEN: i64 = 60;

/// What a worker needs after its last call to WeChat to record and put back.
const SHUTDOWN_MARGIN: Duration = Duration::from_secs(10);

/// After this, what the tables could not be asked about or told is taken up again.
const STORE_PAUSE: Duration = Duration::from_secs(30);

/// The function's clients.
pub struct Function {
    oa: Authorized,
    mini: Authorized,
    mini_appid: String,
    oa_appid: String,
    identities: Identities,
    messages: Messages,
    credits: Credits,
    state: State,
    queue: DeliverQueue,
    limiter: RateLimiter,
    clock: Clock,
    /// Whether receipts will ask for their messages by msgid.
    receipts: bool,
}

/// A job in hand.
struct ReceivedJob {
    /// The queue's id of it.
    id: String,
    job: Job,
    /// Whether nobody has had it in hand since it was enqueued.
    is_first: bool,
    /// Whether nobody can have finished any of its messages.
    is_fresh: bool,
}

impl lambda::Function for Function {
    const NAME: &str = "deliver";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let (tables, queues) = (store::client(config)?, queue::client(config)?);
        let state = State::new(config, tables.clone())?;
        let oa = Authorized::new(Account::Oa, config, tables.clone(), queues.clone()).await?;
        Ok(Self {
            mini: oa.of(Account::Mini, config)?,
            oa,
            mini_appid: config.appid(Account::Mini)?,
            oa_appid: config.appid(Account::Oa)?,
            identities: Identities::new(config, tables.clone())?,
            messages: Messages::new(config, tables.clone())?,
            credits: Credits::new(config, tables)?,
            limiter: RateLimiter::new(state.clone(), config.sends_per_second()?, config.clock()?),
            state,
            queue: DeliverQueue::new(config, queues)?,
            clock: config.clock()?,
            receipts: config.receipts()?,
        })
    }

    /// Works off a batch of jobs; names those the queue has to deliver again.
    async fn handle(&self, event: Event, deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let (jobs, mut failed) = parse(event.into_messages()?, self.clock.now());
        let now = self.clock.time();
        let send_deadline = now + self.clock.until(deadline).saturating_sub(TIMEOUT + SHUTDOWN_MARGIN);
        failed.extend(self.work(jobs, send_deadline).await);
        Ok(Answer::Queue(failed))
    }
}

impl Function {
    /// Gives the ids of the jobs that the queue has to deliver again.
    async fn work(&self, jobs: Vec<ReceivedJob>, send_deadline: SystemTime) -> Vec<String> {
        let mut keys = HashSet::new();
        for ReceivedJob { job, .. } in &jobs {
            keys.extend(job.messages.iter().map(|message| self.breaker_keys(job, message)));
        }
        let breakers = match Breakers::look(&self.state, &self.clock, &keys).await {
            Ok(breakers) => breakers,
            Err(error) => return self.requeue_unchanged(jobs, &error).await,
        };
        let (timing, is_unreachable) = (self.timing(), Once::new());
        let invocation = Invocation { function: self, breakers, timing, send_deadline, is_unreachable };
        let (waiting, jobs): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|received| invocation.all_wait(received));

        let (mut open, mut failed) = (Vec::new(), Vec::new());
        for (job, dropped) in join_all(jobs.into_iter().map(|job| self.drop_finished(job))).await {
            match dropped {
                Ok(()) => open.push(job),
                Err(error) => failed.extend(self.requeue_unchanged(vec![job], &error).await),
            }
        }
        open.extend(waiting);
        let taken: Vec<_> = open.iter().map(|received| received.job.messages.len()).collect();
        let users = by_user(&mut open);
        let tried = users.into_iter().map(|messages| invocation.write_to_user(&open, messages));
        let requeue: Vec<_> = stream::iter(tried).buffer_unordered(CONCURRENCY).boxed().concat().await;

        let mut by_job: HashMap<usize, Vec<Requeue>> = HashMap::new();
        for (job, requeue) in requeue {
            by_job.entry(job).or_default().push(requeue);
        }
        for (index, (received, taken)) in open.iter().zip(taken).enumerate() {
            let finished = taken - by_job.get(&index).map_or(0, Vec::len);
            if finished > 0 {
                tracing::info!(batch = received.job.batch, messages = finished, "finished messages of a job");
            }
        }
        let requeued = by_job.into_iter().map(|(job, requeue)| {
            let received = &open[job];
            async move {
                let requeued = self.requeue(&received.job, requeue).await;
                requeued.err().map(|error| failed_id(received, &error))
            }
        });
        failed.extend(join_all(requeued).await.into_iter().flatten());
        failed
    }

    /// The breakers that a message stands behind: those of the account that writes, its template and page.
    fn breaker_keys(&self, job: &Job, message: &Message) -> BreakerKeys {
        match message.by_fallback() {
            Some(card) => BreakerKeys::new(&self.mini_appid, &card.template_id, card.page.as_deref()),
            None => BreakerKeys::new(&self.oa_appid, &job.template_id, message.page.as_deref()),
        }
    }

    /// Leaves in the job what is still to be worked on.
    async fn drop_finished(&self, mut received: ReceivedJob) -> (ReceivedJob, Result<(), Error>) {
        if received.is_fresh {
            return (received, Ok(()));
        }
        let job = &mut received.job;
        let numbers: Vec<_> = job.messages.iter().map(|message| message.n).collect();
        let records = self.messages.records(&job.batch, &numbers).await.map(|records| {
            let outdone = |message: &Message| {
                records.get(&message.n).is_some_and(|record| record.supersedes(&message.progress))
            };
            job.messages.retain(|message| !outdone(message));
        });
        (received, records)
    }

    /// Puts jobs back as they are, for the tables do not answer: left to the queue, they would count as
    /// tried, and after some hours of that as poison.
    async fn requeue_unchanged(&self, jobs: Vec<ReceivedJob>, error: &Error) -> Vec<String> {
        let mut failed = Vec::new();
        for received in jobs {
            tracing::warn!(
                batch = received.job.batch,
                cause = error.causes(),
                "requeued a job unchanged: {error}"
            );
            if let Err(error) = self.enqueue(received.job.clone(), STORE_PAUSE).await {
                failed.push(failed_id(&received, &error));
            }
        }
        failed
    }

    /// Queues what is not finished, then says so in the records. In this order: a record that supersedes a
    /// message must not be there before the message is on the queue again.
    async fn requeue(&self, job: &Job, requeue: Vec<Requeue>) -> Result<(), Error> {
        let mut by_delay: HashMap<Duration, Vec<Message>> = HashMap::new();
        let mut records = Vec::new();
        for Requeue { delay, message, record } in requeue {
            by_delay.entry(delay).or_default().push(message);
            records.extend(record);
        }
        for (delay, messages) in by_delay {
            metrics::counter!("Retried").increment(messages.len() as u64);
            let (count, delay_s) = (messages.len(), delay.as_secs());
            self.enqueue(Job { messages, ..job.clone() }, delay).await?;
            tracing::info!(batch = job.batch, messages = count, delay_s, "requeued messages of a job");
        }
        let write = records.iter().map(|record| async move {
            // The queue has the message; that its record lags behind loses nothing.
            if let Err(error) = self.messages.put_record(&job.batch, record).await {
                tracing::warn!(
                    batch = job.batch,
                    n = record.n,
                    cause = error.causes(),
                    "could not write a record"
                );
            }
        });
        stream::iter(write).buffer_unordered(CONCURRENCY).boxed().for_each(async |()| {}).await;
        Ok(())
    }

    async fn enqueue(&self, job: Job, delay: Duration) -> Result<(), Error> {
        self.queue.enqueue(&[Job { enqueued_at: Some(self.clock.now()), ..job }], delay).await
    }

    fn timing(&self) -> RetryTiming {
        RetryTiming { jitter: rand::random() }
    }
}

fn failed_id(received: &ReceivedJob, error: &Error) -> String {
    tracing::error!(batch = received.job.batch, cause = error.causes(), "a job will be redelivered: {error}");
    received.id.clone()
}

/// The jobs of an event, and the ids of those that cannot be parsed: they end in the dead-letter queue.
fn parse(messages: Vec<SqsMessage>, now: i64) -> (Vec<ReceivedJob>, Vec<String>) {
    let (mut jobs, mut unreadable) = (Vec::new(), Vec::new());
    for record in messages {
        let id = record.message_id.clone().unwrap_or_default();
        match serde_json::from_str::<Job>(record.body.as_deref().unwrap_or_default()) {
            Ok(job) => jobs.push(received(id, job, &record, now)),
            Err(error) => {
                tracing::error!(id, %error, "could not parse a job");
                unreadable.push(id);
            }
        }
    }
    (jobs, unreadable)
}

fn received(id: String, mut job: Job, record: &SqsMessage, now: i64) -> ReceivedJob {
    let enqueued_at = job.enqueued_at.unwrap_or(now);
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds")]
    metrics::histogram!("QueueAge").record((now - enqueued_at) as f64);
    let attribute = |name: &str| record.attributes.get(name).and_then(|value| value.parse::<i64>().ok());
    let seconds = |name: &str| attribute(name).map(|millis| millis / 1000);
    // An operator moved it out of the dead letters: SQS sent it later than we did.
    let is_redriven = seconds("SentTimestamp").is_some_and(|sent_at| sent_at - enqueued_at > REDRIVEN);
    let is_first = attribute("ApproximateReceiveCount") == Some(1) && !is_redriven;
    let is_new = job.messages.iter().all(|message| message.progress == Progress::default());
    // WeChat knows no second copy of a fallback: only a record tells that it is finished.
    let is_recognized = job.messages.iter().all(|message| message.by_fallback().is_none());
    // Not by when it was enqueued: a call that is finished by its key enqueues what may be long done.
    let is_fresh = is_first && is_new && is_recognized && now - job.accepted_at <= FRESH;
    if !is_first {
        // Another worker had it in hand since then, and may have sent any of it.
        let received_at = seconds("ApproximateFirstReceiveTimestamp").unwrap_or(0);
        let since = if is_redriven { enqueued_at } else { received_at };
        for message in &mut job.messages {
            message.progress.ambiguous_since.get_or_insert(since);
        }
    }
    ReceivedJob { id, job, is_first, is_fresh }
}

/// Every user's messages, with the index of their job: WeChat refuses two calls for one user at once.
fn by_user(jobs: &mut [ReceivedJob]) -> Vec<Vec<(usize, Message)>> {
    let mut users: HashMap<String, Vec<(usize, Message)>> = HashMap::new();
    for (index, received) in jobs.iter_mut().enumerate() {
        for message in received.job.messages.drain(..) {
            users.entry(message.touser().to_owned()).or_default().push((index, message));
        }
    }
    users.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Since when the message of a job may have arrived; the job was put on the queue at 1,000 s.
    fn ambiguous_since(now: i64, sent_at: i64, first_received_at: i64, receives: u32) -> Option<i64> {
        let received = received_job(900, now, [sent_at, first_received_at], receives);
        received.job.messages[0].progress.ambiguous_since
    }

    fn received_job(
        accepted_at: i64,
        now: i64,
        [sent_at, first_received_at]: [i64; 2],
        receives: u32,
    ) -> ReceivedJob {
        let message = json!({ "n": 1, "oa_openid": "o1", "data": {} });
        let job: Value = json!({
            "batch": "b", "template_id": "t", "accepted_at": accepted_at, "enqueued_at": 1000, "messages": [message],
        });
        let record = serde_json::from_value(json!({
            "messageId": "m",
            "body": job.to_string(),
            "attributes": {
                "SentTimestamp": (sent_at * 1000).to_string(),
                "ApproximateFirstReceiveTimestamp": (first_received_at * 1000).to_string(),
                "ApproximateReceiveCount": receives.to_string(),
            },
        }));
        let (mut jobs, unreadable) = parse(vec![record.expect("a message")], now);
        assert!(unreadable.is_empty());
        jobs.remove(0)
    }

    #[test]
    fn a_job_that_nobody_had_in_hand_since_it_was_enqueued_has_not_arrived_however_late_it_comes() {
        assert_eq!(ambiguous_since(1001, 1000, 1001, 1), None);
        assert_eq!(ambiguous_since(1900, 1000, 1900, 1), None, "held back for a quarter of an hour");
        assert_eq!(ambiguous_since(90_000, 1000, 90_000, 1), None, "a backlog of a day");
    }

    #[test]
    fn a_fallback_may_be_finished_however_new_its_job_is() {
        let fallback = json!({ "openid": "m1", "template_id": "t", "data": {} });
        let message =
            |oa_openid: &str| json!({ "n": 1, "oa_openid": oa_openid, "data": {}, "fallback": fallback });
        let is_fresh = |oa_openid: &str| {
            let job = json!({
                "batch": "b", "template_id": "t", "accepted_at": 1000, "enqueued_at": 1000, "messages": [message(oa_openid)],
            });
            let attributes = json!({ "ApproximateReceiveCount": "1" });
            let record = json!({ "messageId": "m", "body": job.to_string(), "attributes": attributes });
            let (jobs, _) = parse(vec![serde_json::from_value(record).expect("a message")], 1001);
            jobs[0].is_fresh
        };
        assert_eq!([is_fresh("o1"), is_fresh("")], [true, false]);
    }

    #[test]
    fn what_was_accepted_long_ago_may_be_finished_however_new_its_job_is() {
        for (accepted_at, is_fresh) in [(900, true), (701, true), (700, false), (0, false)] {
            assert_eq!(received_job(accepted_at, 1001, [1000, 1001], 1).is_fresh, is_fresh, "{accepted_at}");
        }
    }

    #[test]
    fn a_job_that_comes_again_may_have_arrived_since_somebody_first_had_it() {
        assert_eq!(ambiguous_since(1400, 1000, 1005, 2), Some(1005));
    }

    #[test]
    fn a_job_that_an_operator_moved_back_may_have_arrived_since_it_was_enqueued() {
        assert_eq!(ambiguous_since(5001, 5000, 5001, 1), Some(1000));
        assert_eq!(ambiguous_since(5400, 5000, 5001, 2), Some(1000));
    }
}
