//! The routes of the contract, as this program calls them.

use std::time::Duration;

use contract::Problem;
use contract::routes::Route;
use http::StatusCode;
use reqwest::Url;
use reqwest::redirect::Policy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Failure;

/// API Gateway waits for a function for 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);

/// More of a foreign answer is not shown.
const LONGEST_TEXT: usize = 500;

/// A gateway and the key it is called with.
pub struct Api {
    http: reqwest::Client,
    gateway: String,
    key: String,
}

/// Why a call gave no answer; the text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Queqiao said why.
    #[error("{}{}", .0.detail, cause(.0))]
    Problem(Problem),
    /// API Gateway answered by itself: the function took too long, or too much is going on.
    #[error("The gateway answered {status}: {message}{}", hint(*.status))]
    Gateway {
        /// The status.
        status: StatusCode,
        /// What it said.
        message: String,
    },
    /// Nobody answered.
    #[error("{gateway} does not answer: is it running, and is this its address?")]
    Unreachable {
        /// Who was called.
        gateway: String,
        /// Why there is no answer.
        #[source]
        error: reqwest::Error,
    },
    /// The answer is none of the contract's.
    #[error("{gateway} answered what this program does not understand ({error}): are both of one version?")]
    Unreadable {
        /// Who was called.
        gateway: String,
        /// What does not fit.
        #[source]
        error: serde_json::Error,
    },
}

fn hint(status: StatusCode) -> &'static str {
    match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        true => ". Try again in a few seconds.",
        false => ". Is this Queqiao's address?",
    }
}

/// WeChat's part in a problem.
fn cause(problem: &Problem) -> String {
    match (problem.errcode, &problem.rid) {
        (Some(errcode), Some(rid)) => format!(" (errcode {errcode}, rid {rid})"),
        (Some(errcode), None) => format!(" (errcode {errcode})"),
        (None, _) => String::new(),
    }
}

impl Api {
    /// Calls this gateway with this key, and nobody else: no redirect is followed, and no proxy hears what goes
    /// to this machine.
    pub fn new(gateway: &str, key: &str) -> Result<Self, Failure> {
        let url =
            Url::parse(gateway).map_err(|error| format!("The gateway {gateway} is no address: {error}."))?;
        let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
        if !is_here && url.scheme() != "https" {
            return Err(format!("The service key goes to {gateway} only by https.").into());
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
        self.call(route, path, None).await
    }

    /// Calls a route with a body.
    pub async fn post<T: DeserializeOwned>(
        &self,
        route: &Route,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let body = serde_json::to_value(body).expect("a body of the contract is JSON");
        self.call(route, path, Some(body)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        route: &Route,
        path: &str,
        body: Option<Value>,
    ) -> Result<T, ApiError> {
        let unreachable = |error: reqwest::Error| ApiError::Unreachable {
            gateway: self.gateway.clone(),
            error: error.without_url(),
        };
        let request = self.http.request(route.method.clone(), format!("{}{path}", self.gateway));
        let mut request = request.bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status == route.status {
            let unreadable = |error| ApiError::Unreadable { gateway: self.gateway.clone(), error };
            return serde_json::from_slice(&body).map_err(unreadable);
        }
        Err(match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => ApiError::Problem(problem),
            Err(_) => {
                let message = serde_json::from_slice::<Value>(&body).unwrap_or_default();
                // A problem whose code is newer than this program still says what to do.
                let text = message["detail"].as_str().or(message["message"].as_str());
                let message = text.unwrap_or("nothing that reads").chars().take(LONGEST_TEXT).collect();
                ApiError::Gateway { status, message }
            }
        })
    }
}
