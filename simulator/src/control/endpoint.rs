//! Naming an endpoint of WeChat's in a control request.

use crate::api::endpoints::Endpoint;
use crate::control::answer::{ControlError, bad_request};

/// The endpoint with this path.
pub(crate) fn known(path: &str) -> Result<&'static Endpoint, ControlError> {
    Endpoint::by_path(path).ok_or_else(|| bad_request(format!("There is no endpoint {path:?} here.")))
}
