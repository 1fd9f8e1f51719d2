//! Queues: how they are made, found, told, emptied and deleted.

use serde_json::{Value, json};

use super::{Desk, text};

/// Source: API, CreateQueue.
#[tokio::test]
async fn a_queue_that_is_there_with_these_attributes_is_given_again() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({"VisibilityTimeout": "60"})).await;
    assert_eq!(url, "http://localhost:9324/000000000000/jobs");
    assert_eq!(desk.queue("jobs", json!({"VisibilityTimeout": "60"})).await, url);
    assert_eq!(desk.queue("jobs", json!({})).await, url, "who says nothing contradicts nothing");
}

/// Source: API, CreateQueue, QueueNameExists.
#[tokio::test]
async fn a_queue_that_is_there_with_other_attributes_is_not_created() {
    let desk = Desk::new();
    desk.queue("jobs", json!({})).await;
    let other = json!({"QueueName": "jobs", "Attributes": {"VisibilityTimeout": "60"}});
    assert_eq!(desk.refusal("CreateQueue", other).await, "QueueNameExists");
}

/// Source: Guide, "standard queue quotas", queue name.
#[tokio::test]
async fn a_name_has_up_to_80_letters_digits_hyphens_and_underscores() {
    let desk = Desk::new();
    desk.queue(&format!("A-z_0{}", "x".repeat(75)), json!({})).await;
    for name in ["a b", "a/b", "ü", &"x".repeat(81)] {
        let refusal = desk.refusal("CreateQueue", json!({"QueueName": name})).await;
        assert_eq!(refusal, "InvalidParameterValueException", "{name}");
    }
    assert_eq!(desk.refusal("CreateQueue", json!({})).await, "MissingRequiredParameterException");
}

/// This one's own limit.
#[tokio::test]
async fn a_fifo_queue_is_refused() {
    let desk = Desk::new();
    let by_name = json!({"QueueName": "jobs.fifo"});
    let by_attribute = json!({"QueueName": "jobs", "Attributes": {"FifoQueue": "true"}});
    for request in [by_name, by_attribute] {
        assert_eq!(desk.refusal("CreateQueue", request).await, "UnsupportedOperation");
    }
}

/// Source: API, GetQueueUrl and ListQueues.
#[tokio::test]
async fn queues_are_found_by_name_and_listed_by_prefix_and_page() {
    let desk = Desk::new();
    let mut urls = Vec::new();
    for name in ["a-1", "a-2", "a-3", "b"] {
        urls.push(desk.queue(name, json!({})).await);
    }
    assert_eq!(desk.ask("GetQueueUrl", json!({"QueueName": "b"})).await["QueueUrl"], json!(urls[3]));
    assert_eq!(desk.refusal("GetQueueUrl", json!({"QueueName": "c"})).await, "QueueDoesNotExist");
    assert_eq!(desk.ask("ListQueues", json!({})).await["QueueUrls"], json!(urls));
    let mut page = json!({"QueueNamePrefix": "a-", "MaxResults": 2});
    let first = desk.ask("ListQueues", page.clone()).await;
    assert_eq!(first["QueueUrls"], json!(urls[..2]));
    page["NextToken"] = first["NextToken"].clone();
    let last = desk.ask("ListQueues", page).await;
    assert_eq!((&last["QueueUrls"], &last["NextToken"]), (&json!(urls[2..3]), &Value::Null));
}

/// Source: API, SetQueueAttributes.
#[tokio::test]
async fn an_attribute_outside_of_its_range_is_refused() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    for (name, least, most) in [
        ("DelaySeconds", 0, 900),
        ("MaximumMessageSize", 1024, 1_048_576),
        ("MessageRetentionPeriod", 60, 1_209_600),
        ("ReceiveMessageWaitTimeSeconds", 0, 20),
        ("VisibilityTimeout", 0, 43_200),
    ] {
        for taken in [least, most] {
            desk.set(&url, json!({name: taken.to_string()})).await.unwrap();
        }
        for refused in [(least - 1).to_string(), (most + 1).to_string(), "x".to_owned(), String::new()] {
            let refusal = desk.set(&url, json!({name: refused})).await.unwrap_err();
            assert_eq!(refusal, "InvalidAttributeValue", "{name} {refused}");
        }
    }
    assert_eq!(desk.set(&url, json!({"Colour": "red"})).await.unwrap_err(), "InvalidAttributeName");
}

/// Source: API, GetQueueAttributes.
#[tokio::test]
async fn attributes_are_told_by_name_or_all_and_none_unasked() {
    let desk = Desk::new();
    desk.clock.set(1_800_000_000);
    let url = desk.queue("jobs", json!({"KmsMasterKeyId": "alias/mine", "DelaySeconds": "1"})).await;
    let get =
        |names: Value| desk.try_ask("GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": names}));
    let mut all = get(json!(["All"])).await.unwrap()["Attributes"].clone();
    for timestamp in ["CreatedTimestamp", "LastModifiedTimestamp"] {
        let seconds = all.as_object_mut().unwrap().remove(timestamp).unwrap();
        assert!(text(&seconds).starts_with("180000000") && text(&seconds).len() == 10, "{seconds}");
    }
    assert_eq!(
        all,
        json!({
            "ApproximateNumberOfMessages": "0",
            "ApproximateNumberOfMessagesDelayed": "0",
            "ApproximateNumberOfMessagesNotVisible": "0",
            "DelaySeconds": "1",
            "KmsMasterKeyId": "alias/mine",
            "MaximumMessageSize": "1048576",
            "MessageRetentionPeriod": "345600",
            "QueueArn": "arn:aws:sqs:local:000000000000:jobs",
            "ReceiveMessageWaitTimeSeconds": "0",
            "VisibilityTimeout": "30",
        })
    );
    let one = get(json!(["QueueArn"])).await.unwrap();
    assert_eq!(one["Attributes"], json!({"QueueArn": "arn:aws:sqs:local:000000000000:jobs"}));
    assert_eq!(get(json!([])).await.unwrap()["Attributes"], json!({}));
    assert_eq!(get(json!(["Colour"])).await.unwrap_err(), "InvalidAttributeName");
}

/// Source: API, GetQueueAttributes, the three `ApproximateNumberOf…`.
#[tokio::test]
async fn visible_delayed_and_received_messages_are_counted_apart() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    for delay in [0, 0, 0, 60, 60] {
        let message = json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": delay});
        desk.ask("SendMessage", message).await;
    }
    desk.ask("ReceiveMessage", json!({"QueueUrl": url})).await;
    assert_eq!(desk.attribute(&url, "ApproximateNumberOfMessages").await, "2");
    assert_eq!(desk.attribute(&url, "ApproximateNumberOfMessagesDelayed").await, "2");
    assert_eq!(desk.attribute(&url, "ApproximateNumberOfMessagesNotVisible").await, "1");
}

/// Source: API, PurgeQueue.
#[tokio::test]
async fn a_purged_queue_is_empty_and_not_purged_again_for_60_seconds() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "in flight").await;
    desk.receive_one(&url).await;
    desk.send(&url, "visible").await;
    desk.ask("PurgeQueue", json!({"QueueUrl": url})).await;
    desk.clock.advance(50);
    assert!(desk.receive(&url).await.is_empty());
    assert_eq!(desk.refusal("PurgeQueue", json!({"QueueUrl": url})).await, "PurgeQueueInProgress");
    desk.clock.advance(10);
    desk.ask("PurgeQueue", json!({"QueueUrl": url})).await;
}

/// Source: API, DeleteQueue.
#[tokio::test]
async fn a_deleted_queue_is_gone_with_its_messages_and_its_name_is_free_after_60_seconds() {
    let desk = Desk::new();
    let url = desk.queue("jobs", json!({})).await;
    desk.send(&url, "x").await;
    desk.ask("DeleteQueue", json!({"QueueUrl": url})).await;
    let send = json!({"QueueUrl": url, "MessageBody": "x"});
    assert_eq!(desk.refusal("SendMessage", send).await, "QueueDoesNotExist");
    desk.clock.advance(50);
    assert_eq!(desk.refusal("CreateQueue", json!({"QueueName": "jobs"})).await, "QueueDeletedRecently");
    desk.clock.advance(10);
    assert!(desk.receive(&desk.queue("jobs", json!({})).await).await.is_empty());
}

/// Source: Guide, "Interpreting Amazon SQS JSON API responses".
#[tokio::test]
async fn an_error_is_written_for_both_protocols() {
    let desk = Desk::new();
    let request = json!({"QueueUrl": "http://localhost:9324/000000000000/none"}).to_string();
    let answer = desk.sqs.answer("AmazonSQS.PurgeQueue", "", request.as_bytes()).await;
    assert_eq!(answer.status(), 400);
    let query_error = &answer.headers()["x-amzn-query-error"];
    assert_eq!(query_error, "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.0");
    let body = axum::body::to_bytes(answer.into_body(), 1024).await.unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(text(&body["__type"]), "com.amazonaws.sqs#QueueDoesNotExist");
    assert_eq!(text(&body["message"]), "The specified queue does not exist.");
}

/// Source: API, "Common Error Types".
#[tokio::test]
async fn what_is_no_request_of_sqs_is_refused() {
    let desk = Desk::new();
    assert_eq!(desk.refusal("TagQueue", json!({})).await, "UnknownOperationException");
    assert_eq!(desk.refusal("PurgeQueue", json!({})).await, "MissingRequiredParameterException");
    assert_eq!(desk.refusal("PurgeQueue", json!({"QueueUrl": 1})).await, "SerializationException");
    for url in ["jobs", "http://localhost/111111111111/jobs"] {
        assert_eq!(desk.refusal("PurgeQueue", json!({"QueueUrl": url})).await, "QueueDoesNotExist");
    }
}
