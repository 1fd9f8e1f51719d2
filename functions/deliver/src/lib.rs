//! The delivery queue's worker: takes jobs, sends their messages, puts back what is not finished.

mod decide;
mod pace;
mod quota;
mod work;

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::SqsMessage;
use futures::future::join_all;
use futures::{StreamExt, stream};
use shared::job::{Job, Message, Progress};
use shared::lambda::{self, Answer, Event};
use shared::queue::{self, DeliverQueue};
use shared::store::{self, Identities, Messages, State};
use shared::wechat::client::TIMEOUT;
use shared::{Account, Authorized, Clock, Config, Error};

use decide::Clockwork;
use pace::Pace;
use quota::Gate;
use work::{PutBack, Shift};

/// How many users one worker writes to at a time. With five jobs of twenty in hand and WeChat taking
/// its full eight seconds, the worker is still done within its minute.
const CONCURRENCY: usize = 20;

/// A job that comes for the first time and is no older than this, in seconds, is worked off without a
/// look at what is finished: WeChat knows the client_msg_ids of the last ten minutes.
const FRESH: i64 = 5 * 60;

/// What a worker needs after its last call to WeChat to record and put back.
const CLOSING_TIME: Duration = Duration::from_secs(10);

/// After this, what the tables could not be asked about or told is taken up again.
const STORE_PAUSE: Duration = Duration::from_secs(30);

/// The function's clients.
pub struct Function {
    wechat: Authorized,
    mini_appid: String,
    oa_appid: String,
    identities: Identities,
    messages: Messages,
    state: State,
    queue: DeliverQueue,
    pace: Pace,
    clock: Clock,
}

/// A job in hand.
struct InHand {
    /// The queue's id of it.
    id: String,
    job: Job,
    /// Whether nobody can have finished any of its messages.
    is_fresh: bool,
}

impl lambda::Function for Function {
    const NAME: &str = "deliver";

    async fn init(config: &Config) -> Result<Self, lambda::Error> {
        let (tables, queues) = (store::client(config)?, queue::client(config)?);
        let state = State::new(config, tables.clone())?;
        Ok(Self {
            wechat: Authorized::new(Account::Oa, config, tables.clone(), queues.clone())?,
            mini_appid: config.appid(Account::Mini)?,
            oa_appid: config.appid(Account::Oa)?,
            identities: Identities::new(config, tables.clone())?,
            messages: Messages::new(config, tables)?,
            pace: Pace::new(state.clone(), config.sends_per_second()?, config.clock()?),
            state,
            queue: DeliverQueue::new(config, queues)?,
            clock: config.clock()?,
        })
    }

    /// Works off a batch of jobs; names those the queue has to deliver again.
    async fn handle(&self, event: Event, deadline: SystemTime) -> Result<Answer, lambda::Error> {
        let (jobs, mut failed) = read(event.into_messages()?, self.clock.now());
        let now = self.clock.time();
        let last_call = now + self.clock.until(deadline).saturating_sub(TIMEOUT + CLOSING_TIME);
        failed.extend(self.work(jobs, last_call).await);
        Ok(Answer::Queue(failed))
    }
}

impl Function {
    /// Gives the ids of the jobs that the queue has to deliver again.
    async fn work(&self, jobs: Vec<InHand>, last_call: SystemTime) -> Vec<String> {
        let gate = match Gate::look(&self.state, &self.oa_appid, &self.clock).await {
            Ok(gate) => gate,
            Err(error) => return self.postpone(jobs, &error).await,
        };
        let shift = Shift { function: self, gate, clockwork: self.clockwork(), last_call };

        let (mut open, mut failed) = (Vec::new(), Vec::new());
        for (job, pruned) in join_all(jobs.into_iter().map(|job| self.prune(job))).await {
            match pruned {
                Ok(()) => open.push(job),
                Err(error) => failed.extend(self.postpone(vec![job], &error).await),
            }
        }
        let users = by_user(&mut open);
        let tried = users.into_iter().map(|messages| shift.write_to_user(&open, messages));
        let put_back: Vec<_> = stream::iter(tried).buffer_unordered(CONCURRENCY).boxed().concat().await;

        let mut by_job: HashMap<usize, Vec<PutBack>> = HashMap::new();
        for (job, put_back) in put_back {
            by_job.entry(job).or_default().push(put_back);
        }
        for (job, put_back) in by_job {
            if let Err(error) = self.put_back(&open[job].job, put_back).await {
                failed.push(report(&open[job], &error));
            }
        }
        failed
    }

    /// Leaves in the job what is still to be worked on.
    async fn prune(&self, mut in_hand: InHand) -> (InHand, Result<(), Error>) {
        if in_hand.is_fresh {
            return (in_hand, Ok(()));
        }
        let job = &mut in_hand.job;
        let numbers: Vec<_> = job.messages.iter().map(|message| message.n).collect();
        let records = self.messages.records(&job.batch, &numbers).await.map(|records| {
            let outdone = |message: &Message| {
                records.get(&message.n).is_some_and(|record| record.outdoes(&message.progress))
            };
            job.messages.retain(|message| !outdone(message));
        });
        (in_hand, records)
    }

    /// Puts jobs back as they are, for the tables do not answer: left to the queue, they would count as
    /// tried, and after some hours of that as poison.
    async fn postpone(&self, jobs: Vec<InHand>, error: &Error) -> Vec<String> {
        let mut failed = Vec::new();
        for in_hand in jobs {
            tracing::warn!(
                batch = in_hand.job.batch,
                cause = error.causes(),
                "requeued a job unchanged: {error}"
            );
            if let Err(error) = self.queue.enqueue(std::slice::from_ref(&in_hand.job), STORE_PAUSE).await {
                failed.push(report(&in_hand, &error));
            }
        }
        failed
    }

    /// Queues what is not finished, then says so in the records. In this order: a record that outdoes a
    /// message must not be there before the message is on the queue again.
    async fn put_back(&self, job: &Job, put_back: Vec<PutBack>) -> Result<(), Error> {
        let mut by_delay: HashMap<Duration, Vec<Message>> = HashMap::new();
        let mut records = Vec::new();
        for PutBack { delay, message, record } in put_back {
            by_delay.entry(delay).or_default().push(message);
            records.extend(record);
        }
        for (delay, messages) in by_delay {
            metrics::counter!("Retried").increment(messages.len() as u64);
            self.queue
                .enqueue(&[Job { messages, queued_at: self.clock.now(), ..job.clone() }], delay)
                .await?;
        }
        for record in records {
            // The queue has the message; that its record lags behind loses nothing.
            if let Err(error) = self.messages.record(&job.batch, &record).await {
                tracing::warn!(
                    batch = job.batch,
                    n = record.n,
                    cause = error.causes(),
                    "could not write a record"
                );
            }
        }
        Ok(())
    }

    fn clockwork(&self) -> Clockwork {
        Clockwork { jitter: rand::random() }
    }
}

fn report(in_hand: &InHand, error: &Error) -> String {
    tracing::error!(batch = in_hand.job.batch, cause = error.causes(), "a job will be redelivered: {error}");
    in_hand.id.clone()
}

/// The jobs of an event, and the ids of those that do not read: they end in the dead-letter queue.
fn read(messages: Vec<SqsMessage>, now: i64) -> (Vec<InHand>, Vec<String>) {
    let (mut jobs, mut unreadable) = (Vec::new(), Vec::new());
    for record in messages {
        let id = record.message_id.clone().unwrap_or_default();
        match serde_json::from_str::<Job>(record.body.as_deref().unwrap_or_default()) {
            Ok(job) => jobs.push(in_hand(id, job, &record, now)),
            Err(error) => {
                tracing::error!(id, %error, "could not parse a job");
                unreadable.push(id);
            }
        }
    }
    (jobs, unreadable)
}

fn in_hand(id: String, mut job: Job, record: &SqsMessage, now: i64) -> InHand {
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds")]
    metrics::histogram!("QueueAge").record((now - job.queued_at) as f64);
    let attribute = |name: &str| record.attributes.get(name).and_then(|value| value.parse::<i64>().ok());
    let is_first = attribute("ApproximateReceiveCount") == Some(1);
    let is_new = job.messages.iter().all(|message| message.progress == Progress::default());
    let is_fresh = is_first && is_new && now - job.queued_at <= FRESH;
    if !is_first {
        // Another worker had it in hand since then, and may have sent any of it.
        let since = attribute("ApproximateFirstReceiveTimestamp").map_or(0, |millis| millis / 1000);
        for message in &mut job.messages {
            message.progress.ambiguous_since.get_or_insert(since);
        }
    }
    InHand { id, job, is_fresh }
}

/// Every user's messages, with the index of their job: WeChat refuses two calls for one user at once.
fn by_user(jobs: &mut [InHand]) -> Vec<Vec<(usize, Message)>> {
    let mut users: HashMap<String, Vec<(usize, Message)>> = HashMap::new();
    for (index, in_hand) in jobs.iter_mut().enumerate() {
        for message in in_hand.job.messages.drain(..) {
            users.entry(message.oa_openid.clone()).or_default().push((index, message));
        }
    }
    users.into_values().collect()
}
