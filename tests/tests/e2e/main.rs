//! Queqiao from end to end: over HTTP, a stack of its own per test, seen only from outside.

mod catalog;
mod decrypt;
mod deliver;
mod events;
mod login;
mod send;
mod stack;
mod status;
mod sync;
mod sync_faults;
mod tokens;
