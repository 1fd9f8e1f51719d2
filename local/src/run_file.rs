//! Where a running stack can be found: a file in its folder, for its owner alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{StackError, data};

const NAME: &str = "run.json";

/// What whoever operates the stack needs to know of it.
#[derive(Clone, Serialize, Deserialize)]
pub struct RunFile {
    /// The gateway's URL.
    pub gateway: String,
    /// A service key that the routes take.
    pub service_key: String,
    /// The variables of one who may do everything: how the tables are reached, and what they are called.
    pub operator: BTreeMap<String, String>,
}

impl RunFile {
    /// The stack that runs with this folder.
    ///
    /// # Errors
    /// When none does.
    pub fn read(folder: &Path) -> Result<Self, StackError> {
        let none = || {
            StackError(format!(
                "No local stack is running with {}. Start one with `queqiao local` (or `cargo run`), name its folder \
                 with --data, or a deployed one with --stack.",
                folder.display()
            ))
        };
        // One that was killed has left its file, and its address may be another's by now.
        if !data::is_taken(folder) {
            return Err(none());
        }
        let text = fs::read(folder.join(NAME)).map_err(|_| none())?;
        serde_json::from_slice(&text).map_err(|error| StackError::new("read what runs", error))
    }

    /// Writes it, for nobody else to read.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), StackError> {
        let run = serde_json::to_vec(self).expect("texts only");
        data::write_privately(&folder.join(NAME), &run)
            .map_err(|error| StackError::new("write down what runs", error))
    }

    /// Takes it away: nothing runs any more.
    pub fn remove(folder: &Path) {
        // One that is left behind leads to an address where nobody answers.
        let _ = fs::remove_file(folder.join(NAME));
    }
}
