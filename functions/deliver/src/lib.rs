//! The delivery queue's worker: sends each job's messages and records what became of them.

mod decide;

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{StreamExt, stream};
use shared::job::{Job, Message};
use shared::queue::Queues;
use shared::store::{self, Identities, Messages, Outcome, Record, State};
use shared::wechat::template::TemplateMessage;
use shared::wechat::{Failure, Tokens, WeChat};
use shared::{Config, Error, Reason, now};

use decide::{Next, decide};

/// How many users one worker writes to at a time. With five jobs of twenty in hand and WeChat taking
/// its full eight seconds, the worker is still done within its minute.
const CONCURRENCY: usize = 20;

/// A job that comes for the first time and is no older than this, in seconds, is worked off without a
/// look at what is finished: WeChat knows the client_msg_ids of the last ten minutes.
const FRESH: i64 = 5 * 60;

/// The function's clients.
pub struct Deliver {
    wechat: WeChat,
    mini_appid: String,
    identities: Identities,
    messages: Messages,
    queues: Queues,
}

/// A message that goes back on the queue, and after how long.
type Remainder = (Duration, Message);

impl Deliver {
    /// Builds the clients; once, in init.
    pub fn new(config: &Config) -> Self {
        let client = store::client(config);
        let queues = Queues::new(config);
        let tokens = Tokens::new(config, State::new(config, client.clone()), queues.clone());
        Self {
            wechat: WeChat::new(config, tokens),
            mini_appid: config.mini_appid.clone(),
            identities: Identities::new(config, client.clone()),
            messages: Messages::new(config, client),
            queues,
        }
    }

    /// Works off a batch of jobs; names those the queue has to deliver again.
    pub async fn handle(&self, event: SqsEvent) -> SqsBatchResponse {
        let jobs = event.records.into_iter().map(|record| self.attempt(record));
        let failed: Vec<_> = stream::iter(jobs).buffer_unordered(usize::MAX).boxed().collect().await;
        let mut answer = SqsBatchResponse::default();
        answer.batch_item_failures = failed.into_iter().flatten().collect();
        answer
    }

    /// The record's failure, if it has to come again.
    async fn attempt(&self, record: SqsMessage) -> Option<BatchItemFailure> {
        let id = record.message_id.clone().unwrap_or_default();
        let outcome = match serde_json::from_str::<Job>(record.body.as_deref().unwrap_or_default()) {
            Ok(job) => self.work(job, is_redelivered(&record)).await,
            Err(error) => Err(Error::unavailable(error)),
        };
        let error = outcome.err()?;
        tracing::error!(job = id, cause = error.causes(), "a job has to come again: {error}");
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        Some(failure)
    }

    async fn work(&self, mut job: Job, redelivered: bool) -> Result<(), Error> {
        let mut messages = std::mem::take(&mut job.messages);
        if redelivered || now() - job.queued_at > FRESH {
            let numbers: Vec<_> = messages.iter().map(|message| message.n).collect();
            let finished = self.messages.finished(&job.batch, &numbers).await?;
            messages.retain(|message| !finished.contains(&message.n));
        }
        let users = by_user(messages).into_iter().map(|messages| self.write_to_user(&job, messages));
        let remainders: Vec<_> = stream::iter(users).buffer_unordered(CONCURRENCY).boxed().collect().await;
        let mut by_delay: HashMap<Duration, Vec<Message>> = HashMap::new();
        for remainder in remainders {
            for (delay, message) in remainder? {
                by_delay.entry(delay).or_default().push(message);
            }
        }
        for (delay, messages) in by_delay {
            self.queues.deliver(&[Job { messages, queued_at: now(), ..job.clone() }], delay).await?;
        }
        Ok(())
    }

    /// One user's messages, one after the other: WeChat refuses two at once.
    async fn write_to_user(&self, job: &Job, messages: Vec<Message>) -> Result<Vec<Remainder>, Error> {
        let mut remainder = Vec::new();
        for message in messages {
            remainder.extend(self.deliver(job, message).await?);
        }
        Ok(remainder)
    }

    /// Tries one message and records the outcome; gives it back if it is to be tried again.
    async fn deliver(&self, job: &Job, mut message: Message) -> Result<Option<Remainder>, Error> {
        message.attempts += 1;
        let client_msg_id = job.client_msg_id(&message);
        let sent = self.wechat.send_template(TemplateMessage {
            touser: &message.oa_openid,
            template_id: &job.template_id,
            page: message.page.as_deref().map(|page| (self.mini_appid.as_str(), page)),
            data: &message.data,
            client_msg_id: &client_msg_id,
        });
        let mut record = Record { attempts: message.attempts, ..Record::queued(message.n, now()) };
        let next = match sent.await {
            Ok(msgid) => {
                record.state = Outcome::Sent;
                record.msgid = Some(msgid);
                None
            }
            Err(failure) => self.after_failure(&message, failure, &mut record).await?,
        };
        tracing::info!(
            batch = job.batch,
            n = message.n,
            state = %record.state,
            reason = record.reason.map(tracing::field::display),
            errcode = record.errcode,
            rid = record.rid,
            attempts = record.attempts,
            "tried a message"
        );
        self.messages.record(&job.batch, &record).await?;
        Ok(next.map(|delay| (delay, message)))
    }

    /// Fills the record by what the failure asks for; gives the pause before the next try, if any.
    async fn after_failure(
        &self,
        message: &Message,
        failure: Failure,
        record: &mut Record,
    ) -> Result<Option<Duration>, Error> {
        record.errcode = failure.errcode();
        record.rid = failure.rid().map(str::to_owned);
        record.detail = failure.field().map(|field| format!("WeChat does not take the value of {field}."));
        let next = match decide(failure.action(), failure.reason(), message.attempts) {
            Next::Doubt => self.doubt(message).await?,
            decided => decided,
        };
        match next {
            Next::Finish(state, reason) => {
                record.state = state;
                record.reason = Some(reason);
                Ok(None)
            }
            Next::Again(pause) => {
                record.state = Outcome::Retrying;
                record.reason = Some(failure.reason());
                Ok(Some(pause))
            }
            Next::Doubt => Ok(None),
        }
    }

    /// WeChat says the user does not follow, or that the openid is none of this account's. Only
    /// user/info's word for it takes the user off the map: a wrong appid gets 40003 for everybody.
    async fn doubt(&self, message: &Message) -> Result<Next, Error> {
        match self.wechat.user_info(&message.oa_openid).await {
            Ok(info) if info.follows() => Ok(decide(
                shared::wechat::errcode::Action::Retry,
                Reason::WechatUnavailable,
                message.attempts,
            )),
            Ok(_) => {
                self.identities.remove_followers(vec![message.oa_openid.clone()]).await?;
                Ok(Next::Finish(Outcome::Failed, Reason::NotFollowing))
            }
            Err(failure) => match failure.errcode() {
                Some(40003) => Ok(Next::Finish(Outcome::Failed, Reason::Misconfigured)),
                _ => Ok(decide(failure.action(), failure.reason(), message.attempts)),
            },
        }
    }
}

/// Whether the queue delivered this job before.
fn is_redelivered(record: &SqsMessage) -> bool {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse::<u32>().ok()).is_none_or(|count| count > 1)
}

fn by_user(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut users: HashMap<String, Vec<Message>> = HashMap::new();
    for message in messages {
        users.entry(message.oa_openid.clone()).or_default().push(message);
    }
    users.into_values().collect()
}
