//! The one shape of a function: started once, then handed one event after the other.

use std::future::Future;
use std::time::SystemTime;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_lambda_events::query_map::QueryMap;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt, Response};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

use crate::{Config, telemetry};

/// Why a function could not start, or an event not be worked on.
pub type Error = lambda_runtime::Error;

/// A function, as Lambda and the local stack run it.
pub trait Function: Send + Sync + Sized + 'static {
    /// Its name: its folder, its package, its program, and the beginning of its logical id.
    const NAME: &'static str;

    /// Reads the configuration and builds the clients; once in the life of a process.
    fn init(config: &Config) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Works on one event. After `deadline`, by the configuration's clock, Lambda ends the process.
    ///
    /// An `Err` has Lambda try the event again, where it came from a queue or a schedule; a request is
    /// always answered.
    fn handle(
        &self,
        event: Event,
        deadline: SystemTime,
    ) -> impl Future<Output = Result<Answer, Error>> + Send;
}

/// What a function is handed.
#[derive(Debug)]
pub enum Event {
    /// A request that came through API Gateway; boxed, for it is much the largest.
    Http(Box<Request>),
    /// Messages of a queue.
    Queue(Vec<SqsMessage>),
    /// Whatever a schedule or an operator hands over: `{"sync": "tick"}`.
    Command(Value),
}

/// What a function gives back.
#[derive(Debug)]
pub enum Answer {
    /// The answer to a request.
    Http(Response<Body>),
    /// The ids of the messages that the queue is to deliver again.
    Queue(Vec<String>),
    /// The answer to a command.
    Command(Value),
}

impl Event {
    /// Reads what Lambda hands over.
    ///
    /// # Errors
    /// When it is neither a request of an HTTP API, nor a batch of SQS's, nor a command.
    pub fn read(payload: Value) -> Result<Self, Error> {
        if payload.get("requestContext").is_some() {
            let request: ApiGatewayV2httpRequest = serde_json::from_value(payload)?;
            return Ok(Self::Http(Box::new(gateway_request(request))));
        }
        if payload.get("Records").is_some() {
            return Ok(Self::Queue(serde_json::from_value::<SqsEvent>(payload)?.records));
        }
        Ok(Self::Command(payload))
    }

    /// For a function that takes requests alone.
    ///
    /// # Errors
    /// When it is something else.
    pub fn into_request(self) -> Result<Request, Error> {
        match self {
            Self::Http(request) => Ok(*request),
            event => Err(event.unexpected()),
        }
    }

    /// For a function that takes a queue's messages alone.
    ///
    /// # Errors
    /// When it is something else.
    pub fn into_messages(self) -> Result<Vec<SqsMessage>, Error> {
        match self {
            Self::Queue(messages) => Ok(messages),
            event => Err(event.unexpected()),
        }
    }

    /// What a function says to an event that it is not made for.
    pub fn unexpected(&self) -> Error {
        let kind = match self {
            Self::Http(_) => "a request",
            Self::Queue(_) => "a queue's messages",
            Self::Command(_) => "a command",
        };
        format!("this function does not take {kind}").into()
    }
}

/// The query of a request as it came.
#[derive(Clone, Debug)]
pub(crate) struct RawQuery(pub String);

impl Answer {
    fn into_payload(self) -> Result<Value, Error> {
        Ok(match self {
            Self::Http(response) => serde_json::to_value(gateway_response(response))?,
            Self::Queue(failed) => {
                let mut response = SqsBatchResponse::default();
                response.batch_item_failures = failed.into_iter().map(batch_item_failure).collect();
                serde_json::to_value(response)?
            }
            Self::Command(answer) => answer,
        })
    }
}

/// A request without its address: no function asks for it, and lambda_http's own conversion panics where a
/// caller's `Host` or `X-Forwarded-Proto` makes none.
fn gateway_request(event: ApiGatewayV2httpRequest) -> Request {
    let encoded = event.is_base64_encoded;
    let body = event.body.map_or(Body::Empty, |body| Body::from_maybe_encoded(encoded, &body));
    let raw_query = event.raw_query_string.unwrap_or_default();
    let query: QueryMap = raw_query.parse().unwrap_or_default();
    let mut request = Request::new(body);
    request.extensions_mut().insert(RawQuery(raw_query));
    *request.method_mut() = event.request_context.http.method.clone();
    *request.headers_mut() = event.headers;
    request
        .with_query_string_parameters(query)
        .with_path_parameters(event.path_parameters)
        .with_request_context(RequestContext::ApiGatewayV2(event.request_context))
}

fn gateway_response(response: Response<Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = parts.status.as_u16().into();
    answer.headers = parts.headers;
    answer.is_base64_encoded = matches!(body, Body::Binary(_));
    answer.body = Some(body);
    answer
}

fn batch_item_failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

/// Hands a function one event, as Lambda does; what it has counted is written when it is done.
///
/// # Errors
/// When the event cannot be read, or the function's own.
pub async fn invoke<F: Function>(function: &F, payload: Value, deadline: SystemTime) -> Result<Value, Error> {
    // Boxed: with a function's whole depth on top of the runtime's, the compiler gives up on the layout.
    let answer =
        async { Box::pin(function.handle(Event::read(payload)?, deadline)).await?.into_payload() }.await;
    telemetry::flush_metrics();
    answer
}

/// The whole of a function's program.
///
/// # Errors
/// When it cannot start, or Lambda's Runtime API is gone.
pub fn run<F: Function>() -> Result<(), Error> {
    // One thread: Lambda gives less than one processor below 1,769 MB, and more threads start later.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve::<F>())
}

/// Works on the events of Lambda's Runtime API.
///
/// # Errors
/// When the function cannot start, or the Runtime API is gone.
pub async fn serve<F: Function>() -> Result<(), Error> {
    telemetry::init(telemetry::Lines::Json);
    let config = Config::from_env();
    telemetry::init_metrics(config.stack_name()?, std::io::stdout());
    let function = &F::init(&config).await?;
    let work = |event: LambdaEvent<Value>| async move {
        invoke(function, event.payload, event.context.deadline()).await
    };
    lambda_runtime::run(service_fn(work)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(body: &Value) -> Value {
        json!({
            "version": "2.0", "routeKey": "GET /send/{id}", "rawPath": "/send/abc", "rawQueryString": "after=7",
            "headers": {"authorization": "Bearer x"}, "queryStringParameters": {"after": "7"},
            "pathParameters": {"id": "abc"}, "body": body, "isBase64Encoded": false,
            "requestContext": {"http": {"method": "GET", "path": "/send/abc", "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": "test"}, "stage": "$default", "timeEpoch": 0},
        })
    }

    #[test]
    fn a_request_keeps_its_parts() {
        let Ok(Event::Http(request)) = Event::read(request(&json!("{}"))) else { panic!("a request") };
        assert_eq!(request.method().as_str(), "GET");
        assert_eq!(request.path_parameters().first("id"), Some("abc"));
        assert_eq!(request.query_string_parameters().first("after"), Some("7"));
        assert_eq!(request.headers()["authorization"], "Bearer x");
        assert_eq!(request.body().as_ref(), b"{}");
    }

    #[test]
    fn no_header_of_a_caller_makes_a_request_unreadable() {
        for (name, value) in
            [("host", "a b"), ("host", ":0"), ("host", "[::1"), ("x-forwarded-proto", "http, https")]
        {
            let mut request = request(&json!("{}"));
            request["headers"][name] = value.into();
            assert!(matches!(Event::read(request), Ok(Event::Http(_))), "{name}: {value}");
        }
    }

    #[test]
    fn a_batch_and_a_command_are_told_apart() {
        let batch = json!({"Records": [{"messageId": "1", "body": "{}", "attributes": {"ApproximateReceiveCount": "2"}}]});
        let Ok(Event::Queue(messages)) = Event::read(batch) else { panic!("a batch") };
        assert_eq!(messages[0].attributes["ApproximateReceiveCount"], "2");
        let Ok(Event::Command(command)) = Event::read(json!({"sync": "tick"})) else { panic!("a command") };
        assert_eq!(command, json!({"sync": "tick"}));
    }

    #[test]
    fn answers_are_what_the_gateway_and_the_queue_read() {
        let response = Response::builder().status(202).header("content-type", "application/json");
        let response = response.body(Body::Text("{}".to_owned())).expect("a response");
        let payload = Answer::Http(response).into_payload().expect("JSON");
        assert_eq!((&payload["statusCode"], &payload["body"]), (&json!(202), &json!("{}")));
        assert_eq!(payload["headers"], json!({"content-type": "application/json"}));
        let payload = Answer::Queue(vec!["a".to_owned()]).into_payload().expect("JSON");
        assert_eq!(payload, json!({"batchItemFailures": [{"itemIdentifier": "a"}]}));
    }
}
