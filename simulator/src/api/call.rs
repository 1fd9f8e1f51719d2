//! One call of WeChat's API as its endpoints see it, and the calls in flight.

use std::collections::HashMap;

use axum::body::Bytes;
use serde::de::DeserializeOwned;

use crate::Simulator;
use crate::api::answer::Refusal;

/// A call, read whole before anything is decided about it.
pub(crate) struct ApiCall {
    pub(crate) path: &'static str,
    pub(crate) is_post: bool,
    pub(crate) parameters: HashMap<String, String>,
    pub(crate) body: Bytes,
    /// Another template message to the same openid is still being sent.
    pub(crate) overlaps: bool,
}

impl ApiCall {
    /// A parameter of the query; `None` if it is missing or empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The body as JSON, whatever its content type says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        if self.body.is_empty() {
            return Err(Refusal::new(44002));
        }
        serde_json::from_slice(&self.body).map_err(|_| Refusal::new(47001))
    }
}

/// Counts a call as in flight until it is dropped, however the call ends.
pub(crate) struct InFlight {
    simulator: Simulator,
    path: &'static str,
    receiver: Option<u32>,
}

impl InFlight {
    /// `receiver` is the user whose one message at a time this call is.
    pub(crate) fn new(simulator: &Simulator, path: &'static str, receiver: Option<u32>) -> Self {
        Self { simulator: simulator.clone(), path, receiver }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.simulator.lock();
        state.stats.finished(self.path);
        if let Some(user) = self.receiver {
            state.receiving.remove(&user);
        }
    }
}
