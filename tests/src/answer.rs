//! An HTTP answer, and what a test may want of it.

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

/// An answer of the gateway.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body as JSON; null where it is none.
    pub body: Value,
    content_type: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let header = response.headers().get(CONTENT_TYPE).and_then(|header| header.to_str().ok());
        let content_type = header.unwrap_or_default().to_owned();
        let status = response.status().as_u16();
        let body = response.bytes().await.expect("a whole answer");
        Self { status, body: serde_json::from_slice(&body).unwrap_or_default(), content_type }
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
