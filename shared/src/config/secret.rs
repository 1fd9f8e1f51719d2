//! The secrets: in AWS kept by Secrets Manager, on a laptop plain variables.

use aws_sdk_secretsmanager::Client;
use secrecy::SecretString;

use super::{Config, ConfigError};

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
    /// A secret: its variable, or what Secrets Manager keeps under the ARN in `<variable>_ARN`.
    ///
    /// # Errors
    /// [`ConfigError`] when the function was given neither, or AWS's when it cannot be fetched.
    pub async fn secret(
        &self,
        name: SecretName,
    ) -> Result<SecretString, Box<dyn std::error::Error + Send + Sync>> {
        let variable = name.variable();
        if let Some(secret) = self.optional(variable) {
            return Ok(secret.into());
        }
        let arn = self.optional(&format!("{variable}_ARN"));
        let arn = arn.ok_or_else(|| ConfigError::new(variable, "is not set"))?;
        let answer = self.secrets_manager()?.get_secret_value().secret_id(arn).send().await?;
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
