//! DynamoDB on this machine: the emulator, a doorman that checks rights, and the template's tables.

use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, Projection,
    TimeToLiveSpecification,
};
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use dynoxide::Database;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::dice::Dice;
use crate::meter::Meter;
use crate::rights::{self, Rights};
use crate::template::Table;
use crate::{Faults, StackError, loopback};

/// How often items whose time is up are deleted.
const SWEEP: Duration = Duration::from_secs(60);

/// How many items a page of a scan has: about as many small ones as fit into DynamoDB's megabyte.
const SCAN_PAGE: i32 = 5_000;

/// Starts the emulator; gives its endpoint. Without a file it forgets everything at the end; with a meter,
/// that hears of every call of the functions.
///
/// # Errors
/// When the file or a socket cannot be opened.
pub async fn serve(
    file: Option<&Path>,
    rights: Rights,
    faults: Faults,
    meter: Option<Meter>,
    tasks: &mut JoinSet<()>,
) -> Result<String, StackError> {
    let database = match file {
        Some(file) => Database::new(&file.display().to_string()),
        None => Database::memory(),
    };
    let database = database.map_err(|error| StackError::new("open the database", error))?;
    let (inner, inner_url) = loopback(0).await?;
    let (outer, outer_url) = loopback(0).await?;
    tasks.spawn(sweep(database.clone()));
    tasks.spawn(dynoxide::server::serve_on(inner, database));
    tasks.spawn(guard(
        outer,
        Doorman {
            rights,
            faults,
            dice: Dice::new(faults.seed),
            meter,
            http: reqwest::Client::new(),
            inner: inner_url,
        },
    ));
    Ok(outer_url)
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if let Err(error) = database.sweep_ttl() {
            tracing::warn!(%error, "could not delete expired items");
        }
    }
}

#[derive(Clone)]
struct Doorman {
    rights: Rights,
    faults: Faults,
    dice: Dice,
    meter: Option<Meter>,
    http: reqwest::Client,
    inner: String,
}

async fn guard(listener: TcpListener, doorman: Doorman) {
    let app = Router::new().fallback(pass).layer(DefaultBodyLimit::disable()).with_state(doorman);
    if let Err(error) = axum::serve(listener, app).await {
        tracing::error!(%error, "the tables are gone");
    }
}

async fn pass(State(doorman): State<Doorman>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(denied) = doorman.rights.check(&headers, &body) {
        tracing::error!("{denied}");
        return refuse(&denied);
    }
    let goes_wrong = !rights::is_stack(&headers) && doorman.dice.hit(doorman.faults.dynamodb);
    if !goes_wrong {
        return doorman.forward(headers, body).await;
    }
    if doorman.dice.hit(0.5) {
        return error(
            StatusCode::BAD_REQUEST,
            "ProvisionedThroughputExceededException",
            "thrown by the dice",
        );
    }
    if doorman.dice.hit(0.5) {
        doorman.forward(headers, body).await;
    }
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "thrown by the dice")
}

impl Doorman {
    /// Passes a call on, and lets the meter hear of it if it is a function's.
    async fn forward(&self, headers: HeaderMap, body: Bytes) -> Response {
        let Some(meter) = self.meter.as_ref().filter(|_| !rights::is_stack(&headers)) else {
            return self.carry_out(&headers, body).await;
        };
        let (parts, answer) = self.carry_out(&headers, Meter::ask(&body)).await.into_parts();
        let answer = axum::body::to_bytes(answer, usize::MAX).await.unwrap_or_default();
        if parts.status.is_success() {
            let (function, call) = (rights::signer(&headers), rights::call(&headers));
            meter.hear(function.unwrap_or_default(), call.unwrap_or_default(), &body, &answer);
        }
        Response::from_parts(parts, answer.into())
    }

    async fn carry_out(&self, headers: &HeaderMap, mut body: Bytes) -> Response {
        if rights::call(headers) == Some("Scan") {
            match whole_scan(&body) {
                Some(scan) => body = scan,
                None => return Json(json!({ "Items": [], "Count": 0, "ScannedCount": 0 })).into_response(),
            }
        }
        let mut headers = headers.clone();
        headers.remove(header::CONTENT_LENGTH);
        match self.http.post(&self.inner).headers(headers).body(body).send().await {
            Ok(answer) => {
                let (status, headers) = (answer.status(), answer.headers().clone());
                let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                response
            }
            Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
        }
    }
}

/// A scan in the only shape that the emulator pages through; in others it reads the rest of the table for
/// each page. The first segment has everything and the others nothing, for which this is `None`: DynamoDB
/// promises nothing about how segments share a table's items.
fn whole_scan(scan: &Bytes) -> Option<Bytes> {
    let Ok(Value::Object(mut scan)) = serde_json::from_slice(scan) else { return Some(scan.clone()) };
    scan.remove("TotalSegments");
    if scan.remove("Segment").is_some_and(|segment| segment != 0) {
        return None;
    }
    scan.entry("Limit").or_insert(SCAN_PAGE.into());
    Some(Value::Object(scan).to_string().into())
}

/// AWS's answer to a call that no policy allows.
pub fn refuse(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "AccessDeniedException", message)
}

/// An error as AWS writes it.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"__type": format!("com.amazon.coral.service#{code}"), "message": message});
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(segment: i32) -> Option<Value> {
        let scan = json!({ "TableName": "T", "Segment": segment, "TotalSegments": 4 }).to_string();
        whole_scan(&scan.into()).map(|scan| serde_json::from_slice(&scan).expect("JSON"))
    }

    #[test]
    fn of_a_scan_in_parts_the_first_is_the_whole() {
        assert_eq!(scan(0), Some(json!({ "TableName": "T", "Limit": SCAN_PAGE })));
        assert_eq!([scan(1), scan(3)], [None, None]);
    }
}
