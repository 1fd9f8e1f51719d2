//! GET /doctor.

use serde::{Deserialize, Serialize};

/// What was looked at in the deployment, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Diagnosis {
    /// At least one of each name; several where there are several of what it looks at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    /// Its name, for programs: `token`, `token_replaced`, `clock`, `quota`, `open_platform`, `sync`, `callback`, `queues`,
    /// `breakers`, `catalog`, `templates`. New ones may come.
    pub check: String,
    /// Which of them, where there are several: an account (`oa`, `mini`), a template, a template with its
    /// page, a notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Whether it is as it should be.
    pub state: CheckState,
    /// What was found, in a sentence or two: in Chinese for who asks with `Accept-Language: zh`, else in English.
    pub detail: String,
    /// What to do about it; absent where there is nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Whether what was looked at is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CheckState {
    /// It is.
    Ok,
    /// It is not; the remedy says what to do.
    Problem,
    /// It could not be looked at, or there is nothing to be seen yet.
    Unknown,
}
