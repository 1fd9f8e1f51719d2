//! What SQS allows, by the pages "message quotas" and "standard queue quotas" of its Developer Guide.

use std::ops::RangeInclusive;

use super::error::Error;

/// Body and message attributes of one message, and of all messages of a batch, in bytes: 1 MiB.
pub const MESSAGE_BYTES: i64 = 1_048_576;

/// What a queue may be told to take, in bytes (SetQueueAttributes, `MaximumMessageSize`).
pub const MAXIMUM_MESSAGE_SIZE: RangeInclusive<i64> = 1_024..=MESSAGE_BYTES;

/// Message attributes of one message.
pub const MESSAGE_ATTRIBUTES: usize = 10;

/// Entries of one batch.
pub const BATCH_ENTRIES: usize = 10;

/// Characters of a queue's name, of a batch entry's id.
pub const NAME_LENGTH: RangeInclusive<usize> = 1..=80;

/// How long a message can be delayed, in seconds: 15 minutes.
pub const DELAY_SECONDS: RangeInclusive<i64> = 0..=900;

/// How long a message can be invisible, in seconds, and in all since its receipt: 12 hours.
pub const VISIBILITY_TIMEOUT: RangeInclusive<i64> = 0..=43_200;

/// How long a message is kept, in seconds: a minute to 14 days.
pub const MESSAGE_RETENTION_PERIOD: RangeInclusive<i64> = 60..=1_209_600;

/// How long a receive can wait, in seconds.
pub const WAIT_TIME_SECONDS: RangeInclusive<i64> = 0..=20;

/// Messages of one receive.
pub const MAX_NUMBER_OF_MESSAGES: RangeInclusive<i64> = 1..=10;

/// After how many receives a message can be given up (SetQueueAttributes, `maxReceiveCount`).
pub const MAX_RECEIVE_COUNT: RangeInclusive<i64> = 1..=1_000;

/// Messages of one queue that are received and not deleted yet.
pub const IN_FLIGHT: i64 = 120_000;

/// Queues of one listing.
pub const LISTED_QUEUES: RangeInclusive<i64> = 1..=1_000;

/// Move tasks of one listing (ListMessageMoveTasks, `MaxResults`).
pub const LISTED_MOVE_TASKS: RangeInclusive<i64> = 1..=10;

/// How fast a move task can be told to be (StartMessageMoveTask, `MaxNumberOfMessagesPerSecond`).
pub const MOVED_PER_SECOND: RangeInclusive<i64> = 1..=500;

/// Between two purges of a queue, and between its end and its namesake's beginning (PurgeQueue, DeleteQueue).
pub const PAUSE_MS: i64 = 60_000;

/// Whether a parameter is in its range, if there is one.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn check(name: &'static str, value: Option<i64>, range: &RangeInclusive<i64>) -> Result<(), Error> {
    if value.is_none_or(|value| range.contains(&value)) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    Err(Error::invalid(format!(
        "The value for parameter {name} is invalid. Reason: Must be between {least} and {most}, if provided."
    )))
}

/// Whether these are 1 to 80 letters, digits, hyphens or underscores, as names and batch ids are.
pub fn is_name(text: &str) -> bool {
    NAME_LENGTH.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
