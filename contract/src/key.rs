//! Service keys: what one may do.

use serde::{Deserialize, Serialize};

/// What a service key may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Scope {
    /// Send batches and replay their messages.
    Send,
    /// Read what became of any batch.
    Read,
    /// Advance the sync and read its progress.
    Sync,
    /// Read and delete what is kept of a user, and look into the deployment.
    Admin,
}

impl Scope {
    /// What a key may do that names nothing.
    pub const DEFAULT: [Self; 3] = [Self::Send, Self::Read, Self::Sync];
}
