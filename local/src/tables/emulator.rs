//! The emulator, in this process: it listens nowhere, so that nobody reaches it but by the proxy.

use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire;

const CONTENT_TYPE: (HeaderName, &str) = (header::CONTENT_TYPE, "application/x-amz-json-1.0");

/// Carries a call out and answers it as DynamoDB does.
pub fn answer(database: &Database, operation: &str, body: &[u8]) -> Response {
    match act(database, operation, body) {
        Some(Ok(answer)) => (StatusCode::OK, [CONTENT_TYPE], answer).into_response(),
        Some(Err(error)) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
            (status, [CONTENT_TYPE], error.to_json()).into_response()
        }
        None => {
            let told = "The requested operation is not known here.";
            wire::error(StatusCode::BAD_REQUEST, "UnknownOperationException", told)
        }
    }
}

/// `None` for an operation that nobody here needs.
fn act(database: &Database, operation: &str, body: &[u8]) -> Option<dynoxide::Result<String>> {
    Some(match operation {
        "BatchGetItem" => run(body, |asked| database.batch_get_item(asked)),
        "BatchWriteItem" => run(body, |asked| database.batch_write_item(asked)),
        "CreateTable" => run(body, |asked| database.create_table(asked)),
        "DeleteItem" => run(body, |asked| database.delete_item(asked)),
        "DeleteTable" => run(body, |asked| database.delete_table(asked)),
        "DescribeTable" => run(body, |asked| database.describe_table(asked)),
        "DescribeTimeToLive" => run(body, |asked| database.describe_time_to_live(asked)),
        "GetItem" => run(body, |asked| database.get_item(asked)),
        "ListTables" => run(body, |asked| database.list_tables(asked)),
        "PutItem" => run(body, |asked| database.put_item(asked)),
        "Query" => run(body, |asked| database.query(asked)),
        "Scan" => run(body, |asked| database.scan(asked)),
        "TransactGetItems" => run(body, |asked| database.transact_get_items(asked)),
        "TransactWriteItems" => run(body, |asked| database.transact_write_items(asked)),
        "UpdateItem" => run(body, |asked| database.update_item(asked)),
        "UpdateTable" => run(body, |asked| database.update_table(asked)),
        "UpdateTimeToLive" => run(body, |asked| database.update_time_to_live(asked)),
        _ => return None,
    })
}

fn run<Asked: DeserializeOwned, Answer: Serialize>(
    body: &[u8],
    action: impl FnOnce(Asked) -> dynoxide::Result<Answer>,
) -> dynoxide::Result<String> {
    // What AWS's clients write is of the right types, but not always of the right values.
    let asked = serde_json::from_slice(body)
        .map_err(|error| DynoxideError::ValidationException(error.to_string()))?;
    let answer = action(asked)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
