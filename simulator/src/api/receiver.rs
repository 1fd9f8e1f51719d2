//! Whom a message is for: the user whose one message at a time a call is.

use serde::Deserialize;

use crate::api::call::ApiCall;
use crate::api::{messages, subscribe};
use crate::world::accounts::{MINI, OA};

#[derive(Deserialize)]
struct To {
    touser: String,
}

/// The user a call sends a message to; `None` if it names none or sends no messages.
pub(crate) fn receiver_of(call: &ApiCall) -> Option<u32> {
    let account = match call.path {
        messages::SEND => &OA,
        subscribe::SEND => &MINI,
        _ => return None,
    };
    account.openids.user(&serde_json::from_slice::<To>(&call.body).ok()?.touser)
}
