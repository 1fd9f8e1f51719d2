//! What the functions take of what AWS bills by count: of the tables, the queues, Lambda and the log.

use std::collections::BTreeMap;
use std::ops::Sub;
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

/// What a function took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// How often it was invoked.
    pub invocations: u64,
    /// Calls of queues, its poller's among them, each 64 KB of one; but for polls that brought nothing.
    pub queue_requests: u64,
    /// Calls that read tables and their indexes.
    pub table_reads: u64,
    /// Calls that write to tables.
    pub table_writes: u64,
    /// Of all tables and their indexes.
    pub read_units: f64,
    /// Of all tables and their indexes.
    pub write_units: f64,
    /// Lines that it wrote, where it runs as a program.
    pub log_lines: u64,
    /// Their bytes.
    pub log_bytes: u64,
}

impl Sub for Load {
    type Output = Self;

    /// What was taken since then.
    fn sub(self, then: Self) -> Self {
        Self {
            invocations: self.invocations - then.invocations,
            queue_requests: self.queue_requests - then.queue_requests,
            table_reads: self.table_reads - then.table_reads,
            table_writes: self.table_writes - then.table_writes,
            read_units: self.read_units - then.read_units,
            write_units: self.write_units - then.write_units,
            log_lines: self.log_lines - then.log_lines,
            log_bytes: self.log_bytes - then.log_bytes,
        }
    }
}

/// Load and usage by function. Clones share it.
#[derive(Clone, Default)]
pub struct Meter(Arc<Mutex<BTreeMap<String, Taken>>>);

#[derive(Default)]
struct Taken {
    load: Load,
    tables: BTreeMap<String, Usage>,
    /// The sums of the counters in its log.
    metrics: BTreeMap<String, f64>,
}

/// What SQS bills as one request.
const QUEUE_CHUNK: usize = 64 * 1024;

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

    /// Takes note of an invocation.
    pub fn invoked(&self, function: &str) {
        self.change(function, |taken| taken.load.invocations += 1);
    }

    /// Takes note of a line in a function's log.
    pub fn logged(&self, function: &str, line: &str) {
        self.change(function, |Taken { load, metrics, .. }| {
            load.log_lines += 1;
            load.log_bytes += line.len() as u64;
            for (name, value) in metrics_in(line) {
                *metrics.entry(name).or_default() += value;
            }
        });
    }

    /// Takes note of a call of a queue that was answered with success. What a poller asks once, or in vain, is no
    /// message's.
    pub fn observe_queue(&self, request: &AwsRequest, answer: &[u8]) {
        let call = request.operation().unwrap_or_default();
        let is_in_vain = || {
            let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
            answer["Messages"].as_array().is_none_or(Vec::is_empty)
        };
        if call == "GetQueueAttributes" || (call == "ReceiveMessage" && is_in_vain()) {
            return;
        }
        let chunks = request.body.len().max(answer.len()).div_ceil(QUEUE_CHUNK).max(1) as u64;
        self.change(&request.by, |taken| taken.load.queue_requests += chunks);
    }

    /// What this function took so far.
    pub fn load(&self, function: &str) -> Load {
        self.0.lock().get(function).map(|taken| taken.load).unwrap_or_default()
    }

    /// The sum of a counter in this function's log, where it runs as a program.
    pub fn metric(&self, function: &str, name: &str) -> f64 {
        let functions = self.0.lock();
        functions.get(function).and_then(|taken| taken.metrics.get(name)).copied().unwrap_or_default()
    }

    fn change(&self, function: &str, change: impl FnOnce(&mut Taken)) {
        change(self.0.lock().entry(function.to_owned()).or_default());
    }

    /// Takes note of a call of a table that was answered with success.
    pub fn observe(&self, request: &AwsRequest, answer: &[u8]) {
        let (function, call) = (&request.by, request.operation().unwrap_or_default());
        let request: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer: Answer = serde_json::from_slice(answer).unwrap_or_default();
        let capacities = match answer.consumed_capacity {
            Some(Capacities::One(capacity)) => vec![capacity],
            Some(Capacities::Each(capacities)) => capacities,
            None => Vec::new(),
        };
        let is_read = matches!(call, "GetItem" | "BatchGetItem" | "Query" | "Scan");
        self.change(function, |Taken { load, tables, .. }| {
            *(if is_read { &mut load.table_reads } else { &mut load.table_writes }) += 1;
            for Write { table, deletes } in writes(call, &request) {
                let usage = tables.entry(table.to_owned()).or_default();
                usage.item_writes += 1;
                usage.deleted.extend(deletes.cloned());
            }
            for Capacity { table_name, capacity_units } in capacities {
                if is_read {
                    load.read_units += capacity_units;
                    tables.entry(table_name).or_default().read_units += capacity_units;
                } else {
                    load.write_units += capacity_units;
                }
            }
        });
    }

    /// What this function took from this table so far.
    pub fn usage(&self, function: &str, table: &str) -> Usage {
        let functions = self.0.lock();
        functions.get(function).and_then(|taken| taken.tables.get(table)).cloned().unwrap_or_default()
    }
}

/// The counters in a line of the embedded metric format; a histogram has many values.
fn metrics_in(line: &str) -> Vec<(String, f64)> {
    if !line.starts_with(r#"{"_aws""#) {
        return Vec::new();
    }
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().into_iter().flatten();
    let metrics = directives.flat_map(|directive| directive["Metrics"].as_array().into_iter().flatten());
    let valued = metrics.filter_map(|metric| {
        let name = metric["Name"].as_str()?;
        Some((name.to_owned(), line[name].as_f64()?))
    });
    valued.collect()
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
    fn a_function_is_charged_for_what_its_writes_its_queues_and_its_log_took() {
        let meter = Meter::default();
        let put = br#"{"ConsumedCapacity":{"TableName":"T","CapacityUnits":2.0}}"#;
        meter.observe(&AwsRequest::test("deliver", "PutItem", r#"{"TableName":"T"}"#), put);
        let receive = AwsRequest::test("deliver", "ReceiveMessage", "{}");
        meter.observe_queue(&receive, br#"{"Messages":[]}"#);
        meter
            .observe_queue(&receive, format!(r#"{{"Messages":["{}"]}}"#, "a".repeat(QUEUE_CHUNK)).as_bytes());
        meter.observe_queue(&AwsRequest::test("deliver", "DeleteMessageBatch", "{}"), b"{}");
        meter.invoked("deliver");
        let line = r#"{"_aws":{"CloudWatchMetrics":[{"Metrics":[{"Name":"Sent"},{"Name":"Age"}]}]},"Sent":2,"Age":[1.0]}"#;
        meter.logged("deliver", line);
        meter.logged("deliver", line);
        assert_eq!(
            [meter.metric("deliver", "Sent"), meter.metric("deliver", "Age")].map(|sum| sum.round() as i64),
            [4, 0]
        );
        let load = Load {
            table_reads: 0,
            table_writes: 1,
            invocations: 1,
            queue_requests: 3,
            read_units: 0.0,
            write_units: 2.0,
            log_lines: 2,
            log_bytes: 2 * line.len() as u64,
        };
        assert_eq!((meter.load("deliver"), meter.load("send")), (load, Load::default()));
    }

    #[test]
    fn a_request_asks_what_it_takes() {
        let asked = Meter::with_capacity(&Bytes::from_static(br#"{"TableName":"T"}"#));
        assert_eq!(asked, r#"{"ReturnConsumedCapacity":"TOTAL","TableName":"T"}"#);
    }
}
