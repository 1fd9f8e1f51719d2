//! The one client: makes a call, times out, reads errcode. It holds no token and knows no table.

use std::time::Duration;

use clock::{Clock, TimedOut};
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{AccessToken, ApiRequest, Failure};

/// WeChat answers within a second as a rule; what takes longer than this will not come.
pub const TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// WeChat, as every function sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WeChat {
    http: reqwest::Client,
    base: String,
    clock: Clock,
}

/// What every answer may hold; on success WeChat often leaves errcode out.
#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

impl WeChat {
    /// Builds the HTTP client and its TLS; once, in init. `base` has no slash at its end.
    pub fn new(base: &str, clock: Clock) -> Self {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .expect("the TLS back end is compiled in");
        Self { http, base: base.to_owned(), clock }
    }

    /// Makes a call that needs no token.
    ///
    /// # Errors
    /// [`Failure`], already without the URL.
    pub async fn call<T: DeserializeOwned>(&self, request: &ApiRequest<T>) -> Result<T, Failure> {
        self.send(request, None).await
    }

    /// Makes a call under this token.
    ///
    /// # Errors
    /// [`Failure`], already without the URL.
    pub async fn call_with<T: DeserializeOwned>(
        &self,
        token: &AccessToken,
        request: &ApiRequest<T>,
    ) -> Result<T, Failure> {
        self.send(request, Some(token)).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: &ApiRequest<T>,
        token: Option<&AccessToken>,
    ) -> Result<T, Failure> {
        let method = if request.body.is_some() { Method::POST } else { Method::GET };
        let mut call =
            self.http.request(method, format!("{}{}", self.base, request.path)).query(&request.query);
        if let Some(token) = token {
            call = call.query(&[("access_token", token.expose())]);
        }
        if let Some(body) = &request.body {
            call = call.json(body);
        }
        let answer = async {
            let response = call.send().await?;
            Ok((response.status(), response.bytes().await?))
        };
        let answer = self.clock.timeout(TIMEOUT, answer).await;
        let (status, body) = answer
            .map_err(|TimedOut| Failure::NoAnswer("time-out".into()))?
            .map_err(|error: reqwest::Error| Failure::of(error, &self.base))?;
        if !status.is_success() {
            return Err(Failure::NoAnswer(format!("HTTP {status}")));
        }
        let failed = parse::<Outcome>(&body)?;
        if failed.errcode != 0 {
            return Err(Failure::Refused { errcode: failed.errcode, errmsg: failed.errmsg });
        }
        parse(&body)
    }
}

/// Reads WeChat's JSON, which may hold raw control characters inside its strings.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).or_else(|_| {
        let cleaned: Vec<u8> = body.iter().map(|byte| if *byte < 0x20 { b' ' } else { *byte }).collect();
        serde_json::from_slice(&cleaned)
            .map_err(|error| Failure::NoAnswer(format!("not the JSON it should be ({:?})", error.classify())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    use crate::wechat::errcode::Action;

    #[test]
    fn raw_control_characters_are_read_as_spaces() {
        let value: Value = parse(b"{\"errmsg\":\"a\x01b\"}").expect("read");
        assert_eq!(value["errmsg"], "a b");
    }

    #[test]
    fn an_answer_that_is_no_json_is_no_answer() {
        let failure = parse::<Value>(b"<html>").expect_err("refused");
        assert_eq!(failure.action(), Action::Ambiguous);
    }
}
