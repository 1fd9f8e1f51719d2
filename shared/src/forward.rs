//! WeChat's callbacks, handed on as they came to the server that the team had before.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::http::StatusCode;
use ::http::header::CONTENT_TYPE;
use clock::{Clock, TimedOut};
use lambda_http::Request;
use parking_lot::Mutex;

use crate::config::ConfigError;
use crate::wechat::client::{exchange, http_client};
use crate::{Config, causes, http, https};

/// How often a callback was handed on before it came; it does not come from WeChat itself then.
const FORWARDED: &str = "queqiao-forwarded";

/// Handed on so often, it goes in a circle: a chain of stacks is shorter.
const MOST_FORWARDED: u32 = 3;

/// After so many failures in a row the server is left alone for a while, but for one callback each time: each would
/// keep a process waiting, and with every process the whole function.
const RESTS_AFTER: u32 = 10;
const REST: Duration = Duration::from_secs(30);

/// The largest answer that is passed back, in bytes: WeChat's replies to users hold 2 KB of text, or eight articles.
const LARGEST_ANSWER: usize = 64 * 1024;

/// The server that callbacks are handed on to.
#[derive(Clone, Debug)]
pub struct Forwarder {
    http: reqwest::Client,
    url: String,
    clock: Clock,
    failing: Arc<Mutex<Failing>>,
}

/// How the last calls went.
#[derive(Debug, Default)]
struct Failing {
    /// Failures in a row.
    times: u32,
    /// Until when nothing is handed on.
    rests_until: Option<SystemTime>,
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
        let failing = Arc::default();
        Ok(config.forward_url()?.map(|url| Self {
            http: http_client(https::roots(), None),
            url,
            clock,
            failing,
        }))
    }

    /// POSTs a request's query and body, byte for byte, once; gives what is answered within this time.
    ///
    /// # Errors
    /// [`NotForwarded`]: no answer in time, or another than 200, or one that is too large or no text; or it was not
    /// asked, for it has failed too often, or the request goes in a circle.
    pub async fn forward(&self, request: &Request, within: Duration) -> Result<String, NotForwarded> {
        let times = request.headers().get(FORWARDED).and_then(|times| times.to_str().ok()?.parse().ok());
        let times: u32 = times.unwrap_or(0);
        if times >= MOST_FORWARDED {
            return Err(NotForwarded(
                "it was handed on three times already: FORWARD_URL leads back here, perhaps by others"
                    .to_owned(),
            ));
        }
        self.rest()?;
        let outcome = self.exchange(request, times + 1, within).await;
        let mut failing = self.failing.lock();
        failing.times = if outcome.is_ok() { 0 } else { failing.times.saturating_add(1) };
        outcome
    }

    /// An error while the server is left alone; whoever comes first after that tries for all.
    fn rest(&self) -> Result<(), NotForwarded> {
        let (mut failing, now) = (self.failing.lock(), self.clock.time());
        if failing.times < RESTS_AFTER {
            return Ok(());
        }
        if failing.rests_until.is_some_and(|until| now < until) {
            return Err(NotForwarded(format!(
                "it failed {} times in a row, and is left alone for a moment",
                failing.times
            )));
        }
        failing.rests_until = Some(now + REST);
        Ok(())
    }

    async fn exchange(
        &self,
        request: &Request,
        times: u32,
        within: Duration,
    ) -> Result<String, NotForwarded> {
        let joiner = if self.url.contains('?') { '&' } else { '?' };
        let mut call = self.http.post(format!("{}{joiner}{}", self.url, http::raw_query(request)));
        if let Some(content_type) = request.headers().get(CONTENT_TYPE) {
            call = call.header(CONTENT_TYPE, content_type);
        }
        let call = call.header(FORWARDED, times).body(request.body().to_vec());
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
