//! How AWS is reached.

use aws_sdk_dynamodb::config::{Credentials, SharedHttpClient};

use super::{Config, ConfigError};
use crate::https;

/// The variables Lambda itself sets, and the endpoints a local stack sets.
#[derive(Clone)]
pub struct Aws {
    /// `AWS_REGION`
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`: what Lambda put into the
    /// environment holds as long as the process lives.
    pub credentials: Credentials,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: unset, AWS's own.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`: unset, AWS's own.
    pub sqs_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`: unset, AWS's own.
    pub secrets_endpoint: Option<String>,
    /// One for all of a function's clients.
    pub http: SharedHttpClient,
}

impl Config {
    /// How AWS is reached.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn aws(&self) -> Result<Aws, ConfigError> {
        let (id, secret) = (self.required("AWS_ACCESS_KEY_ID")?, self.required("AWS_SECRET_ACCESS_KEY")?);
        let session = self.optional("AWS_SESSION_TOKEN");
        Ok(Aws {
            region: self.required("AWS_REGION")?,
            credentials: Credentials::new(id, secret, session, None, "environment"),
            dynamodb_endpoint: self.optional("AWS_ENDPOINT_URL_DYNAMODB"),
            sqs_endpoint: self.optional("AWS_ENDPOINT_URL_SQS"),
            secrets_endpoint: self.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            http: self.aws_http.get_or_init(https::aws_client).clone(),
        })
    }
}
