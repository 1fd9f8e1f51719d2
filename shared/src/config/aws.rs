//! How AWS is reached.

use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{Credentials, SharedHttpClient};

use super::{Config, ConfigError};
use crate::https;

/// How long a call may take, and all its tries together: AWS answers within milliseconds, and a connection that died
/// while Lambda held the process still never does.
const ATTEMPT: Duration = Duration::from_secs(5);
const OPERATION: Duration = Duration::from_secs(8);

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
    /// The same for all of them.
    pub timeouts: TimeoutConfig,
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
            timeouts: TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(OPERATION)
                .build(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::config::{SecretName, Secrets};
    use crate::{queue, store};

    /// Somebody who takes connections and never says a word.
    #[tokio::test(start_paused = true)]
    async fn nobody_at_aws_is_waited_for_for_ever() {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
        let variables = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "a"),
            ("AWS_SECRET_ACCESS_KEY", "b"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &endpoint),
            ("AWS_ENDPOINT_URL_SQS", &endpoint),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &endpoint),
            ("OA_SECRET_ARN", "arn"),
        ];
        let config = Config::of(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let (tables, queues) =
            (store::client(&config).expect("tables"), queue::client(&config).expect("queues"));
        let ends = async {
            assert!(tables.list_tables().send().await.is_err());
            assert!(queues.list_queues().send().await.is_err());
            assert!(Secrets::read(&config, [SecretName::OaSecret]).await.is_err());
        };
        tokio::time::timeout(10 * OPERATION, ends).await.expect("an end of each");
    }
}
