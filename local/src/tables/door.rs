//! The door to the emulator: who may call, what goes wrong on purpose, what each call takes.

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::Faults;
use crate::dice::Dice;
use crate::meter::Meter;
use crate::rights::{self, Rights};
use crate::wire;

/// How many items a page of a scan has: about as many small ones as fit into DynamoDB's megabyte.
const SCAN_PAGE: i32 = 5_000;

/// The reason for what goes wrong on purpose.
const BY_THE_DICE: &str = "thrown by the dice";

/// Stands before the emulator.
#[derive(Clone)]
pub struct Doorman {
    rights: Rights,
    faults: Faults,
    dice: Dice,
    meter: Option<Meter>,
    http: reqwest::Client,
    inner: String,
}

async fn pass(State(doorman): State<Doorman>, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(denied) = doorman.rights.check(&headers, &body) {
        tracing::error!("{denied}");
        return wire::access_denied(&denied);
    }
    let goes_wrong = !rights::is_stack(&headers) && doorman.dice.hit(doorman.faults.dynamodb);
    if goes_wrong { doorman.go_wrong(headers, body).await } else { doorman.forward(headers, body).await }
}

impl Doorman {
    /// For the emulator at this URL; with a meter, that hears of every call of the functions.
    pub fn new(rights: Rights, faults: Faults, meter: Option<Meter>, inner: String) -> Self {
        Self { rights, faults, dice: Dice::new(faults.seed), meter, http: reqwest::Client::new(), inner }
    }

    /// Lets in who calls here.
    pub async fn guard(self, listener: TcpListener) {
        let app = Router::new().fallback(pass).layer(DefaultBodyLimit::disable()).with_state(self);
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the tables are gone");
        }
    }

    /// What DynamoDB answers on a bad day: half of the calls are throttled, batches as often as not in
    /// part; half end in a 500, half of which were carried out.
    async fn go_wrong(&self, headers: HeaderMap, body: Bytes) -> Response {
        if self.dice.hit(0.5) {
            return match halves(&body).filter(|_| self.dice.hit(0.5)) {
                Some((half, rest)) => unprocessed(self.forward(headers, half).await, rest).await,
                None => wire::error(
                    StatusCode::BAD_REQUEST,
                    "ProvisionedThroughputExceededException",
                    BY_THE_DICE,
                ),
            };
        }
        if self.dice.hit(0.5) {
            self.forward(headers, body).await;
        }
        wire::error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", BY_THE_DICE)
    }

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
