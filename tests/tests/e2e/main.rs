//! Queqiao from end to end: over HTTP, a stack of its own per test, seen only from outside.

mod decrypt;
mod login;
mod logs;
mod outage;
mod quota;
mod reach;
mod reject;
mod rights;
mod stack;
mod sync;
mod tokens;
