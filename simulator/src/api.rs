//! WeChat's API.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod endpoints;
