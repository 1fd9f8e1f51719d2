//! Where a running stack can be found: a file in its folder, for its owner alone.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::StackError;

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
        let text = fs::read(folder.join(NAME)).map_err(|_| {
            StackError(format!(
                "No local stack is running with {}. Start one with `queqiao local` (or `cargo run`), name its folder \
                 with --data, or another's address with --gateway; an --ephemeral one is found by its address alone.",
                folder.display()
            ))
        })?;
        serde_json::from_slice(&text).map_err(|error| StackError::new("read what runs", error))
    }

    /// Writes it, for nobody else to read.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), StackError> {
        let error = |error| StackError::new("write down what runs", error);
        let file = folder.join(NAME);
        // A file that is there keeps its rights when it is opened.
        let _ = fs::remove_file(&file);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(error)?;
        file.write_all(&serde_json::to_vec(self).expect("texts only")).map_err(error)
    }

    /// Takes it away: nothing runs any more.
    pub fn remove(folder: &Path) {
        // One that is left behind leads to an address where nobody answers.
        let _ = fs::remove_file(folder.join(NAME));
    }
}
