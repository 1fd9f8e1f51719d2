//! DynamoDB behind the proxy: the emulator, what it does on a bad day, what each call takes.

use axum::Json;
use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use dynoxide::Database;
use serde_json::{Map, Value, json};

use crate::Faults;
use crate::dice::Dice;
use crate::meter::Meter;
use crate::proxy::{Backend, INJECTED};
use crate::wire::{self, AwsRequest};

use super::emulator;

/// How many items a page of a scan has: about as many small ones as fit into DynamoDB's megabyte.
const SCAN_PAGE: i32 = 5_000;

/// The emulator.
#[derive(Clone)]
pub struct Tables {
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Observes every call of the functions.
    pub meter: Option<Meter>,
    /// What it keeps.
    pub database: Database,
}

impl Backend for Tables {
    fn fault_share(&self, _request: &AwsRequest) -> f64 {
        self.faults.dynamodb
    }

    async fn forward(&self, request: AwsRequest) -> Response {
        let Some(meter) = self.meter.as_ref().filter(|_| !request.is_the_stacks()) else {
            return self.call(&request);
        };
        let with_capacity = AwsRequest { body: Meter::with_capacity(&request.body), ..request.clone() };
        let (parts, answer) = self.call(&with_capacity).into_parts();
        let answer = axum::body::to_bytes(answer, usize::MAX).await.unwrap_or_default();
        if parts.status.is_success() {
            meter.observe(&request, &answer);
        }
        Response::from_parts(parts, answer.into())
    }

    /// Half of the calls are throttled, batches as often as not in part; half end in a 500, half of which
    /// were carried out.
    async fn inject_fault(&self, request: AwsRequest, dice: &Dice) -> Response {
        if dice.hit(0.5) {
            return match halves(&request.body).filter(|_| dice.hit(0.5)) {
                Some((half, rest)) => {
                    unprocessed(self.forward(AwsRequest { body: half, ..request }).await, rest).await
                }
                None => {
                    wire::error(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", INJECTED)
                }
            };
        }
        if dice.hit(0.5) {
            self.forward(request).await;
        }
        wire::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", INJECTED)
    }
}

impl Tables {
    fn call(&self, request: &AwsRequest) -> Response {
        let operation = request.operation().unwrap_or_default();
        if operation != "Scan" {
            return emulator::answer(&self.database, operation, &request.body);
        }
        match whole_scan(&request.body) {
            Some(scan) => emulator::answer(&self.database, operation, &scan),
            None => Json(json!({ "Items": [], "Count": 0, "ScannedCount": 0 })).into_response(),
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

/// A batch in two halves, the second as DynamoDB names what it left over; `None` for what is no batch, or a
/// batch of one.
fn halves(batch: &Bytes) -> Option<(Bytes, Map<String, Value>)> {
    let mut half: Value = serde_json::from_slice(batch).ok()?;
    let mut rest = Map::new();
    for (table, items) in half["RequestItems"].as_object_mut()? {
        let is_written = items.is_array();
        let items = if is_written { &mut *items } else { &mut items["Keys"] };
        let items = items.as_array_mut()?;
        let over = items.split_off(items.len().div_ceil(2));
        if !over.is_empty() {
            rest.insert(table.clone(), if is_written { over.into() } else { json!({ "Keys": over }) });
        }
    }
    (!rest.is_empty()).then(|| (half.to_string().into(), rest))
}

/// The answer to the first half, which names the second.
async fn unprocessed(answer: Response, rest: Map<String, Value>) -> Response {
    let (mut parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let Ok(Value::Object(mut told)) = serde_json::from_slice(&body) else {
        return Response::from_parts(parts, body.into());
    };
    let name = if told.contains_key("UnprocessedKeys") { "UnprocessedKeys" } else { "UnprocessedItems" };
    told.insert(name.into(), rest.into());
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Value::Object(told).to_string().into())
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

    #[test]
    fn a_batch_is_halved_and_names_what_is_left_over() {
        let written = json!({ "RequestItems": { "T": [1, 2, 3] } }).to_string();
        let (half, rest) = halves(&written.into()).expect("a batch");
        assert_eq!((half, rest.into()), (r#"{"RequestItems":{"T":[1,2]}}"#.into(), json!({ "T": [3] })));
        let read = json!({ "RequestItems": { "T": { "Keys": [1, 2], "ConsistentRead": true } } }).to_string();
        assert_eq!(Value::from(halves(&read.into()).expect("a batch").1), json!({ "T": { "Keys": [2] } }));
        assert!(halves(&Bytes::from_static(br#"{"RequestItems":{"T":[1]}}"#)).is_none());
        assert!(halves(&Bytes::from_static(br#"{"TableName":"T"}"#)).is_none());
    }
}
