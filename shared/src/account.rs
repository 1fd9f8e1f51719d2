//! The two accounts.

use serde::{Deserialize, Serialize};

/// Which of the two accounts a call is made for; their tokens work only on their own APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Account {
    /// The mini-program (小程序).
    Mini,
    /// The Official Account (公众号).
    Oa,
}
