//! `message/subscribe/send`: one subscribe message to one user of the mini-program who has accepted it.
//!
//! WeChat knows no second try from a second message: what may have been sent must not be called again.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::ApiRequest;
use super::template::{self, Taken};

/// The endpoint.
pub const SEND: &str = "/cgi-bin/message/subscribe/send";

/// A subscribe message, filled and addressed.
#[derive(Clone, Copy, Debug)]
pub struct SubscribeMessage<'a> {
    /// The mini-program's openid.
    pub touser: &'a str,
    /// The mini-program's template.
    pub template_id: &'a str,
    /// The page of the mini-program that a tap opens; none, it opens nothing.
    pub page: Option<&'a str>,
    /// Template field → value.
    pub data: &'a BTreeMap<String, String>,
}

/// Hands a message over; the access token is the mini-program's. The msgid is that of the event that will tell whether
/// it arrived.
pub fn send(message: SubscribeMessage<'_>) -> ApiRequest<Taken> {
    ApiRequest::post(SEND, body(message))
}

fn body(message: SubscribeMessage<'_>) -> Value {
    let mut body = json!({
        "touser": message.touser,
        "template_id": message.template_id,
        // WeChat's page calls both required and gives them defaults.
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        "data": template::values(message.data),
    });
    if let Some(page) = message.page {
        body["page"] = page.into();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of WeChat's page, which leaves out what has a default.
    #[test]
    fn a_message_says_all_that_wechat_asks_for() {
        let data =
            [("name01", "某某"), ("amount01", "¥100"), ("thing01", "广州至北京"), ("date01", "2018-01-01")];
        let data = data.map(|(field, value)| (field.to_owned(), value.to_owned())).into();
        let message = SubscribeMessage {
            touser: "OPENID",
            template_id: "TEMPLATE_ID",
            page: Some("index?foo=bar"),
            data: &data,
        };
        let mut expected = json!({
            "touser": "OPENID", "template_id": "TEMPLATE_ID", "page": "index?foo=bar",
            "miniprogram_state": "formal", "lang": "zh_CN",
            "data": {
                "name01": { "value": "某某" }, "amount01": { "value": "¥100" },
                "thing01": { "value": "广州至北京" }, "date01": { "value": "2018-01-01" },
            },
        });
        assert_eq!(body(message), expected);
        expected.as_object_mut().expect("an object").remove("page");
        assert_eq!(body(SubscribeMessage { page: None, ..message }), expected);
    }
}
