//! The database that queues and messages live in, and one call's view of it.

use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use serde::de::DeserializeOwned;

use super::error::Error;
use super::waits::Waits;

/// More than there are statements.
const STATEMENTS: usize = 64;

/// `OFF` leaves it to the machine when the disk is written: a process can be killed and nothing is lost.
const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS queues (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        attributes TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        modified_at_ms INTEGER NOT NULL,
        purged_at_ms INTEGER
    );
    CREATE TABLE IF NOT EXISTS deleted_queues (
        name TEXT PRIMARY KEY,
        deleted_at_ms INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS messages (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL REFERENCES queues ON DELETE CASCADE,
        visible_at_ms INTEGER NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0,
        sent_at_ms INTEGER NOT NULL,
        first_received_at_ms INTEGER,
        received_at_ms INTEGER,
        dead_letter_source TEXT,
        id TEXT NOT NULL,
        attributes TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_at_ms, receives);
    CREATE INDEX IF NOT EXISTS messages_by_age ON messages (queue, sent_at_ms);
    CREATE TABLE IF NOT EXISTS move_tasks (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        source TEXT NOT NULL,
        destination TEXT,
        rate INTEGER,
        to_move INTEGER NOT NULL,
        moved INTEGER NOT NULL,
        started_at_ms INTEGER NOT NULL
    );";

/// Opens the database of this file, or one in memory.
///
/// # Errors
/// When the file cannot be opened or is no database of ours.
pub fn open(file: Option<&Path>) -> rusqlite::Result<Connection> {
    let db = match file {
        Some(file) => Connection::open(file)?,
        None => Connection::open_in_memory()?,
    };
    db.execute_batch(SCHEMA)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// A column that holds JSON.
///
/// # Errors
/// When it holds something else.
pub fn json<T: DeserializeOwned>(row: &Row, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// One call's view: the database within a transaction, and the moment that it is carried out at.
pub struct Call<'a> {
    /// Commits when the call succeeds.
    pub db: &'a Connection,
    /// Unix milliseconds.
    pub now_ms: i64,
    /// What the URLs of queues begin with.
    pub base_url: &'a str,
    /// Who waits for messages.
    pub waits: &'a Waits,
}

impl Call<'_> {
    /// Changes rows; gives how many.
    ///
    /// # Errors
    /// When the database fails, as all of these.
    pub fn execute(&self, sql: &str, values: impl Params) -> Result<usize, Error> {
        Ok(self.db.prepare_cached(sql)?.execute(values)?)
    }

    /// The first row, if there is one.
    pub fn find<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        Ok(self.db.prepare_cached(sql)?.query_row(values, read).optional()?)
    }

    /// All rows.
    pub fn list<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map(values, read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
