//! What goes wrong on demand.

pub(crate) mod callbacks;
pub(crate) mod endpoints;
pub(crate) mod followers;
