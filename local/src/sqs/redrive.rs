//! Where messages go that are received too often (Developer Guide, "Using dead-letter queues in Amazon SQS").

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::attributes::REDRIVE_POLICY;
use super::error::Error;
use super::limits;
use super::queue::{self, Queue};
use super::store::Call;
use super::wire::OnQueue;

/// A queue's `RedrivePolicy`.
struct RedrivePolicy {
    target_arn: String,
    max_receive_count: i64,
}

impl RedrivePolicy {
    fn of(queue: &Queue) -> Option<Self> {
        Self::parse(queue.attributes.text(REDRIVE_POLICY)?)
    }

    /// CloudFormation and the console write the count as a number, others as a text.
    fn parse(policy: &str) -> Option<Self> {
        let policy: Value = serde_json::from_str(policy).ok()?;
        let count = &policy["maxReceiveCount"];
        let count = count.as_i64().or_else(|| count.as_str()?.parse().ok())?;
        Some(Self {
            target_arn: policy["deadLetterTargetArn"].as_str()?.to_owned(),
            max_receive_count: count,
        })
    }
}

/// The dead-letter queue of a queue.
pub struct DeadLetterQueue {
    queue: Queue,
    max_receive_count: i64,
}

impl DeadLetterQueue {
    /// That of this queue; `None` without a policy, or when the queue that it names is gone.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(call: &Call, source: &Queue) -> Result<Option<Self>, Error> {
        let Some(policy) = RedrivePolicy::of(source) else { return Ok(None) };
        let queue = queue::by_arn(call, &policy.target_arn)?;
        Ok(queue.map(|queue| Self { queue, max_receive_count: policy.max_receive_count }))
    }

    /// Whether a message that was received so often belongs here.
    pub fn is_for(&self, receives: i64) -> bool {
        receives >= self.max_receive_count
    }

    /// Takes messages from their source, each with its id, its count and the time when it was sent.
    ///
    /// # Errors
    /// When the database fails.
    pub fn take(&self, call: &Call, source: &Queue, messages: &[i64]) -> Result<(), Error> {
        let sql = "UPDATE messages SET queue = ?2, visible_at_ms = ?3, dead_letter_source = ?4
                   WHERE number = ?1";
        for number in messages {
            call.execute(sql, (number, self.queue.id, call.now_ms, source.arn()))?;
        }
        if !messages.is_empty() {
            call.waits.wake(source.id);
            call.waits.wake(self.queue.id);
        }
        Ok(())
    }
}

/// Whether a queue of this ARN can be given these attributes' policy, if they have one. An empty one is the end
/// of a policy.
///
/// # Errors
/// `InvalidParameterValue`.
pub fn check(call: &Call, own_arn: &str, given: &BTreeMap<String, String>) -> Result<(), Error> {
    let Some(policy) = given.get(REDRIVE_POLICY).filter(|policy| !policy.is_empty()) else { return Ok(()) };
    let refuse = |reason| {
        Err(Error::invalid(format!("The value for parameter RedrivePolicy is invalid. Reason: {reason}")))
    };
    match RedrivePolicy::parse(policy) {
        None => refuse("It needs a deadLetterTargetArn and a maxReceiveCount."),
        Some(policy) if !limits::MAX_RECEIVE_COUNT.contains(&policy.max_receive_count) => {
            refuse("Invalid value for maxReceiveCount: must be between 1 and 1000.")
        }
        Some(policy) if queue::by_arn(call, &policy.target_arn)?.is_none() => {
            refuse("Dead letter target does not exist.")
        }
        // AWS takes it; here messages would go round for as long as anybody waits for one.
        Some(policy) if leads_to(call, &policy.target_arn, own_arn)? => {
            refuse("Dead letters must not come back.")
        }
        Some(_) => Ok(()),
    }
}

/// Whether dead letters of the one queue end in the other, perhaps over more of them.
fn leads_to(call: &Call, from_arn: &str, arn: &str) -> Result<bool, Error> {
    let mut next = Some(from_arn.to_owned());
    while let Some(from) = next {
        if from == arn {
            return Ok(true);
        }
        let policy = queue::by_arn(call, &from)?.as_ref().and_then(RedrivePolicy::of);
        next = policy.map(|policy| policy.target_arn);
    }
    Ok(false)
}

/// The queues whose messages can end in this one.
///
/// # Errors
/// When the database fails.
pub fn sources(call: &Call, dead_letter_queue: &Queue) -> Result<Vec<Queue>, Error> {
    let arn = dead_letter_queue.arn();
    let mut queues = queue::all(call, "")?;
    queues.retain(|queue| RedrivePolicy::of(queue).is_some_and(|policy| policy.target_arn == arn));
    Ok(queues)
}

/// ListDeadLetterSourceQueues.
pub fn list_sources(call: &Call, request: OnQueue) -> Result<Value, Error> {
    let queue = queue::by_url(call, &request.queue_url)?;
    let urls: Vec<_> = sources(call, &queue)?.iter().map(|source| source.url(call)).collect();
    // Written so, unlike every other answer's.
    Ok(json!({"queueUrls": urls}))
}
