//! How messages come (SendMessage and SendMessageBatch of the API Reference).

use serde::Deserialize;
use serde_json::{Value, json};

use super::attributes::{DELAY_SECONDS, MAXIMUM_MESSAGE_SIZE};
use super::batch::Batch;
use super::error::Error;
use super::message_attributes::MessageAttributes;
use super::queue::{self, Queue};
use super::store::Call;
use super::wire::{OnQueue, required};
use super::{limits, message};

/// A message to be sent.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Outgoing {
    message_body: String,
    delay_seconds: Option<i64>,
    message_attributes: MessageAttributes,
}

/// SendMessage.
pub fn send(call: &Call, request: OnQueue<Outgoing>) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    let sent = request.asked.send(call, &queue)?;
    call.waits.wake(queue.id);
    Ok(sent)
}

/// SendMessageBatch.
pub fn send_batch(call: &Call, request: OnQueue<Batch<Outgoing>>) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    if request.asked.asked().map(Outgoing::size).sum::<i64>() > limits::MESSAGE_BYTES {
        return Err(Error::BatchRequestTooLong);
    }
    let sent = request.asked.carry_out(|outgoing| outgoing.send(call, &queue))?;
    call.waits.wake(queue.id);
    Ok(sent)
}

impl Outgoing {
    fn send(self, call: &Call, queue: &Queue) -> Result<Value, Error> {
        self.check(queue)?;
        let delay_ms = match self.delay_seconds {
            Some(seconds) => seconds * 1000,
            None => queue.attributes.milliseconds(DELAY_SECONDS),
        };
        let id = message::new_id();
        let sql = "INSERT INTO messages (queue, visible_at_ms, sent_at_ms, id, attributes, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let attributes = json!(self.message_attributes).to_string();
        let visible_at_ms = call.now_ms + delay_ms;
        call.execute(sql, (queue.id, visible_at_ms, call.now_ms, &id, attributes, &self.message_body))?;
        let mut sent =
            json!({"MessageId": id, "MD5OfMessageBody": message::md5(self.message_body.as_bytes())});
        if let Some(md5) = self.message_attributes.md5() {
            sent["MD5OfMessageAttributes"] = md5.into();
        }
        Ok(sent)
    }

    fn check(&self, queue: &Queue) -> Result<(), Error> {
        message::check_characters(required("MessageBody", &self.message_body)?)?;
        limits::check("DelaySeconds", self.delay_seconds, &limits::DELAY_SECONDS)?;
        self.message_attributes.check()?;
        let most = queue.attributes.number(MAXIMUM_MESSAGE_SIZE);
        if self.size() <= most {
            return Ok(());
        }
        let reason = format!("Message must be shorter than {most} bytes.");
        Err(Error::invalid(format!("One or more parameters are invalid. Reason: {reason}")))
    }

    /// In bytes.
    fn size(&self) -> i64 {
        let size = self.message_body.len() + self.message_attributes.size();
        i64::try_from(size).expect("a request is far shorter")
    }
}
