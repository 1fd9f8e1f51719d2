//! The routes of the contract, as this program calls them.

use std::time::{Duration, SystemTime};

use contract::routes::{self, Route};
use contract::{Accepted, Code, DryRun, Lang, Problem};
use http::StatusCode;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, DATE};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Failure;
use crate::lang::{self, say};

/// API Gateway waits for a function for 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);

/// More of a foreign answer is not shown.
const LONGEST_TEXT: usize = 500;

/// What makes a call the same as one before.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

const JSON: &str = "application/json";

/// A gateway and the key it is called with.
pub struct Api {
    http: reqwest::Client,
    gateway: String,
    key: String,
}

/// What stands on the outside of an answer.
pub struct Seen {
    /// The status.
    pub status: StatusCode,
    /// What time the gateway says it is.
    pub date: Option<SystemTime>,
    /// The code, where it is a problem of Queqiao's.
    pub code: Option<Code>,
}

/// Why a call gave no answer; the text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Queqiao said why.
    #[error("{}{}", what(.0), cause(.0))]
    Problem(Problem),
    /// API Gateway answered by itself: the function took too long, or too much is going on.
    #[error("{}", by_itself(*.status, .message))]
    Gateway {
        /// The status.
        status: StatusCode,
        /// What it said.
        message: String,
    },
    /// Nobody answered.
    #[error("{}", say!(
        "{gateway} does not answer: is it running, and is this its address?",
        "{gateway} 没有响应：它在运行吗？地址对吗？"
    ))]
    Unreachable {
        /// Who was called.
        gateway: String,
        /// Why there is no answer.
        #[source]
        error: reqwest::Error,
    },
    /// The answer is none of the contract's.
    #[error("{}", say!(
        "{gateway} answered what this program does not understand ({error}): are both of one version?",
        "无法解析 {gateway} 的响应（{error}）：它和这个程序是同一个版本吗？"
    ))]
    Unreadable {
        /// Who was called.
        gateway: String,
        /// What does not fit.
        #[source]
        error: serde_json::Error,
    },
}

impl ApiError {
    /// Whether a call that changes something may have been carried out all the same.
    pub fn leaves_open(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status >= 500,
            Self::Gateway { status, .. } => status.is_server_error(),
            Self::Unreachable { error, .. } => !error.is_connect(),
            Self::Unreadable { .. } => true,
        }
    }

    /// Whether the same call may be answered a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.status >= 500 || problem.code == Code::TooManyRequests,
            Self::Gateway { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unreachable { .. } => true,
            Self::Unreadable { .. } => false,
        }
    }

    /// Whether it is a problem of this code.
    pub fn is(&self, code: Code) -> bool {
        matches!(self, Self::Problem(problem) if problem.code == code)
    }
}

/// What the gateway said, and what to do.
fn by_itself(status: StatusCode, message: &str) -> String {
    match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        true => say!(
            "The gateway answered {status}: {message}. Try again in a few seconds.",
            "网关返回 {status}：{message}。过几秒再试。"
        ),
        false => say!(
            "The gateway answered {status}: {message}. Is this Queqiao's address?",
            "网关返回 {status}：{message}。这是鹊桥的地址吗？"
        ),
    }
}

/// What happened and what to do; the detail, which says most, is English.
fn what(problem: &Problem) -> String {
    match lang::chosen() {
        Lang::En => problem.detail.clone(),
        Lang::Zh => format!("{}（{}）", problem.code.remedy_in(Lang::Zh), problem.detail),
    }
}

/// WeChat's part in a problem.
fn cause(problem: &Problem) -> String {
    match (problem.errcode, &problem.rid) {
        (Some(errcode), Some(rid)) => {
            say!(" (errcode {errcode}, rid {rid})", "（错误码 {errcode}，rid {rid}）")
        }
        (Some(errcode), None) => say!(" (errcode {errcode})", "（错误码 {errcode}）"),
        (None, _) => String::new(),
    }
}

impl Api {
    /// Calls this gateway with this key, and nobody else: no redirect is followed, and no proxy hears what goes
    /// to this machine.
    pub fn new(gateway: &str, key: &str) -> Result<Self, Failure> {
        let url = Url::parse(gateway).map_err(|error| {
            say!("The gateway {gateway} is no address: {error}.", "网关地址 {gateway} 无效（{error}）。")
        })?;
        let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
        if !is_here && url.scheme() != "https" {
            return Err(say!(
                "The service key goes to {gateway} only by https.",
                "service key 只通过 https 发给 {gateway}。"
            )
            .into());
        }
        let mut http = reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none());
        if is_here {
            http = http.no_proxy();
        }
        let http = http.build()?;
        Ok(Self { http, gateway: gateway.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// Calls a route without a body.
    pub async fn get<T: DeserializeOwned>(&self, route: &Route, path: &str) -> Result<T, ApiError> {
        self.answer(route.status, self.request(route, path)).await
    }

    /// Calls a route with a body.
    pub async fn post<T: DeserializeOwned>(
        &self,
        route: &Route,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        self.answer(route.status, self.request(route, path).json(body)).await
    }

    /// Has messages accepted, once for each key within 24 hours.
    pub async fn send(&self, key: &str, body: String) -> Result<Accepted, ApiError> {
        let request = self.request(&routes::SEND, routes::SEND.path).header(IDEMPOTENCY_KEY, key);
        self.answer(routes::SEND.status, request.header(CONTENT_TYPE, JSON).body(body)).await
    }

    /// Asks what the same call would come to.
    pub async fn try_out(&self, body: String) -> Result<DryRun, ApiError> {
        let request = self.request(&routes::SEND, &format!("{}?dry_run=true", routes::SEND.path));
        self.answer(StatusCode::OK, request.header(CONTENT_TYPE, JSON).body(body)).await
    }

    /// What a route answers to somebody who shows nothing.
    pub async fn see(&self, path: &str) -> Result<Seen, ApiError> {
        let unreachable = |error: reqwest::Error| ApiError::Unreachable {
            gateway: self.gateway.clone(),
            error: error.without_url(),
        };
        let answer = self.http.get(format!("{}{path}", self.gateway)).send().await.map_err(unreachable)?;
        let status = answer.status();
        let date =
            answer.headers().get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let problem = answer.json::<Problem>().await;
        Ok(Seen { status, date, code: problem.ok().map(|problem| problem.code) })
    }

    /// The gateway's URL.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    fn request(&self, route: &Route, path: &str) -> RequestBuilder {
        let request = self.http.request(route.method.clone(), format!("{}{path}", self.gateway));
        request.bearer_auth(&self.key).header(ACCEPT_LANGUAGE, lang::chosen().tag())
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        wanted: StatusCode,
        request: RequestBuilder,
    ) -> Result<T, ApiError> {
        let unreachable = |error: reqwest::Error| ApiError::Unreachable {
            gateway: self.gateway.clone(),
            error: error.without_url(),
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status == wanted {
            let unreadable = |error| ApiError::Unreadable { gateway: self.gateway.clone(), error };
            return serde_json::from_slice(&body).map_err(unreadable);
        }
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ApiError::Problem(problem),
            Err(_) => {
                let message = serde_json::from_slice::<Value>(&body).unwrap_or_default();
                // A problem whose code is newer than this program still says what to do.
                let text = message["detail"].as_str().or(message["message"].as_str());
                let text = text.unwrap_or(lang::pick("nothing readable", "没有可读的内容"));
                ApiError::Gateway { status, message: text.chars().take(LONGEST_TEXT).collect() }
            }
        })
    }
}
