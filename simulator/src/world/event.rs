//! What happens to a user of an account, and is told to the account's server.

use serde::{Deserialize, Serialize};

use crate::world::accounts::{Account, MINI, OA};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) user: u32,
    /// Unix seconds by the simulator's clock.
    pub(crate) at: i64,
    pub(crate) what: What,
}

/// What it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Subscribe,
    Unsubscribe,
    /// A follower scanned the account's QR code.
    Scan,
    /// A template message reached its end.
    Receipt {
        msgid: i64,
        status: Status,
    },
    /// The mini-program asked in a popup, and the user chose.
    Popup(Vec<Choice>),
    /// The user chose otherwise in the mini-program's settings.
    Change(Vec<Choice>),
    /// A subscribe message reached its end.
    Sent {
        msgid: i64,
        template_id: &'static str,
        arrived: bool,
    },
}

impl What {
    /// The message that it is the receipt of.
    pub(crate) fn msgid(&self) -> Option<i64> {
        match self {
            Self::Receipt { msgid, .. } | Self::Sent { msgid, .. } => Some(*msgid),
            Self::Subscribe | Self::Unsubscribe | Self::Scan | Self::Popup(_) | Self::Change(_) => None,
        }
    }

    /// The account whose server is told.
    pub(crate) fn account(&self) -> &'static Account {
        match self {
            Self::Subscribe | Self::Unsubscribe | Self::Scan | Self::Receipt { .. } => &OA,
            Self::Popup(_) | Self::Change(_) | Self::Sent { .. } => &MINI,
        }
    }
}

/// Whether a user wants the messages of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) template_id: &'static str,
    pub(crate) accepts: bool,
}

/// What became of a template message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    UserBlock,
    SystemFailed,
}

/// How far the telling of an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// It waits.
    Queued,
    /// The server took it.
    Taken,
    /// The server took it in none of the tries.
    GivenUp,
    /// It was forgotten before the server was told.
    Lost,
}
