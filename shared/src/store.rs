//! The tables: one file each, over the real DynamoDB client.

mod callers;
mod identities;
mod keys;
mod messages;
mod session_keys;
mod sessions;
mod state;
mod table;
mod tokens;

pub use callers::Callers;
pub use identities::{Identities, Identity, Imported, Registration, Removed, Sample, UserIds};
pub use keys::{KeyRow, Keys};
pub use messages::{Addressed, Batch, BatchPage, Messages, Receipt, Record, StateCounts, counted};
pub use session_keys::SessionKeys;
pub use sessions::Sessions;
pub use state::{
    Breaker, BreakerKeys, Cause, Checkpoint, Claim, ClaimLease, Credits, Forgetting, KnownTemplates,
    LARGEST_CATALOG, Outage, PushedCatalog, RunProgress, State, SyncRun, Take, TemplateLists, TokenFailure,
    TokenReplacement, kept_catalogs, pause_after,
};
pub use tokens::{TokenRecord, Tokens};

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, WriteRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::ConfigError;
use crate::{Config, Error};

/// One item, as DynamoDB holds it.
type Item = std::collections::HashMap<String, AttributeValue>;

/// How many keys one BatchGetItem takes.
const READ_BATCH: usize = 100;

/// How many items one BatchWriteItem takes.
const WRITE_BATCH: usize = 25;

/// A call that is throttled or fails is made again after at most this, doubling: the SDK's own second is for
/// services that are slower than a table.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const ATTEMPTS: u32 = 4;

/// The DynamoDB client that a function's tables share; built once, in init.
///
/// # Errors
/// [`ConfigError`].
pub fn client(config: &Config) -> Result<Client, ConfigError> {
    let aws = config.aws()?;
    let mut builder = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new(aws.region))
        .credentials_provider(aws.credentials)
        .http_client(aws.http)
        .timeout_config(aws.timeouts)
        .retry_config(
            RetryConfig::standard().with_initial_backoff(FIRST_BACKOFF).with_max_attempts(ATTEMPTS),
        );
    if let Some(endpoint) = aws.dynamodb_endpoint {
        builder = builder.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(builder.build()))
}

fn to_item(value: &impl Serialize) -> Result<Item, Error> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(value).map_err(Error::unavailable)
}

fn from_item<T: DeserializeOwned>(item: Item) -> Result<T, Error> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(Error::unavailable)
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Turns a failed condition, which is an answer, into `false`.
fn condition_met<T, E, R>(result: Result<T, SdkError<E, R>>) -> Result<bool, Error>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(Error::unavailable(error)),
    }
}

/// What an update came to.
enum Updated<T> {
    /// It was made; the row as it is now.
    Made(T),
    /// Its condition failed; the row as it is, where there is one.
    Refused(Option<T>),
}

/// Makes an update, and reads what is there after it or instead.
async fn updated<T: DeserializeOwned>(update: UpdateItemFluentBuilder) -> Result<Updated<T>, Error> {
    let update = update
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match update.send().await {
        Ok(answer) => from_item(answer.attributes.unwrap_or_default()).map(Updated::Made),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                failed.item.clone().map(from_item).transpose().map(Updated::Refused)
            }
            _ => Err(Error::unavailable(error)),
        },
    }
}

/// Whether a transaction failed by its conditions alone: not because another one was under way, and not
/// because the table was too busy. The message lists each part's code.
fn is_condition_failure<R>(error: &SdkError<impl ProvideErrorMetadata, R>) -> bool {
    let says = |code| error.message().is_some_and(|message| message.contains(code));
    says("ConditionalCheckFailed") && !says("TransactionConflict") && !says("Throttling")
}

/// Waits before what DynamoDB left over of a batch is tried again: 50 ms, doubling.
struct Backoff(Duration);

impl Backoff {
    fn new() -> Self {
        Self(Duration::from_millis(50))
    }

    /// An error when it has waited 6 s in all.
    async fn wait(&mut self) -> Result<(), Error> {
        if self.0 > Duration::from_secs(5) {
            return Err(Error::unavailable("DynamoDB keeps leaving a part of a batch undone"));
        }
        tokio::time::sleep(self.0).await;
        self.0 *= 2;
        Ok(())
    }
}

/// Reads up to [`READ_BATCH`] items, and again what DynamoDB left over.
async fn read_batch<T: DeserializeOwned>(
    client: &Client,
    table: &str,
    mut keys: Vec<Item>,
    consistent: bool,
) -> Result<Vec<T>, Error> {
    let mut items = Vec::with_capacity(keys.len());
    let mut backoff = Backoff::new();
    while !keys.is_empty() {
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent).build();
        let get = client.batch_get_item().request_items(table, wanted.map_err(Error::unavailable)?);
        let answer = get.send().await.map_err(Error::unavailable)?;
        for item in answer.responses.unwrap_or_default().remove(table).unwrap_or_default() {
            items.push(from_item(item)?);
        }
        let left = answer.unprocessed_keys.unwrap_or_default().remove(table);
        keys = left.map(|left| left.keys).unwrap_or_default();
        if !keys.is_empty() {
            backoff.wait().await?;
        }
    }
    Ok(items)
}

/// Writes up to [`WRITE_BATCH`] items, and again what DynamoDB left over.
async fn write_batch(client: &Client, table: &str, mut writes: Vec<WriteRequest>) -> Result<(), Error> {
    let mut backoff = Backoff::new();
    loop {
        let write = client.batch_write_item().request_items(table, writes);
        let answer = write.send().await.map_err(Error::unavailable)?;
        writes = answer.unprocessed_items.unwrap_or_default().remove(table).unwrap_or_default();
        if writes.is_empty() {
            return Ok(());
        }
        backoff.wait().await?;
    }
}
