//! What Queqiao's functions share: WeChat, the tables and queues, sessions, the catalog, errors.

pub mod account;
mod app_secret;
pub mod authorized;
pub mod beijing;
pub mod catalog;
pub mod causes;
pub mod config;
mod current_catalog;
pub mod error;
pub mod event;
pub mod forward;
pub mod http;
pub mod https;
pub mod job;
pub mod lambda;
pub mod preflight;
pub mod queue;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod wechat;

pub use ::clock::{self, Clock};
pub use account::Account;
pub use app_secret::AppSecret;
pub use authorized::Authorized;
pub use config::Config;
pub use contract::{Lang, Reason};
pub use current_catalog::CurrentCatalog;
pub use error::Error;
pub use forward::Forwarder;

/// A new random name of 128 bits, 22 characters of base64url: a batch, a lease, a run.
pub fn random_id() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}
