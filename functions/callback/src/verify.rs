//! One callback: verified, opened and read. Nothing in it is believed before its signature is checked.

use contract::routes::LARGEST_CALLBACK;
use lambda_http::{Request, RequestExt};
use secrecy::SecretString;
use shared::config::CallbackMode;
use shared::event::Event;
use shared::{Clock, Error};

use crate::crypt::{Key, is_signature};
use crate::fields::{self, Fields};

/// How far a callback's timestamp may be from now, in seconds. WeChat retries for 15 s; clocks differ.
const WINDOW: i64 = 10 * 60;

const RECEIPT: &str = "templatesendjobfinish";

/// The events that change the map or a message.
const OURS: [&str; 6] = [
    "subscribe",
    "scan",
    "unsubscribe",
    "user_authorization_revoke",
    "user_authorization_cancellation",
    RECEIPT,
];

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

/// What an authentic callback comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Reading {
    /// An event of ours.
    Event(Event),
    /// A user's message, or an event that means nothing here.
    NotOurs,
    /// It cannot be read; this is missing.
    NotUnderstood(&'static str),
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

    /// What a callback says, and the signature it can be recognized by.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for what is not WeChat's or less safe than the mode; [`Error::TooLarge`].
    pub fn read(&self, request: &Request) -> Result<(Reading, String), Error> {
        let body = request.body().as_ref();
        if body.len() > LARGEST_CALLBACK {
            return Err(Error::TooLarge(format!("A callback has at most {LARGEST_CALLBACK} bytes.")));
        }
        let parameters = request.query_string_parameters();
        let query = Query::of(&parameters);
        let body = String::from_utf8_lossy(body);
        let opened = match fields::encrypt(&body) {
            Some(encrypt) => self.open(&query, encrypt).map(|message| (message, query.msg_signature)),
            None => Err(refused("it has no `Encrypt`, and plain mode is not open here")),
        };
        let (message, signature) = match opened {
            Err(_) if self.mode == CallbackMode::Plain => {
                self.check(query.signature, &query, &[query.timestamp, query.nonce])?;
                (body.to_string(), query.signature)
            }
            opened => opened?,
        };
        if signature == query.msg_signature && Fields::read(&body).text("MsgType").is_some() {
            tracing::warn!(
                "the console is in compatible mode: what is beside `Encrypt` can be forged; choose safe mode"
            );
        }
        Ok((reading(&Fields::read(&message)), signature.to_owned()))
    }

    /// The message in an `Encrypt`. In compatible mode, too, nothing else is read.
    fn open(&self, query: &Query<'_>, encrypt: &str) -> Result<String, Error> {
        self.check(query.msg_signature, query, &[query.timestamp, query.nonce, encrypt])?;
        let opened = self.key.open(encrypt, &self.appid);
        let opened = opened.ok_or_else(|| refused("it does not open with this key and appid"))?;
        Ok(String::from_utf8_lossy(&opened).into_owned())
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

fn refused(why: &str) -> Error {
    Error::Forbidden(format!("This is not taken for a callback of WeChat's: {why}."))
}

/// Event names are matched whatever their case: WeChat's own pages disagree.
fn reading(fields: &Fields) -> Reading {
    match fields.text("MsgType") {
        Some("event") => {}
        Some(_) => return Reading::NotOurs,
        None => return Reading::NotUnderstood("MsgType"),
    }
    let Some(name) = fields.text("Event") else { return Reading::NotUnderstood("Event") };
    let name = name.to_ascii_lowercase();
    if !OURS.contains(&name.as_str()) {
        return Reading::NotOurs;
    }
    let Some(openid) = fields.text("FromUserName").map(str::to_owned) else {
        return Reading::NotUnderstood("FromUserName");
    };
    let msgid = fields.number("MsgID");
    let event = match (name.as_str(), fields.number("CreateTime")) {
        (RECEIPT, _) => match msgid {
            Some(msgid) => {
                let status = fields.text("Status").unwrap_or_default().to_owned();
                Event::Receipt { msgid, status, openid: Some(openid), tries: 0 }
            }
            None => return Reading::NotUnderstood("MsgID"),
        },
        (_, None) => return Reading::NotUnderstood("CreateTime"),
        ("subscribe" | "scan", Some(at)) => Event::Followed { openid, at },
        // The privacy events name the user in a field of their own.
        (_, Some(at)) => {
            let openid = fields.text("OpenID").map_or(openid, str::to_owned);
            Event::Unfollowed { openid, at, rechecked: false }
        }
    };
    Reading::Event(event)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const HEAD: &str = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2]]></FromUserName><CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType>";

    fn read(text: &str) -> Reading {
        reading(&Fields::read(text))
    }

    #[test]
    fn the_events_of_wechats_pages_are_read() {
        let at = 1_395_658_920;
        let openid = "oia2".to_owned();
        let subscribe =
            format!("{HEAD}<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[]]></EventKey></xml>");
        assert_eq!(read(&subscribe), Reading::Event(Event::Followed { openid: openid.clone(), at }));
        let unsubscribe = format!("{HEAD}<Event><![CDATA[unsubscribe]]></Event></xml>");
        let gone = Event::Unfollowed { openid: openid.clone(), at, rechecked: false };
        assert_eq!(read(&unsubscribe), Reading::Event(gone.clone()));
        for event in ["user_authorization_revoke", "user_authorization_cancellation"] {
            let revoked = format!("{HEAD}<Event>{event}</Event><OpenID>oia2</OpenID><AppID>wx</AppID></xml>");
            assert_eq!(read(&revoked), Reading::Event(gone.clone()));
        }
        let receipt = format!(
            "{HEAD}<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>3717005636572528642</MsgID><Status><![CDATA[failed:user block]]></Status></xml>"
        );
        let (msgid, status) = (3_717_005_636_572_528_642, "failed:user block".to_owned());
        assert_eq!(
            read(&receipt),
            Reading::Event(Event::Receipt { msgid, status, openid: Some(openid), tries: 0 })
        );
        let text = HEAD.replace("[event]", "[text]") + "<Content>subscribe</Content></xml>";
        assert_eq!(read(&text), Reading::NotOurs);
        assert_eq!(read(&format!("{HEAD}<Event>VIEW</Event></xml>")), Reading::NotOurs);
    }

    const APPID: &str = "wxb11529c136998cb6";

    /// What a verifier of this mode says to a body whose `Encrypt` holds the message.
    fn verified(
        mode: CallbackMode,
        message: &str,
        envelope: impl Fn(&str) -> String,
    ) -> Result<Reading, Error> {
        let secret = |text: &str| SecretString::from(text.to_owned());
        let key = Key::parse(&secret("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")).expect("a key");
        let encrypt = crate::crypt::tests::seal(&key, b"0123456789abcdef", message, APPID);
        let clock = Clock::movable();
        let at = clock.now().to_string();
        let verifier = Verifier { token: secret("token"), key, appid: APPID.into(), mode, clock };
        let sign = |parts: &[&str]| crate::crypt::signature(&verifier.token, parts);
        let query = [
            ("signature", sign(&[&at, "1"])),
            ("msg_signature", sign(&[&at, "1", &encrypt])),
            ("timestamp", at.clone()),
            ("nonce", "1".to_owned()),
        ];
        let query: HashMap<_, _> =
            query.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect();
        let request = Request::new(envelope(&encrypt).into()).with_query_string_parameters(query);
        verifier.read(&request).map(|(reading, _)| reading)
    }

    #[test]
    fn whatever_is_wechats_is_taken() {
        let subscribe = format!("{HEAD}<Event>subscribe</Event></xml>");
        let followed = Reading::Event(Event::Followed { openid: "oia2".into(), at: 1_395_658_920 });
        let text = HEAD.replace("[event]", "[text]");
        for (message, reading) in [
            (subscribe.as_str(), &followed),
            (&format!("{text}<Content><![CDATA[]]></b>]]></Content></xml>"), &Reading::NotOurs),
            ("no XML", &Reading::NotUnderstood("MsgType")),
        ] {
            let compatible = format!("{text}<Content><![CDATA[<Encrypt>]]></b>]]></Content>");
            for [before, after] in [
                ["<xml><Encrypt><![CDATA[", "]]></Encrypt></xml>"],
                ["<xml>\n<Encrypt>\n <![CDATA[ ", "\n]]>\n</Encrypt></xml>"],
                ["<xml><Encrypt>\n", "\n</Encrypt></xml>"],
                [&format!("{compatible}<Encrypt>"), "</Encrypt></xml>"],
            ] {
                let taken =
                    verified(CallbackMode::Safe, message, |encrypt| format!("{before}{encrypt}{after}"));
                assert_eq!(taken.as_ref().ok(), Some(reading), "{before} {message}");
            }
        }
        let plain = |mode| verified(mode, "", |_| subscribe.clone());
        assert!(plain(CallbackMode::Safe).is_err());
        assert_eq!(plain(CallbackMode::Plain).ok(), Some(followed));
        assert!(
            verified(CallbackMode::Safe, "", |encrypt| format!("<Encrypt>{encrypt}A</Encrypt>")).is_err()
        );
    }

    #[test]
    fn what_cannot_be_read_says_what_is_missing() {
        assert_eq!(read(""), Reading::NotUnderstood("MsgType"));
        assert_eq!(read(HEAD), Reading::NotUnderstood("Event"));
        for (text, missing) in [
            (HEAD.replace("1395658920", "now") + "<Event>subscribe</Event>", "CreateTime"),
            (HEAD.replace("oia2", " ") + "<Event>subscribe</Event>", "FromUserName"),
            (HEAD.to_owned() + "<Event>templatesendjobfinish</Event><MsgID>x</MsgID>", "MsgID"),
        ] {
            assert_eq!(read(&text), Reading::NotUnderstood(missing));
        }
    }
}
