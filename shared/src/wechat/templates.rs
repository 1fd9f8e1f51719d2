//! `template/get_all_private_template` and `newtmpl/gettemplate`: the templates that an account has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ApiRequest, reader};

/// A template that an account has added for itself; as such it is kept, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its title, in WeChat's words.
    #[serde(default)]
    pub title: String,
    /// What its card shows, line by line; none where WeChat's text of it could not be read.
    #[serde(default)]
    pub lines: Vec<Line>,
}

/// A line of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What stands before the value; may be empty.
    pub label: String,
    /// The field that the value fills.
    pub field: String,
    /// The values that are approved for it, where WeChat tells them: those of a mini-program's enums.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// All templates of an account.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Listed")]
pub struct Templates(pub Vec<Template>);

/// The Official Account's; there are 25 at most, and no pages.
pub fn of_official_account() -> ApiRequest<Templates> {
    ApiRequest::get("/cgi-bin/template/get_all_private_template").repeatable()
}

/// The mini-program's.
pub fn of_mini_program() -> ApiRequest<Templates> {
    ApiRequest::get("/wxaapi/newtmpl/gettemplate").repeatable()
}

#[derive(Deserialize)]
struct Listed {
    #[serde(alias = "data")]
    template_list: Vec<ListedTemplate>,
}

#[derive(Deserialize)]
struct ListedTemplate {
    #[serde(alias = "priTmplId", deserialize_with = "reader::required")]
    template_id: String,
    #[serde(default, deserialize_with = "reader::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "reader::text")]
    content: Option<String>,
    #[serde(default, rename = "keywordEnumValueList")]
    enums: Value,
}

/// A list of which something could not be read would lack it: it is none.
impl TryFrom<Listed> for Templates {
    type Error = &'static str;

    fn try_from(Listed { template_list }: Listed) -> Result<Self, Self::Error> {
        let template = |listed: ListedTemplate| {
            let (content, enums) = (listed.content.unwrap_or_default(), enums(&listed.enums));
            let lines = lines(&content).into_iter().map(|line| {
                let values = enums.get(&line.field).cloned().unwrap_or_default();
                Line { values, ..line }
            });
            Template {
                id: listed.template_id,
                title: listed.title.unwrap_or_default(),
                lines: lines.collect(),
            }
        };
        let is_an_id = |id: &str| id.len() <= LONGEST_ID;
        if !template_list.iter().all(|listed| is_an_id(&listed.template_id)) {
            return Err("an id is none");
        }
        Ok(Self(template_list.into_iter().map(template).collect()))
    }
}

/// WeChat's have 43 characters.
const LONGEST_ID: usize = 128;

/// The fields of a content such as `申请人:{{thing1.DATA}}\n…`, each with what stands before it in its line.
fn lines(content: &str) -> Vec<Line> {
    let (mut lines, mut from, mut at) = (Vec::new(), 0, 0);
    while let Some(found) = content[at..].find('{') {
        let begins = at + found;
        let Some((field, rest)) = placeholder(&content[begins..]) else {
            at = begins + 1;
            continue;
        };
        let before = content[from..begins].rsplit('\n').next().unwrap_or_default().trim();
        let label = before.trim_end_matches([':', '：']).trim_end();
        lines.push(Line { label: label.to_owned(), field: field.to_owned(), values: Vec::new() });
        at = content.len() - rest.len();
        from = at;
    }
    lines
}

/// The field of a `{{thing1.DATA}}` at the beginning, which may have blanks anywhere, and what follows.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{')?.trim_start().strip_prefix('{')?;
    let (field, rest) = inner.split_once('.')?;
    let rest = rest.trim_start().strip_prefix("DATA")?;
    let rest = rest.trim_start().strip_prefix('}')?.trim_start().strip_prefix('}')?;
    let field = field.trim();
    let is_a_field =
        !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_a_field.then_some((field, rest))
}

/// `[{"keywordCode": "enum_string4.DATA", "enumValueList": ["快递", …]}, …]`; what is not so, is not told.
fn enums(listed: &Value) -> BTreeMap<String, Vec<String>> {
    let one = |listed: &Value| {
        let code = listed["keywordCode"].as_str()?.trim();
        let field = code.split('.').next().unwrap_or(code).trim_matches(['{', ' ']);
        let values = listed["enumValueList"].as_array()?.iter();
        let values = values.map(|value| value.as_str().map(|value| value.trim().to_owned()));
        // Where one cannot be read, nobody knows which others there are.
        let values = values.collect::<Option<Vec<_>>>()?;
        (!field.is_empty() && !values.is_empty()).then(|| (field.to_owned(), values))
    };
    listed.as_array().into_iter().flatten().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Vec<Template>> {
        reader::parse::<Templates>(json.as_bytes()).ok().map(|read| read.0)
    }

    fn told(content: &str) -> Vec<(String, String)> {
        lines(content).into_iter().map(|line| (line.label, line.field)).collect()
    }

    #[test]
    fn the_lines_of_a_content_are_read_in_order_with_their_labels() {
        for (content, expected) in [
            (
                "申请人:{{thing1.DATA}}\n单号:{{character_string5.DATA}}",
                &[("申请人", "thing1"), ("单号", "character_string5")][..],
            ),
            // A full-width colon, blanks in the label and the braces: as WeChat's pages show them.
            ("领奖  时间： { {withdrawTime.DATA} }\n", &[("领奖  时间", "withdrawTime")]),
            ("{{ first . DATA }}\r\n金额 :{{amount2.DATA}}", &[("", "first"), ("金额", "amount2")]),
            // Line breaks that came as raw control characters are blanks by now.
            ("类型:{{const3.DATA}} 名称:{{thing1.DATA}}", &[("类型", "const3"), ("名称", "thing1")]),
            ("恭喜您\n{{result.DATA}}\n\n备注{{remark.DATA}}", &[("", "result"), ("备注", "remark")]),
            ("比分 1:2:{{thing1.DATA}}", &[("比分 1:2", "thing1")]),
            ("{{thing1}} {x} {{.DATA}} {{中文.DATA}} {{thing9.DATA", &[]),
            ("{{{thing1.DATA}}}", &[("{", "thing1")]),
            ("", &[]),
        ] {
            let expected: Vec<_> =
                expected.iter().map(|(label, field)| ((*label).to_owned(), (*field).to_owned())).collect();
            assert_eq!(told(content), expected, "{content}");
        }
    }

    /// The example of WeChat's page, and one with what the mini-program's list has besides.
    #[test]
    fn both_lists_are_read_and_what_is_missing_in_a_template_is_none() {
        let oa = read(
            r#"{"template_list":[{"template_id":"iPk5sOIt5X","title":"领取奖金提醒","primary_industry":"IT科技","deputy_industry":"互联网|电子商务","content":"{ {result.DATA} }\n\n领奖金额:{ {withdrawMoney.DATA} }","example":"x"}]}"#,
        );
        let oa = oa.expect("a list");
        assert_eq!(
            (oa[0].id.as_str(), oa[0].title.as_str(), oa[0].lines.len()),
            ("iPk5sOIt5X", "领取奖金提醒", 2)
        );
        let mini = read(
            r#"{"errcode":0,"errmsg":"ok","data":[{"priTmplId":"t1","title":null,"type":2,"content":"配送:{{enum_string4.DATA}}\n甲:{{enum5.DATA}}\n乙:{{enum6.DATA}}",
                "keywordEnumValueList":[{"enumValueList":["快递","自提"],"keywordCode":"enum_string4.DATA"},
                    {"enumValueList":["a",1],"keywordCode":"enum5.DATA"},{"keywordCode":"enum6.DATA"},7]},
                {"priTmplId":"t2"}]}"#,
        );
        let mini = mini.expect("a list");
        let line = &mini[0].lines[0];
        assert_eq!((line.label.as_str(), line.field.as_str()), ("配送", "enum_string4"));
        assert_eq!(line.values, ["快递", "自提"]);
        assert!(mini[0].lines[1..].iter().all(|line| line.values.is_empty()), "{mini:?}");
        assert_eq!(mini[1], Template { id: "t2".to_owned(), ..Template::default() });
        assert_eq!(read(r#"{"template_list":[]}"#), Some(Vec::new()));
    }

    #[test]
    fn a_list_of_which_something_is_missing_is_none() {
        for json in [
            "{}",
            r#"{"errcode":0}"#,
            r#"{"errcode":0,"data":null}"#,
            r#"{"template_list":[{"title":"a"}]}"#,
            r#"{"template_list":[{"template_id":"t"},{"template_id":" "}]}"#,
            r#"{"template_list":[7]}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        let long = "x".repeat(LONGEST_ID + 1);
        assert_eq!(read(&format!(r#"{{"data":[{{"priTmplId":"{long}"}}]}}"#)), None);
    }
}
