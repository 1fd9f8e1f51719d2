//! AWS's protocol as far as both back ends share it: who calls what, and how AWS says no.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The region that everything here is in.
pub const REGION: &str = "local";

/// The account that everything here is in: it owns each queue, and has sent each message.
pub const ACCOUNT: &str = "000000000000";

/// The access key of the stack itself, which may do everything.
pub const ADMIN_KEY: &str = "stack";

/// A call of DynamoDB's or SQS's, as it came.
#[derive(Clone, Debug)]
pub struct AwsRequest {
    /// Signature and target among them.
    pub headers: HeaderMap,
    /// JSON.
    pub body: Bytes,
}

impl AwsRequest {
    /// A call of DynamoDB's by this access key.
    #[cfg(test)]
    pub fn test(signer: &str, operation: &str, body: &'static str) -> Self {
        let signed = format!("AWS4-HMAC-SHA256 Credential={signer}/20261122/local/dynamodb/aws4_request");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", signed.parse().expect("a header"));
        headers.insert("x-amz-target", format!("DynamoDB_20120810.{operation}").parse().expect("a header"));
        Self { headers, body: body.into() }
    }

    /// Whether the stack itself signed it.
    pub fn is_admins(&self) -> bool {
        self.signer() == Some(ADMIN_KEY)
    }

    /// Whether Lambda makes it in the function's name, and not the function.
    pub fn is_a_polls(&self) -> bool {
        matches!(self.operation(), Some("ReceiveMessage" | "DeleteMessageBatch" | "GetQueueAttributes"))
    }

    /// Who signed it, by their access key: `Credential=<access key>/…`.
    pub fn signer(&self) -> Option<&str> {
        let (_, credential) = self.header("authorization")?.split_once("Credential=")?;
        credential.split('/').next()
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

/// AWS's answer to a call that no policy allows.
pub fn access_denied(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "AccessDeniedException", message)
}

/// An error as AWS writes it.
pub fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"__type": format!("com.amazon.coral.service#{code}"), "message": message});
    (status, [("content-type", "application/x-amz-json-1.0")], body.to_string()).into_response()
}
