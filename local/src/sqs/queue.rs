//! A queue: its names, and how it is found.

use rusqlite::Row;

use super::attributes::Attributes;
use super::error::Error;
use super::store::{self, Call};
use super::wire::required;
use crate::wire::{ACCOUNT, REGION};

/// A queue as it is kept.
pub struct Queue {
    /// Its own even when another gets its name.
    pub id: i64,
    /// Its name, which its URL and its ARN end with.
    pub name: String,
    /// What it was told.
    pub attributes: Attributes,
    /// When it was created, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When its attributes were last set, in Unix milliseconds.
    pub modified_at_ms: i64,
    /// When its messages were last deleted all at once, in Unix milliseconds.
    pub purged_at_ms: Option<i64>,
}

const COLUMNS: &str = "id, name, attributes, created_at_ms, modified_at_ms, purged_at_ms";

impl Queue {
    fn read(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            attributes: store::json(row, 2)?,
            created_at_ms: row.get(3)?,
            modified_at_ms: row.get(4)?,
            purged_at_ms: row.get(5)?,
        })
    }

    /// Its ARN: `arn:aws:sqs:local:000000000000:name`.
    pub fn arn(&self) -> String {
        format!("{}{}", arn_prefix(), self.name)
    }

    /// Its URL as the caller sees it.
    pub fn url(&self, call: &Call) -> String {
        url(call, &self.name)
    }
}

fn arn_prefix() -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:")
}

/// The URL of a queue of this name as the caller sees it.
pub fn url(call: &Call, name: &str) -> String {
    format!("{}/{ACCOUNT}/{name}", call.base_url.trim_end_matches('/'))
}

/// The queue of a URL, whatever host that names.
///
/// # Errors
/// `QueueDoesNotExist`; `MissingParameter` when it is empty.
pub fn by_url(call: &Call, url: &str) -> Result<Queue, Error> {
    let (account, name) = required("QueueUrl", url)?.rsplit_once('/').ok_or(Error::QueueDoesNotExist)?;
    if account.rsplit('/').next() != Some(ACCOUNT) {
        return Err(Error::QueueDoesNotExist);
    }
    by_name(call, name)?.ok_or(Error::QueueDoesNotExist)
}

/// The queue of an ARN.
///
/// # Errors
/// When the database fails.
pub fn by_arn(call: &Call, arn: &str) -> Result<Option<Queue>, Error> {
    match arn.strip_prefix(&arn_prefix()) {
        Some(name) => by_name(call, name),
        None => Ok(None),
    }
}

/// All queues whose names begin so, by name.
///
/// # Errors
/// When the database fails.
pub fn all(call: &Call, prefix: &str) -> Result<Vec<Queue>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM queues WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name");
    call.list(&sql, [prefix], Queue::read)
}

/// The queue of this name.
///
/// # Errors
/// When the database fails.
pub fn by_name(call: &Call, name: &str) -> Result<Option<Queue>, Error> {
    call.find(&format!("SELECT {COLUMNS} FROM queues WHERE name = ?1"), [name], Queue::read)
}
