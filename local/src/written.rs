//! What is written to tables and queues, for whoever holds it against what earlier versions wrote.

use std::sync::Arc;

use axum::body::Bytes;
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::Value;

use crate::access_keys::STACK;
use crate::wire::AwsRequest;

/// A row or a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// By whom: the function's name, or [`Written::BY_THE_STACK`].
    pub by: String,
    /// The table or queue, by its logical id.
    pub place: String,
    /// A table's row as it is then, in DynamoDB's JSON (`{"S": …}`); a queue's message.
    pub body: Value,
}

impl Written {
    /// In place of a function's name, where the stack itself or a test has written.
    pub const BY_THE_STACK: &str = STACK;
}

/// What was written and not taken yet, in order. Clones share it.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Written>>>);

impl Recorder {
    /// Whether a call is one of those that write rows or messages.
    pub fn is_a_write(request: &AwsRequest) -> bool {
        let operation = request.operation().unwrap_or_default();
        ["Put", "Update", "BatchWrite", "TransactWrite", "SendMessage"]
            .iter()
            .any(|word| operation.starts_with(word))
    }

    /// The request, asking for the row as it is after an update.
    pub fn with_row(request: AwsRequest) -> AwsRequest {
        if request.operation() != Some("UpdateItem") {
            return request;
        }
        let Ok(Value::Object(mut update)) = serde_json::from_slice(&request.body) else { return request };
        update.insert("ReturnValues".into(), "ALL_NEW".into());
        AwsRequest { body: Value::Object(update).to_string().into(), ..request }
    }

    /// Takes note of what a call has written.
    pub async fn observe(&self, request: &AwsRequest, answer: Response) -> Response {
        let (parts, answer) = answer.into_parts();
        let answer = axum::body::to_bytes(answer, usize::MAX).await.unwrap_or_default();
        if parts.status.is_success() {
            let found = written(request.operation().unwrap_or_default(), &request.body, &answer).into_iter();
            let found = found.map(|(place, body)| Written { by: request.by.clone(), place, body });
            self.0.lock().extend(found);
        }
        Response::from_parts(parts, answer.into())
    }

    /// What was written since this was asked last.
    pub fn take(&self) -> Vec<Written> {
        std::mem::take(&mut *self.0.lock())
    }
}

/// The rows and messages that a call has written, and where. None of ours updates a row inside a transaction.
fn written(operation: &str, request: &Bytes, answer: &Bytes) -> Vec<(String, Value)> {
    let json = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let request = json(request);
    match operation {
        "PutItem" => vec![put(&request)],
        "UpdateItem" => vec![(text(&request["TableName"]), json(answer)["Attributes"].clone())],
        "BatchWriteItem" => {
            let tables = request["RequestItems"].as_object().into_iter().flatten();
            let writes =
                tables.flat_map(|(table, writes)| each(writes).into_iter().map(move |one| (table, one)));
            let row = |(table, write): (&String, Value)| {
                Some((table.clone(), write.get("PutRequest")?["Item"].clone()))
            };
            writes.filter_map(row).collect()
        }
        "TransactWriteItems" => {
            each(&request["TransactItems"]).iter().filter_map(|item| item.get("Put").map(put)).collect()
        }
        "SendMessage" => vec![message(&request["QueueUrl"], &request)],
        "SendMessageBatch" => {
            each(&request["Entries"]).iter().map(|entry| message(&request["QueueUrl"], entry)).collect()
        }
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn put(part: &Value) -> (String, Value) {
    (text(&part["TableName"]), part["Item"].clone())
}

/// A queue's URL ends in its name.
fn message(queue_url: &Value, part: &Value) -> (String, Value) {
    let (queue, body) =
        (text(queue_url).rsplit('/').next().unwrap_or_default().to_owned(), &part["MessageBody"]);
    (queue, serde_json::from_str(body.as_str().unwrap_or_default()).unwrap_or_else(|_| body.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_call_has_written_is_read_from_it_or_from_its_answer() {
        let found = |operation: &str, request: Value, answer: Value| {
            written(operation, &request.to_string().into(), &answer.to_string().into())
        };
        let of = |place: &str, body: Value| vec![(place.to_owned(), body)];
        assert_eq!(found("PutItem", json!({"TableName": "T", "Item": 1}), json!({})), of("T", json!(1)));
        let updated = found("UpdateItem", json!({"TableName": "T", "Key": 1}), json!({"Attributes": 2}));
        assert_eq!(updated, of("T", json!(2)));
        let batch = json!({"RequestItems": {"T": [{"PutRequest": {"Item": 1}}, {"DeleteRequest": {}}]}});
        assert_eq!(found("BatchWriteItem", batch, json!({})), of("T", json!(1)));
        let both = json!({"TransactItems": [{"Delete": {}}, {"Put": {"TableName": "T", "Item": 1}}]});
        assert_eq!(found("TransactWriteItems", both, json!({})), of("T", json!(1)));
        let sent = json!({"QueueUrl": "http://127.0.0.1/0/Q", "MessageBody": "{\"a\":1}"});
        assert_eq!(found("SendMessage", sent, json!({})), of("Q", json!({"a": 1})));
        let sent = json!({"QueueUrl": "http://127.0.0.1/0/Q", "Entries": [{"MessageBody": "no JSON"}]});
        assert_eq!(found("SendMessageBatch", sent, json!({})), of("Q", json!("no JSON")));
        assert_eq!(found("GetItem", json!({"TableName": "T"}), json!({"Item": 1})), []);
    }
}
