//! POST /events, as anybody may send it: a body, a signature, a timestamp, an echostr.

use callback::fields;
use lambda_http::Request;
use shared::config::CallbackMode;
use shared::{Clock, Error};

use crate::wechat::{self, NONCE, assert_is_sound, push, signature, verifier};

/// What a refused one is told; not a byte of it more.
const REFUSALS: [&str; 5] = [
    "it holds no `Encrypt`",
    "it does not open with this key and appid",
    "the signature is not this token's",
    "the timestamp is no number",
    "the timestamp is too far from now",
];

/// How far a timestamp may be from now, in seconds.
const WINDOW: u64 = 600;

/// Takes the input for a body, for an echostr, and for a timestamp.
pub fn callback_body(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let now = Clock::default().now().to_string();
    unsigned(data, &now);
    signed_in_plain_mode(data, &now);
    for encrypt in fields::encrypts(&text) {
        signed_over(&encrypt, data, &now);
    }
    echoed(&text, &now);
    signed_at(&text);
}

fn unsigned(data: &[u8], now: &str) {
    let request = push([("timestamp", now), ("nonce", NONCE), ("msg_signature", "0")], data);
    assert_is_refused(&request, CallbackMode::Plain);
    assert_is_refused(&request, CallbackMode::Safe);
}

fn assert_is_refused(request: &Request, mode: CallbackMode) {
    match verifier(mode).read(request) {
        Ok((reading, _)) => panic!("not signed, and taken for {reading:?}"),
        Err(refusal) => assert_tells_nothing(&refusal),
    }
}

fn assert_tells_nothing(refusal: &Error) {
    let told = refusal.to_string();
    let sentence = |why: &str| format!("This is not taken for a callback of WeChat's: {why}.");
    let is_ours = match refusal {
        Error::Forbidden(_) => REFUSALS.iter().any(|why| sentence(why) == told),
        Error::TooLarge(_) => told.starts_with("The body is larger than the "),
        _ => false,
    };
    assert!(is_ours, "{refusal:?}");
}

/// There the signature is not over the body, which is whatever it is.
fn signed_in_plain_mode(data: &[u8], now: &str) {
    let query = [("timestamp", now), ("nonce", NONCE), ("signature", &signature(&[now, NONCE]))];
    match verifier(CallbackMode::Plain).read(&push(query, data)) {
        Ok((reading, _)) => {
            reading.iter().flatten().for_each(assert_is_sound);
        }
        Err(refusal) => assert!(matches!(refusal, Error::TooLarge(_)), "{refusal:?}"),
    }
}

fn signed_over(encrypt: &str, data: &[u8], now: &str) {
    assert_eq!(encrypt.trim(), encrypt);
    let signature = signature(&[now, NONCE, encrypt]);
    let request = push([("timestamp", now), ("nonce", NONCE), ("msg_signature", &signature)], data);
    let verifier = verifier(CallbackMode::Safe);
    let opens = verifier.key.open(encrypt, wechat::APPID).is_some();
    match verifier.read(&request) {
        Ok((reading, _)) => {
            assert!(opens, "it does not open, and is taken for {reading:?}");
            reading.iter().flatten().for_each(assert_is_sound);
        }
        Err(refusal) => {
            assert_tells_nothing(&refusal);
            assert!(!opens || matches!(refusal, Error::TooLarge(_)), "it opens: {refusal:?}");
        }
    }
}

/// The signature is not over the echostr: it comes back only if it is no text of somebody's.
fn echoed(echostr: &str, now: &str) {
    let signature = signature(&[now, NONCE]);
    let query =
        [("timestamp", now), ("nonce", NONCE), ("signature", signature.as_str()), ("echostr", echostr)];
    match verifier(CallbackMode::Safe).echo(&push(query, b"")) {
        Ok(echo) => {
            assert_eq!(echo, echostr);
            assert!(!echo.is_empty() && echo.len() <= 256 && !echo.contains(['<', '>', '"', '&', ' ']));
            assert!(echo.is_ascii());
        }
        Err(refusal) => assert_eq!(refusal.to_string(), "`echostr` must be what WeChat sends."),
    }
}

fn signed_at(timestamp: &str) {
    let signature = signature(&[timestamp, NONCE]);
    let query = [("timestamp", timestamp), ("nonce", NONCE), ("signature", signature.as_str())];
    let request = push(query, b"");
    let verifier = verifier(CallbackMode::Plain);
    let is_well_formed = verifier.is_well_formed(&request);
    match verifier.read(&request) {
        Ok(_) => {
            let at: i64 = timestamp.parse().expect("a number is taken alone");
            assert!(is_well_formed && verifier.clock.now().abs_diff(at) <= WINDOW + 1);
        }
        Err(refusal) => assert_tells_nothing(&refusal),
    }
}
