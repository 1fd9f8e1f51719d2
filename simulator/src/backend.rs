//! The mini-program's own server, which a user's phone calls as WeChat's documents have it: with the code of `wx.login` at
//! `/login`, and with what `wx.requestSubscribeMessage` said at `/subscriptions`.

use std::collections::HashMap;

use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use serde_json::{Value, json};

use crate::callbacks;

/// Where it is, and whom it knows.
#[derive(Clone)]
pub(crate) struct Backend {
    /// None, and nobody takes a code.
    pub(crate) url: Option<String>,
    http: Client,
    /// By user, what the server gave them for their code.
    sessions: HashMap<u32, String>,
}

/// What it answered.
#[derive(Serialize)]
pub(crate) struct Answered {
    /// The HTTP status; 0 where nobody answered.
    pub(crate) status: u16,
    /// The body; a text where it is no JSON.
    pub(crate) body: Value,
}

impl Backend {
    /// The one at this address.
    pub(crate) fn at(url: Option<&str>) -> Self {
        let url = url.map(|url| url.trim_end_matches('/').to_owned());
        Self { url, http: callbacks::client(), sessions: HashMap::new() }
    }

    /// Whether a user has a session there.
    pub(crate) fn knows(&self, user: u32) -> bool {
        self.sessions.contains_key(&user)
    }

    /// Keeps the session that an answer to a code holds, and shows it to nobody.
    pub(crate) fn logged_in(&mut self, user: u32, answered: &mut Answered) {
        let token = answered.body.as_object_mut().and_then(|body| body.remove("token"));
        if let (200, Some(Value::String(token))) = (answered.status, token) {
            self.sessions.insert(user, token);
        }
    }

    /// Nobody is known any more.
    pub(crate) fn forget(&mut self) {
        self.sessions.clear();
    }

    /// The call with a code.
    pub(crate) fn login(&self, code: &str) -> Option<RequestBuilder> {
        let url = self.url.as_deref()?;
        Some(self.http.post(format!("{url}/login")).json(&json!({ "code": code })))
    }

    /// The call with what a user answered the popup.
    pub(crate) fn subscriptions(&self, user: u32, results: &Value) -> Option<RequestBuilder> {
        let (url, session) = (self.url.as_deref()?, self.sessions.get(&user)?);
        let call = self.http.post(format!("{url}/subscriptions")).bearer_auth(session);
        Some(call.json(&json!({ "results": results })))
    }
}

/// Makes a call, where there is one.
pub(crate) async fn answered(call: Option<RequestBuilder>) -> Option<Answered> {
    let answer = async |call: RequestBuilder| {
        let response = call.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok::<_, reqwest::Error>(Answered { status, body })
    };
    let nobody = |error: reqwest::Error| Answered { status: 0, body: error.without_url().to_string().into() };
    Some(answer(call?).await.unwrap_or_else(nobody))
}
