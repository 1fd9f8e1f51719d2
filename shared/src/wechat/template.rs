//! `message/template/send`: one template message to one follower.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::{ApiRequest, reader};

/// The endpoint.
pub const SEND: &str = "/cgi-bin/message/template/send";

/// A template message, filled and addressed.
#[derive(Clone, Copy, Debug)]
pub struct TemplateMessage<'a> {
    /// The Official Account's openid.
    pub touser: &'a str,
    /// The template.
    pub template_id: &'a str,
    /// The mini-program that a tap opens, and its page.
    pub page: Option<(&'a str, &'a str)>,
    /// Template field → value.
    pub data: &'a BTreeMap<String, String>,
    /// WeChat takes a second message with the same id to the same user for the first, for ten minutes.
    pub client_msg_id: &'a str,
}

/// WeChat took a message; that is not yet that it arrived.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Acknowledgement")]
pub struct Taken {
    /// What its receipt will name: 64 bits, beyond what a double holds. `None` when WeChat took the message
    /// and gave no msgid that can be read: its receipt cannot be joined.
    pub msgid: Option<i64>,
}

/// Either of the two says that WeChat took the message.
#[derive(Deserialize)]
struct Acknowledgement {
    #[serde(default, deserialize_with = "reader::number")]
    errcode: Option<i64>,
    #[serde(default, deserialize_with = "reader::number")]
    msgid: Option<i64>,
}

impl TryFrom<Acknowledgement> for Taken {
    type Error = &'static str;

    fn try_from(Acknowledgement { errcode, msgid }: Acknowledgement) -> Result<Self, Self::Error> {
        if errcode.is_some() || msgid.is_some() { Ok(Self { msgid }) } else { Err("it acknowledges nothing") }
    }
}

/// Hands a message over.
pub fn send(message: TemplateMessage<'_>) -> ApiRequest<Taken> {
    ApiRequest::post(SEND, body(message))
}

fn body(message: TemplateMessage<'_>) -> Value {
    let mut body = json!({
        "touser": message.touser,
        "template_id": message.template_id,
        "client_msg_id": message.client_msg_id,
        "data": values(message.data),
    });
    if let Some((appid, pagepath)) = message.page {
        body["miniprogram"] = json!({"appid": appid, "pagepath": pagepath});
    }
    body
}

/// The fields as a message has them.
pub(super) fn values(data: &BTreeMap<String, String>) -> Value {
    data.iter().map(|(field, value)| (field.clone(), json!({"value": value}))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_without_a_msgid_is_a_success() {
        for (json, msgid) in [
            (r#"{"errcode":0,"errmsg":"ok","msgid":3590756368000000001}"#, Some(3_590_756_368_000_000_001)),
            (r#"{"errcode":0,"errmsg":"ok","msgid":"3590756368000000001"}"#, Some(3_590_756_368_000_000_001)),
            (r#"{"msgid":1}"#, Some(1)),
            (r#"{"errcode":"0"}"#, None),
            (r#"{"errcode":0,"msgid":null}"#, None),
            (r#"{"errcode":0,"msgid":9999999999999999999}"#, None),
            (r#"{"errcode":0,"msgid":{}}"#, None),
        ] {
            assert_eq!(reader::parse::<Taken>(json.as_bytes()).expect(json), Taken { msgid }, "{json}");
        }
        for json in ["{}", r#"{"errmsg":"ok"}"#, "[]"] {
            assert!(reader::parse::<Taken>(json.as_bytes()).is_err(), "{json}");
        }
    }
}
