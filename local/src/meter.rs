//! What the functions take from the tables, as DynamoDB would bill it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;

use crate::wire::AwsRequest;

/// What a function took from a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Items put, updated or deleted.
    pub item_writes: u64,
    /// Read units: 4 KB each, half of one where the read may be stale.
    pub read_units: f64,
    /// The keys of the items it deleted, in order.
    pub deleted: Vec<Value>,
}

/// Usage by function and table. Clones share it.
#[derive(Clone, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<String, Tables>>>);

type Tables = BTreeMap<String, Usage>;

/// The part of DynamoDB's answers that says what a call took.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Answer {
    consumed_capacity: Option<Capacities>,
}

/// One table's, or in batches each table's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Capacities {
    One(Capacity),
    Each(Vec<Capacity>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Capacity {
    table_name: String,
    capacity_units: f64,
}

impl Meter {
    /// The request, asking to be told what it takes.
    pub fn with_capacity(request: &Bytes) -> Bytes {
        let Ok(Value::Object(mut request)) = serde_json::from_slice(request) else { return request.clone() };
        request.insert("ReturnConsumedCapacity".into(), "TOTAL".into());
        Value::Object(request).to_string().into()
    }

    /// Takes note of a call that was answered with success.
    pub fn observe(&self, request: &AwsRequest, answer: &[u8]) {
        let (function, call) =
            (request.signer().unwrap_or_default(), request.operation().unwrap_or_default());
        let request: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer: Answer = serde_json::from_slice(answer).unwrap_or_default();
        let mut functions = self.0.lock();
        let tables = functions.entry(function.to_owned()).or_default();
        for Write { table, deletes } in writes(call, &request) {
            let usage = tables.entry(table.to_owned()).or_default();
            usage.item_writes += 1;
            usage.deleted.extend(deletes.cloned());
        }
        if matches!(call, "GetItem" | "BatchGetItem" | "Query" | "Scan") {
            let read = match answer.consumed_capacity {
                Some(Capacities::One(capacity)) => vec![capacity],
                Some(Capacities::Each(capacities)) => capacities,
                None => Vec::new(),
            };
            for Capacity { table_name, capacity_units } in read {
                tables.entry(table_name).or_default().read_units += capacity_units;
            }
        }
    }

    /// What this function took from this table so far.
    pub fn usage(&self, function: &str, table: &str) -> Usage {
        let functions = self.0.lock();
        functions.get(function).and_then(|tables| tables.get(table)).cloned().unwrap_or_default()
    }
}

/// One item that a call writes.
struct Write<'a> {
    table: &'a str,
    /// Its key, where it is deleted.
    deletes: Option<&'a Value>,
}

/// The items that a call writes. This emulator leaves none of a batch unprocessed.
fn writes<'a>(call: &str, request: &'a Value) -> Vec<Write<'a>> {
    let write = |part: &'a Value, deletes: bool| {
        Some(Write { table: part["TableName"].as_str()?, deletes: Some(&part["Key"]).filter(|_| deletes) })
    };
    let object = |value: &'a Value| value.as_object().into_iter().flatten();
    let array = |value: &'a Value| value.as_array().into_iter().flatten();
    match call {
        "PutItem" | "UpdateItem" | "DeleteItem" => write(request, call == "DeleteItem").into_iter().collect(),
        "BatchWriteItem" => {
            let of =
                |table: &'a String, one: &'a Value| Write { table, deletes: one["DeleteRequest"].get("Key") };
            object(&request["RequestItems"])
                .flat_map(|(table, ones)| array(ones).map(move |one| of(table, one)))
                .collect()
        }
        "TransactWriteItems" => {
            let parts = array(&request["TransactItems"]).flat_map(object);
            let writing = parts.filter(|(part, _)| *part != "ConditionCheck");
            writing.filter_map(|(part, one)| write(one, part == "Delete")).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_written_and_each_unit_read_counts() {
        let meter = Meter::default();
        let batch =
            r#"{"RequestItems":{"T":[{"PutRequest":{}},{"DeleteRequest":{"Key":{"id":{"S":"a"}}}}]}}"#;
        meter.observe(&AwsRequest::test("sync", "BatchWriteItem", batch), b"{}");
        let delete = r#"{"TableName":"T","Key":{"id":{"S":"b"}}}"#;
        meter.observe(&AwsRequest::test("sync", "DeleteItem", delete), b"{}");
        let both = r#"{"TransactItems":[{"ConditionCheck":{"TableName":"T"}},{"Put":{"TableName":"T"}}]}"#;
        meter.observe(&AwsRequest::test("sync", "TransactWriteItems", both), b"{}");
        let scanned = br#"{"Items":[],"ConsumedCapacity":{"TableName":"T","CapacityUnits":128.5}}"#;
        meter.observe(&AwsRequest::test("sync", "Scan", r#"{"TableName":"T"}"#), scanned);
        let got = br#"{"ConsumedCapacity":[{"TableName":"T","CapacityUnits":1.0}]}"#;
        meter.observe(&AwsRequest::test("sync", "BatchGetItem", "{}"), got);
        let others = br#"{"ConsumedCapacity":{"TableName":"T","CapacityUnits":9}}"#;
        meter.observe(&AwsRequest::test("send", "GetItem", "{}"), others);
        let deleted = ["a", "b"].map(|id| serde_json::json!({ "id": { "S": id } })).into();
        assert_eq!(meter.usage("sync", "T"), Usage { item_writes: 4, read_units: 129.5, deleted });
    }

    #[test]
    fn a_request_asks_what_it_takes() {
        let asked = Meter::with_capacity(&Bytes::from_static(br#"{"TableName":"T"}"#));
        assert_eq!(asked, r#"{"ReturnConsumedCapacity":"TOTAL","TableName":"T"}"#);
    }
}
