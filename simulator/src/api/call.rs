//! One call of WeChat's API as its endpoints see it.

use std::collections::HashMap;
use std::net::IpAddr;

use axum::body::Bytes;
use serde::de::DeserializeOwned;

use crate::world::World;
use crate::world::accounts::{Account, Kind};
use crate::world::refusal::Refusal;

/// A call, read whole before anything is decided about it.
pub(crate) struct ApiCall {
    pub(crate) path: &'static str,
    /// Whose call it is, as WeChat sees it.
    pub(crate) from: IpAddr,
    pub(crate) is_post: bool,
    pub(crate) parameters: HashMap<String, String>,
    pub(crate) body: Bytes,
    /// Another message of this kind to the same openid is still being sent.
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

    /// The account it speaks for, if its token works, is of this kind and has quota left.
    pub(crate) fn authorize(&self, world: &mut World, kind: Kind) -> Result<&'static Account, Refusal> {
        let token = self.query("access_token").ok_or_else(|| Refusal::new(41001))?;
        world.authorize(token, self.path, self.from, Some(kind))
    }

    /// The same, for a call that either account may make.
    pub(crate) fn authorize_any(&self, world: &mut World) -> Result<&'static Account, Refusal> {
        let token = self.query("access_token").ok_or_else(|| Refusal::new(41001))?;
        world.authorize(token, self.path, self.from, None)
    }
}
