//! The folder that outlives a run.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use shared::session::Token;

use crate::StackError;

/// A folder taken for this process alone, until it is dropped.
pub struct DataFolder {
    folder: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Creates the folder where it is missing, and takes it.
    ///
    /// # Errors
    /// When it cannot be written, or another process has it.
    pub fn take(folder: &Path) -> Result<Self, StackError> {
        let name = folder.display();
        // Session keys, tokens and a service key lie in it.
        let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        created.map_err(|error| StackError::new(&format!("create {name}"), error))?;
        let lock = File::create(folder.join("lock"));
        let lock = lock.map_err(|error| StackError::new(&format!("write into {name}"), error))?;
        lock.try_lock().map_err(|_| {
            StackError(format!(
                "Another `cargo run` is using {name}. End that one, or start this one with --ephemeral or another --data."
            ))
        })?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Where DynamoDB keeps its tables.
    pub fn tables(&self) -> PathBuf {
        self.folder.join("tables.sqlite")
    }

    /// Where the queues' messages are kept.
    pub fn queue(&self) -> PathBuf {
        self.folder.join("queue.json")
    }

    /// Where the simulated WeChat is kept.
    pub fn wechat(&self) -> PathBuf {
        self.folder.join("wechat.json")
    }

    /// The service key this folder has, or a new one that it has from now on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn service_key(&self) -> Result<String, StackError> {
        let file = self.folder.join("service_key");
        if let Ok(key) = std::fs::read_to_string(&file) {
            return Ok(key);
        }
        let key = Token::random_key().into_text();
        std::fs::write(&file, &key).map_err(|error| StackError::new("save the service key", error))?;
        Ok(key)
    }
}
