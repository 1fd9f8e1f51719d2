//! Queqiao from end to end: over HTTP, a stack of its own per test, seen only from outside.

mod breakers;
mod catalog;
mod catalog_pushed;
mod cost;
mod credits;
mod decrypt;
mod deliver;
mod doctor;
mod drills;
mod dry_run;
// The proxy has an address of its own, which a Mac would have to be given first.
#[cfg(target_os = "linux")]
mod egress;
mod events;
mod fallback;
mod forget;
mod forward;
mod hostile;
#[cfg(target_os = "linux")]
mod https;
mod idempotency;
mod import;
mod keys;
mod load;
mod login;
mod mini_callbacks;
mod neighbours;
mod phone;
mod replay;
mod rights;
mod send;
mod stack;
mod status;
mod subscriptions;
mod sync;
mod sync_faults;
mod sync_killed;
mod sync_unionids;
mod templates;
mod tokens;
mod upgrades;
