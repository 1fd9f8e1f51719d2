//! An account's AppSecret, and the calls that are made with it.

use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::config::{Config, SecretName, Secrets};
use crate::wechat::{ApiRequest, Failure, WeChat};

/// What WeChat answers to a wrong AppSecret, or to none.
const WRONG_SECRET: [i64; 3] = [40001, 40125, 41004];

/// An account's AppSecret.
pub struct AppSecret(Secrets<1>);

impl AppSecret {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// As [`Config::secrets`].
    pub async fn read(
        config: &Config,
        name: SecretName,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Secrets::read(config, [name]).await.map(Self)
    }

    /// Makes a call with it, and once more where WeChat does not take it and there is another one now.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        wechat: &WeChat,
        request: impl Fn(&SecretString) -> ApiRequest<T>,
    ) -> Result<T, Failure> {
        let attempt = async || {
            let [secret] = self.0.current();
            wechat.call(&request(&secret)).await
        };
        match attempt().await {
            Err(failure)
                if failure.errcode().is_some_and(|errcode| WRONG_SECRET.contains(&errcode))
                    && self.0.have_changed().await =>
            {
                tracing::info!("an AppSecret was replaced");
                attempt().await
            }
            answer => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;
    use axum::{Json, Router};
    use clock::Clock;
    use serde_json::{Value, json};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::secret_tests::{config, manager};
    use crate::wechat::token;

    /// A WeChat that takes one AppSecret.
    async fn wechat(clock: &Clock) -> WeChat {
        let answer = async |Query(asked): Query<Value>| match asked["secret"].as_str() {
            Some("new") => Json(json!({ "access_token": "t", "expires_in": 7200 })),
            _ => Json(json!({ "errcode": 40125, "errmsg": "invalid appsecret" })),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        WeChat::new(&address, None, clock.clone())
    }

    #[tokio::test]
    async fn a_secret_that_wechat_does_not_take_is_read_again_and_tried_once_more() {
        let ((kept, address), clock) = (manager("old").await, Clock::movable());
        let secret =
            AppSecret::read(&config(&address, &clock), SecretName::OaSecret).await.expect("a secret");
        let wechat = wechat(&clock).await;
        let call = async || secret.call(&wechat, |secret| token::classic("wx1", secret)).await;
        clock.advance(5 * 60);
        assert_eq!(call().await.err().and_then(|failure| failure.errcode()), Some(40125));
        "new".clone_into(&mut kept.lock());
        clock.advance(5 * 60);
        assert_eq!(call().await.map(|issued| issued.expires_in).ok(), Some(7200));
    }
}
