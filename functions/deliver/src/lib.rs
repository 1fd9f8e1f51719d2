//! The delivery queue's worker: takes jobs, sends their messages, puts back what is not finished.

mod decide;
mod pace;
mod quota;
mod work;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{StreamExt, stream};
use shared::job::{Job, Message};
use shared::queue::Queues;
use shared::store::{self, Identities, Messages, State};
use shared::wechat::client::TIMEOUT;
use shared::wechat::{Tokens, WeChat};
use shared::{Config, Error, now, telemetry};

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

/// The function's clients.
pub struct Deliver {
    wechat: WeChat,
    mini_appid: String,
    oa_appid: String,
    identities: Identities,
    messages: Messages,
    state: State,
    queues: Queues,
    pace: Pace,
    time_scale: f64,
}

/// A job in hand.
struct InHand {
    /// The queue's id of it.
    id: String,
    job: Job,
    /// Since when it may be under way, in Unix seconds: another worker had it before.
    under_way_since: Option<i64>,
    is_fresh: bool,
}

impl Deliver {
    /// Builds the clients; once, in init.
    pub fn new(config: &Config) -> Self {
        let client = store::client(config);
        let (queues, state) = (Queues::new(config), State::new(config, client.clone()));
        let tokens = Tokens::new(config, state.clone(), queues.clone());
        Self {
            wechat: WeChat::new(config, tokens),
            mini_appid: config.mini_appid.clone(),
            oa_appid: config.oa_appid.clone(),
            identities: Identities::new(config, client.clone()),
            messages: Messages::new(config, client),
            pace: Pace::new(state.clone(), config.sends_per_second),
            state,
            queues,
            time_scale: config.retry_time_scale,
        }
    }

    /// Works off a batch of jobs in the time Lambda gives; names those the queue has to deliver again.
    pub async fn handle(&self, event: SqsEvent, time_left: Duration) -> SqsBatchResponse {
        let last_call = Instant::now() + time_left.saturating_sub(TIMEOUT + CLOSING_TIME);
        let ids: Vec<_> = event.records.iter().filter_map(|record| record.message_id.clone()).collect();
        let (jobs, mut failed) = read(event);
        match self.work(jobs, last_call).await {
            Ok(unfinished) => failed.extend(unfinished),
            Err(error) => {
                tracing::error!(cause = error.causes(), "a batch of jobs has to come again: {error}");
                failed = ids;
            }
        }
        telemetry::flush();
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failed.into_iter().map(batch_item_failure).collect();
        answer
    }

    /// Gives the ids of the jobs that have to come again.
    async fn work(&self, jobs: Vec<InHand>, last_call: Instant) -> Result<Vec<String>, Error> {
        let probe_every = decide::PARKED.mul_f64(self.time_scale);
        let gate = Gate::look(&self.state, &self.oa_appid, probe_every).await?;
        let shift = Shift { deliver: self, gate, last_call };

        let (mut open, mut failed) = (Vec::new(), Vec::new());
        for (job, pruned) in futures::future::join_all(jobs.into_iter().map(|job| self.prune(job))).await {
            match pruned {
                Ok(messages) => open.push((job, messages)),
                Err(error) => failed.push(self.report(&job, &error)),
            }
        }
        let users = by_user(&mut open);
        let jobs: Vec<_> = open.into_iter().map(|(job, _)| job).collect();
        let tried = users.into_iter().map(|messages| shift.write_to_user(&jobs, messages));
        let put_back: Vec<_> = stream::iter(tried).buffer_unordered(CONCURRENCY).boxed().concat().await;

        let mut by_job: HashMap<usize, Vec<PutBack>> = HashMap::new();
        for (job, put_back) in put_back {
            by_job.entry(job).or_default().push(put_back);
        }
        for (job, put_back) in by_job {
            if let Err(error) = self.put_back(&jobs[job].job, put_back).await {
                failed.push(self.report(&jobs[job], &error));
            }
        }
        Ok(failed)
    }

    /// The job's messages that are still to be worked on.
    async fn prune(&self, mut in_hand: InHand) -> (InHand, Result<Vec<Message>, Error>) {
        let mut messages = std::mem::take(&mut in_hand.job.messages);
        if !in_hand.is_fresh {
            let numbers: Vec<_> = messages.iter().map(|message| message.n).collect();
            match self.messages.records(&in_hand.job.batch, &numbers).await {
                Ok(records) => messages.retain(|message| {
                    records.get(&message.n).is_none_or(|record| !record.outdoes(&message.progress))
                }),
                Err(error) => return (in_hand, Err(error)),
            }
        }
        for message in &mut messages {
            let since = &mut message.progress.ambiguous_since;
            *since = since.or(in_hand.under_way_since);
        }
        (in_hand, Ok(messages))
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
            self.queues.deliver(&[Job { messages, queued_at: now(), ..job.clone() }], delay).await?;
        }
        for record in records {
            // The queue has the message; that its record lags behind loses nothing.
            if let Err(error) = self.messages.record(&job.batch, &record).await {
                tracing::warn!(
                    batch = job.batch,
                    n = record.n,
                    cause = error.causes(),
                    "a record lags behind"
                );
            }
        }
        Ok(())
    }

    fn report(&self, job: &InHand, error: &Error) -> String {
        tracing::error!(batch = job.job.batch, cause = error.causes(), "a job has to come again: {error}");
        job.id.clone()
    }

    fn clockwork(&self) -> Clockwork {
        Clockwork { scale: self.time_scale, jitter: rand::random() }
    }
}

/// The jobs of an event, and the ids of those that do not read: they end in the dead-letter queue.
fn read(event: SqsEvent) -> (Vec<InHand>, Vec<String>) {
    let (mut jobs, mut unreadable) = (Vec::new(), Vec::new());
    for record in event.records {
        let id = record.message_id.clone().unwrap_or_default();
        match serde_json::from_str::<Job>(record.body.as_deref().unwrap_or_default()) {
            Ok(job) => jobs.push(in_hand(id, job, &record)),
            Err(error) => {
                tracing::error!(id, %error, "a job does not read");
                unreadable.push(id);
            }
        }
    }
    (jobs, unreadable)
}

fn in_hand(id: String, job: Job, record: &SqsMessage) -> InHand {
    let attribute = |name: &str| record.attributes.get(name).and_then(|value| value.parse::<i64>().ok());
    let is_first = attribute("ApproximateReceiveCount") == Some(1);
    let received_at = attribute("ApproximateFirstReceiveTimestamp").map_or(0, |millis| millis / 1000);
    let is_new = job.messages.iter().all(|message| message.progress == Default::default());
    #[expect(clippy::cast_precision_loss, reason = "an age in seconds")]
    metrics::histogram!("QueueAge").record((now() - job.queued_at) as f64);
    InHand {
        id,
        under_way_since: (!is_first).then_some(received_at),
        is_fresh: is_first && is_new && now() - job.queued_at <= FRESH,
        job,
    }
}

/// Every user's messages, with the index of their job: WeChat refuses two calls for one user at once.
fn by_user(jobs: &mut [(InHand, Vec<Message>)]) -> Vec<Vec<(usize, Message)>> {
    let mut users: HashMap<String, Vec<(usize, Message)>> = HashMap::new();
    for (index, (_, messages)) in jobs.iter_mut().enumerate() {
        for message in messages.drain(..) {
            users.entry(message.oa_openid.clone()).or_default().push((index, message));
        }
    }
    users.into_values().collect()
}

fn batch_item_failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}
