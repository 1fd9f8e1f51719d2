//! What the functions take from the tables, as DynamoDB would bill it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use serde::Deserialize;
use serde_json::Value;

/// What a function took from a table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Items put, updated or deleted.
    pub item_writes: u64,
    /// Read units: 4 KB each, half of one where the read may be stale.
    pub read_units: f64,
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
    unprocessed_items: BTreeMap<String, Vec<Value>>,
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
    pub fn ask(request: &Bytes) -> Bytes {
        let Ok(Value::Object(mut request)) = serde_json::from_slice(request) else { return request.clone() };
        request.insert("ReturnConsumedCapacity".into(), "TOTAL".into());
        Value::Object(request).to_string().into()
    }

    /// Takes note of a call (`PutItem`, …) that was answered with success.
    pub fn hear(&self, function: &str, call: &str, request: &[u8], answer: &[u8]) {
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let answer: Answer = serde_json::from_slice(answer).unwrap_or_default();
        let mut functions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tables = functions.entry(function.to_owned()).or_default();
        for table in tables_written(call, &request) {
            tables.entry(table.to_owned()).or_default().item_writes += 1;
        }
        for (table, unwritten) in answer.unprocessed_items {
            tables.entry(table).or_default().item_writes -= unwritten.len() as u64;
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
        let functions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        functions.get(function).and_then(|tables| tables.get(table)).copied().unwrap_or_default()
    }
}

/// The table of each item that a call writes.
fn tables_written<'a>(call: &str, request: &'a Value) -> Vec<&'a str> {
    let table = |part: &'a Value| part["TableName"].as_str();
    match call {
        "PutItem" | "UpdateItem" | "DeleteItem" => table(request).into_iter().collect(),
        "BatchWriteItem" => {
            let tables = request["RequestItems"].as_object().into_iter().flatten();
            let items = |items: &Value| items.as_array().map_or(0, Vec::len);
            tables.flat_map(|(table, writes)| std::iter::repeat_n(table.as_str(), items(writes))).collect()
        }
        "TransactWriteItems" => {
            let parts = request["TransactItems"].as_array().into_iter().flatten();
            let parts = parts.filter_map(Value::as_object).flatten();
            parts.filter(|(part, _)| *part != "ConditionCheck").filter_map(|(_, part)| table(part)).collect()
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
        let put = br#"{"RequestItems":{"T":[{"PutRequest":{}},{"PutRequest":{}},{"DeleteRequest":{}}]}}"#;
        meter.hear("sync", "BatchWriteItem", put, br#"{"UnprocessedItems":{"T":[{"PutRequest":{}}]}}"#);
        let both = br#"{"TransactItems":[{"ConditionCheck":{"TableName":"T"}},{"Put":{"TableName":"T"}}]}"#;
        meter.hear("sync", "TransactWriteItems", both, b"{}");
        let scanned = br#"{"Items":[],"ConsumedCapacity":{"TableName":"T","CapacityUnits":128.5}}"#;
        meter.hear("sync", "Scan", br#"{"TableName":"T"}"#, scanned);
        let got = br#"{"ConsumedCapacity":[{"TableName":"T","CapacityUnits":1.0}]}"#;
        meter.hear("sync", "BatchGetItem", b"{}", got);
        meter.hear("send", "GetItem", b"{}", br#"{"ConsumedCapacity":{"TableName":"T","CapacityUnits":9}}"#);
        assert_eq!(meter.usage("sync", "T"), Usage { item_writes: 3, read_units: 129.5 });
    }

    #[test]
    fn a_request_asks_what_it_takes() {
        let asked = Meter::ask(&Bytes::from_static(br#"{"TableName":"T"}"#));
        assert_eq!(asked, r#"{"ReturnConsumedCapacity":"TOTAL","TableName":"T"}"#);
    }
}
