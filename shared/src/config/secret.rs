//! The secrets: in AWS kept by Secrets Manager, on a laptop plain variables.

use aws_sdk_secretsmanager::Client;
use futures::future::try_join_all;
use secrecy::SecretString;
use tokio::sync::OnceCell;

use super::{Config, ConfigError};

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
}

impl SecretName {
    fn variable(self) -> &'static str {
        match self {
            Self::MiniSecret => "MINI_SECRET",
            Self::OaSecret => "OA_SECRET",
            Self::CallbackToken => "CALLBACK_TOKEN",
            Self::CallbackAesKey => "CALLBACK_AES_KEY",
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

    async fn secret(
        &self,
        name: SecretName,
        manager: &OnceCell<Client>,
    ) -> Result<SecretString, Box<dyn std::error::Error + Send + Sync>> {
        let variable = name.variable();
        if let Some(secret) = self.optional(variable) {
            return Ok(secret.trim().to_owned().into());
        }
        let arn = self.optional(&format!("{variable}_ARN"));
        let arn = arn.ok_or_else(|| ConfigError::new(variable, "is not set"))?;
        let manager = manager.get_or_try_init(async || self.secrets_manager()).await?;
        let answer = manager.get_secret_value().secret_id(arn).send().await?;
        let secret = answer.secret_string.ok_or_else(|| format!("the secret {variable} holds no string"))?;
        Ok(secret.trim().to_owned().into())
    }

    fn secrets_manager(&self) -> Result<Client, ConfigError> {
        let aws = self.aws()?;
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_secretsmanager::config::Region::new(aws.region))
            .credentials_provider(aws.credentials);
        Ok(Client::from_conf(config.build()))
    }
}
