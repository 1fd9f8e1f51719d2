//! What Queqiao's functions share: WeChat, the tables and queues, sessions, the catalog, errors.

pub mod catalog;
pub mod config;
pub mod error;
pub mod field;
pub mod http;
pub mod job;
pub mod queue;

pub mod session;
pub mod store;
pub mod telemetry;
pub mod wechat;

pub use config::Config;
pub use contract::Reason;
pub use error::Error;

/// The present, in Unix seconds.
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |elapsed| i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX))
}

/// A new random name of 128 bits, 22 characters of base64url: a batch, a lease, a run.
pub fn random_id() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}
