//! What callers see: requests, answers, problems, reasons and states, and the routes they belong to.
//!
//! The types are apart from what tables and queues hold; the words (a code, a reason, a state, a scope) are
//! shared with them. A word never changes its meaning. New ones may come, and so may new fields of an answer.

pub mod data;
pub mod decrypt;
pub mod doctor;
pub mod dry_run;
pub mod forget;
pub mod key;
pub mod lang;
pub mod login;
#[cfg(feature = "schema")]
pub mod openapi;
pub mod problem;
pub mod reason;
pub mod recipient;
pub mod routes;
pub mod send;
pub mod status;
pub mod subscriptions;
pub mod sync;
pub mod templates;

pub use data::Data;
pub use decrypt::{Opened, Sealed};
pub use doctor::{Check, CheckState, Diagnosis};
pub use dry_run::{DryRun, Preview, PreviewCard, PreviewLine};
pub use forget::{Deleted, Forgetting, ForgettingState};
pub use key::Scope;
pub use lang::Lang;
pub use login::{LoggedIn, LoggedOut, Login, Logout};
pub use problem::{Code, Problem};
pub use reason::Reason;
pub use recipient::Recipient;
pub use send::{Accepted, Rejected, SendRequest, To};
pub use status::{BatchStatus, Channel, MessageState, MessageStatus, Replay, Replayed};
pub use subscriptions::{Credited, Subscriptions};
pub use sync::{Advance, SyncProgress, SyncState};
pub use templates::{
    CardLine, EntryCard, FetchedAt, Format, Misfit, TemplateProblem, Templates, UnusedTemplate,
};

/// Every field of a request's body: the only names that may stand in a sentence about one.
pub const FIELDS: [&str; 17] = [
    "all",
    "anew",
    "code",
    "data",
    "encryptedData",
    "force",
    "iv",
    "n",
    "notification",
    "oa_openid",
    "openid",
    "page",
    "rawData",
    "results",
    "signature",
    "to",
    "unionid",
];
