//! The secrets: in AWS kept by Secrets Manager, on a laptop plain variables.

use std::time::{Duration, SystemTime};

use aws_sdk_secretsmanager::Client;
use clock::Clock;
use futures::future::try_join_all;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use super::{Config, ConfigError};
use crate::causes;
use crate::wechat::Proxy;

/// What is said where there may be a secret and is none.
const NONE: &str = "none";

/// Secrets are read again at most this often.
const REREAD_AFTER: Duration = Duration::from_secs(5 * 60);

/// The secrets there are; each function is given those it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// `MINI_SECRET`: the mini-program's AppSecret.
    MiniSecret,
    /// `OA_SECRET`: the Official Account's AppSecret.
    OaSecret,
    /// `CALLBACK_TOKEN`: what WeChat signs its callbacks with.
    CallbackToken,
    /// `CALLBACK_AES_KEY`: what WeChat encrypts its callbacks with, the EncodingAESKey of 43 characters.
    CallbackAesKey,
    /// `MINI_CALLBACK_TOKEN`: what the mini-program's callbacks are signed with.
    MiniCallbackToken,
    /// `MINI_CALLBACK_AES_KEY`: what they are encrypted with.
    MiniCallbackAesKey,
    /// `EGRESS_PROXY`: the proxy's URL, with who may use it; see [`Config::egress_proxy`].
    EgressProxy,
}

impl SecretName {
    /// Its variable; that of its ARN ends in `_ARN`.
    pub fn variable(self) -> &'static str {
        match self {
            Self::MiniSecret => "MINI_SECRET",
            Self::OaSecret => "OA_SECRET",
            Self::CallbackToken => "CALLBACK_TOKEN",
            Self::CallbackAesKey => "CALLBACK_AES_KEY",
            Self::MiniCallbackToken => "MINI_CALLBACK_TOKEN",
            Self::MiniCallbackAesKey => "MINI_CALLBACK_AES_KEY",
            Self::EgressProxy => "EGRESS_PROXY",
        }
    }
}

impl Config {
    /// Secrets: each is its variable, or what Secrets Manager keeps under the ARN in `<variable>_ARN`.
    ///
    /// # Errors
    /// [`ConfigError`] when the function was given neither, or AWS's when one cannot be fetched.
    pub async fn secrets<const N: usize>(
        &self,
        names: [SecretName; N],
    ) -> Result<[SecretString; N], Box<dyn std::error::Error + Send + Sync>> {
        let manager = OnceCell::new();
        let secrets = try_join_all(names.map(|name| self.secret(name, &manager))).await?;
        Ok(secrets.try_into().expect("one for each name"))
    }

    /// `EGRESS_PROXY`: the proxy that calls for the Official Account go through, a secret, for a password may be in it.
    /// Where there is none, the variable or its ARN is `none`.
    ///
    /// # Errors
    /// As [`Config::secrets`]; [`ConfigError`], which does not say the URL, when it is none.
    pub async fn egress_proxy(&self) -> Result<Option<Proxy>, Box<dyn std::error::Error + Send + Sync>> {
        if self.is_without(SecretName::EgressProxy) {
            return Ok(None);
        }
        let [url] = self.secrets([SecretName::EgressProxy]).await?;
        let (name, proxy) = (SecretName::EgressProxy.variable(), Proxy::parse(url.expose_secret()));
        Ok(Some(
            proxy.ok_or_else(|| ConfigError::new(name, "must be http://user:password@host:port, or none"))?,
        ))
    }

    /// Whether it was said that there is no such secret: that the variable or its ARN is `none`.
    fn is_without(&self, name: SecretName) -> bool {
        let name = name.variable();
        let given = [self.optional(name), self.optional(&format!("{name}_ARN"))];
        given.iter().flatten().any(|given| given == NONE)
    }

    async fn secret(
        &self,
        name: SecretName,
        manager: &OnceCell<Client>,
    ) -> Result<SecretString, Box<dyn std::error::Error + Send + Sync>> {
        let variable = name.variable();
        if let Some(secret) = self.optional(variable) {
            return trimmed(variable, &secret);
        }
        let arn = self.optional(&format!("{variable}_ARN"));
        let arn = arn.ok_or_else(|| ConfigError::new(variable, "is not set"))?;
        let manager = manager.get_or_try_init(async || self.secrets_manager()).await?;
        let answer = manager.get_secret_value().secret_id(arn).send().await?;
        let secret = answer.secret_string.ok_or_else(|| format!("the secret {variable} holds no string"))?;
        trimmed(variable, &secret)
    }

    fn secrets_manager(&self) -> Result<Client, ConfigError> {
        let aws = self.aws()?;
        let mut config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_secretsmanager::config::Region::new(aws.region))
            .credentials_provider(aws.credentials)
            .http_client(aws.http)
            .timeout_config(aws.timeouts);
        if let Some(endpoint) = aws.secrets_endpoint {
            config = config.endpoint_url(endpoint);
        }
        Ok(Client::from_conf(config.build()))
    }
}

/// A blank or a line break at an end is never part of a secret, and one of nothing but blanks is none.
fn trimmed(
    variable: &'static str,
    secret: &str,
) -> Result<SecretString, Box<dyn std::error::Error + Send + Sync>> {
    match secret.trim() {
        "" => Err(ConfigError::new(variable, "is empty").into()),
        secret => Ok(secret.to_owned().into()),
    }
}

/// Secrets that are read again when WeChat does not take them: a process that lives for hours would keep the old
/// ones for as long after somebody has replaced them.
pub struct Secrets<const N: usize> {
    config: Config,
    names: [SecretName; N],
    clock: Clock,
    held: Mutex<Held<N>>,
}

struct Held<const N: usize> {
    secrets: [SecretString; N],
    read_at: SystemTime,
}

impl<const N: usize> Secrets<N> {
    /// Reads them for the first time.
    ///
    /// # Errors
    /// As [`Config::secrets`].
    pub async fn read(
        config: &Config,
        names: [SecretName; N],
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (secrets, clock) = (config.secrets(names).await?, config.clock()?);
        let held = Mutex::new(Held { secrets, read_at: clock.time() });
        Ok(Self { config: config.clone(), names, clock, held })
    }

    /// The same for secrets that there may be all of, or none.
    ///
    /// # Errors
    /// As [`Config::secrets`], where only some are said to be `none`, too.
    pub async fn read_if_any(
        config: &Config,
        names: [SecretName; N],
    ) -> Result<Option<Self>, Box<dyn std::error::Error + Send + Sync>> {
        let (none, some): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| config.is_without(*name));
        match (none.first(), some.first()) {
            (Some(_), None) => Ok(None),
            (Some(none), Some(some)) => {
                config.secrets([*some]).await?;
                Err(ConfigError::new(none.variable(), "is not set").into())
            }
            (None, _) => Self::read(config, names).await.map(Some),
        }
    }

    /// As they were read the last time.
    pub fn current(&self) -> [SecretString; N] {
        self.held.lock().secrets.clone()
    }

    /// Reads them again, unless that was done in the last five minutes; whether one is another one now.
    pub async fn have_changed(&self) -> bool {
        let now = self.clock.time();
        {
            let mut held = self.held.lock();
            if now < held.read_at + REREAD_AFTER {
                return false;
            }
            held.read_at = now;
        }
        match self.config.secrets(self.names).await {
            Ok(secrets) => {
                let held = &mut self.held.lock().secrets;
                let same =
                    secrets.iter().zip(&*held).all(|(new, old)| new.expose_secret() == old.expose_secret());
                *held = secrets;
                !same
            }
            Err(error) => {
                tracing::error!(cause = causes::of(&*error), "could not read the secrets again: {error}");
                false
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use axum::Json;
    use serde_json::json;
    use tokio::net::TcpListener;

    use super::*;

    /// A Secrets Manager that keeps one secret, which can be changed.
    pub(crate) async fn manager(secret: &str) -> (Arc<Mutex<String>>, String) {
        let kept = Arc::new(Mutex::new(secret.to_owned()));
        let answered = Arc::clone(&kept);
        let answer =
            async move || Json(json!({ "ARN": "arn:a", "Name": "a", "SecretString": *answered.lock() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        (kept, address)
    }

    /// Of a function whose AppSecret the manager at this address keeps.
    pub(crate) fn config(address: &str, clock: &Clock) -> Config {
        let variables = [
            ("AWS_REGION", "cn-north-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", address),
            ("OA_SECRET_ARN", "arn:a"),
        ];
        let config = Config::of(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        config.with_clock(clock.clone())
    }

    #[tokio::test]
    async fn a_secret_that_was_replaced_is_read_again_at_most_every_five_minutes() {
        let ((kept, address), clock) = (manager(" old\n").await, Clock::movable());
        let secrets =
            Secrets::read(&config(&address, &clock), [SecretName::OaSecret]).await.expect("a secret");
        let current = || secrets.current()[0].expose_secret().to_owned();
        assert_eq!(current(), "old", "blanks around it are not its own");
        "new".clone_into(&mut kept.lock());
        assert!(!secrets.have_changed().await, "it was read a moment ago");
        clock.advance(5 * 60);
        assert!(secrets.have_changed().await);
        assert_eq!(current(), "new");
        clock.advance(5 * 60);
        assert!(!secrets.have_changed().await, "it is the same");
    }

    #[tokio::test]
    async fn a_proxys_url_is_a_secret_and_none_is_not_asked_for() {
        let (kept, address) = manager("http://team:s3cret@10.0.0.7:3128\n").await;
        let proxy = async |arn: &str| {
            let mut config = config(&address, &Clock::movable());
            config.variables.insert("EGRESS_PROXY_ARN".to_owned(), arn.to_owned());
            config.egress_proxy().await.map(|proxy| proxy.map(|proxy| format!("{proxy:?}")))
        };
        assert_eq!(proxy("arn:a").await.expect("a proxy").as_deref(), Some("10.0.0.7:3128"));
        "s3cret".clone_into(&mut kept.lock());
        let refused = proxy("arn:a").await.expect_err("no URL").to_string();
        assert!(refused.contains("EGRESS_PROXY must be http://") && !refused.contains("s3cret"), "{refused}");
        assert_eq!(proxy("none").await.expect("none"), None);
        assert!(proxy("").await.is_err(), "it must be said that there is none");
    }

    #[tokio::test]
    async fn secrets_that_may_be_missing_are_missing_together() {
        let (_kept, address) = manager("kept").await;
        let read = async |token: &str, key: &str| {
            let mut config = config(&address, &Clock::movable());
            for (name, arn) in [("MINI_CALLBACK_TOKEN_ARN", token), ("MINI_CALLBACK_AES_KEY_ARN", key)] {
                config.variables.insert(name.to_owned(), arn.to_owned());
            }
            let names = [SecretName::MiniCallbackToken, SecretName::MiniCallbackAesKey];
            let read = Secrets::read_if_any(&config, names).await.map_err(|error| error.to_string());
            read.map(|secrets| {
                secrets.map(|secrets| secrets.current().map(|one| one.expose_secret().to_owned()))
            })
        };
        assert_eq!(read("none", "none").await, Ok(None));
        assert_eq!(read("arn:a", "arn:b").await, Ok(Some(["kept", "kept"].map(str::to_owned))));
        for (token, key, missing) in [
            ("none", "arn:b", "TOKEN"),
            ("arn:a", "none", "AES_KEY"),
            ("", "none", "TOKEN"),
            ("", "", "TOKEN"),
        ] {
            let refused = read(token, key).await.expect_err("one is missing");
            assert_eq!(refused, format!("the environment variable MINI_CALLBACK_{missing} is not set"));
        }
    }

    #[tokio::test]
    async fn a_secret_of_nothing_but_blanks_is_named() {
        let (_kept, address) = manager("\n").await;
        let error = Secrets::read(&config(&address, &Clock::movable()), [SecretName::OaSecret]).await;
        assert!(error.err().is_some_and(|error| error.to_string().contains("OA_SECRET is empty")));
    }
}
