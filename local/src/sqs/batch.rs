//! Batches: up to ten of one action, of which some can fail (Developer Guide, "Amazon SQS batch actions").

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::Error;
use super::limits;

/// The entries of a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch<T> {
    #[serde(default = "Vec::new")]
    entries: Vec<Entry<T>>,
}

/// One of them, with the caller's name for it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<T> {
    #[serde(default)]
    id: String,
    #[serde(flatten)]
    asked: T,
}

impl<T> Batch<T> {
    /// What is asked for in all entries.
    pub fn asked(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|entry| &entry.asked)
    }

    /// Carries the entries out one after the other; tells which were and which were not.
    ///
    /// # Errors
    /// When the batch is refused as a whole: its number of entries, their ids; and what no sender is to
    /// blame for.
    pub fn carry_out(self, mut action: impl FnMut(T) -> Result<Value, Error>) -> Result<Value, Error> {
        self.check()?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for Entry { id, asked } in self.entries {
            match action(asked) {
                Ok(mut result) => {
                    result["Id"] = id.into();
                    successful.push(result);
                }
                Err(error) if error.is_senders() => {
                    let (code, message) = (error.code(), error.to_string());
                    failed.push(json!({"Id": id, "SenderFault": true, "Code": code, "Message": message}));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(json!({"Successful": successful, "Failed": failed}))
    }

    fn check(&self) -> Result<(), Error> {
        match self.entries.len() {
            0 => return Err(Error::EmptyBatchRequest),
            1..=limits::BATCH_ENTRIES => {}
            _ => return Err(Error::TooManyEntriesInBatchRequest),
        }
        if !self.entries.iter().all(|entry| limits::is_name(&entry.id)) {
            return Err(Error::InvalidBatchEntryId);
        }
        let ids: HashSet<_> = self.entries.iter().map(|entry| &entry.id).collect();
        if ids.len() == self.entries.len() { Ok(()) } else { Err(Error::BatchEntryIdsNotDistinct) }
    }
}
