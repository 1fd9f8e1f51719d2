//! Queqiao from end to end: over HTTP, a stack of its own per test, seen only from outside.

mod breakers;
mod catalog;
mod decrypt;
mod deliver;
mod doctor;
mod events;
mod forget;
mod forward;
mod hostile;
mod idempotency;
mod keys;
mod load;
mod login;
mod neighbours;
mod replay;
mod rights;
mod send;
mod stack;
mod status;
mod sync;
mod sync_faults;
mod sync_killed;
mod sync_unionids;
mod tokens;
mod upgrades;
