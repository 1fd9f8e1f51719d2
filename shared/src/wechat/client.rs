//! The one client: adds tokens, times out, reads errcode, and retries once on a token that died.

use std::time::Duration;

use lambda_http::http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errcode::Action;
use super::token::AccessToken;
use super::{Failure, Tokens};
use crate::Account;
use crate::Config;

/// WeChat answers within a second as a rule; what takes longer than this will not come.
pub const TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// WeChat, as every function sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WeChat {
    http: reqwest::Client,
    base: String,
    tokens: Tokens,
}

/// One call to an endpoint, without its token.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    path: &'a str,
    query: &'a [(&'a str, &'a str)],
    body: Option<&'a Value>,
}

impl<'a> Call<'a> {
    /// A GET with these parameters.
    pub fn get(path: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self { path, query, body: None }
    }

    /// A POST of this JSON.
    pub fn post(path: &'a str, body: &'a Value) -> Self {
        Self { path, query: &[], body: Some(body) }
    }
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
    /// Builds the HTTP client and its TLS; once, in init.
    pub fn new(config: &Config, tokens: Tokens) -> Self {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .expect("the TLS back end is compiled in");
        Self { http, base: config.wechat_api_base.clone(), tokens }
    }

    /// Makes a call that needs no token.
    ///
    /// # Errors
    /// [`Failure`], already without the URL.
    pub async fn call<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Failure> {
        self.request(call, None).await
    }

    /// Makes a call under the account's token. A token that WeChat no longer takes is looked up again;
    /// if the table has a newer one the call is made once more, else `refresh` is asked for one.
    ///
    /// # Errors
    /// [`Failure`]; with [`Action::RefreshToken`] a new token is on its way and the work can be tried again.
    pub async fn call_as<T: DeserializeOwned>(&self, account: Account, call: Call<'_>) -> Result<T, Failure> {
        let mut token = self.tokens.current(account).await?;
        let mut outcome = self.request(call, Some(&token)).await;
        if is_dead_token(&outcome)
            && let Some(newer) = self.tokens.newer_than(account, &token).await?
        {
            outcome = self.request(call, Some(&newer)).await;
            token = newer;
        }
        if is_dead_token(&outcome) {
            self.tokens.ask_to_replace(account, &token).await?;
        }
        outcome
    }

    async fn request<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        token: Option<&AccessToken>,
    ) -> Result<T, Failure> {
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.http.request(method, format!("{}{}", self.base, call.path)).query(call.query);
        if let Some(token) = token {
            request = request.query(&[("access_token", token.expose())]);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let body = response.bytes().await?;
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

fn is_dead_token<T>(outcome: &Result<T, Failure>) -> bool {
    outcome.as_ref().is_err_and(|failure| failure.action() == Action::RefreshToken)
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
