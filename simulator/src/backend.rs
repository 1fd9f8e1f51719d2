//! The mini-program's own server, which a user's phone calls as WeChat's documents have it: with the code of `wx.login` at
//! `/login`, and with what `wx.requestSubscribeMessage` said at `/subscriptions`.

use std::collections::HashMap;
use std::time::Duration;

use clock::{Clock, TimedOut};
use reqwest::{Client, RequestBuilder, Url};
use serde::Serialize;
use serde_json::{Value, json};

use crate::callbacks;

/// How long it has to answer: as long as WeChat gives an account's server.
const TIMEOUT: Duration = Duration::from_secs(5);
/// No answer of a login or a subscription is longer, in bytes.
const LONGEST: usize = 64 << 10;

/// `Err` is a sentence about why no server's routes are below this address.
pub(crate) fn validate(url: &str) -> Result<(), &'static str> {
    let is_base = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(url).is_ok_and(|url| is_base(&url)) {
        true => Ok(()),
        false => {
            Err("The backend is http or https, without a user, a query or a fragment: http://127.0.0.1:9000.")
        }
    }
}

/// By user, what the server gave them for their code.
pub(crate) type Sessions = HashMap<u32, String>;

/// Where it is, and whom it knows.
pub(crate) struct Backend {
    /// None, and nobody takes a code.
    pub(crate) url: Option<String>,
    http: Client,
    pub(crate) sessions: Sessions,
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
        Self { url, http: callbacks::client(), sessions: Sessions::new() }
    }

    /// Whether a user has a session there.
    pub(crate) fn knows(&self, user: u32) -> bool {
        self.sessions.contains_key(&user)
    }

    /// Keeps the session that an answer to a code holds, and shows it to nobody.
    pub(crate) fn keep_session(&mut self, user: u32, answered: &mut Answered) {
        let token = answered.body.as_object_mut().and_then(|body| body.remove("token"));
        if let (200, Some(Value::String(token))) = (answered.status, token) {
            self.sessions.insert(user, token);
        }
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

/// Makes a call, where there is one, and does not wait for ever.
pub(crate) async fn call(request: Option<RequestBuilder>, clock: &Clock) -> Option<Answered> {
    let nobody = |told: String| Answered { status: 0, body: told.into() };
    Some(match clock.timeout(TIMEOUT, answer(request?)).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(error)) => nobody(error.without_url().to_string()),
        Err(TimedOut) => nobody(format!("no answer within {} s", TIMEOUT.as_secs())),
    })
}

async fn answer(request: RequestBuilder) -> reqwest::Result<Answered> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST {
            return Ok(Answered { status, body: format!("more than {LONGEST} bytes").into() });
        }
    }
    let text = || String::from_utf8_lossy(&bytes).into_owned().into();
    Ok(Answered { status, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for url in ["http://127.0.0.1:9000", "https://localhost/api/"] {
            assert_eq!(validate(url), Ok(()), "{url}");
        }
        for url in [
            "nonsense",
            "",
            "ftp://x",
            "http://",
            "http://h/x?y=1",
            "http://h/#x",
            "http://u:p@h/",
            "localhost:9000",
        ] {
            assert!(validate(url).is_err(), "{url}");
        }
    }
}
