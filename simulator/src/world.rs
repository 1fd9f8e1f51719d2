//! What there is at WeChat.

pub(crate) mod accounts;
pub(crate) mod clock;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod followers;
pub(crate) mod login;
pub(crate) mod messages;
pub(crate) mod quota;
pub(crate) mod stats;
pub(crate) mod templates;
pub(crate) mod tokens;
pub(crate) mod users;
