//! The simulator as its callers meet it: over HTTP, on a port of its own per test.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod backend;
mod events;
mod going_back;
mod guard;
mod orders;
mod program;
mod send;
mod subscribe;
mod tokens;
mod users;
mod watching;
mod wechat;
