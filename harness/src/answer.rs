//! An HTTP answer, and what a test may want of it.

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

/// An answer of the gateway.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body: JSON, or a text as it is; null for anything else.
    pub body: Value,
    content_type: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let header = response.headers().get(CONTENT_TYPE).and_then(|header| header.to_str().ok());
        let content_type = header.unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        let body = response.bytes().await.expect("a whole answer");
        let body = match content_type.starts_with("text/") {
            true => String::from_utf8_lossy(&body).into(),
            false => serde_json::from_slice(&body).unwrap_or_default(),
        };
        Self { status, body, content_type }
    }

    /// The content type without its parameters.
    pub(crate) fn essence(&self) -> &str {
        self.content_type.split(';').next().unwrap_or_default()
    }

    /// The body of an answer with this status.
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.content_type, "application/json", "{}", self.body);
        self.body
    }

    /// The body of a problem (RFC 9457) with this status and code, which says what to do.
    pub fn problem(self, status: u16, code: &str) -> Value {
        let body = self.body;
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.content_type, "application/problem+json", "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["type"], format!("urn:queqiao:error:{code}"), "{body}");
        assert!(body["title"].is_string(), "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{body}");
        body
    }
}
