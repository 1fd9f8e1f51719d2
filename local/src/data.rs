//! The folder that outlives a run.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use shared::session::Token;

use crate::StackError;

/// Where messages were kept once.
const OLD_QUEUE: &str = "queue.json";

/// Whoever has this file locked, has the folder.
const LOCK: &str = "lock";

/// Whether a process has taken the folder.
pub fn is_taken(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock_shared().is_err())
}

/// A folder taken for this process alone, until it is dropped.
pub struct DataFolder {
    folder: PathBuf,
    lock: File,
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // Closing it is not enough: a program that is being started at this moment has it open, too, until it runs.
        let _ = self.lock.unlock();
    }
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
        let closed = created.and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o700)));
        closed.map_err(|error| StackError::new(&format!("create {name}"), error))?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).open(folder.join(LOCK));
        let lock = lock.map_err(|error| StackError::new(&format!("write into {name}"), error))?;
        lock.try_lock().map_err(|_| {
            StackError(format!(
                "Another `cargo run` is using {name}. End that one, or start this one with --ephemeral or another --data."
            ))
        })?;
        if folder.join(OLD_QUEUE).exists() {
            tracing::warn!(
                "{name}/{OLD_QUEUE} is an older version's and is not read: messages that waited in it are not \
                 sent any more. Delete the file."
            );
        }
        Ok(Self { folder: folder.to_owned(), lock })
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Where DynamoDB keeps its tables.
    pub fn tables(&self) -> PathBuf {
        self.folder.join("tables.sqlite")
    }

    /// Where the queues and their messages are kept.
    pub fn queues(&self) -> PathBuf {
        self.folder.join("queues.sqlite")
    }

    /// Where the clock is kept, and followed by the processes of functions.
    pub fn clock(&self) -> PathBuf {
        self.folder.join("clock")
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
        if let Ok(key) = fs::read_to_string(&file)
            && !key.trim().is_empty()
        {
            return Ok(key.trim().to_owned());
        }
        let key = Token::random_key().into_text();
        write_privately(&file, key.as_bytes())
            .map_err(|error| StackError::new("save the service key", error))?;
        Ok(key)
    }
}

/// Writes a file that only its owner may read, over whatever is there.
///
/// # Errors
/// The file system's.
pub fn write_privately(file: &Path, content: &[u8]) -> io::Result<()> {
    // A file that is there keeps its rights when it is opened, and may be a link.
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(content)
}
