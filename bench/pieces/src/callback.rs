//! A receipt in safe mode, as WeChat pushes it.

use std::hint::black_box;

use fuzz::wechat::{NONCE, push, sealed, signature, verifier};
use shared::Clock;
use shared::config::CallbackMode;

const RECEIPT: &str = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName><CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>200163836</MsgID><Status><![CDATA[success]]></Status></xml>";

/// Verifies, opens and reads it.
pub fn read() -> Box<dyn Fn()> {
    let now = Clock::default().now().to_string();
    let encrypt = sealed(RECEIPT.as_bytes());
    let body = format!(
        "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    );
    let msg_signature = signature(&[&now, NONCE, &encrypt]);
    let query = [("timestamp", now.as_str()), ("nonce", NONCE), ("msg_signature", msg_signature.as_str())];
    let (request, verifier) = (push(query, body.as_bytes()), verifier(CallbackMode::Safe));
    Box::new(move || {
        let (reading, _) = verifier.read(&request).expect("WeChat's own");
        assert!(matches!(reading[..], [Ok(_)]));
        black_box(reading);
    })
}
