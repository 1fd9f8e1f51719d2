//! `queqiao catalog pull`: an entry for a template that one of the accounts has, to be filled in.

use std::fmt::Write;

use contract::Channel;
use shared::store::TemplateLists;
use shared::wechat::templates::{Line, Template};

use crate::lang::{pick, say};

/// An entry for this template, or the fallback of one; `None` where neither account has it.
pub fn entry(listed: &TemplateLists, template_id: &str, name: Option<&str>) -> Option<String> {
    let lists = listed.known();
    let found = |channel| lists.find(channel, template_id).map(|template| (channel, template));
    let (channel, template) = found(Channel::Template).or_else(|| found(Channel::Subscribe))?;
    let name = key(name.unwrap_or(if template.title.is_empty() { "notification" } else { &template.title }));
    Some(match channel {
        Channel::Template => {
            table(&name, pick("add a `page` for a tap to open", "加上 `page`，即点开的页面"), template)
        }
        Channel::Subscribe => table(
            &format!("{name}.fallback"),
            pick(
                "of the mini-program: it goes beneath the entry that it stands in for; add a `page` for a tap to open",
                "小程序的订阅消息，放在它代替的那一项下面；加上 `page`，即点开的页面",
            ),
            template,
        ),
    })
}

fn table(name: &str, note: &str, template: &Template) -> String {
    let mut table = format!("# {}: {note}\n[{name}]\n", comment(&template.title));
    let mut line = |line: String| writeln!(table, "{line}").expect("a text takes what is written");
    line(format!("template_id = {}\n\n[{name}.fields]", quoted(&template.id)));
    let mut named: Vec<&str> = Vec::new();
    for one in &template.lines {
        if !named.contains(&one.field.as_str()) {
            named.push(&one.field);
            line(field(one));
        }
    }
    table
}

/// The field, filled by data of its own name.
fn field(Line { label, field, values }: &Line) -> String {
    let values = match &values[..] {
        [] if field.starts_with("const") => {
            pick("; one of the values approved for your copy of the template", "；审核通过的枚举值之一")
                .to_owned()
        }
        [] => String::new(),
        values => say!("; one of: {}", "；可以是：{}", comment(&values.join(", "))),
    };
    format!("{field} = \"{{{field}}}\" # {}{values}", comment(label)).trim_end_matches([' ', '#']).to_owned()
}

/// A key that may hold anything.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A string of TOML; JSON's escapes are among its own.
fn quoted(text: &str) -> String {
    serde_json::Value::from(comment(text)).to_string()
}

/// What may stand in one line.
fn comment(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ")
}

#[cfg(test)]
mod tests {
    use shared::catalog::Catalog;
    use shared::store::KnownTemplates;

    use super::*;

    fn line(label: &str, field: &str, values: &[&str]) -> Line {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Line { label: label.to_owned(), field: field.to_owned(), values }
    }

    fn listed(template: Template, is_mini: bool) -> TemplateLists {
        let known = Some(KnownTemplates { fetched_at: 1, templates: vec![template] });
        if is_mini {
            TemplateLists { oa: None, mini: known }
        } else {
            TemplateLists { oa: known, mini: None }
        }
    }

    #[test]
    fn an_entry_says_what_each_field_is_and_is_filled_by_its_name() {
        let lines = vec![line("申请人", "thing1", &[]), line("", "first", &[]), line("类型", "const3", &[])];
        let template = Template { id: "t1".to_owned(), title: "审批 通知".to_owned(), lines };
        let listed = listed(template, false);
        assert_eq!(
            entry(&listed, "t1", None).expect("an entry"),
            "# 审批 通知: add a `page` for a tap to open\n[\"审批 通知\"]\ntemplate_id = \"t1\"\n\n[\"审批 通知\".fields]\n\
             thing1 = \"{thing1}\" # 申请人\nfirst = \"{first}\"\n\
             const3 = \"{const3}\" # 类型; one of the values approved for your copy of the template\n"
        );
        assert!(entry(&listed, "t1", Some("approval")).expect("an entry").contains("\n[approval]\n"));
        assert_eq!(entry(&listed, "t2", None), None);
    }

    #[test]
    fn a_template_of_the_mini_program_is_a_fallback() {
        let lines = vec![line("方式", "enum_string4", &["快递", "自提"])];
        let listed = listed(Template { id: "s1".to_owned(), title: String::new(), lines }, true);
        let fallback = entry(&listed, "s1", Some("order")).expect("a fallback");
        assert!(
            fallback.contains("enum_string4 = \"{enum_string4}\" # 方式; one of: 快递, 自提\n"),
            "{fallback}"
        );
        let whole = format!("[order]\ntemplate_id = \"t\"\nfields.thing1 = \"{{a}}\"\n{fallback}");
        let catalog = Catalog::parse(&whole).expect("a catalog");
        assert_eq!(catalog.fallback_templates().collect::<Vec<_>>(), ["s1"]);
    }

    /// What WeChat tells is text, and stays so.
    #[test]
    fn nothing_in_a_title_or_a_label_is_read_as_toml() {
        let hostile = "a\"]\n[b]\\\r\u{7f}x = \"";
        let lines = vec![line(hostile, "thing1", &[hostile]), line(hostile, "thing1", &[])];
        let template = Template { id: hostile.to_owned(), title: hostile.to_owned(), lines };
        let text = entry(&listed(template, false), hostile, None).expect("an entry");
        let catalog = Catalog::parse(&text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(catalog.count(), 1, "{text}");
    }
}
