//! Batches of ten, and what is refused of them as a whole or in part.

use serde_json::{Value, json};

use super::Desk;

async fn send(desk: &Desk, entries: Vec<Value>) -> Result<Value, String> {
    let url = desk.queue("jobs", json!({})).await;
    desk.try_ask("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await
}

fn entries(count: usize, length: usize) -> Vec<Value> {
    (0..count).map(|id| json!({"Id": id.to_string(), "MessageBody": "x".repeat(length)})).collect()
}

/// Source: API, SendMessageBatch, TooManyEntriesInBatchRequest.
#[tokio::test]
async fn a_batch_of_eleven_is_refused() {
    let desk = Desk::new();
    assert_eq!(send(&desk, entries(11, 1)).await.unwrap_err(), "TooManyEntriesInBatchRequest");
    let sent = send(&desk, entries(10, 1)).await.unwrap();
    assert_eq!(sent["Successful"].as_array().unwrap().len(), 10);
}

/// Source: API, SendMessageBatch, EmptyBatchRequest.
#[tokio::test]
async fn an_empty_batch_is_refused() {
    assert_eq!(send(&Desk::new(), vec![]).await.unwrap_err(), "EmptyBatchRequest");
}

/// Source: API, SendMessageBatch, BatchRequestTooLong: 1 MiB in all, attributes with it.
#[tokio::test]
async fn a_batch_has_up_to_1048576_bytes_in_all() {
    let desk = Desk::new();
    let mut batch = entries(2, 524_288);
    send(&desk, batch.clone()).await.unwrap();
    batch[0]["MessageAttributes"] = json!({"a": {"DataType": "String", "StringValue": "x"}});
    assert_eq!(send(&desk, batch).await.unwrap_err(), "BatchRequestTooLong");
    let url = desk.queue("jobs", json!({})).await;
    assert_eq!(desk.attribute(&url, "ApproximateNumberOfMessages").await, "2");
}

/// Source: API, SendMessageBatchRequestEntry, `Id`; Guide, "message quotas".
#[tokio::test]
async fn ids_are_distinct_and_have_up_to_80_letters_digits_hyphens_and_underscores() {
    let desk = Desk::new();
    let with_ids = |ids: [&str; 2]| ids.map(|id| json!({"Id": id, "MessageBody": "x"})).to_vec();
    send(&desk, with_ids(["A-z_0", &"x".repeat(80)])).await.unwrap();
    assert_eq!(send(&desk, with_ids(["a", "a"])).await.unwrap_err(), "BatchEntryIdsNotDistinct");
    for id in ["", "a.b", "ü", &"x".repeat(81)] {
        assert_eq!(send(&desk, with_ids(["a", id])).await.unwrap_err(), "InvalidBatchEntryId", "{id}");
    }
}

/// Source: API, SendMessageBatch and BatchResultErrorEntry.
#[tokio::test]
async fn an_entry_that_is_refused_leaves_the_others_alone() {
    let desk = Desk::new();
    let batch = vec![
        json!({"Id": "empty", "MessageBody": ""}),
        json!({"Id": "good", "MessageBody": "abc"}),
        json!({"Id": "late", "MessageBody": "x", "DelaySeconds": 901}),
        json!({"Id": "odd", "MessageBody": "\u{1}"}),
    ];
    let sent = send(&desk, batch).await.unwrap();
    assert_eq!(sent["Successful"].as_array().unwrap().len(), 1);
    assert_eq!(sent["Successful"][0]["Id"], "good");
    assert_eq!(sent["Successful"][0]["MD5OfMessageBody"], "900150983cd24fb0d6963f7d28e17f72");
    let failed = sent["Failed"].as_array().unwrap();
    let failed: Vec<_> = failed.iter().map(|f| (&f["Id"], &f["Code"], &f["SenderFault"])).collect();
    let expected = [
        json!(["empty", "MissingParameter", true]),
        json!(["late", "InvalidParameterValue", true]),
        json!(["odd", "InvalidMessageContents", true]),
    ];
    assert_eq!(json!(failed), json!(expected));
    let url = desk.queue("jobs", json!({})).await;
    assert_eq!(desk.bodies(&url).await, ["abc"]);
}

/// Source: API, DeleteMessageBatch and ChangeMessageVisibilityBatch.
#[tokio::test]
async fn messages_are_deleted_and_shown_again_in_batches() {
    let desk = Desk::new();
    send(&desk, entries(3, 1)).await.unwrap();
    let url = desk.queue("jobs", json!({})).await;
    let messages = desk.receive(&url).await;
    let entry = |id: usize| json!({"Id": id.to_string(), "ReceiptHandle": messages[id]["ReceiptHandle"]});
    let garbage = json!({"Id": "garbage", "ReceiptHandle": "garbage", "VisibilityTimeout": 0});
    let delete = json!({"QueueUrl": url, "Entries": [entry(0), garbage]});
    let deleted = desk.ask("DeleteMessageBatch", delete).await;
    assert_eq!(deleted["Successful"], json!([{"Id": "0"}]));
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    let mut shown = entry(1);
    shown["VisibilityTimeout"] = 0.into();
    let change = json!({"QueueUrl": url, "Entries": [garbage, shown]});
    let changed = desk.ask("ChangeMessageVisibilityBatch", change).await;
    assert_eq!(changed["Successful"], json!([{"Id": "1"}]));
    assert_eq!(changed["Failed"][0]["Id"], "garbage");
    let again: Vec<_> = desk.receive(&url).await.iter().map(|message| message["MessageId"].clone()).collect();
    assert_eq!(again, [messages[1]["MessageId"].clone()]);
}
