//! The environment, read once in init; nothing else reads it.
//!
//! A function asks for the variables it needs and for no others, so template.yaml gives each of them its
//! own; one that is missing ends the cold start with its name.

mod aws;
mod secret;

pub use aws::Aws;
#[cfg(test)]
pub(crate) use secret::tests as secret_tests;
pub use secret::{SecretName, Secrets};

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use aws_sdk_dynamodb::config::SharedHttpClient;
use clock::Clock;

use crate::Account;

/// Everything a function is told from outside. Each method names its variable.
#[derive(Clone)]
pub struct Config {
    variables: BTreeMap<String, String>,
    clock: Option<Clock>,
    /// What all clients of AWS share, once the first is built.
    aws_http: Arc<OnceLock<SharedHttpClient>>,
}

/// Which of WeChat's three modes of callback is taken. What is less safe than this is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallbackMode {
    /// 明文模式: anybody who saw one signature can send anything.
    Plain,
    /// 安全模式: encrypted, and signed over the ciphertext. 兼容模式 is the same with the plain text beside it,
    /// which is never read.
    Safe,
}

/// What a user's credit of subscribe messages is counted by. One alone, or each yes would count twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionSource {
    /// What the mini-program reports of `wx.requestSubscribeMessage`.
    Client,
    /// WeChat's own events.
    Events,
}

/// Which token endpoint `refresh` calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenMode {
    /// `/cgi-bin/token`: every call is a new token; the old one lives 5 minutes more.
    Classic,
    /// `/cgi-bin/stable_token`: the same token until its last 5 minutes.
    Stable,
}

/// A variable is missing or makes no sense; its text names it.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name} {problem}")]
pub struct ConfigError {
    name: String,
    problem: &'static str,
}

fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

/// A URL to which what is secret may go.
fn encrypted(name: &str, url: String) -> Result<String, ConfigError> {
    let parsed: http::Uri = url.parse().map_err(|_| ConfigError::new(name, "is no URL"))?;
    let is_here = parsed.host().is_some_and(is_loopback);
    match parsed.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if is_here => Ok(url),
        _ => Err(ConfigError::new(name, "must begin with https:// (http:// is for this machine alone)")),
    }
}

impl Config {
    /// The process's environment.
    pub fn from_env() -> Self {
        let variables = std::env::vars_os();
        Self::of(
            variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// These variables and no others.
    pub fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect(), clock: None, aws_http: Arc::default() }
    }

    /// The same, by this clock.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// What time it is: the machine's, unless `CLOCK_FILE`, which only a local stack sets, names the file
    /// of a clock that is moved.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn clock(&self) -> Result<Clock, ConfigError> {
        if let Some(clock) = &self.clock {
            return Ok(clock.clone());
        }
        self.optional("CLOCK_FILE").map_or(Ok(Clock::default()), |file| {
            Clock::following(file.as_ref()).map_err(|_| ConfigError::new("CLOCK_FILE", "cannot be opened"))
        })
    }

    /// `WECHAT_API_BASE`: where WeChat's API answers, without a slash at the end.
    ///
    /// # Errors
    /// [`ConfigError`], for what is not encrypted and leaves the machine, too: tokens and secrets go there.
    pub fn wechat_api_base(&self) -> Result<String, ConfigError> {
        const NAME: &str = "WECHAT_API_BASE";
        encrypted(NAME, self.required(NAME)?.trim_end_matches('/').to_owned())
    }

    /// `FORWARD_URL`: the server that WeChat's callbacks are handed on to; `None` where it is empty.
    ///
    /// # Errors
    /// [`ConfigError`], for what is not encrypted and leaves the machine, too.
    pub fn forward_url(&self) -> Result<Option<String>, ConfigError> {
        const NAME: &str = "FORWARD_URL";
        let url = self.variables.get(NAME).ok_or_else(|| ConfigError::new(NAME, "is not set"))?;
        if url.is_empty() { Ok(None) } else { encrypted(NAME, url.clone()).map(Some) }
    }

    /// `MINI_APPID` or `OA_APPID`: the account's appid.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn appid(&self, account: Account) -> Result<String, ConfigError> {
        self.required(match account {
            Account::Mini => "MINI_APPID",
            Account::Oa => "OA_APPID",
        })
    }

    /// `CALLBACK_MODE`: the least safe mode of the Official Account's callbacks that is taken.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn callback_mode(&self) -> Result<CallbackMode, ConfigError> {
        match self.required("CALLBACK_MODE")?.as_str() {
            "safe" => Ok(CallbackMode::Safe),
            "plain" => Ok(CallbackMode::Plain),
            _ => Err(ConfigError::new("CALLBACK_MODE", "must be `safe` or `plain`")),
        }
    }

    /// `TOKEN_MODE`: which of WeChat's two token endpoints is used.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn token_mode(&self) -> Result<TokenMode, ConfigError> {
        match self.required("TOKEN_MODE")?.as_str() {
            "classic" => Ok(TokenMode::Classic),
            "stable" => Ok(TokenMode::Stable),
            _ => Err(ConfigError::new("TOKEN_MODE", "must be `classic` or `stable`")),
        }
    }

    /// `STACK_NAME`: which of an account's stacks the metrics are of.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn stack_name(&self) -> Result<String, ConfigError> {
        self.required("STACK_NAME")
    }

    /// `IDENTITIES_TABLE`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn identities_table(&self) -> Result<String, ConfigError> {
        self.required("IDENTITIES_TABLE")
    }

    /// `SESSIONS_TABLE`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn sessions_table(&self) -> Result<String, ConfigError> {
        self.required("SESSIONS_TABLE")
    }

    /// `SESSION_KEYS_TABLE`
    ///
    /// # Errors
    /// When it is missing.
    pub fn session_keys_table(&self) -> Result<String, ConfigError> {
        self.required("SESSION_KEYS_TABLE")
    }

    /// `TOKENS_TABLE`
    ///
    /// # Errors
    /// When it is missing.
    pub fn tokens_table(&self) -> Result<String, ConfigError> {
        self.required("TOKENS_TABLE")
    }

    /// `KEYS_TABLE`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn keys_table(&self) -> Result<String, ConfigError> {
        self.required("KEYS_TABLE")
    }

    /// `MESSAGES_TABLE`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn messages_table(&self) -> Result<String, ConfigError> {
        self.required("MESSAGES_TABLE")
    }

    /// `STATE_TABLE`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn state_table(&self) -> Result<String, ConfigError> {
        self.required("STATE_TABLE")
    }

    /// `DELIVER_QUEUE_URL`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn deliver_queue_url(&self) -> Result<String, ConfigError> {
        self.required("DELIVER_QUEUE_URL")
    }

    /// `REFRESH_QUEUE_URL`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn refresh_queue_url(&self) -> Result<String, ConfigError> {
        self.required("REFRESH_QUEUE_URL")
    }

    /// `EVENTS_QUEUE_URL`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn events_queue_url(&self) -> Result<String, ConfigError> {
        self.required("EVENTS_QUEUE_URL")
    }

    /// `FORGET_QUEUE_URL`
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn forget_queue_url(&self) -> Result<String, ConfigError> {
        self.required("FORGET_QUEUE_URL")
    }

    /// `DELIVER_DEAD_LETTERS_URL`
    ///
    /// # Errors
    /// [`ConfigError`] when it is missing.
    pub fn deliver_dead_letters_url(&self) -> Result<String, ConfigError> {
        self.required("DELIVER_DEAD_LETTERS_URL")
    }

    /// `EVENTS_DEAD_LETTERS_URL`
    ///
    /// # Errors
    /// [`ConfigError`] when it is missing.
    pub fn events_dead_letters_url(&self) -> Result<String, ConfigError> {
        self.required("EVENTS_DEAD_LETTERS_URL")
    }

    /// `CATALOG_FILE`: a catalog to read instead of the one built in; only a local stack sets it.
    pub fn catalog_file(&self) -> Option<PathBuf> {
        self.optional("CATALOG_FILE").map(PathBuf::from)
    }

    /// `SENDS_PER_SECOND`: how many messages all workers together send in a second; 0, as many as they can.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn sends_per_second(&self) -> Result<u32, ConfigError> {
        self.number("SENDS_PER_SECOND")
    }

    /// `SUBSCRIPTION_SOURCE`: what credit of subscribe messages is counted by.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn subscription_source(&self) -> Result<SubscriptionSource, ConfigError> {
        match self.required("SUBSCRIPTION_SOURCE")?.as_str() {
            "client" => Ok(SubscriptionSource::Client),
            "events" => Ok(SubscriptionSource::Events),
            _ => Err(ConfigError::new("SUBSCRIPTION_SOURCE", "must be `client` or `events`")),
        }
    }

    /// `RECEIPTS`: whether WeChat's receipts are joined to their messages.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn receipts(&self) -> Result<bool, ConfigError> {
        self.boolean("RECEIPTS")
    }

    /// `LOGIN_ENDS_OLDER_SESSIONS`: `true` where a user has one session at a time.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn login_ends_older_sessions(&self) -> Result<bool, ConfigError> {
        self.boolean("LOGIN_ENDS_OLDER_SESSIONS")
    }

    /// `SYNC_MOST_REMOVED_PERCENT`: a list that lacks more than this share of the followers the map knows
    /// deletes none of them.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn sync_most_removed_percent(&self) -> Result<u64, ConfigError> {
        self.number("SYNC_MOST_REMOVED_PERCENT")
    }

    fn optional(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    fn required(&self, name: &str) -> Result<String, ConfigError> {
        self.optional(name).ok_or_else(|| ConfigError::new(name, "is not set"))
    }

    fn boolean(&self, name: &str) -> Result<bool, ConfigError> {
        self.required(name)?.parse().map_err(|_| ConfigError::new(name, "must be true or false"))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, ConfigError> {
        self.required(name)?.parse().map_err(|_| ConfigError::new(name, "must be a number"))
    }
}

impl ConfigError {
    fn new(name: &str, problem: &'static str) -> Self {
        Self { name: name.to_owned(), problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted() {
        let base =
            |base: &str| Config::of([("WECHAT_API_BASE".to_owned(), base.to_owned())]).wechat_api_base();
        for taken in
            ["https://api.weixin.qq.com/", "http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:1"]
        {
            assert_eq!(base(taken).ok().as_deref(), Some(taken.trim_end_matches('/')), "{taken}");
        }
        for refused in
            ["http://api.weixin.qq.com", "http://127.0.0.1.example.com", "ftp://127.0.0.1", "api", ""]
        {
            assert!(base(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn callbacks_are_handed_on_to_nobody_or_to_a_server_that_is_encrypted() {
        let url = |url: &str| Config::of([("FORWARD_URL".to_owned(), url.to_owned())]).forward_url();
        let old = "https://old.example.com/wx?a=1";
        assert_eq!([url("").ok(), url(old).ok()], [Some(None), Some(Some(old.to_owned()))]);
        assert!(url("http://old.example.com").is_err() && Config::of([]).forward_url().is_err());
    }
}
