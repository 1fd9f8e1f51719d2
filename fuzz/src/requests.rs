//! The bodies that callers send, through the reader that every function uses.

use contract::send::{LONGEST_ID, MOST_RECIPIENTS, Named, is_id};
use contract::subscriptions::MOST_TEMPLATES;
use contract::{
    Advance, Data, FIELDS, Login, Logout, Recipient, Replay, Sealed, SendRequest, Subscriptions, data,
};
use lambda_http::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::{Error, http};

use crate::wechat::text_or_bytes;

/// More than any input has.
const LARGEST: usize = 4 * 1024 * 1024;

/// The words that a reader may expect something in, besides the contract's fields and numbers.
const WORDS: [&str; 32] = [
    "Login",
    "Logout",
    "Advance",
    "Named",
    "Replay",
    "Sealed",
    "SendRequest",
    "Subscriptions",
    "To",
    "a",
    "and",
    "at",
    "boolean",
    "bytes",
    "list",
    "map",
    "most",
    "names",
    "number",
    "object",
    "of",
    "one",
    "option",
    "or",
    "recipients",
    "string",
    "struct",
    "templates",
    "text",
    "u32",
    "values",
    "an",
];

/// Takes the input for the body of each route.
pub fn requests(data: &[u8]) {
    let request = Request::new(text_or_bytes(data));
    if let Some(login) = read::<Login>(&request) {
        assert!(!login.is_one() || !login.code.is_empty() && login.code.is_ascii());
    }
    read_again(read::<Logout>(&request));
    read_again(read::<Sealed>(&request));
    if let Some(subscriptions) = read::<Subscriptions>(&request) {
        assert!(subscriptions.results.len() <= MOST_TEMPLATES + 1);
        read_again(Some(subscriptions));
    }
    read_again(read::<Replay>(&request));
    read_again(read::<Advance>(&request));
    let named = read::<Named>(&request);
    if let Some(call) = read::<SendRequest>(&request) {
        // By the one it is known who may send it, by the other it is sent.
        assert_eq!(named.map(|named| named.notification).as_ref(), Some(&call.notification));
        assert_is_bounded(&call);
        read_again(Some(call));
    }
    no_larger_than_it_may_be(&request, data);
}

fn read<T: DeserializeOwned>(request: &Request) -> Option<T> {
    match http::body(request, LARGEST) {
        Ok(read) => Some(read),
        Err(Error::InvalidRequest(told)) => {
            assert_is_ours(&told, request.body().len());
            None
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// What was read is written so that it reads the same.
fn read_again<T: Serialize + DeserializeOwned>(read: Option<T>) {
    let Some(read) = read else { return };
    let written = serde_json::to_string(&read).expect("a request is JSON");
    let again: T = serde_json::from_str(&written).expect("it reads again");
    assert_eq!(serde_json::to_string(&again).expect("a request is JSON"), written);
}

fn assert_is_bounded(call: &SendRequest) {
    assert!(call.to.len() <= MOST_RECIPIENTS + 1);
    assert_data_is_bounded(&call.data);
    for to in &call.to {
        assert_data_is_bounded(&to.data);
        if to.is_one() {
            let (Recipient::Openid(id) | Recipient::Unionid(id) | Recipient::OaOpenid(id)) = to.recipient();
            assert!(is_id(&id) && id.len() <= LONGEST_ID && id.is_ascii(), "{id}");
        }
    }
}

fn assert_data_is_bounded(data: &Data) {
    assert!(data.len() <= data::MOST_NAMES);
    assert!(data.iter().map(|(name, text)| name.len() + text.len()).sum::<usize>() <= data::LARGEST_DATA);
}

/// One byte less than it has in its event is too little, and that many are enough.
fn no_larger_than_it_may_be(request: &Request, data: &[u8]) {
    let least = match str::from_utf8(data) {
        // A quote, a backslash and a line's end take two.
        Ok(_) => data.len(),
        Err(_) => data.len().div_ceil(3) * 4,
    };
    assert!(http::bounded(request, 2 * least).is_ok());
    assert!(least == 0 || matches!(http::bounded(request, least - 1), Err(Error::TooLarge(_))));
}

/// Whether a sentence about a mistake holds nothing but our own words, and numbers no larger than a place.
fn assert_is_ours(told: &str, length: usize) {
    let (what, is_placed) = match told.strip_suffix(").").and_then(|told| told.rsplit_once(" (line ")) {
        Some((what, position)) => {
            let place = position.split_once(" column ");
            let number = |text: &str| text.parse().is_ok_and(|number: usize| number <= length + 1);
            assert!(place.is_some_and(|(line, column)| number(line) && number(column)), "{told}");
            (what, true)
        }
        None => (told, false),
    };
    let what = what.strip_prefix("The body is not the JSON this route takes: ").expect(told);
    if is_placed {
        let problem = what.rsplit_once(": ").map_or(what, |(place, problem)| {
            let names = place.split(['.', '[', ']']).filter(|name| !name.is_empty());
            names.for_each(|name| assert!(is_field_or_number(name, length), "{told}"));
            problem
        });
        assert!(is_problem(problem, length), "{told}");
    } else {
        assert_eq!(what, "expected an object.");
    }
}

fn is_problem(problem: &str, length: usize) -> bool {
    let field = problem.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    match (field, problem.strip_prefix("expected ")) {
        (Some(field), _) => FIELDS.contains(&field),
        (None, Some(expected)) => {
            let mut words = expected.split([' ', '`', ',']).filter(|word| !word.is_empty());
            words.all(|word| WORDS.contains(&word) || is_field_or_number(word, length))
        }
        (None, None) => {
            ["it is no JSON from there on", "it goes on after its end", "it does not fit"].contains(&problem)
        }
    }
}

fn is_field_or_number(word: &str, length: usize) -> bool {
    let limits = [data::MOST_NAMES, data::LARGEST_DATA];
    let is_number = |number: usize| number <= length || limits.contains(&number);
    FIELDS.contains(&word) || word.parse().is_ok_and(is_number)
}
