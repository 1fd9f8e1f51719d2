//! What goes wrong on demand: with calls, with the list of followers, with callbacks; by the roll of dice.

pub(crate) mod callbacks;
mod dice;
pub(crate) mod endpoints;
pub(crate) mod followers;
