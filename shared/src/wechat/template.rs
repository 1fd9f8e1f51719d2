//! `message/template/send`: one template message to one follower.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::client::Call;
use super::{Failure, WeChat};
use crate::Account;

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

#[derive(Deserialize)]
struct Sent {
    msgid: i64,
}

impl WeChat {
    /// Hands a message over; WeChat's answer is that it took it, not that it arrived.
    ///
    /// Gives the msgid that the receipt will name: 64 bits, beyond what a double holds.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn send_template(&self, message: TemplateMessage<'_>) -> Result<i64, Failure> {
        let body = body(message);
        let sent: Sent =
            self.call_as(Account::Oa, Call::post("/cgi-bin/message/template/send", &body)).await?;
        Ok(sent.msgid)
    }
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
