//! The attributes that a queue is given (SetQueueAttributes and CreateQueue of the API Reference).

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::limits;

/// How long messages are delayed whose sender says nothing, in seconds.
pub const DELAY_SECONDS: &str = "DelaySeconds";
/// How long a message may be, in bytes.
pub const MAXIMUM_MESSAGE_SIZE: &str = "MaximumMessageSize";
/// How long a message is kept, in seconds.
pub const MESSAGE_RETENTION_PERIOD: &str = "MessageRetentionPeriod";
/// How long a receive waits that says nothing, in seconds.
pub const RECEIVE_MESSAGE_WAIT_TIME_SECONDS: &str = "ReceiveMessageWaitTimeSeconds";
/// How long a received message is invisible, in seconds.
pub const VISIBILITY_TIMEOUT: &str = "VisibilityTimeout";
/// Where messages go that were received too often; JSON.
pub const REDRIVE_POLICY: &str = "RedrivePolicy";

/// An attribute that is a number: its name, its range, its value in a queue that is not told.
type Number = (&'static str, RangeInclusive<i64>, i64);

const NUMBERS: [Number; 5] = [
    (DELAY_SECONDS, limits::DELAY_SECONDS, 0),
    (MAXIMUM_MESSAGE_SIZE, limits::MAXIMUM_MESSAGE_SIZE, limits::MESSAGE_BYTES),
    (MESSAGE_RETENTION_PERIOD, limits::MESSAGE_RETENTION_PERIOD, 345_600),
    (RECEIVE_MESSAGE_WAIT_TIME_SECONDS, limits::WAIT_TIME_SECONDS, 0),
    (VISIBILITY_TIMEOUT, limits::VISIBILITY_TIMEOUT, 30),
];

/// Those that are text; but for the redrive policy, they change nothing here.
const TEXTS: [&str; 6] = [
    REDRIVE_POLICY,
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];

/// A queue's attributes, by name. All numbers are there.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, String>);

impl Default for Attributes {
    fn default() -> Self {
        Self(NUMBERS.map(|(name, _, value)| (name.to_owned(), value.to_string())).into())
    }
}

impl Attributes {
    /// Takes these for its own. An empty text takes an attribute away.
    ///
    /// # Errors
    /// `InvalidAttributeName`, `InvalidAttributeValue`, `UnsupportedOperation` for a FIFO queue's.
    pub fn set(&mut self, given: &BTreeMap<String, String>) -> Result<(), Error> {
        for (name, value) in given {
            check(name, value)?;
            if value.is_empty() {
                self.0.remove(name);
            } else {
                self.0.insert(name.clone(), value.clone());
            }
        }
        Ok(())
    }

    /// The first of these that has another value here.
    pub fn difference(&self, given: &BTreeMap<String, String>) -> Option<&'static str> {
        let mut names = NUMBERS.iter().map(|number| number.0).chain(TEXTS);
        names.find(|&name| given.get(name).is_some_and(|value| Some(value) != self.0.get(name)))
    }

    /// The value of one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of one that is a number.
    pub fn number(&self, name: &'static str) -> i64 {
        let number = self.text(name).and_then(|value| value.parse().ok());
        number.expect("a number is there by default, and was checked when it was set")
    }

    /// The value of one that is a number of seconds, in milliseconds.
    pub fn milliseconds(&self, name: &'static str) -> i64 {
        self.number(name) * 1000
    }
}

impl IntoIterator for Attributes {
    type Item = (String, String);
    type IntoIter = std::collections::btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Whether a queue can be told this one.
pub fn is_known(name: &str) -> bool {
    TEXTS.contains(&name) || NUMBERS.iter().any(|number| number.0 == name)
}

fn check(name: &str, value: &str) -> Result<(), Error> {
    if let Some((name, range, _)) = NUMBERS.iter().find(|number| number.0 == name) {
        let is_valid = value.parse().is_ok_and(|value| range.contains(&value));
        return if is_valid { Ok(()) } else { Err(Error::InvalidAttributeValue(name)) };
    }
    match name {
        "FifoQueue" | "ContentBasedDeduplication" | "DeduplicationScope" | "FifoThroughputLimit" => {
            Err(Error::UnsupportedOperation("There are no FIFO queues here."))
        }
        name if is_known(name) => Ok(()),
        _ => Err(Error::InvalidAttributeName),
    }
}
