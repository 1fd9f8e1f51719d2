//! One callback: verified, opened and read. Nothing in it is believed before its signature is checked.

use contract::routes::CALLBACK;
use lambda_http::{Request, RequestExt};
use secrecy::SecretString;
use shared::config::{CallbackMode, SecretName};
use shared::{Account, Clock, Config, Error, http, lambda};

use crate::crypt::{Key, is_signature};
use crate::fields::{self, Message};
use crate::reading::{self, Reading};

/// How far a callback's timestamp may be from now, in seconds. WeChat retries for 15 s; clocks differ.
const WINDOW: i64 = 10 * 60;

/// The longest echostr that is answered, in characters. WeChat's have about 20.
const LONGEST_ECHOSTR: usize = 256;

/// How WeChat is recognized.
pub struct Verifier {
    /// The token set in WeChat's console.
    pub token: SecretString,
    /// The EncodingAESKey set there.
    pub key: Key,
    /// Whose callbacks these are.
    pub account: Account,
    /// Its appid.
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

/// WeChat's are digits; base64 is what it uses elsewhere.
fn is_echostr(text: &str) -> bool {
    let is_base64 =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    (1..=LONGEST_ECHOSTR).contains(&text.len()) && text.bytes().all(is_base64)
}

/// What an account's token and EncodingAESKey are called.
pub fn secret_names(account: Account) -> [SecretName; 2] {
    match account {
        Account::Oa => [SecretName::CallbackToken, SecretName::CallbackAesKey],
        Account::Mini => [SecretName::MiniCallbackToken, SecretName::MiniCallbackAesKey],
    }
}

impl Verifier {
    /// One that knows the account by these secrets: the token and the EncodingAESKey.
    ///
    /// # Errors
    /// [`lambda::Error`] when the key is none, or a variable is missing.
    pub fn new(
        config: &Config,
        account: Account,
        [token, key]: [SecretString; 2],
    ) -> Result<Self, lambda::Error> {
        let [_, name] = secret_names(account).map(SecretName::variable);
        let none = || format!("{name} must be an EncodingAESKey: 43 characters of base64");
        let key = Key::parse(&key).ok_or_else(none)?;
        let mode = match account {
            Account::Oa => config.callback_mode()?,
            // Only Official Accounts for tests have nothing safer than plain.
            Account::Mini => CallbackMode::Safe,
        };
        let appid = config.appid(account)?;
        Ok(Self { token, key, account, appid, mode, clock: config.clock()? })
    }

    /// Whether a request has what WeChat's have, signed by whomever: a signature, and the time as it is now.
    pub fn is_well_formed(&self, request: &Request) -> bool {
        let parameters = request.query_string_parameters();
        let query = Query::of(&parameters);
        let is_hash = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_signed = is_hash(query.msg_signature) || is_hash(query.signature);
        is_signed && !query.nonce.is_empty() && self.is_now(&query).is_ok()
    }

    /// The echostr that WeChat wants back when the address is saved in its console.
    ///
    /// # Errors
    /// [`Error::Forbidden`] when it is not WeChat who asks; [`Error::InvalidRequest`] when it asks for what WeChat does
    /// not.
    pub fn echo(&self, request: &Request) -> Result<String, Error> {
        let parameters = request.query_string_parameters();
        let query = Query::of(&parameters);
        self.check(query.signature, &query, &[query.timestamp, query.nonce])?;
        // The signature is not over it: what is no echostr of WeChat's is somebody else's text.
        let echostr = parameters.first("echostr").filter(|echostr| is_echostr(echostr));
        let none = || Error::InvalidRequest("`echostr` must be what WeChat sends.".to_owned());
        Ok(echostr.ok_or_else(none)?.to_owned())
    }

    /// What a callback says, and the signature it can be recognized by.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for what is not WeChat's or less safe than the mode; [`Error::TooLarge`].
    pub fn read(&self, request: &Request) -> Result<(Reading, String), Error> {
        http::bounded(request, CALLBACK.largest())?;
        let parameters = request.query_string_parameters();
        let query = Query::of(&parameters);
        let body = String::from_utf8_lossy(request.body());
        let (message, signature) = match self.open(&query, &body) {
            Ok(message) => (message, query.msg_signature),
            Err(_) if self.mode == CallbackMode::Plain => {
                self.check(query.signature, &query, &[query.timestamp, query.nonce])?;
                (body.to_string(), query.signature)
            }
            Err(refusal) => return Err(refusal),
        };
        let reading = reading::read(&Message::read(&message), self.account, self.clock.now());
        Ok((reading, signature.to_owned()))
    }

    /// The message in an `Encrypt`. In compatible mode, too, nothing else is believed.
    fn open(&self, query: &Query<'_>, body: &str) -> Result<String, Error> {
        let mut refusal = refused("it holds no `Encrypt`");
        let signed = fields::encrypts(body).find(|encrypt| {
            let checked =
                self.check(query.msg_signature, query, &[query.timestamp, query.nonce, encrypt.as_str()]);
            checked.map_err(|error| refusal = error).is_ok()
        });
        let Some(encrypt) = signed else { return Err(refusal) };
        let opened = self.key.open(&encrypt, &self.appid);
        let opened = opened.ok_or_else(|| refused("it does not open with this key and appid"))?;
        if Message::read(body).fields.text("MsgType").is_some() {
            tracing::warn!("the console is in compatible mode: choose safe mode, nothing else is read here");
        }
        Ok(String::from_utf8_lossy(&opened).into_owned())
    }

    fn check(&self, signature: &str, query: &Query<'_>, parts: &[&str]) -> Result<(), Error> {
        if !is_signature(signature, &self.token, parts) {
            return Err(refused("the signature is not this token's"));
        }
        self.is_now(query)
    }

    fn is_now(&self, query: &Query<'_>) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use shared::event::Event;

    use super::*;
    use crate::reading::NotUnderstood;

    const HEAD: &str = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2]]></FromUserName><CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType>";

    const APPID: &str = "wxb11529c136998cb6";

    fn verifier(mode: CallbackMode) -> Verifier {
        let secret = |text: &str| SecretString::from(text.to_owned());
        let key = Key::parse(&secret("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")).expect("a key");
        let (account, appid) = (Account::Oa, APPID.into());
        Verifier { token: secret("token"), key, account, appid, mode, clock: Clock::movable() }
    }

    fn request<const N: usize>(query: [(&str, String); N], body: String) -> Request {
        let query: HashMap<_, _> =
            query.into_iter().map(|(name, value)| (name.to_owned(), vec![value])).collect();
        Request::new(body.into()).with_query_string_parameters(query)
    }

    /// What a verifier of this mode says to a body whose `Encrypt` holds the message.
    fn verified(
        mode: CallbackMode,
        message: &str,
        envelope: impl Fn(&str) -> String,
    ) -> Result<Reading, Error> {
        let verifier = verifier(mode);
        let encrypt = crate::crypt::tests::seal(&verifier.key, b"0123456789abcdef", message, APPID);
        let at = verifier.clock.now().to_string();
        let sign = |parts: &[&str]| crate::crypt::signature(&verifier.token, parts);
        let query = [
            ("signature", sign(&[&at, "1"])),
            ("msg_signature", sign(&[&at, "1", &encrypt])),
            ("timestamp", at.clone()),
            ("nonce", "1".to_owned()),
        ];
        let request = request(query, envelope(&encrypt));
        verifier.read(&request).map(|(reading, _)| reading)
    }

    /// What is answered to a signed request for this echostr, that many seconds later.
    fn echoed(echostr: &str, seconds: i64) -> Result<String, Error> {
        let verifier = verifier(CallbackMode::Safe);
        let at = (verifier.clock.now() - seconds).to_string();
        let query = [
            ("signature", crate::crypt::signature(&verifier.token, &[&at, "1"])),
            ("timestamp", at),
            ("nonce", "1".to_owned()),
            ("echostr", echostr.to_owned()),
        ];
        verifier.echo(&request(query, String::new()))
    }

    #[test]
    fn an_echostr_comes_back_if_it_is_wechats_and_asked_for_now() {
        let digits = "5927782489442352469";
        assert_eq!(echoed(digits, 0).ok().as_deref(), Some(digits));
        assert_eq!(echoed(digits, 590).ok().as_deref(), Some(digits));
        for late in [3600, -3600] {
            assert!(matches!(echoed(digits, late), Err(Error::Forbidden(_))), "{late}");
        }
        for odd in ["", "<b>", "1 2", "鹊", &"1".repeat(257)] {
            assert!(matches!(echoed(odd, 0), Err(Error::InvalidRequest(_))), "{odd}");
        }
    }

    #[test]
    fn whatever_is_wechats_is_taken() {
        let subscribe = format!("{HEAD}<Event>subscribe</Event></xml>");
        let followed = vec![Ok(Event::Followed { openid: "oia2".into(), at: 1_395_658_920, tries: 0 })];
        let text = HEAD.replace("[event]", "[text]");
        for (message, reading) in [
            (subscribe.as_str(), &followed),
            (&format!("{text}<Content><![CDATA[]]></b>]]></Content></xml>"), &Reading::new()),
            ("no XML", &vec![Err(NotUnderstood("MsgType"))]),
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
}
