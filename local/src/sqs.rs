//! A small Amazon SQS in this process: standard queues with AWS's limits, on a movable clock, kept by SQLite.

mod attributes;
mod batch;
mod describe;
mod error;
mod limits;
mod manage;
mod message;
mod message_attributes;
mod move_task;
mod queue;
mod receipt;
mod receive;
mod received;
mod redrive;
mod send;
mod store;
#[cfg(test)]
mod tests;
mod waits;
mod wire;

use std::path::Path;
use std::sync::Arc;

use axum::response::Response;
use clock::Clock;
use parking_lot::Mutex;
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use serde_json::Value;

use error::Error;
use store::Call;
use waits::Waits;

/// Queues and their messages. Clones are the same ones.
#[derive(Clone)]
pub struct Sqs(Arc<Shared>);

struct Shared {
    clock: Clock,
    db: Mutex<Connection>,
    waits: Waits,
}

impl Sqs {
    /// Queues that are gone with the last clone.
    pub fn in_memory(clock: Clock) -> Self {
        Self::new(store::open(None).expect("an empty database in memory takes our tables"), clock)
    }

    /// The queues that are kept in this file, with what is on them and in flight; none if it is new. They
    /// outlive a process that is killed, but not a machine that loses its power.
    ///
    /// # Errors
    /// When the file cannot be opened or is no database of ours.
    pub fn kept_in(file: &Path, clock: Clock) -> Result<Self, rusqlite::Error> {
        Ok(Self::new(store::open(Some(file))?, clock))
    }

    fn new(db: Connection, clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, db: Mutex::new(db), waits: Waits::default() }))
    }

    /// Answers a request by its `x-amz-target` (`AmazonSQS.SendMessage`). URLs of queues begin with the base
    /// URL: the one that the caller reached this at. A long poll ends early when it is dropped.
    pub async fn answer(&self, target: &str, base_url: &str, body: &[u8]) -> Response {
        wire::answer(self.act(target, base_url, body).await)
    }

    /// Whether everybody who waits for a message has told the clock when the next one is due, so that
    /// nothing happens here before it moves.
    pub fn is_idle(&self) -> bool {
        self.0.waits.are_asleep()
    }

    async fn act(&self, target: &str, url: &str, body: &[u8]) -> Result<Value, Error> {
        match target.strip_prefix("AmazonSQS.").ok_or(Error::UnknownOperation)? {
            "ChangeMessageVisibility" => self.run(url, body, receipt::change_visibility),
            "ChangeMessageVisibilityBatch" => self.run(url, body, receipt::change_visibility_batch),
            "CreateQueue" => self.run(url, body, manage::create),
            "DeleteMessage" => self.run(url, body, receipt::delete),
            "DeleteMessageBatch" => self.run(url, body, receipt::delete_batch),
            "DeleteQueue" => self.run(url, body, manage::delete),
            "GetQueueAttributes" => self.run(url, body, describe::get),
            "GetQueueUrl" => self.run(url, body, manage::get_url),
            "ListDeadLetterSourceQueues" => self.run(url, body, redrive::list_sources),
            "ListMessageMoveTasks" => self.run(url, body, move_task::list),
            "ListQueues" => self.run(url, body, manage::list),
            "PurgeQueue" => self.run(url, body, manage::purge),
            "ReceiveMessage" => receive::receive(self, serde_json::from_slice(body)?).await,
            "SendMessage" => self.run(url, body, send::send),
            "SendMessageBatch" => self.run(url, body, send::send_batch),
            "SetQueueAttributes" => self.run(url, body, describe::set),
            "StartMessageMoveTask" => self.run(url, body, move_task::start),
            _ => Err(Error::UnknownOperation),
        }
    }

    fn run<R: DeserializeOwned>(
        &self,
        base_url: &str,
        body: &[u8],
        action: impl FnOnce(&Call, R) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let request = serde_json::from_slice(body)?;
        self.call(base_url, |call| action(call, request))
    }

    /// Carries an action out as a whole or not at all, while nothing else happens.
    fn call<T>(&self, base_url: &str, action: impl FnOnce(&Call) -> Result<T, Error>) -> Result<T, Error> {
        let Shared { clock, db, waits } = &*self.0;
        let mut db = db.lock();
        let transaction = db.transaction()?;
        let call = Call { db: &transaction, now_ms: clock.now_ms(), base_url, waits };
        let outcome = action(&call)?;
        transaction.commit()?;
        Ok(outcome)
    }
}
