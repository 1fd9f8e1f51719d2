//! What a mini-program user may send: what the catalog opens, to whom it opens it.

use contract::{Recipient, SendRequest};
use shared::Error;
use shared::catalog::{Allow, Notification};
use shared::session::User;

/// Refuses a notification that the catalog does not open to users.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn may_send(notification: &Notification) -> Result<(), Error> {
    match notification.allow {
        Allow::Service => Err(forbidden(
            "A mini-program user may not send this notification; the catalog's `allow` opens it.",
        )),
        Allow::Oneself | Allow::Anyone => Ok(()),
    }
}

/// Refuses recipients that it is not opened for, and what only a service key may choose.
///
/// # Errors
/// [`Error::Forbidden`].
pub fn may_send_to(user: &User, notification: &Notification, call: &SendRequest) -> Result<(), Error> {
    if call.page.is_some() {
        return Err(forbidden("Only a service key may choose the page."));
    }
    for to in &call.to {
        match (to.recipient(), notification.allow) {
            (Recipient::Openid(openid), Allow::Oneself) if openid == user.openid => {}
            (Recipient::Openid(_), Allow::Anyone) => {}
            (Recipient::Openid(_), _) => {
                return Err(forbidden("A mini-program user may send this notification to themselves alone."));
            }
            (Recipient::Unionid(_) | Recipient::OaOpenid(_), _) => {
                return Err(forbidden("A mini-program user names recipients by `openid` alone."));
            }
        }
    }
    Ok(())
}

fn forbidden(why: &str) -> Error {
    Error::Forbidden(format!("{why} A service key may do it."))
}
