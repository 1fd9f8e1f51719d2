//! The routes of the contract, as this program calls them.

use std::time::Duration;

use contract::Problem;
use contract::routes::Route;
use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// API Gateway waits for a function for 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);

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
    #[error("The gateway answered {status}: {message}. Try again in a few seconds.")]
    Gateway {
        /// The status.
        status: StatusCode,
        /// What it said.
        message: String,
    },
    /// Nobody answered.
    #[error("{gateway} does not answer ({error}): is it running, and is this its address?")]
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

/// WeChat's part in a problem.
fn cause(problem: &Problem) -> String {
    match (problem.errcode, &problem.rid) {
        (Some(errcode), Some(rid)) => format!(" (errcode {errcode}, rid {rid})"),
        (Some(errcode), None) => format!(" (errcode {errcode})"),
        (None, _) => String::new(),
    }
}

impl Api {
    /// Calls this gateway with this key.
    pub fn new(gateway: &str, key: &str) -> Self {
        let http =
            reqwest::Client::builder().timeout(TIMEOUT).build().expect("the TLS back end is compiled in");
        Self { http, gateway: gateway.trim_end_matches('/').to_owned(), key: key.to_owned() }
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
                let message = message["message"].as_str().unwrap_or("nothing that reads").to_owned();
                ApiError::Gateway { status, message }
            }
        })
    }
}
