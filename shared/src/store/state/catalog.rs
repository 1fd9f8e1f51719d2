//! `catalog`: which version of the catalog is in force; `catalog#7`: the seventh that was pushed. None of them expires.
//!
//! A version is never changed. What is asked every minute is thus a small row, and whoever knows its version knows
//! the text.

use std::ops::RangeInclusive;

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use serde::{Deserialize, Serialize};

use super::State;
use crate::Error;
use crate::store::{is_condition_failure, to_item};

/// The row that says which version is in force.
const IN_FORCE: &str = "catalog";

/// How many versions are kept, the one in force among them.
const KEPT: u64 = 10;

/// The largest catalog, in bytes: an item of DynamoDB has 400 KB, names of attributes and the rest of the row included.
pub const LARGEST_CATALOG: usize = 400 * 1024 - 512;

/// A catalog as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedCatalog {
    /// Which one it is, from 1.
    pub version: u64,
    /// The file, byte by byte.
    pub text: String,
    /// When, in Unix seconds.
    #[serde(default)]
    pub pushed_at: i64,
    /// The earlier version that it is again, by a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_to: Option<u64>,
}

#[derive(Serialize)]
struct Row<'a> {
    key: String,
    #[serde(flatten)]
    catalog: &'a PushedCatalog,
}

#[derive(Serialize, Deserialize)]
struct InForce {
    key: String,
    version: u64,
}

/// The versions that are kept where this is the newest.
pub fn kept_catalogs(newest: u64) -> RangeInclusive<u64> {
    newest.saturating_sub(KEPT - 1).max(1)..=newest
}

impl State {
    /// Which version of the catalog is in force; 0 where none was ever pushed.
    ///
    /// # Errors
    /// [`Error::Unavailable`], also for a row that cannot be read.
    pub async fn catalog_version(&self) -> Result<u64, Error> {
        Ok(self.table.get::<InForce>(IN_FORCE).await?.map_or(0, |row| row.version))
    }

    /// A version of the catalog; `None` where it is not kept, or its row cannot be read.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn catalog(&self, version: u64) -> Result<Option<PushedCatalog>, Error> {
        let item = self.table.get::<serde_json::Value>(&key(version)).await?;
        Ok(item.and_then(|item| serde_json::from_value(item).ok()))
    }

    /// Has this text be the next version, which is in force from now on, and drops the oldest; `false`, and nothing has
    /// changed, where `after` is not the version in force any more.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn push_catalog(
        &self,
        after: u64,
        text: &str,
        rollback_to: Option<u64>,
    ) -> Result<bool, Error> {
        let (version, pushed_at) = (after + 1, self.clock.now());
        let catalog = PushedCatalog { version, text: text.to_owned(), pushed_at, rollback_to };
        let in_force = self.put(&InForce { key: IN_FORCE.to_owned(), version })?;
        let in_force = match after {
            0 => in_force
                .condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", self.table.key),
            after => in_force
                .condition_expression("version = :after")
                .expression_attribute_values(":after", AttributeValue::N(after.to_string())),
        };
        let mut write = self.table.client.transact_write_items();
        for put in [in_force, self.put(&Row { key: key(version), catalog: &catalog })?] {
            let put = put.build().map_err(Error::unavailable)?;
            write = write.transact_items(TransactWriteItem::builder().put(put).build());
        }
        if version > KEPT {
            let oldest = AttributeValue::S(key(version - KEPT));
            let oldest = Delete::builder().table_name(&self.table.name).key(self.table.key, oldest);
            let oldest = oldest.build().map_err(Error::unavailable)?;
            write = write.transact_items(TransactWriteItem::builder().delete(oldest).build());
        }
        match write.send().await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failure(&error) => Ok(false),
            Err(error) => Err(Error::unavailable(error)),
        }
    }

    fn put(&self, row: &impl Serialize) -> Result<PutBuilder, Error> {
        Ok(Put::builder().table_name(&self.table.name).set_item(Some(to_item(row)?)))
    }
}

fn key(version: u64) -> String {
    format!("{IN_FORCE}#{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_versions_are_kept() {
        for (newest, kept) in [(1, 1..=1), (10, 1..=10), (11, 2..=11), (30, 21..=30)] {
            assert_eq!(kept_catalogs(newest), kept);
        }
        assert_eq!(kept_catalogs(0).count(), 0);
    }
}
