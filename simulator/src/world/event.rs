//! What happens to a user of the Official Account, and is told to its server.

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
}

/// What became of a template message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    UserBlock,
    SystemFailed,
}
