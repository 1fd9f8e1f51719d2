//! WeChat's API: one client, and one file per family of endpoints, each of them a function that gives an
//! [`ApiRequest`]. Nothing here knows a table, a queue or the environment.

pub mod client;
pub mod crypto;
pub mod errcode;
mod failure;
pub mod followers;
pub mod login;
pub mod proxy;
pub mod quota;
pub mod reader;
mod request;
pub mod subscribe;
pub mod template;
pub mod templates;
pub mod token;

pub use client::WeChat;
pub use failure::Failure;
pub use proxy::Proxy;
pub use request::ApiRequest;
pub use token::AccessToken;
