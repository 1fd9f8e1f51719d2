//! What a callback says, in XML or in JSON, as far as it can be read. What a user wrote stands in `Content` as it is,
//! markup included; whatever says who sent it and what it is stands before that.

mod json;
mod xml;

use std::collections::BTreeMap;

/// What an event tells of several things stands in, once for each of them.
const LIST: &str = "List";

/// Fields by their names, each by its first appearance: a later one may be a user's.
#[derive(Debug, Default)]
pub struct Fields(BTreeMap<String, String>);

/// A message: the fields right under its root, and those of each `List`.
#[derive(Debug, Default)]
pub struct Message {
    /// Those right under the root.
    pub fields: Fields,
    /// Those of each `List` there, or in what an event wraps it in.
    pub lists: Vec<Fields>,
}

impl Message {
    /// Reads a message until its end, or until where it is no XML or JSON any more.
    pub fn read(text: &str) -> Self {
        if is_json(text) { json::message(text) } else { xml::message(text) }
    }
}

impl Fields {
    fn put(&mut self, name: String, text: &str) {
        self.0.entry(name).or_insert_with(|| text.trim().to_owned());
    }

    /// A field's text without the blanks around it; `None` when it is not there, or blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A field that is a number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }
}

/// What stands in the last and in the first `Encrypt` of a body, one of which is WeChat's: in compatible mode a user's
/// text, where no parser finds its way, stands beside it.
pub fn encrypts(body: &str) -> impl Iterator<Item = String> {
    let (mark, sealed): (_, fn(&str) -> Option<String>) =
        if is_json(body) { (json::ENCRYPT, json::sealed) } else { (xml::ENCRYPT, xml::sealed) };
    let (first, last) = (body.split_once(mark), body.rsplit_once(mark));
    last.into_iter().chain(first).filter_map(move |(_, rest)| sealed(rest))
}

/// JSON begins with a brace, which XML cannot.
fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "<xml><ToUserName><![CDATA[gh]]></ToUserName><FromUserName><![CDATA[o]]></FromUserName><CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>";

    #[test]
    fn a_users_text_hides_nothing_and_claims_nothing() {
        for content in [
            "<xml><a><![CDATA[gh]]></a><status><![CDATA[1]]></status></xml>",
            "a]]></b>",
            "]]>a & b < c",
            "]]></Content><FromUserName>other</FromUserName><MsgType>event</MsgType><Content><![CDATA[",
            "]]></Content></xml><xml><MsgType>event</MsgType><Content>",
            "\u{0}\u{fffd}&#xFFFFFFFF;",
        ] {
            let fields =
                Message::read(&format!("{HEAD}<Content><![CDATA[{content}]]></Content></xml>")).fields;
            assert_eq!(fields.text("FromUserName"), Some("o"), "{content}");
            assert_eq!(fields.text("MsgType"), Some("text"), "{content}");
        }
    }

    #[test]
    fn fields_may_be_nested_blank_doubled_or_foreign() {
        let Message { fields, .. } = Message::read(
            "\u{feff}<?xml version=\"1.0\"?><xml><A> 1 </A><A>2</A><B/><C></C><D><A>3</A><E>4</E></D><F>a&amp;&#x9e4a;<![CDATA[b]]></F></xml>",
        );
        assert_eq!((fields.number("A"), fields.text("F")), (Some(1), Some("a&鹊b")));
        assert_eq!([fields.text("B"), fields.text("C"), fields.text("E")], [None; 3]);
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = r#"<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><A>&b;</A></xml>"#;
        assert_eq!(Message::read(bomb).fields.text("A"), None);
    }

    #[test]
    fn blanks_around_encrypt_are_not_its() {
        for body in [
            "<xml><Encrypt><![CDATA[c2Vh]]></Encrypt></xml>",
            "<xml><Encrypt>\n  <![CDATA[ c2Vh\n]]>\n </Encrypt></xml>",
            "<xml>\n <Encrypt>\n  c2Vh\n </Encrypt>\n</xml>",
            "<xml><Content><![CDATA[<Encrypt>x</Encrypt>]]></b></Content><Encrypt>c2Vh</Encrypt></xml>",
            "<xml><Encrypt>c2Vh</Encrypt><Content><![CDATA[<Encrypt>x</Encrypt>]]></b></Content></xml>",
        ] {
            assert!(encrypts(body).any(|encrypt| encrypt == "c2Vh"), "{body}");
        }
        assert_eq!(encrypts("<xml><Encrypt>c2Vh").next(), None);
    }

    #[test]
    fn json_is_read_as_xml_is() {
        let message = Message::read(
            "\u{feff} {\"A\": \" 1 \", \"A\": 2, \"B\": \"\", \"C\": null, \"D\": 9007199254740993, \"F\": \"a&\\u9e4a\", \"List\": {\"A\": 3}, \"Own\": {\"A\": 4, \"List\": [{\"A\": 5}, 6, {\"A\": \"7\"}]}}",
        );
        let Message { fields, lists } = message;
        assert_eq!((fields.number("A"), fields.text("F")), (Some(1), Some("a&鹊")));
        assert_eq!(
            (fields.number("D"), fields.text("B"), fields.text("C")),
            (Some(9_007_199_254_740_993), None, None)
        );
        assert_eq!(
            lists.iter().map(|list| list.number("A")).collect::<Vec<_>>(),
            [Some(3), Some(5), Some(7)]
        );
    }

    /// Whatever stands in a text that nobody has escaped, or after where it breaks off.
    #[test]
    fn a_users_text_in_json_hides_nothing_and_claims_nothing() {
        for content in [
            "a\", \"FromUserName\": \"other\", \"MsgType\": \"event\", \"b\": \"",
            "\"\"",
            "a\n",
            "\\ud800",
            "",
        ] {
            let head = r#"{"FromUserName": "o", "MsgType": "text""#;
            let fields = Message::read(&format!("{head}, \"Content\": \"{content}\"}}")).fields;
            assert_eq!(
                (fields.text("FromUserName"), fields.text("MsgType")),
                (Some("o"), Some("text")),
                "{content}"
            );
        }
        assert_eq!(Message::read(r#"{"A": 1, "List": [{"A": 2}"#).fields.number("A"), Some(1));
        assert!(Message::read("{").lists.is_empty());
    }

    #[test]
    fn the_ciphertext_in_json_is_found_whatever_stands_beside_it() {
        for body in [
            r#"{"ToUserName":"gh","Encrypt":"c2Vh/w=="}"#,
            "\u{feff}\n{ \"Encrypt\" :\n \"c2Vh\\/w== \" }",
            r#"{"Content":"a "b" "Encrypt": "x"","Encrypt":"c2Vh/w=="}"#,
            r#"{"Encrypt":"c2Vh/w==","Content":"a "b" "Encrypt": "x""}"#,
        ] {
            assert!(encrypts(body).any(|encrypt| encrypt == "c2Vh/w=="), "{body}");
        }
        for body in [r#"{"Encrypt":"c2Vh"#, r#"{"Encrypt"}"#, r#"{"Encrypt":["c2Vh"]}"#] {
            assert_eq!(encrypts(body).next(), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<|>|/|!|\\{|\"|:|\\[|List|\\[CDATA\\[|\\]\\]>|&|;|Encrypt|a|.){0,60}") {
            Message::read(&text);
            encrypts(&text).for_each(drop);
        }
    }
}
