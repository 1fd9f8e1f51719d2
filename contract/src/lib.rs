//! What callers see: requests, answers, problems, reasons and states, and the routes they belong to.
//!
//! The types are apart from what tables and queues hold. A word that callers may decide on (a code, a
//! reason, a state) never changes its meaning; new ones may come, and so may new fields of an answer.

pub mod decrypt;
pub mod key;
pub mod login;
#[cfg(feature = "schema")]
pub mod openapi;
pub mod problem;
pub mod reason;
pub mod recipient;
pub mod routes;
pub mod send;
pub mod status;
pub mod sync;

pub use decrypt::{Opened, Sealed};
pub use key::Scope;
pub use login::{LoggedIn, Login};
pub use problem::{Code, Problem};
pub use reason::Reason;
pub use recipient::Recipient;
pub use send::{Accepted, Rejected, SendRequest, To};
pub use status::{BatchStatus, MessageState, MessageStatus, Replay, Replayed};
pub use sync::{Advance, SyncProgress, SyncState};
