//! What stands in a callback that is WeChat's: a message, and in it what a user wrote.

use callback::fields::Message;
use callback::reading::Reading;
use callback::verify::Verifier;
use shared::config::CallbackMode;
use shared::{Account, Clock};

use crate::wechat::{
    APPID, NONCE, assert_is_sound, encrypted, push, sealed, signature, verifier, verifier_of,
};

/// What stands before a user's text.
const HEAD: &str = "<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>";

/// What stands before a sealed message: 16 bytes of chance and its length.
const HEADER: usize = 20;

/// Takes the input for a message, for a user's text in one, and for what the cipher opens.
pub fn callback_message(data: &[u8]) {
    // What is longer is refused for that, sealed and escaped as it is on its way.
    if data.len() <= 16 * 1024 {
        sealed_and_signed(data);
    }
    written_by_a_user(&String::from_utf8_lossy(data));
    opened_by_the_cipher(data);
}

/// Whatever WeChat seals and signs is taken, and says the same as it would in the open.
fn sealed_and_signed(message: &[u8]) {
    let now = Clock::default().now().to_string();
    let encrypt = sealed(message);
    let bodies = [
        format!("<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"),
        format!(r#"{{"ToUserName": "gh", "Encrypt": "{encrypt}"}}"#),
    ];
    let query = [
        ("timestamp", now.as_str()),
        ("nonce", NONCE),
        ("msg_signature", &signature(&[&now, NONCE, &encrypt])),
    ];
    let in_plain_mode =
        [("timestamp", now.as_str()), ("nonce", NONCE), ("signature", &signature(&[&now, NONCE]))];
    for account in [Account::Oa, Account::Mini] {
        let plain = read(&verifier_of(account, CallbackMode::Plain), in_plain_mode, message);
        plain.iter().flatten().for_each(assert_is_sound);
        for body in &bodies {
            assert_eq!(read(&verifier_of(account, CallbackMode::Safe), query, body.as_bytes()), plain);
        }
    }
}

fn read(verifier: &Verifier, query: [(&str, &str); 3], body: &[u8]) -> Reading {
    let read = verifier.read(&push(query, body));
    read.unwrap_or_else(|refusal| panic!("WeChat's own is refused: {refusal:?}")).0
}

/// Nobody's text says who sent it, or what kind of message it is.
fn written_by_a_user(text: &str) {
    let fields = Message::read(&format!("{HEAD}<Content><![CDATA[{text}]]></Content></xml>")).fields;
    assert_eq!(fields.text("FromUserName"), Some("o"));
    assert_eq!(fields.text("MsgType"), Some("text"));
    assert_eq!(fields.number("CreateTime"), Some(1));
}

/// Of whole blocks, only what has a length, our appid and a padding that all fit is a message.
fn opened_by_the_cipher(data: &[u8]) {
    let plain = &data[..data.len() / 16 * 16];
    let opened = verifier(CallbackMode::Safe).key.open(&encrypted(plain), APPID);
    let Some(message) = opened else { return };
    let length = u32::try_from(message.len()).expect("an input is short").to_be_bytes();
    let (header, rest) = plain.split_at(HEADER);
    assert_eq!(header[16..], length);
    let padding = rest.strip_prefix(&message[..]).and_then(|rest| rest.strip_prefix(APPID.as_bytes()));
    let padding = padding.expect("the message, and our appid behind it");
    assert!((1..=32).contains(&padding.len()));
    assert!(padding.iter().all(|byte| usize::from(*byte) == padding.len()), "{padding:?}");
}
