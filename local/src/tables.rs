//! DynamoDB on this machine: the emulator behind the proxy, and the template's tables.

mod backend;
mod emulator;

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, Projection,
    TimeToLiveSpecification,
};
use dynoxide::Database;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::StackError;
use crate::template::Table;

pub use backend::Tables;

/// How often items whose time is up are deleted.
const SWEEP: Duration = Duration::from_secs(60);

/// Starts the emulator. Without a file it forgets everything at the end.
///
/// # Errors
/// When the file cannot be opened.
pub fn emulate(file: Option<&Path>, tasks: &mut JoinSet<()>) -> Result<Database, StackError> {
    let database = match file {
        Some(file) => Database::new(&file.display().to_string()),
        None => Database::memory(),
    };
    let database = database.map_err(|error| StackError::new("open the database", error))?;
    tasks.spawn(sweep(database.clone()));
    Ok(database)
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if let Err(error) = database.sweep_ttl() {
            tracing::warn!(%error, "could not delete expired items");
        }
    }
}

/// Creates the tables that are not there yet.
///
/// # Errors
/// When DynamoDB refuses, or the template describes a table it does not take.
pub async fn create(client: &Client, tables: &[Table]) -> Result<(), StackError> {
    let existing =
        client.list_tables().send().await.map_err(|error| StackError::new("list the tables", error))?;
    for table in tables.iter().filter(|table| !existing.table_names().contains(&table.name)) {
        create_one(client, table)
            .await
            .map_err(|error| StackError::new(&format!("create the table {}", table.name), error))?;
    }
    Ok(())
}

async fn create_one(client: &Client, table: &Table) -> Result<(), aws_sdk_dynamodb::Error> {
    let properties = &table.properties;
    let mut create = client.create_table().table_name(&table.name).billing_mode(BillingMode::PayPerRequest);
    create = create.set_key_schema(Some(key_schema(&properties["KeySchema"])?));
    for attribute in properties["AttributeDefinitions"].as_array().into_iter().flatten() {
        let definition = AttributeDefinition::builder()
            .attribute_name(text(&attribute["AttributeName"]))
            .attribute_type(text(&attribute["AttributeType"]).into());
        create = create.attribute_definitions(definition.build()?);
    }
    for index in properties["GlobalSecondaryIndexes"].as_array().into_iter().flatten() {
        let projection = text(&index["Projection"]["ProjectionType"]).into();
        let index = GlobalSecondaryIndex::builder()
            .index_name(text(&index["IndexName"]))
            .set_key_schema(Some(key_schema(&index["KeySchema"])?))
            .projection(Projection::builder().projection_type(projection).build());
        create = create.global_secondary_indexes(index.build()?);
    }
    create.send().await?;
    if let Some(attribute) = properties["TimeToLiveSpecification"]["AttributeName"].as_str() {
        let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
        client.update_time_to_live().table_name(&table.name).time_to_live_specification(ttl).send().await?;
    }
    Ok(())
}

fn key_schema(keys: &Value) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    let keys = keys.as_array().into_iter().flatten();
    keys.map(|key| {
        let element = KeySchemaElement::builder().attribute_name(text(&key["AttributeName"]));
        element.key_type(text(&key["KeyType"]).into()).build()
    })
    .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
