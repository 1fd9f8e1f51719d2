//! WeChat's API: one file per family of endpoints, one client that all of them go through.

pub mod client;
pub mod crypto;
pub mod errcode;
mod failure;
pub mod followers;
pub mod login;
pub mod template;
pub mod token;

pub use client::WeChat;
pub use failure::Failure;
pub use token::Tokens;
