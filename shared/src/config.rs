//! The environment, read once in init; nothing else reads it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

use crate::Account;

/// Everything a function is told from outside. Each field names its variable.
#[derive(Clone, Debug)]
pub struct Config {
    /// `WECHAT_API_BASE`: where WeChat's API answers, without a slash at the end.
    pub wechat_api_base: String,
    /// `MINI_APPID`: the mini-program.
    pub mini_appid: String,
    /// `OA_APPID`: the Official Account.
    pub oa_appid: String,
    /// `MINI_SECRET` or `MINI_SECRET_ARN`, and the like: the secrets that this function is given.
    secrets: BTreeMap<SecretName, Secret>,
    /// `CALLBACK_MODE`: which callbacks `events` takes.
    pub callback_mode: CallbackMode,
    /// `TOKEN_MODE`: which of WeChat's two token endpoints is used.
    pub token_mode: TokenMode,
    /// `IDENTITIES_TABLE`
    pub identities_table: String,
    /// `SESSIONS_TABLE`
    pub sessions_table: String,
    /// `MESSAGES_TABLE`
    pub messages_table: String,
    /// `STATE_TABLE`
    pub state_table: String,
    /// `DELIVER_QUEUE_URL`
    pub deliver_queue_url: String,
    /// `REFRESH_QUEUE_URL`
    pub refresh_queue_url: String,
    /// `EVENTS_QUEUE_URL`
    pub events_queue_url: String,
    /// `CATALOG_FILE`: a catalog to read instead of the one built in.
    pub catalog_file: Option<PathBuf>,
    /// `SENDS_PER_SECOND`: how many messages all workers together send in a second; 0, as many as they can.
    pub sends_per_second: u32,
    /// `RETRY_TIME_SCALE`: what every pause between two tries, and the sync's lease, is multiplied by; 1
    /// outside tests.
    pub retry_time_scale: f64,
    /// `SYNC_MOST_REMOVED_PERCENT`: a list that lacks more than this share of the followers the map
    /// knows deletes none of them.
    pub sync_most_removed_percent: u64,
    /// How AWS is reached.
    pub aws: Aws,
}

/// The variables Lambda itself sets, and the endpoints a local stack sets.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<SecretString>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: unset, AWS's own.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`: unset, AWS's own.
    pub sqs_endpoint: Option<String>,
}

/// The secrets there are; each function is given those it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretName {
    /// `MINI_SECRET`: the mini-program's AppSecret.
    MiniSecret,
    /// `OA_SECRET`: the Official Account's AppSecret.
    OaSecret,
    /// `CALLBACK_TOKEN`: what WeChat signs its callbacks with.
    CallbackToken,
    /// `CALLBACK_AES_KEY`: what WeChat encrypts its callbacks with, the EncodingAESKey of 43 characters.
    CallbackAesKey,
}

impl SecretName {
    const ALL: [Self; 4] = [Self::MiniSecret, Self::OaSecret, Self::CallbackToken, Self::CallbackAesKey];

    fn variable(self) -> &'static str {
        match self {
            Self::MiniSecret => "MINI_SECRET",
            Self::OaSecret => "OA_SECRET",
            Self::CallbackToken => "CALLBACK_TOKEN",
            Self::CallbackAesKey => "CALLBACK_AES_KEY",
        }
    }
}

/// Which of WeChat's three modes of callback is taken. What is less safe than this is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallbackMode {
    /// 明文模式: anybody who saw one signature can send anything.
    Plain,
    /// 兼容模式: encrypted, with the plain text beside it, which is never read.
    Compatible,
    /// 安全模式: encrypted, and signed over the ciphertext.
    Safe,
}

/// A secret, or where Secrets Manager keeps it.
#[derive(Clone, Debug)]
enum Secret {
    /// The secret itself: on a laptop.
    Plain(SecretString),
    /// The ARN of a Secrets Manager secret whose string it is: in AWS.
    Arn(String),
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

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// Reads the variables that `lookup` knows.
    ///
    /// # Errors
    /// The first variable that is missing or malformed.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let required = |name: &str| optional(name).ok_or_else(|| ConfigError::new(name, "is not set"));
        let secret = |name: SecretName| {
            let plain = optional(name.variable()).map(|value| Secret::Plain(value.into()));
            let secret = plain.or_else(|| optional(&format!("{}_ARN", name.variable())).map(Secret::Arn));
            secret.map(|secret| (name, secret))
        };
        Ok(Self {
            wechat_api_base: required("WECHAT_API_BASE")?.trim_end_matches('/').to_owned(),
            mini_appid: required("MINI_APPID")?,
            oa_appid: required("OA_APPID")?,
            secrets: SecretName::ALL.into_iter().filter_map(secret).collect(),
            callback_mode: CallbackMode::parse(optional("CALLBACK_MODE").as_deref())?,
            token_mode: TokenMode::parse(&required("TOKEN_MODE")?)?,
            identities_table: required("IDENTITIES_TABLE")?,
            sessions_table: required("SESSIONS_TABLE")?,
            messages_table: required("MESSAGES_TABLE")?,
            state_table: required("STATE_TABLE")?,
            deliver_queue_url: required("DELIVER_QUEUE_URL")?,
            refresh_queue_url: required("REFRESH_QUEUE_URL")?,
            events_queue_url: required("EVENTS_QUEUE_URL")?,
            catalog_file: optional("CATALOG_FILE").map(PathBuf::from),
            sends_per_second: parsed(optional("SENDS_PER_SECOND"), "SENDS_PER_SECOND", 0)?,
            retry_time_scale: parsed(optional("RETRY_TIME_SCALE"), "RETRY_TIME_SCALE", 1.0)?,
            sync_most_removed_percent: parsed(
                optional("SYNC_MOST_REMOVED_PERCENT"),
                "SYNC_MOST_REMOVED_PERCENT",
                20,
            )?,
            aws: Aws {
                region: required("AWS_REGION")?,
                access_key_id: required("AWS_ACCESS_KEY_ID")?,
                secret_access_key: required("AWS_SECRET_ACCESS_KEY")?.into(),
                session_token: optional("AWS_SESSION_TOKEN").map(Into::into),
                dynamodb_endpoint: optional("AWS_ENDPOINT_URL_DYNAMODB"),
                sqs_endpoint: optional("AWS_ENDPOINT_URL_SQS"),
            },
        })
    }

    /// The appid of one of the two accounts.
    pub fn appid(&self, account: Account) -> &str {
        match account {
            Account::Mini => &self.mini_appid,
            Account::Oa => &self.oa_appid,
        }
    }

    /// A secret, fetched from Secrets Manager where it is kept there.
    ///
    /// # Errors
    /// [`ConfigError`] when the function was not given it, or AWS's when it cannot be fetched.
    pub async fn secret(&self, name: SecretName) -> Result<SecretString, lambda_http::Error> {
        match self.secrets.get(&name) {
            None => Err(ConfigError::new(name.variable(), "is not set").into()),
            Some(Secret::Plain(secret)) => Ok(secret.clone()),
            Some(Secret::Arn(arn)) => self.aws.secret(arn).await,
        }
    }
}

impl Aws {
    async fn secret(&self, arn: &str) -> Result<SecretString, lambda_http::Error> {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_secretsmanager::config::Region::new(self.region.clone()))
            .credentials_provider(self.credentials())
            .build();
        let client = aws_sdk_secretsmanager::Client::from_conf(config);
        let answer = client.get_secret_value().secret_id(arn).send().await?;
        let secret = answer.secret_string.ok_or("the secret holds no string")?;
        Ok(secret.trim().to_owned().into())
    }

    /// The credentials Lambda put into the environment; they hold as long as the process lives.
    pub fn credentials(&self) -> aws_sdk_dynamodb::config::Credentials {
        use secrecy::ExposeSecret;
        aws_sdk_dynamodb::config::Credentials::new(
            &self.access_key_id,
            self.secret_access_key.expose_secret(),
            self.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
            None,
            "environment",
        )
    }
}

fn parsed<T: FromStr>(value: Option<String>, name: &str, default: T) -> Result<T, ConfigError> {
    match value {
        Some(value) => value.parse().map_err(|_| ConfigError::new(name, "must be a number")),
        None => Ok(default),
    }
}

impl TokenMode {
    fn parse(text: &str) -> Result<Self, ConfigError> {
        match text {
            "classic" => Ok(Self::Classic),
            "stable" => Ok(Self::Stable),
            _ => Err(ConfigError::new("TOKEN_MODE", "must be `classic` or `stable`")),
        }
    }
}

impl CallbackMode {
    fn parse(text: Option<&str>) -> Result<Self, ConfigError> {
        match text {
            None | Some("safe") => Ok(Self::Safe),
            Some("compatible") => Ok(Self::Compatible),
            Some("plain") => Ok(Self::Plain),
            Some(_) => Err(ConfigError::new("CALLBACK_MODE", "must be `safe`, `compatible` or `plain`")),
        }
    }
}

impl ConfigError {
    fn new(name: &str, problem: &'static str) -> Self {
        Self { name: name.to_owned(), problem }
    }
}
