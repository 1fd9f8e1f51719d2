//! A message as its receiver gets it.

use rusqlite::Row;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::Error;
use super::message;
use super::message_attributes::MessageAttributes;
use super::queue::Queue;
use super::receipt::Receipt;
use super::store::{self, Call};
use crate::wire::ACCOUNT;

/// The names of what SQS knows of a message (ReceiveMessage, `MessageSystemAttributeNames`). The last four
/// are FIFO queues' and tracing's: no message here has them.
const SYSTEM_ATTRIBUTES: [&str; 9] = [
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "DeadLetterQueueSourceArn",
    "AWSTraceHeader",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SequenceNumber",
];

/// Which attributes a receiver wants to get with a message: none that are not named.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Wanted {
    message_attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    /// The older name of `MessageSystemAttributeNames`.
    attribute_names: Vec<String>,
}

impl Wanted {
    /// Whether SQS knows what is wanted.
    ///
    /// # Errors
    /// `InvalidAttributeName`.
    pub fn check(&self) -> Result<(), Error> {
        let is_known = |name: &&String| *name == "All" || SYSTEM_ATTRIBUTES.contains(&name.as_str());
        if self.system().all(|name| is_known(&name)) { Ok(()) } else { Err(Error::InvalidAttributeName) }
    }

    fn system(&self) -> impl Iterator<Item = &String> {
        self.message_system_attribute_names.iter().chain(&self.attribute_names)
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.system().any(|wanted| wanted == "All" || wanted == name)
    }
}

/// A message as it is kept.
pub struct Received {
    /// Its row.
    pub number: i64,
    /// How often it was received before.
    pub receives: i64,
    sent_at_ms: i64,
    first_received_at_ms: Option<i64>,
    dead_letter_source: Option<String>,
    id: String,
    attributes: MessageAttributes,
    body: String,
}

impl Received {
    /// What `read` takes.
    pub const COLUMNS: &str =
        "number, receives, sent_at_ms, first_received_at_ms, dead_letter_source, id, attributes, body";

    /// Reads a row of `COLUMNS`.
    ///
    /// # Errors
    /// When it holds something else.
    pub fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            number: row.get(0)?,
            receives: row.get(1)?,
            sent_at_ms: row.get(2)?,
            first_received_at_ms: row.get(3)?,
            dead_letter_source: row.get(4)?,
            id: row.get(5)?,
            attributes: store::json(row, 6)?,
            body: row.get(7)?,
        })
    }

    /// Marks it as received, invisible for so long, and gives it as SQS does.
    ///
    /// # Errors
    /// When the database fails.
    pub fn hand_out(
        mut self,
        call: &Call,
        queue: &Queue,
        timeout_ms: i64,
        wanted: &Wanted,
    ) -> Result<Value, Error> {
        self.receives += 1;
        let first_received_at_ms = *self.first_received_at_ms.get_or_insert(call.now_ms);
        let sql = "UPDATE messages SET receives = ?2, received_at_ms = ?3, visible_at_ms = ?4,
                   first_received_at_ms = ?5 WHERE number = ?1";
        let visible_at_ms = call.now_ms + timeout_ms;
        call.execute(sql, [self.number, self.receives, call.now_ms, visible_at_ms, first_received_at_ms])?;
        let receipt = Receipt { queue: queue.id, message: self.number, receive: self.receives };
        Ok(self.describe(&receipt, wanted))
    }

    fn describe(self, receipt: &Receipt, wanted: &Wanted) -> Value {
        let system_attributes = self.system_attributes(wanted);
        let attributes = self.attributes.selected(&wanted.message_attribute_names);
        let mut message = json!({
            "MessageId": self.id,
            "ReceiptHandle": receipt.to_string(),
            "MD5OfBody": message::md5(self.body.as_bytes()),
            "Body": self.body,
        });
        if !system_attributes.is_empty() {
            message["Attributes"] = system_attributes.into();
        }
        if let Some(md5) = attributes.md5() {
            message["MD5OfMessageAttributes"] = md5.into();
            message["MessageAttributes"] = json!(attributes);
        }
        message
    }

    fn system_attributes(&self, wanted: &Wanted) -> Map<String, Value> {
        let values = [
            Some(ACCOUNT.to_owned()),
            Some(self.sent_at_ms.to_string()),
            Some(self.receives.to_string()),
            self.first_received_at_ms.map(|ms| ms.to_string()),
            self.dead_letter_source.clone(),
        ];
        let all = SYSTEM_ATTRIBUTES.into_iter().zip(values);
        let wanted = all.filter(|(name, _)| wanted.is_wanted(name));
        wanted.filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
    }
}
