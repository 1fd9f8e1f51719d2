//! The two accounts WeChat knows here, bound to one Open Platform account.

use serde::{Deserialize, Serialize};

/// The Official Account's appid.
pub const OA_APPID: &str = "wx6e2f8b41c07d935a";
/// The Official Account's AppSecret.
pub const OA_SECRET: &str = "3f9c1d7ab2e84560917cfe20d84b6a35";
/// The Official Account's original id (原始ID), by which callbacks name it.
pub const OA_ORIGINAL_ID: &str = "gh_8d41f7c20b6e";
/// The mini-program's appid.
pub const MINI_APPID: &str = "wx1c94a7d3e05b28f6";
/// The mini-program's AppSecret.
pub const MINI_SECRET: &str = "b7d20e6f495a4c13a8f1960c3de57b82";

/// An account with its own tokens, quotas and openids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Account {
    #[default]
    Oa,
    Mini,
}

impl Account {
    pub(crate) fn by_appid(appid: &str) -> Option<Self> {
        match appid {
            OA_APPID => Some(Self::Oa),
            MINI_APPID => Some(Self::Mini),
            _ => None,
        }
    }

    pub(crate) fn secret(self) -> &'static str {
        match self {
            Self::Oa => OA_SECRET,
            Self::Mini => MINI_SECRET,
        }
    }
}
