//! AWS's protocol as far as both back ends share it: who calls what, and how AWS says no.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::access_keys::STACK;

/// The region that everything here is in.
pub const REGION: &str = "local";

/// The account that everything here is in: it owns each queue, and has sent each message.
pub const ACCOUNT: &str = "000000000000";

/// A call of DynamoDB's or SQS's, as it came.
#[derive(Clone, Debug)]
pub struct AwsRequest {
    /// By whom: the function's name, or [`STACK`].
    pub by: String,
    /// Signature and target among them.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Bytes,
}

impl AwsRequest {
    /// A call of DynamoDB's.
    #[cfg(test)]
    pub fn test(by: &str, operation: &str, body: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", format!("DynamoDB_20120810.{operation}").parse().expect("a header"));
        Self { by: by.to_owned(), headers, body: body.into() }
    }

    /// Whether the stack itself makes it, which may do everything.
    pub fn is_the_stacks(&self) -> bool {
        self.by == STACK
    }

    /// Whether Lambda makes it in the function's name, and not the function.
    pub fn is_a_polls(&self) -> bool {
        matches!(self.operation(), Some("ReceiveMessage" | "DeleteMessageBatch" | "GetQueueAttributes"))
    }

    /// The service's version and the operation: `("DynamoDB_20120810", "PutItem")`.
    pub fn target(&self) -> Option<(&str, &str)> {
        self.header("x-amz-target")?.split_once('.')
    }

    /// The operation: `PutItem`.
    pub fn operation(&self) -> Option<&str> {
        self.target().map(|(_, operation)| operation)
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The access key that a call is signed with: `Credential=<access key>/…`.
pub fn access_key(headers: &HeaderMap) -> Option<&str> {
    let signed = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    signed.split_once("Credential=")?.1.split('/').next()
}

/// AWS's answer to a call with an access key that it does not know.
pub fn unknown_key() -> Response {
    let told = "The security token included in the request is invalid.";
    // SQS has another name for it, in the place where its clients look first.
    let code = [("x-amzn-query-error", "InvalidClientTokenId;Sender")];
    (code, error(StatusCode::BAD_REQUEST, "UnrecognizedClientException", told)).into_response()
}

/// AWS's answer to a call that no policy allows.
pub fn access_denied(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "AccessDeniedException", message)
}

/// An error as AWS writes it.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"__type": format!("com.amazon.coral.service#{code}"), "message": message});
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
