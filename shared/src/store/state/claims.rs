//! `send#…`: which batch an Idempotency-Key stands for, and who is working on it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::State;
use crate::Error;
use crate::store::{condition_met, number, text};

/// How long a key stands for its batch, in seconds.
const KEPT_FOR: i64 = 24 * 3600;

/// What a caller's key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller is to make this batch.
    Acquired(ClaimLease),
    /// Another call is making it at this moment.
    InProgress,
    /// It is made.
    Done(String),
    /// The key stands for another body.
    Conflict,
}

/// The right to make a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimLease {
    /// The batch's id.
    pub id: String,
    /// Whether a call before this one may have made part of it.
    pub resumed: bool,
    key: String,
    lease: String,
}

#[derive(Serialize, Deserialize)]
struct Row {
    key: String,
    id: String,
    body: String,
    lease: String,
    lease_until: i64,
    #[serde(default)]
    done: bool,
    expires_at: i64,
}

impl State {
    /// Claims the batch that `key` stands for with this sender, for `seconds`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn claim(&self, sender: &str, key: &str, body: &[u8], seconds: i64) -> Result<Claim, Error> {
        let row = Row {
            key: format!("send#{}", digest(&[sender.as_bytes(), key.as_bytes()])),
            id: crate::random_id(),
            body: digest(&[body]),
            lease: crate::random_id(),
            lease_until: self.clock.now() + seconds,
            done: false,
            expires_at: self.clock.now() + KEPT_FOR,
        };
        let put = self.table.put(&row)?;
        let put = put
            .condition_expression("attribute_not_exists(#key) OR expires_at < :now")
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":now", number(self.clock.now()));
        if condition_met(put.send().await)? {
            return Ok(Claim::Acquired(ClaimLease {
                id: row.id,
                resumed: false,
                key: row.key,
                lease: row.lease,
            }));
        }
        match self.table.get::<Row>(&row.key).await? {
            // The write was made and its answer lost: the client made it twice.
            Some(found) if found.lease == row.lease => {
                Ok(Claim::Acquired(ClaimLease { id: row.id, resumed: false, key: row.key, lease: row.lease }))
            }
            Some(found) if found.body != row.body => Ok(Claim::Conflict),
            Some(found) if found.done => Ok(Claim::Done(found.id)),
            Some(found) if found.lease_until < self.clock.now() => self.take_over(found, row).await,
            Some(_) | None => Ok(Claim::InProgress),
        }
    }

    /// Says that the claimed batch is made.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn complete(&self, lease: &ClaimLease) -> Result<(), Error> {
        let update = self.table.update(&lease.key);
        let update = update.update_expression("SET done = :done").condition_expression("lease = :lease");
        let update = update.expression_attribute_values(":lease", text(&lease.lease));
        let done = aws_sdk_dynamodb::types::AttributeValue::Bool(true);
        condition_met(update.expression_attribute_values(":done", done).send().await)?;
        Ok(())
    }

    /// Leaves the claimed batch to whoever claims it next.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn release_claim(&self, lease: &ClaimLease) -> Result<(), Error> {
        let update = self.table.update(&lease.key);
        let update =
            update.update_expression("SET lease_until = :never").condition_expression("lease = :lease");
        let update = update.expression_attribute_values(":lease", text(&lease.lease));
        condition_met(update.expression_attribute_values(":never", number(0)).send().await)?;
        Ok(())
    }

    async fn take_over(&self, found: Row, own: Row) -> Result<Claim, Error> {
        let update = self.table.update(&found.key);
        let update = update
            .update_expression("SET lease = :lease, lease_until = :until")
            .condition_expression("lease = :found")
            .expression_attribute_values(":found", text(&found.lease))
            .expression_attribute_values(":lease", text(&own.lease))
            .expression_attribute_values(":until", number(own.lease_until));
        let taken = condition_met(update.send().await)?;
        let lease = ClaimLease { id: found.id, resumed: true, key: found.key, lease: own.lease };
        Ok(if taken { Claim::Acquired(lease) } else { Claim::InProgress })
    }
}

/// The SHA-256 of the parts, each preceded by its length: parts cannot run into each other.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
