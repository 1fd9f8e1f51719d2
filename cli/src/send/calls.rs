//! Many recipients, cut into calls that the route takes.

use contract::routes::SEND;
use contract::{SendRequest, To};
use serde::Serialize;

/// A call, ready to go. The same recipients and data make the same calls, byte by byte.
pub struct Call {
    /// Its place among the others, from 1.
    pub n: usize,
    /// Its body.
    pub body: String,
    /// How many it names.
    pub recipients: usize,
}

/// The calls, each for as many as `most` and as the route takes bytes of.
pub fn cut(request: SendRequest, most: usize) -> Vec<Call> {
    let SendRequest { to, .. } = request;
    let request = SendRequest { to: Vec::new(), ..request };
    let (empty, limit) = (weight(&request), SEND.largest());
    let (mut calls, mut taken, mut bytes) = (Vec::new(), Vec::new(), empty);
    for one in to {
        // The comma, too.
        let own = weight(&one) + 1;
        if taken.len() == most || !taken.is_empty() && bytes + own > limit {
            calls.push(call(calls.len(), &request, std::mem::take(&mut taken)));
            bytes = empty;
        }
        bytes += own;
        taken.push(one);
    }
    if !taken.is_empty() {
        calls.push(call(calls.len(), &request, taken));
    }
    calls
}

fn call(before: usize, request: &SendRequest, to: Vec<To>) -> Call {
    let recipients = to.len();
    Call { n: before + 1, body: json(&SendRequest { to, ..request.clone() }), recipients }
}

/// The bytes that it takes in a function's event, where a quote and a backslash take two.
fn weight(value: &impl Serialize) -> usize {
    json(value).bytes().map(|byte| if matches!(byte, b'"' | b'\\') { 2 } else { 1 }).sum()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("a part of the contract is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(recipients: usize, value: &str, most: usize) -> Vec<Call> {
        let to = (0..recipients).map(|n| To {
            openid: Some(format!("o{n}")),
            data: [("a".to_owned(), value.to_owned())].into(),
            ..To::default()
        });
        let to = to.collect();
        cut(SendRequest { notification: "n".into(), to, data: [].into(), page: None }, most)
    }

    fn sizes(calls: &[Call]) -> Vec<usize> {
        calls.iter().map(|call| call.recipients).collect()
    }

    #[test]
    fn each_call_has_as_many_as_it_may() {
        assert_eq!(sizes(&calls(25, "x", 10)), [10, 10, 5]);
        assert_eq!(sizes(&calls(10, "x", 10)), [10]);
        assert_eq!(sizes(&calls(0, "x", 10)), [0; 0]);
    }

    #[test]
    fn no_call_is_larger_than_the_route_takes() {
        let calls = calls(3000, &"\"".repeat(1000), 10_000);
        assert!(calls.len() > 1, "{:?}", sizes(&calls));
        for call in &calls {
            // As it stands in the event: once more escaped.
            let event = serde_json::to_string(&call.body).expect("JSON");
            assert!(event.len() - 2 <= SEND.largest(), "{}", event.len());
        }
        let first = serde_json::to_string(&calls[0].body).expect("JSON").len();
        assert!(first > SEND.largest() - 10_000, "{first}");
    }
}
