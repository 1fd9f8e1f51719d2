//! The structural invariants of the house, held by reading its manifests, sources and template.

mod circles;
mod crates;
mod deployment;
mod rooms;
mod source;
mod template;
mod upgrades;
mod workspace;
