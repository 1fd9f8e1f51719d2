//! What there is one of: each account's sync run, its breakers, its templates, when it was heard of, the catalog; what lives for a day; and what users
//! have accepted.

mod breaker;
mod catalog;
mod claims;
mod counters;
mod credits;
mod forgetting;
mod heard;
mod replacement;
mod sync;
mod templates;

pub use breaker::{Breaker, BreakerKeys, Cause, Outage, TokenFailure, pause_after};
pub use catalog::{LARGEST_CATALOG, PushedCatalog, kept_catalogs};
pub use claims::{Claim, ClaimLease};
pub use credits::{Credits, Take};
pub use forgetting::Forgetting;
pub use replacement::TokenReplacement;
pub use sync::{Checkpoint, RunProgress, SyncRun};
pub use templates::{KnownTemplates, TemplateLists};

use aws_sdk_dynamodb::Client;

use super::table::Table;
use crate::config::ConfigError;
use crate::{Clock, Config};

/// The state table.
#[derive(Clone, Debug)]
pub struct State {
    table: Table,
    clock: Clock,
}

impl State {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        let table = Table { client, name: config.state_table()?, key: "key" };
        Ok(Self { table, clock: config.clock()? })
    }
}
