//! One callback: verified, opened and read. Nothing in it is believed before its signature is checked.

use contract::routes::LARGEST_CALLBACK;
use lambda_http::{Request, RequestExt};
use secrecy::SecretString;
use serde::Deserialize;
use shared::config::CallbackMode;
use shared::event::Event;
use shared::{Clock, Error};

use crate::crypt::{Key, is_signature};

/// How far a callback's timestamp may be from now, in seconds. WeChat retries for 15 s; clocks differ.
const WINDOW: i64 = 10 * 60;

/// How WeChat is recognized.
pub struct Verifier {
    /// The token set in WeChat's console.
    pub token: SecretString,
    /// The EncodingAESKey set there.
    pub key: Key,
    /// The Official Account.
    pub appid: String,
    /// The least safe mode that is taken.
    pub mode: CallbackMode,
    /// What time it is.
    pub clock: Clock,
}

/// The signed part of a callback's query.
struct Query<'a> {
    signature: &'a str,
    msg_signature: &'a str,
    timestamp: &'a str,
    nonce: &'a str,
}

/// The body in safe mode; the fields beside `Encrypt` are compatible mode's plain text.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    encrypt: Option<String>,
    msg_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Plain {
    from_user_name: String,
    create_time: i64,
    msg_type: String,
    event: Option<String>,
    #[serde(rename = "MsgID")]
    msgid: Option<i64>,
    status: Option<String>,
}

impl Verifier {
    /// The echostr that WeChat wants back when the address is saved in its console.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when it is not WeChat who asks.
    pub fn echo(&self, request: &Request) -> Result<String, Error> {
        let parameters = request.query_string_parameters();
        let query = Query::of(&parameters);
        if !is_signature(query.signature, &self.token, &[query.timestamp, query.nonce]) {
            return Err(refused("the signature is not this token's"));
        }
        Ok(parameters.first("echostr").unwrap_or_default().to_owned())
    }

    /// The event in a callback, and the signature it can be recognized by; `None` for a message that is
    /// no event of ours.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for what is not WeChat's or less safe than the mode; [`Error::TooLarge`].
    pub fn read(&self, request: &Request) -> Result<(Option<Event>, String), Error> {
        let body = request.body().as_ref();
        if body.len() > LARGEST_CALLBACK {
            return Err(Error::TooLarge(format!("A callback has at most {LARGEST_CALLBACK} bytes.")));
        }
        let parameters = request.query_string_parameters();
        let query = Query::of(&parameters);
        let text = std::str::from_utf8(body).map_err(|_| refused("the body is not UTF-8"))?;
        let envelope: Envelope = xml(text)?;
        let (signature, message) = match envelope.encrypt {
            Some(encrypt) => {
                if envelope.msg_type.is_some() && self.mode > CallbackMode::Compatible {
                    return Err(refused("compatible mode is not open here"));
                }
                self.check(query.msg_signature, &query, &[query.timestamp, query.nonce, &encrypt])?;
                let opened = self.key.open(&encrypt, &self.appid);
                let opened = opened.ok_or_else(|| refused("it does not open with this key and appid"))?;
                let opened = String::from_utf8(opened).map_err(|_| refused("the message is not UTF-8"))?;
                (query.msg_signature, opened)
            }
            None if self.mode > CallbackMode::Plain => return Err(refused("plain mode is not open here")),
            None => {
                self.check(query.signature, &query, &[query.timestamp, query.nonce])?;
                (query.signature, text.to_owned())
            }
        };
        Ok((event(xml(&message)?), signature.to_owned()))
    }

    fn check(&self, signature: &str, query: &Query<'_>, parts: &[&str]) -> Result<(), Error> {
        if !is_signature(signature, &self.token, parts) {
            return Err(refused("the signature is not this token's"));
        }
        let timestamp: i64 = query.timestamp.parse().map_err(|_| refused("the timestamp is no number"))?;
        let is_now =
            self.clock.now().checked_sub(timestamp).is_some_and(|age| (-WINDOW..=WINDOW).contains(&age));
        if is_now { Ok(()) } else { Err(refused("the timestamp is too far from now")) }
    }
}

impl<'a> Query<'a> {
    fn of(parameters: &'a lambda_http::aws_lambda_events::query_map::QueryMap) -> Self {
        let first = |name| parameters.first(name).unwrap_or_default();
        Self {
            signature: first("signature"),
            msg_signature: first("msg_signature"),
            timestamp: first("timestamp"),
            nonce: first("nonce"),
        }
    }
}

fn xml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    quick_xml::de::from_str(text).map_err(|_| refused("it is not the XML that WeChat sends"))
}

fn refused(why: &str) -> Error {
    Error::Forbidden(format!("This is not taken for a callback of WeChat's: {why}."))
}

/// Event names are matched whatever their case: WeChat's own pages disagree.
fn event(plain: Plain) -> Option<Event> {
    let (openid, at) = (plain.from_user_name, plain.create_time);
    let name = plain.event.filter(|_| plain.msg_type == "event")?.to_ascii_lowercase();
    match name.as_str() {
        "subscribe" | "scan" => Some(Event::Followed { openid, at }),
        "unsubscribe" => Some(Event::Unfollowed { openid, at, rechecked: false }),
        "templatesendjobfinish" => {
            Some(Event::Receipt { msgid: plain.msgid?, status: plain.status.unwrap_or_default(), tries: 0 })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Event> {
        event(xml(text).expect("XML"))
    }

    #[test]
    fn the_events_of_wechats_pages_are_read() {
        let head = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2]]></FromUserName><CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType>";
        let at = 1_395_658_920;
        let openid = "oia2".to_owned();
        let subscribe =
            format!("{head}<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>");
        assert_eq!(read(&subscribe), Some(Event::Followed { openid: openid.clone(), at }));
        let unsubscribe = format!("{head}<Event><![CDATA[unsubscribe]]></Event></xml>");
        assert_eq!(read(&unsubscribe), Some(Event::Unfollowed { openid, at, rechecked: false }));
        let receipt = format!(
            "{head}<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>3717005636572528642</MsgID><Status><![CDATA[failed:user block]]></Status></xml>"
        );
        let status = "failed:user block".to_owned();
        assert_eq!(
            read(&receipt),
            Some(Event::Receipt { msgid: 3_717_005_636_572_528_642, status, tries: 0 })
        );
        let text = head.replace("[event]", "[text]") + "<Content>subscribe</Content></xml>";
        assert_eq!(read(&text), None);
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = r#"<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>"#;
        assert!(xml::<Envelope>(bomb).is_err());
    }
}
