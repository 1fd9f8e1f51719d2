//! Naming a user in a control request: by their number, or by any of their ids.

use axum::http::StatusCode;

use crate::control::answer::ControlError;
use crate::world::World;
use crate::world::accounts::{MINI, OA};

/// The user of this number or id.
pub(super) fn named(world: &World, name: &str) -> Result<u32, ControlError> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let unionids = world.console.unionids();
    let found = [&OA.openids, &MINI.openids, &unionids].into_iter().find_map(|ids| ids.user(name));
    found.ok_or_else(|| ControlError::new(StatusCode::NOT_FOUND, format!("There is no user {name:?}.")))
}
