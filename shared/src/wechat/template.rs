//! `message/template/send`: one template message to one follower.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::ApiRequest;

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
#[derive(Debug, Deserialize)]
pub struct Taken {
    /// What its receipt will name: 64 bits, beyond what a double holds.
    pub msgid: i64,
}

/// Hands a message over.
pub fn send(message: TemplateMessage<'_>) -> ApiRequest<Taken> {
    ApiRequest::post("/cgi-bin/message/template/send", body(message))
}

fn body(message: TemplateMessage<'_>) -> Value {
    let data: serde_json::Map<_, _> =
        message.data.iter().map(|(field, value)| (field.clone(), json!({"value": value}))).collect();
    let mut body = json!({
        "touser": message.touser,
        "template_id": message.template_id,
        "client_msg_id": message.client_msg_id,
        "data": data,
    });
    if let Some((appid, pagepath)) = message.page {
        body["miniprogram"] = json!({"appid": appid, "pagepath": pagepath});
    }
    body
}
