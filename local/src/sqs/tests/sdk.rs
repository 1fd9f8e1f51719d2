//! SQS over HTTP, by the real SDK: it reads the answers and types the errors.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::HeaderMap;
use clock::Clock;

use super::Sqs;

async fn client() -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = async |State((sqs, url)): State<(Sqs, String)>, headers: HeaderMap, body: Bytes| {
        sqs.answer(headers["x-amz-target"].to_str().unwrap(), &url, &body).await
    };
    let state = (Sqs::in_memory(Clock::movable()), url.clone());
    let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(state);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(shared::https::aws_client())
        .credentials_provider(Credentials::new("stack", "secret", None, None, "tests"))
        .region(Region::new("local"))
        .endpoint_url(url);
    Client::from_conf(config.build())
}

/// Source: API, SendMessage, ReceiveMessage, DeleteMessage.
#[tokio::test]
async fn a_message_goes_its_way() {
    let client = client().await;
    let created = client.create_queue().queue_name("jobs");
    let created = created.attributes(QueueAttributeName::VisibilityTimeout, "60").send().await.unwrap();
    let url = created.queue_url.unwrap();
    let attribute = MessageAttributeValue::builder().data_type("String").string_value("x").build().unwrap();
    let send = client.send_message().queue_url(&url).message_body("ü\"\n").message_attributes("a", attribute);
    let sent = send.send().await.unwrap();
    let receive = client.receive_message().queue_url(&url).message_attribute_names("All");
    let receive =
        receive.message_system_attribute_names(MessageSystemAttributeName::All).visibility_timeout(0);
    let messages = receive.wait_time_seconds(20).send().await.unwrap().messages.unwrap();
    let message = &messages[0];
    assert_eq!(message.body(), Some("ü\"\n"));
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(message.md5_of_body, sent.md5_of_message_body);
    assert_eq!(message.md5_of_message_attributes, sent.md5_of_message_attributes);
    assert_eq!(message.message_attributes.as_ref().unwrap()["a"].string_value(), Some("x"));
    let delete = client.delete_message().queue_url(&url);
    delete.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    let empty = client.receive_message().queue_url(&url).send().await.unwrap();
    assert_eq!(empty.messages(), []);
}

/// Source: the SDK's types, made from SQS's public API model.
#[tokio::test]
async fn errors_have_their_types() {
    let client = client().await;
    let none = client.receive_message().queue_url("http://localhost/000000000000/none").send().await;
    assert!(none.unwrap_err().into_service_error().is_queue_does_not_exist());
    let url = client.create_queue().queue_name("jobs").send().await.unwrap().queue_url.unwrap();
    let other = client.create_queue().queue_name("jobs").attributes(QueueAttributeName::DelaySeconds, "1");
    assert!(other.send().await.unwrap_err().into_service_error().is_queue_name_exists());
    let garbage = client.delete_message().queue_url(&url).receipt_handle("garbage").send().await;
    assert!(garbage.unwrap_err().into_service_error().is_receipt_handle_is_invalid());
    let empty = client.send_message_batch().queue_url(&url).set_entries(Some(vec![])).send().await;
    assert!(empty.unwrap_err().into_service_error().is_empty_batch_request());
    let wrong = client.send_message().queue_url(&url).message_body("\u{1}").send().await;
    assert!(wrong.unwrap_err().into_service_error().is_invalid_message_contents());
    let early = client.receive_message().queue_url(&url).max_number_of_messages(11).send().await;
    let early = early.unwrap_err().into_service_error();
    assert_eq!(early.meta().code(), Some("InvalidParameterValue"));
    assert!(early.meta().message().unwrap().contains("MaxNumberOfMessages"));
}

/// Source: API, ListDeadLetterSourceQueues and ListMessageMoveTasks: answers with names of their own.
#[tokio::test]
async fn the_rarer_answers_are_read_too() {
    let client = client().await;
    let url = |name: &str| {
        let create = client.create_queue().queue_name(name);
        async move { create.send().await.unwrap().queue_url.unwrap() }
    };
    let (source, dead) = (url("source").await, url("dead").await);
    let arn = "arn:aws:sqs:local:000000000000:dead";
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}"#);
    let set = client.set_queue_attributes().queue_url(&source);
    set.attributes(QueueAttributeName::RedrivePolicy, policy).send().await.unwrap();
    let sources = client.list_dead_letter_source_queues().queue_url(&dead).send().await.unwrap();
    assert_eq!(sources.queue_urls(), std::slice::from_ref(&source));
    client.start_message_move_task().source_arn(arn).send().await.unwrap();
    let tasks = client.list_message_move_tasks().source_arn(arn).send().await.unwrap();
    assert_eq!(tasks.results()[0].status(), Some("COMPLETED"));
    let listed = client.list_queues().send().await.unwrap();
    assert_eq!(listed.queue_urls(), [dead, source]);
}
