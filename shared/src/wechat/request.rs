//! A call to WeChat as data: what every endpoint's file makes, and the client sends.

use std::marker::PhantomData;

use serde_json::Value;

/// One call to an endpoint, without its token; `T` is what WeChat answers.
#[derive(Clone)]
pub struct ApiRequest<T> {
    pub(super) path: &'static str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    pub(super) is_repeatable: bool,
    answer: PhantomData<fn() -> T>,
}

impl<T> ApiRequest<T> {
    /// A GET.
    pub fn get(path: &'static str) -> Self {
        Self { path, query: Vec::new(), body: None, is_repeatable: false, answer: PhantomData }
    }

    /// A POST of this JSON.
    pub fn post(path: &'static str, body: Value) -> Self {
        Self { body: Some(body), ..Self::get(path) }
    }

    /// Once more when the connection that it went over has died: two are no worse than one.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.is_repeatable = true;
        self
    }

    /// With a parameter in the query.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }
}
