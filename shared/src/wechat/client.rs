//! The one client: makes a call, times out, reads errcode. It holds no token and knows no table.

use std::time::{Duration, SystemTime};

use clock::{Clock, TimedOut};
use http::header::DATE;
use http::{Method, StatusCode};
use reqwest::{RequestBuilder, Response};
use rustls::RootCertStore;
use serde::de::DeserializeOwned;

use super::reader::{self, Outcome};
use super::{AccessToken, ApiRequest, Failure, Proxy, quota};
use crate::https;

/// WeChat answers within a second as a rule; what takes longer than this will not come.
pub const TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that is not used for this long is closed: one that WeChat or a NAT has dropped by then would
/// cost a call its answer.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// No more of an answer is read, in bytes: a page of 10,000 followers, the longest there is, has 300 KB.
const LARGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What is left of a success of which nothing else reads.
const SUCCESS: &[u8] = br#"{"errcode":0}"#;

/// An HTTP client that believes these roots, and goes nowhere but where it is sent: where else an answer points to, a
/// token or a secret would go along.
pub(crate) fn http_client(roots: RootCertStore, proxy: Option<&Proxy>) -> reqwest::Client {
    let mut http =
        https::client(roots).connect_timeout(CONNECT_TIMEOUT).pool_idle_timeout(IDLE_TIMEOUT).referer(false);
    if let Some(proxy) = proxy {
        http = http.proxy(proxy.http.clone());
    }
    http.build().expect("its TLS is of the rustls that it knows")
}

/// WeChat, as every function sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WeChat {
    http: reqwest::Client,
    base: String,
    /// The proxy that all goes through, as its host and port.
    proxy: Option<String>,
    clock: Clock,
}

impl WeChat {
    /// Builds the HTTP client and its TLS; once, in init. `base` has no slash at its end. With a proxy, every call
    /// goes through it, and none without.
    pub fn new(base: &str, proxy: Option<&Proxy>, clock: Clock) -> Self {
        Self::believing(https::roots(), base, proxy, clock)
    }

    /// The same, where others say who WeChat is.
    pub fn believing(roots: RootCertStore, base: &str, proxy: Option<&Proxy>, clock: Clock) -> Self {
        let at = proxy.map(|proxy| proxy.at.clone());
        Self { http: http_client(roots, proxy), base: base.to_owned(), proxy: at, clock }
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

    /// What time WeChat says it is, in Unix seconds, by the `Date` of an answer; `None` where it says none. The call asks
    /// for nothing, and counts against no quota: it has no token.
    ///
    /// # Errors
    /// [`Failure`], already without the URL.
    pub async fn time(&self) -> Result<Option<i64>, Failure> {
        let call = answered(self.http.get(format!("{}{}", self.base, quota::PATH)));
        let answer = self.clock.timeout(TIMEOUT, call).await;
        let answer = answer
            .map_err(|TimedOut| Failure::NoAnswer("time-out".into()))?
            .map_err(|error| Failure::of(error, &self.base, self.proxy.as_deref()))?;
        let date =
            answer.headers().get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
        let since = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok());
        Ok(since.and_then(|since| since.as_secs().try_into().ok()))
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
        let again = call.try_clone().filter(|_| request.is_repeatable);
        let answer = async {
            match (exchange(call, LARGEST_ANSWER).await, again) {
                (Err(error), Some(again)) if !error.is_connect() && !error.is_builder() => {
                    exchange(again, LARGEST_ANSWER).await
                }
                (answer, _) => answer,
            }
        };
        let answer = self.clock.timeout(TIMEOUT, answer).await;
        let (status, body) = answer
            .map_err(|TimedOut| Failure::NoAnswer("time-out".into()))?
            .map_err(|error: reqwest::Error| Failure::of(error, &self.base, self.proxy.as_deref()))?;
        read(status, &body)
    }
}

/// What an answer of WeChat's comes to.
///
/// # Errors
/// [`Failure::Refused`] with its errcode, [`Failure::NoAnswer`] when it says neither yes nor no.
pub fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, Failure> {
    let Outcome { errcode, errmsg } = reader::outcome(body);
    match errcode {
        Some(errcode) if errcode != 0 => Err(Failure::Refused { errcode, errmsg }),
        _ if !status.is_success() => Err(Failure::NoAnswer(format!("HTTP {status}"))),
        Some(_) => reader::parse(body).or_else(|failure| reader::parse(SUCCESS).map_err(|_| failure)),
        None => reader::parse(body),
    }
}

/// Makes a call; what a proxy says is no answer.
async fn answered(call: RequestBuilder) -> reqwest::Result<Response> {
    let response = call.send().await?;
    match response.status() {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => response.error_for_status(),
        _ => Ok(response),
    }
}

/// Makes a call; gives what is answered, and no more of it than so many bytes.
pub(crate) async fn exchange(call: RequestBuilder, largest: usize) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    let mut response = answered(call).await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = largest - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            break;
        }
    }
    Ok((response.status(), body))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::Router;
    use axum::body::{Body, Bytes};
    use futures::stream;
    use tokio::net::TcpListener;

    use super::*;
    use crate::wechat::token;

    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_its_end() {
        const SOME: &[u8] = &[b' '; 64 * 1024];
        let endless =
            async || Body::from_stream(stream::repeat(Ok::<_, Infallible>(Bytes::from_static(SOME))));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let server =
            tokio::spawn(async move { axum::serve(listener, Router::new().fallback(endless)).await });
        let wechat = WeChat::new(&address, None, Clock::default());
        let request = token::classic("wx1", &"secret".to_owned().into());
        let answer = tokio::time::timeout(TIMEOUT / 2, wechat.call(&request)).await;
        assert!(answer.expect("an end").is_err());
        server.abort();
    }
}
