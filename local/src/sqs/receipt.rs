//! Receipt handles, and what their holders do: delete a message, change how long it is invisible.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Value, json};

use super::batch::Batch;
use super::error::Error;
use super::limits;
use super::queue::{self, Queue};
use super::store::Call;
use super::wire::{OnQueue, required};

/// One receive of one message. Its text is the receipt handle: `queue.message.receive`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The id of the queue that it was received from.
    pub queue: i64,
    /// The number of the message.
    pub message: i64,
    /// Which of the message's receives, from 1.
    pub receive: i64,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}.{}.{}", self.queue, self.message, self.receive)
    }
}

impl FromStr for Receipt {
    type Err = Error;

    fn from_str(handle: &str) -> Result<Self, Error> {
        let parts: Option<Vec<i64>> = handle.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some(&[queue, message, receive]) => Ok(Self { queue, message, receive }),
            _ => Err(Error::ReceiptHandleIsInvalid),
        }
    }
}

impl Receipt {
    /// The receipt of a handle that must be this queue's.
    fn of(handle: &str, queue: &Queue) -> Result<Self, Error> {
        let receipt: Self = required("ReceiptHandle", handle)?.parse()?;
        if receipt.queue == queue.id { Ok(receipt) } else { Err(Error::ReceiptHandleIsInvalid) }
    }

    fn key(&self) -> [i64; 3] {
        [self.message, self.queue, self.receive]
    }
}

/// The message of a receipt, as long as it is on its queue and was not received again.
const MESSAGE: &str = "number = ?1 AND queue = ?2 AND receives = ?3";

/// Which message is to be deleted.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Delete {
    receipt_handle: String,
}

/// DeleteMessage. The handle of an earlier receive succeeds and deletes nothing, by its page.
pub fn delete(call: &Call, request: OnQueue<Delete>) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    request.asked.carry_out(call, &queue)
}

/// DeleteMessageBatch.
pub fn delete_batch(call: &Call, request: OnQueue<Batch<Delete>>) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    request.asked.carry_out(|entry| entry.carry_out(call, &queue))
}

impl Delete {
    fn carry_out(self, call: &Call, queue: &Queue) -> Result<Value, Error> {
        let receipt = Receipt::of(&self.receipt_handle, queue)?;
        call.execute(&format!("DELETE FROM messages WHERE {MESSAGE}"), receipt.key())?;
        call.waits.wake(queue.id);
        Ok(json!({}))
    }
}

/// Which message is to be invisible for how long from now, in seconds.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ChangeVisibility {
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

/// ChangeMessageVisibility.
pub fn change_visibility(call: &Call, request: OnQueue<ChangeVisibility>) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    request.asked.carry_out(call, &queue)
}

/// ChangeMessageVisibilityBatch.
pub fn change_visibility_batch(
    call: &Call,
    request: OnQueue<Batch<ChangeVisibility>>,
) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    request.asked.carry_out(|entry| entry.carry_out(call, &queue))
}

impl ChangeVisibility {
    fn carry_out(self, call: &Call, queue: &Queue) -> Result<Value, Error> {
        let receipt = Receipt::of(&self.receipt_handle, queue)?;
        let seconds = self.visibility_timeout.ok_or(Error::MissingParameter("VisibilityTimeout"))?;
        limits::check("VisibilityTimeout", Some(seconds), &limits::VISIBILITY_TIMEOUT)?;
        let visible_at_ms = call.now_ms + seconds * 1000;
        check_total(call, &receipt, visible_at_ms)?;
        let sql = format!("UPDATE messages SET visible_at_ms = ?4 WHERE {MESSAGE}");
        call.execute(&sql, (receipt.message, receipt.queue, receipt.receive, visible_at_ms))?;
        call.waits.wake(queue.id);
        Ok(json!({}))
    }
}

/// Whether the message is in flight, and would not be for more than 12 hours since its receipt.
fn check_total(call: &Call, receipt: &Receipt, visible_at_ms: i64) -> Result<(), Error> {
    let sql = format!("SELECT visible_at_ms, received_at_ms FROM messages WHERE {MESSAGE}");
    let found = call.find(&sql, receipt.key(), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let Some((is_visible_at_ms, received_at_ms)) = found else {
        return Err(Error::invalid(
            "The value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not \
             available for visibility timeout change.",
        ));
    };
    if is_visible_at_ms <= call.now_ms {
        return Err(Error::MessageNotInflight);
    }
    if visible_at_ms - received_at_ms > limits::VISIBILITY_TIMEOUT.end() * 1000 {
        return Err(Error::invalid(
            "The value for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the \
             message is beyond the limit [43200 seconds].",
        ));
    }
    Ok(())
}
