//! A movable clock's offset in a file: eight bytes, which processes read as often as they ask for the time.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The file with the offset.
#[derive(Debug)]
pub(crate) struct Followed(File);

impl Followed {
    /// Opens it to be written, and creates it where there is none.
    pub(crate) fn create(file: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        Ok(Self(options.open(file)?))
    }

    /// Opens it to be read.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        Ok(Self(File::open(file)?))
    }

    /// Milliseconds ahead of the machine; none as long as nobody has moved the clock.
    pub(crate) fn read(&self) -> i64 {
        let mut bytes = [0; 8];
        match self.0.read_exact_at(&mut bytes, 0) {
            Ok(()) => i64::from_le_bytes(bytes),
            Err(_) => 0,
        }
    }

    /// Writes it, as far as the disk takes it: those who follow are a test's.
    pub(crate) fn write(&self, offset: i64) {
        let _ = self.0.write_all_at(&offset.to_le_bytes(), 0);
    }
}
