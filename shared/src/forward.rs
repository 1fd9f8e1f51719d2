//! WeChat's callbacks, handed on as they came to the server that the team had before.

use std::time::Duration;

use ::http::StatusCode;
use ::http::header::CONTENT_TYPE;
use clock::{Clock, TimedOut};
use lambda_http::Request;

use crate::config::ConfigError;
use crate::wechat::client::{exchange, http_client};
use crate::{Config, causes, http, https};

/// Says that a callback does not come from WeChat itself.
const FORWARDED: &str = "queqiao-forwarded";

/// The largest answer that is passed back, in bytes: WeChat's replies to users hold 2 KB of text, or eight articles.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The server that callbacks are handed on to.
#[derive(Clone, Debug)]
pub struct Forwarder {
    http: reqwest::Client,
    url: String,
    clock: Clock,
}

/// The server has given no answer that WeChat could be told; the text names neither its URL nor a byte of its answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotForwarded(String);

impl Forwarder {
    /// To the server that `config` names; `None` where it names none.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config) -> Result<Option<Self>, ConfigError> {
        let clock = config.clock()?;
        Ok(config.forward_url()?.map(|url| Self { http: http_client(https::roots(), None), url, clock }))
    }

    /// Whether a request was handed on by one of us: to hand it on once more could go on in a circle without an end.
    pub fn has_forwarded(request: &Request) -> bool {
        request.headers().contains_key(FORWARDED)
    }

    /// POSTs a request's query and body, byte for byte, once; gives what is answered within this time.
    ///
    /// # Errors
    /// [`NotForwarded`]: no answer in time, or another than 200, or one that is too large or no text.
    pub async fn forward(&self, request: &Request, within: Duration) -> Result<String, NotForwarded> {
        let joiner = if self.url.contains('?') { '&' } else { '?' };
        let mut call = self.http.post(format!("{}{joiner}{}", self.url, http::raw_query(request)));
        if let Some(content_type) = request.headers().get(CONTENT_TYPE) {
            call = call.header(CONTENT_TYPE, content_type);
        }
        let call = call.header(FORWARDED, "1").body(request.body().to_vec());
        let answer = self.clock.timeout(within, exchange(call, LARGEST_ANSWER + 1)).await;
        let answer = answer.map_err(|TimedOut| NotForwarded("it took too long".to_owned()))?;
        let (status, body) = answer.map_err(|error| {
            // The URL may hold what is for its owner alone.
            let error = error.without_url();
            NotForwarded(causes::of(&error).unwrap_or_else(|| error.to_string()))
        })?;
        if status != StatusCode::OK {
            return Err(NotForwarded(format!("it answered {}", status.as_u16())));
        }
        if body.len() > LARGEST_ANSWER {
            return Err(NotForwarded(format!("its answer is larger than {LARGEST_ANSWER} bytes")));
        }
        String::from_utf8(body).map_err(|_| NotForwarded("its answer is no UTF-8".to_owned()))
    }
}
