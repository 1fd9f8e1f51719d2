//! POST /send to a thousand, each with data of their own.

use std::hint::black_box;

use contract::SendRequest;
use contract::routes::SEND;
use lambda_http::{Body, Request};
use serde_json::json;
use shared::http;

const RECIPIENTS: usize = 1_000;

/// Reads its body.
pub fn read() -> Box<dyn Fn()> {
    let to = |n| json!({ "unionid": format!("ocMvos6NjeKLIBqg5Mr9QjxrP{n:04}"), "data": { "id": format!("A-{n}") } });
    let call = json!({
        "notification": "approval_submitted",
        "to": (0..RECIPIENTS).map(to).collect::<Vec<_>>(),
        "data": { "applicant": "张三", "kind": "年假", "submitted_at": "2026-11-22 09:30", "content": "回家看望父母" },
    });
    let request = Request::new(Body::Text(call.to_string()));
    Box::new(move || {
        let call: SendRequest = http::body(&request, SEND.largest()).expect("a call");
        assert_eq!(black_box(call).to.len(), RECIPIENTS);
    })
}
