//! The simulator's own routes.

pub(crate) mod admin;
pub(crate) mod callback;
pub(crate) mod phone;
