//! Remembers the messages on the queues, whose emulator forgets them, across a restart.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sqs::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::StackError;

/// The messages that were sent and not deleted yet. Clones share them.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    /// Message id → message.
    messages: HashMap<String, Message>,
    /// Receipt handle → message id.
    received: HashMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Message {
    queue: String,
    body: String,
    /// When it may be received, in Unix seconds.
    due_at: i64,
}

impl Ledger {
    /// Takes note of an SQS call that was answered with success.
    pub fn hear(&self, target: &str, request: &[u8], answer: &[u8]) {
        let read = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap_or_default();
        let (request, answer) = (read(request), read(answer));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match target.rsplit('.').next().unwrap_or_default() {
            "SendMessage" => entries.sent(&request["QueueUrl"], &request, &answer["MessageId"]),
            "SendMessageBatch" => {
                for taken in items(&answer["Successful"]) {
                    let sent = items(&request["Entries"]).find(|entry| entry["Id"] == taken["Id"]);
                    entries.sent(&request["QueueUrl"], sent.unwrap_or(&Value::Null), &taken["MessageId"]);
                }
            }
            "ReceiveMessage" => items(&answer["Messages"]).for_each(|message| entries.was_received(message)),
            "DeleteMessage" => entries.deleted(&request["ReceiptHandle"]),
            "DeleteMessageBatch" => {
                items(&request["Entries"]).for_each(|entry| entries.deleted(&entry["ReceiptHandle"]));
            }
            _ => {}
        }
    }

    /// Writes what is still to be worked off.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let messages: Vec<_> = entries.messages.values().collect();
        std::fs::write(file, serde_json::to_vec(&messages)?)
    }

    /// Puts what `file` holds back on the queues; a missing file holds nothing.
    ///
    /// # Errors
    /// When the file does not read or SQS does not take a message.
    pub async fn restore(file: &Path, client: &Client) -> Result<(), StackError> {
        let Ok(text) = std::fs::read(file) else { return Ok(()) };
        let messages: Vec<Message> =
            serde_json::from_slice(&text).map_err(|error| StackError::new("read the saved queue", error))?;
        for message in messages {
            let delay = i32::try_from((message.due_at - shared::now()).clamp(0, 900)).unwrap_or(0);
            let send = client.send_message().queue_url(message.queue).message_body(message.body);
            let sent = send.delay_seconds(delay).send().await;
            sent.map_err(|error| StackError::new("refill a queue", error))?;
        }
        Ok(())
    }
}

impl Entries {
    fn sent(&mut self, queue: &Value, message: &Value, id: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let due_at = shared::now() + message["DelaySeconds"].as_i64().unwrap_or(0);
        let message = Message { queue: text(queue), body: text(&message["MessageBody"]), due_at };
        self.messages.insert(text(id), message);
    }

    fn was_received(&mut self, message: &Value) {
        if let (Some(handle), Some(id)) = (message["ReceiptHandle"].as_str(), message["MessageId"].as_str()) {
            self.received.insert(handle.to_owned(), id.to_owned());
        }
    }

    fn deleted(&mut self, handle: &Value) {
        let id = handle.as_str().and_then(|handle| self.received.remove(handle));
        if let Some(id) = id {
            self.messages.remove(&id);
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_deleted_message_is_forgotten_and_the_others_are_kept() {
        let ledger = Ledger::default();
        let hear = |call: &str, request: Value, answer: Value| {
            ledger.hear(
                &format!("AmazonSQS.{call}"),
                request.to_string().as_bytes(),
                answer.to_string().as_bytes(),
            );
        };
        let batch = json!({"QueueUrl": "q", "Entries": [{"Id": "0", "MessageBody": "a"}, {"Id": "1", "MessageBody": "b"}]});
        hear(
            "SendMessageBatch",
            batch,
            json!({"Successful": [{"Id": "0", "MessageId": "m0"}, {"Id": "1", "MessageId": "m1"}]}),
        );
        hear("ReceiveMessage", json!({}), json!({"Messages": [{"MessageId": "m0", "ReceiptHandle": "h"}]}));
        hear("DeleteMessage", json!({"ReceiptHandle": "h"}), json!({}));
        let entries = ledger.0.lock().unwrap();
        let left: Vec<_> = entries.messages.values().map(|message| message.body.as_str()).collect();
        assert_eq!(left, ["b"]);
    }
}
