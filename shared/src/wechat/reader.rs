//! The one reader of what WeChat sends: its JSON, as leniently as WeChat writes it. A strict parser would lose a
//! whole answer for one nickname.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Failure;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What every answer may hold; on success WeChat often leaves errcode out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub errcode: Option<i64>,
    pub errmsg: String,
}

/// What an answer says first of all, read as far as it can be: once errcode is known the outcome is, whatever
/// stands behind it.
pub(super) fn outcome(body: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    if Heading(&mut outcome).deserialize(&mut serde_json::Deserializer::from_slice(body)).is_ok() {
        return outcome;
    }
    for text in readings(body) {
        // What cannot be read any further has been read as far as it can.
        drop(Heading(&mut outcome).deserialize(&mut serde_json::Deserializer::from_str(&text)));
        if outcome.errcode.is_some() {
            break;
        }
    }
    outcome
}

/// Reads JSON that may hold bytes that are no UTF-8, raw control characters, halves of surrogate pairs, a BOM,
/// and fields twice, of which the last one counts.
///
/// # Errors
/// [`Failure::NoAnswer`] when it is no JSON even so, or not of this shape.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let lenient = |text: String| serde_json::from_str(&text).and_then(serde_json::from_value::<T>).ok();
    serde_json::from_slice(body)
        .or_else(|error| readings(body).find_map(lenient).ok_or(error))
        .map_err(|error| Failure::NoAnswer(format!("not the JSON it should be ({:?})", error.classify())))
}

/// A text; `null`, a blank one and what is no text are none. WeChat's texts are ids and keys here: blanks
/// around them are not theirs.
///
/// # Errors
/// None but the parser's own.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    })
}

/// An openid or a unionid; what cannot be one is none: it would be no key of a table, or the same one for many.
///
/// # Errors
/// None but the parser's own.
pub fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(text(deserializer)?.filter(|id| is_id(id)))
}

/// An openid that must be there.
///
/// # Errors
/// When it is not, or cannot be one.
pub fn required_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    id(deserializer)?.ok_or_else(|| D::Error::custom("an id is missing, or is none"))
}

/// The ids of a list, but for what cannot be one; none if it is not there.
///
/// # Errors
/// None but the parser's own.
pub fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let Value::Array(ids) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(ids.into_iter().filter_map(|one| id(one).ok().flatten()).collect())
}

/// Whether this can be an openid or a unionid of WeChat's: not a word that stands for nothing, nor a mere mark.
pub fn is_id(text: &str) -> bool {
    contract::send::is_id(text)
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && !["null", "undefined"].contains(&text)
}

/// A text that must be there.
///
/// # Errors
/// When it is not, or is blank.
pub fn required<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<T, D::Error> {
    text(deserializer)?.map(T::from).ok_or_else(|| D::Error::custom("a text is blank"))
}

/// A number, also as text; what is none, or has more than 64 bits, is not read.
///
/// # Errors
/// None but the parser's own.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(is_so) => Some(is_so.into()),
        _ => None,
    })
}

/// Takes errcode and errmsg out of an object, in whatever order, and keeps what it has when the rest is broken.
struct Heading<'a>(&'a mut Outcome);

impl<'de> DeserializeSeed<'de> for Heading<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Heading<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "errcode" => self.0.errcode = number(map.next_value::<Value>()?).map_err(A::Error::custom)?,
                "errmsg" => {
                    self.0.errmsg =
                        text(map.next_value::<Value>()?).map_err(A::Error::custom)?.unwrap_or_default();
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// What bytes that no strict parser takes may stand for, the likelier first.
fn readings(body: &[u8]) -> impl Iterator<Item = String> {
    let bodies = [|body| Cow::Borrowed(body), without_gbk_backslashes];
    bodies.into_iter().map(move |read| cleaned(&read(body)))
}

/// The text of these bytes, with a space for every control character and U+FFFD for whatever is half a character.
fn cleaned(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.strip_prefix(BOM).unwrap_or(body));
    let spaced = text.replace(|character: char| character < ' ', " ");
    with_whole_surrogates(&spaced)
}

/// `\ud83d` without its other half becomes `\ufffd`; an escape that JSON does not know loses its backslash.
fn with_whole_surrogates(json: &str) -> String {
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        whole.push_str(&rest[..at]);
        let escape = &rest[at..];
        let taken = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => &escape[..12],
            (Some(0xD800..=0xDFFF), _) => {
                whole.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => &escape[..6],
            (None, _) if escape[1..].starts_with(['"', '\\', '/', 'b', 'f', 'n', 'r', 't']) => &escape[..2],
            (None, _) => {
                rest = &escape[1..];
                continue;
            }
        };
        whole.push_str(taken);
        rest = &escape[taken.len()..];
    }
    whole + rest
}

/// The code unit of a `\uXXXX` at the beginning.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
}

/// In GBK the second byte of a character may be a backslash, which would escape what follows.
fn without_gbk_backslashes(body: &[u8]) -> Cow<'_, [u8]> {
    let mut body = Cow::Borrowed(body);
    for at in 1..body.len() {
        if body[at] == b'\\' && body[at - 1] >= 0x81 {
            body.to_mut()[at] = b'?';
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::wechat::errcode::Action;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        #[serde(deserialize_with = "required_id")]
        openid: String,
        #[serde(default, deserialize_with = "id")]
        unionid: Option<String>,
        #[serde(default, deserialize_with = "number")]
        subscribe: Option<i64>,
        #[serde(default, deserialize_with = "ids")]
        list: Vec<String>,
    }

    fn row(json: &[u8]) -> Row {
        parse(json).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(json)))
    }

    #[test]
    fn what_breaks_a_nickname_breaks_nothing_else() {
        let nicknames: &[&[u8]] = &[
            b"\x14\xe7\x90\xa6",
            b"a\nb\tc\0",
            b"\xcd\xf5\xbe\xfc",
            // 昞 in GBK, whose second byte is a backslash.
            b"\x95\x5c",
            b"\xf0\x9f\x98",
            b"\xed\xa0\xbd",
            b"\\ud83d",
            b"\\ud83d\\ud83d\\ude00",
            b"\\ude00\\u00e4",
            b"\\\\ud83d",
            b"\\x\\'",
            b"]]>",
        ];
        for nickname in nicknames {
            let json = [br#"{"openid":"o","nickname":""#, *nickname, br#"","unionid":"u"}"#].concat();
            assert_eq!(row(&json).unionid.as_deref(), Some("u"), "{}", String::from_utf8_lossy(&json));
        }
    }

    #[test]
    fn whole_pairs_and_escapes_keep_their_meaning() {
        let value: Value = parse(b"{\"a\":\"\\ud83d\\ude00\\\\ud83d\\\"\\u00e4\x01\"}").expect("read");
        assert_eq!(value["a"], "😀\\ud83d\"ä ");
        let value: Value = parse(b"{\"a\":\"\\ud83d.\"}").expect("read");
        assert_eq!(value["a"], "\u{fffd}.");
    }

    #[test]
    fn null_and_blanks_are_none_and_numbers_may_be_text() {
        let bare = Row { openid: "o".into(), unionid: None, subscribe: None, list: vec![] };
        for json in [
            r#"{"openid":"o"}"#,
            r#"{"openid":"o","unionid":null,"subscribe":null,"list":null}"#,
            r#"{"openid":" o ","unionid":"","subscribe":"","list":[null,""," "]}"#,
            r#"{"openid":"o","unionid":" \t","subscribe":9999999999999999999,"list":{}}"#,
            r#"{"openid":"x","more":{"a":[]},"openid":"o"}"#,
            "\u{feff}{\"openid\":\"o\"}\r\n",
        ] {
            assert_eq!(row(json.as_bytes()), bare, "{json}");
        }
        let full =
            Row { openid: "o".into(), unionid: Some("u".into()), subscribe: Some(1), list: vec!["a".into()] };
        assert_eq!(row(br#"{"openid":"o","unionid":"u","subscribe":"1","list":["","a"]}"#), full);
    }

    #[test]
    fn what_no_id_can_be_is_nobodys() {
        let (long, longest) = ("o".repeat(65), "o".repeat(64));
        for odd in ["\u{200b}", "\0", "o 1", "o\u{e9}", "-", "__", "null", "undefined", &long] {
            let json = json!({"openid": "o", "unionid": odd, "list": [odd, "o1"]});
            let row = row(json.to_string().as_bytes());
            assert_eq!((row.unionid, row.list), (None, vec!["o1".to_owned()]), "{odd:?}");
            assert!(parse::<Row>(json!({"openid": odd}).to_string().as_bytes()).is_err(), "{odd:?}");
        }
        for id in ["oGZUI0egBJY1zhBYw2KhdUfwVJJE", "o6_bmasdasdsad6_2sgVt7hMZOPfL", "u1", &longest] {
            assert!(is_id(id), "{id}");
        }
    }

    #[test]
    fn what_must_be_there_is_missed() {
        for json in [r#"{"openid":""}"#, r#"{"openid":null}"#, "{}", "[]", "", "<html>"] {
            let failure = parse::<Row>(json.as_bytes()).expect_err(json);
            assert_eq!(failure.action(), Action::Ambiguous, "{json}");
        }
    }

    #[test]
    fn errcode_is_read_first_whatever_stands_behind_it() {
        for json in [
            &b"{\"errcode\":47003,\"errmsg\":\"\xb2\xce\xca\xfd\"}"[..],
            b"{\"errcode\":47003,\"errmsg\":\"\x95\x5c\"}",
            b"{\"errcode\":47003,\"errmsg\":\"argument inval",
            b"{\"errcode\":\"47003\",\"errmsg\":null}",
            b"\xef\xbb\xbf {\"errcode\" : 47003}",
            b"{\"errmsg\":\"a\x01b\",\"errcode\":47003}trailing",
            b"{\"errmsg\":\"\x95\x5c\",\"errcode\":47003}",
            b"{\"msgid\":1,\"errcode\":40001,\"errcode\":47003}",
        ] {
            assert_eq!(outcome(json).errcode, Some(47003), "{}", String::from_utf8_lossy(json));
        }
        assert_eq!(outcome(b"{\"errcode\":-1,\"errmsg\":\"a\x01b\"}").errmsg, "a b");
        for json in
            [&b"<html>"[..], b"", b"{}", b"[{\"errcode\":1}]", b"{\"nickname\":\"\\\"errcode\\\":40001\""]
        {
            assert_eq!(outcome(json), Outcome::default(), "{}", String::from_utf8_lossy(json));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            outcome(&body);
            let _ = parse::<Row>(&body);
        }

        #[test]
        fn no_nickname_is_too_odd(nickname in "(\\\\u[dD][0-9a-fA-F]{3}|\\\\\\\\|[^\\\\\"])*") {
            let json = format!("{{\"openid\":\"o\",\"nickname\":\"{nickname}\"}}");
            prop_assert_eq!(row(json.as_bytes()).openid, "o");
        }
    }
}
