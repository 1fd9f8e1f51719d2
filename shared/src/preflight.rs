//! Preflight: what WeChat would refuse, by the templates that the accounts have. It knows no table: it is handed what was
//! listed.

use std::collections::{BTreeMap, HashSet};

use contract::{Channel, Lang, Misfit, TemplateProblem};

use crate::catalog::{Card, Catalog, Notification};
use crate::wechat::templates::Template;

/// The templates of both accounts. Of an account whose templates were never listed nothing is known, and nothing is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lists<'a> {
    /// The Official Account's.
    pub oa: Option<&'a [Template]>,
    /// The mini-program's.
    pub mini: Option<&'a [Template]>,
}

impl<'a> Lists<'a> {
    /// Those of the account that sends by this channel.
    pub fn of(&self, channel: Channel) -> Option<&'a [Template]> {
        match channel {
            Channel::Template => self.oa,
            Channel::Subscribe => self.mini,
        }
    }

    /// A template of that account.
    pub fn find(&self, channel: Channel, template_id: &str) -> Option<&'a Template> {
        self.of(channel)?.iter().find(|template| template.id == template_id)
    }
}

/// So many of a field's approved values are told.
const VALUES_SHOWN: usize = 20;

/// Everything in a catalog that the accounts' templates do not bear, by the names of its entries, with what to do.
pub fn preflight(lang: Lang, catalog: &Catalog, lists: Lists<'_>) -> Vec<TemplateProblem> {
    let entries = catalog.entries().into_iter();
    entries.flat_map(|(name, notification)| told_of(lang, (name, notification), lists)).collect()
}

/// Everything in one entry.
pub fn preflight_entry(name: &str, notification: &Notification, lists: Lists<'_>) -> Vec<TemplateProblem> {
    told_of(Lang::En, (name, notification), lists)
}

fn told_of(
    lang: Lang,
    (name, notification): (&str, &Notification),
    lists: Lists<'_>,
) -> Vec<TemplateProblem> {
    let mut told = Vec::new();
    for (channel, card) in notification.cards() {
        let Some(templates) = lists.of(channel) else { continue };
        let found = problems(lang, channel, &card, templates).into_iter();
        told.extend(found.map(|found| problem(name, channel, found)));
    }
    told
}

/// A field, where it is about one; what is wrong; what to do.
type Found = (Option<String>, Misfit, String);

fn problems(lang: Lang, channel: Channel, card: &Card<'_>, templates: &[Template]) -> Vec<Found> {
    let Some(template) = templates.iter().find(|template| template.id == card.template_id) else {
        return vec![(None, Misfit::UnknownTemplate, add_or_name_another(lang, channel))];
    };
    // WeChat's text of it says nothing: then nobody knows which fields it has.
    if template.lines.is_empty() {
        return Vec::new();
    }
    let own: Vec<_> = template.lines.iter().map(|line| line.field.as_str()).collect();
    let filled: HashSet<_> = card.fields.keys().map(String::as_str).collect();
    let unknown = card.fields.keys().filter(|field| !own.contains(&field.as_str()));
    let unknown = unknown.map(|field| (Some(field.clone()), Misfit::UnknownField, name_one_of(lang, &own)));
    let empty = template.lines.iter().filter(|line| !filled.contains(line.field.as_str()));
    let empty = empty
        .map(|line| (Some(line.field.clone()), Misfit::EmptyField, fill(lang, &line.field, &line.label)));
    let constants = card.constants().filter_map(|(field, text)| not_approved(lang, template, field, text));
    unknown.chain(empty).chain(constants).collect()
}

/// What WeChat would refuse of one filled card of this entry, beside what [`preflight_entry`] tells of all: values that
/// are none of those approved for their field.
pub fn preflight_card(
    (name, notification): (&str, &Notification),
    channel: Channel,
    data: &BTreeMap<String, String>,
    lists: Lists<'_>,
) -> Vec<TemplateProblem> {
    let Some((_, card)) = notification.cards().find(|(of, _)| *of == channel) else { return Vec::new() };
    let Some(template) = lists.find(channel, card.template_id) else { return Vec::new() };
    let told: HashSet<_> = card.constants().map(|(field, _)| field).collect();
    // Empty is what was left empty on purpose.
    let filled = data.iter().filter(|(field, value)| !told.contains(field.as_str()) && !value.is_empty());
    let found = filled.filter_map(|(field, value)| not_approved(Lang::En, template, field, value));
    found.map(|found| problem(name, channel, found)).collect()
}

fn problem(name: &str, channel: Channel, (field, reason, remedy): Found) -> TemplateProblem {
    TemplateProblem { notification: name.to_owned(), channel, field, reason, remedy }
}

fn not_approved(lang: Lang, template: &Template, field: &str, value: &str) -> Option<Found> {
    let approved = template.lines.iter().find(|line| line.field == field).map(|line| &line.values)?;
    if approved.is_empty() || approved.iter().any(|one| one == value) {
        return None;
    }
    let (shown, more) = approved.split_at(approved.len().min(VALUES_SHOWN));
    let (shown, more) = (shown.join(lang.pick(", ", "、")), more.len());
    let remedy = match (lang, more) {
        (Lang::En, 0) => format!("Name one of the values approved for {field}: {shown}."),
        (Lang::En, more) => format!("Name one of the values approved for {field}: {shown}, and {more} more."),
        (Lang::Zh, 0) => format!("{field} 要换成审核通过的值之一：{shown}。"),
        (Lang::Zh, more) => format!("{field} 要换成审核通过的值之一：{shown}，另有 {more} 个。"),
    };
    Some((Some(field.to_owned()), Misfit::NotApproved, remedy))
}

fn add_or_name_another(lang: Lang, channel: Channel) -> String {
    let account = match channel {
        Channel::Template => lang.pick("The Official Account", "公众号"),
        Channel::Subscribe => lang.pick("The mini-program", "小程序"),
    };
    match lang {
        Lang::En => format!(
            "{account} has no template of this id: add it in WeChat's console and put the id that it gets there into the catalog; changing the service category deletes templates."
        ),
        Lang::Zh => format!(
            "{account}没有这个 ID 的模板：到微信后台添加，把得到的模板 ID 写进通知目录；更换服务类目会删除模板。"
        ),
    }
}

fn name_one_of(lang: Lang, own: &[&str]) -> String {
    let own = own.join(lang.pick(", ", "、"));
    match lang {
        Lang::En => format!(
            "Take it out, or name a field of the template instead: {own}. WeChat does not show others."
        ),
        Lang::Zh => format!("去掉它，或换成模板里有的字段：{own}。别的字段微信不显示。"),
    }
}

fn fill(lang: Lang, field: &str, label: &str) -> String {
    match (lang, label.is_empty()) {
        (Lang::En, true) => {
            format!("Fill the template's field {field}: WeChat refuses a message that leaves one empty.")
        }
        (Lang::En, false) => {
            format!(
                "Fill the template's field {field} ({label}): WeChat refuses a message that leaves one empty."
            )
        }
        (Lang::Zh, true) => format!("填上模板的字段 {field}：有字段空着，微信就不收这条消息。"),
        (Lang::Zh, false) => format!("填上模板的字段 {field}（{label}）：有字段空着，微信就不收这条消息。"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field, with the values that are approved for it, where some are.
    type Field = (&'static str, &'static [&'static str]);

    /// `oa` or `mini`; a template; its fields.
    const TEMPLATES: &[(&str, &str, &[Field])] = &[
        ("oa", "plain", &[("thing1", &[]), ("time2", &[])]),
        ("oa", "one", &[("character_string1", &[])]),
        ("oa", "const", &[("const1", &[]), ("thing2", &[])]),
        ("oa", "told", &[("const1", &["报修", "投诉"])]),
        ("oa", "old", &[("first", &[]), ("keyword1", &[]), ("remark", &[])]),
        ("oa", "unread", &[]),
        ("oa", "twice", &[("thing1", &[]), ("thing1", &[])]),
        ("mini", "plain", &[("thing7", &[])]),
        ("mini", "enum", &[("enum_string4", &["快递", "自提"]), ("thing2", &[])]),
        ("mini", "two", &[("enum1", &["a", "b"]), ("enum2", &["c"])]),
        ("mini", "alone", &[("phrase3", &[])]),
    ];

    fn templates(account: &str) -> Vec<Template> {
        let own = TEMPLATES.iter().filter(|(of, ..)| *of == account);
        let template = |(_, id, fields): &(&str, &str, &[Field])| {
            let line = |(field, values): &Field| serde_json::json!({ "label": format!("L-{field}"), "field": field, "values": values });
            let json = serde_json::json!({ "id": id, "title": id, "lines": fields.iter().map(line).collect::<Vec<_>>() });
            serde_json::from_value(json).expect("a template")
        };
        own.map(template).collect()
    }

    /// What the entry `e` is told, as `reason channel field`.
    fn told(entry: &str, lists: Lists<'_>) -> Vec<String> {
        let catalog =
            Catalog::parse(&format!("[e]\n{entry}")).unwrap_or_else(|error| panic!("{entry}: {error}"));
        let problems = preflight(Lang::En, &catalog, lists).into_iter();
        let told = problems.map(|one| {
            assert!(one.notification == "e" && one.remedy.ends_with('.'), "{one:?}");
            format!("{} {} {}", one.reason, one.channel, one.field.unwrap_or_default()).trim_end().to_owned()
        });
        told.collect()
    }

    /// An entry's template and fields; behind `|`, its fallback's; and what is told of it.
    const VERDICTS: &[(&str, &[&str])] = &[
        // Whether there is such a template, on the list of its own account.
        ("plain thing1={a} time2={b}", &[]),
        ("gone thing1={a}", &["unknown_template template"]),
        ("enum enum_string4={a} thing2={b}", &["unknown_template template"]),
        ("Plain thing1={a} time2={b}", &["unknown_template template"]),
        ("plain thing1={a} time2={b} | gone thing1={a}", &["unknown_template subscribe"]),
        ("plain thing1={a} time2={b} | one character_string1={a}", &["unknown_template subscribe"]),
        ("gone thing1={a} | gone thing1={a}", &["unknown_template template", "unknown_template subscribe"]),
        ("gone thing1={a} | plain thing7={a}", &["unknown_template template"]),
        // A field that the template does not have.
        ("plain thing1={a} time2={b} thing3={c}", &["unknown_field template thing3"]),
        ("plain thing1={a} time2={b} thing3=x", &["unknown_field template thing3"]),
        (
            "plain thing1={a} time2={b} remark={c} first={d}",
            &["unknown_field template first", "unknown_field template remark"],
        ),
        ("one character_string1={a} character_string2={b}", &["unknown_field template character_string2"]),
        ("plain thing1={a} time2={b} | plain thing7={a} thing8={b}", &["unknown_field subscribe thing8"]),
        ("old first={a} keyword1={b} remark={c}", &[]),
        ("old first={a} keyword1={b} remark={c} keyword2={d}", &["unknown_field template keyword2"]),
        // The number is another in every account's copy.
        (
            "plain thing2={a} time1={b}",
            &[
                "unknown_field template thing2",
                "unknown_field template time1",
                "empty_field template thing1",
                "empty_field template time2",
            ],
        ),
        (
            "one character_string01={a}",
            &["unknown_field template character_string01", "empty_field template character_string1"],
        ),
        // A field that is left empty.
        ("plain thing1={a}", &["empty_field template time2"]),
        ("plain time2={a}", &["empty_field template thing1"]),
        ("old keyword1={a}", &["empty_field template first", "empty_field template remark"]),
        ("const thing2={a}", &["empty_field template const1"]),
        ("const const1=报修", &["empty_field template thing2"]),
        ("plain thing1={a} time2={b} | enum thing2={a}", &["empty_field subscribe enum_string4"]),
        ("plain thing1={a} time2={b} | two enum1=a", &["empty_field subscribe enum2"]),
        ("twice thing1={a}", &[]),
        // Constant texts of fields with approved values.
        ("plain thing1={a} time2={b} | enum enum_string4=快递 thing2={a}", &[]),
        ("plain thing1={a} time2={b} | enum enum_string4=自提 thing2=x", &[]),
        (
            "plain thing1={a} time2={b} | enum enum_string4=同城配送 thing2={a}",
            &["not_approved subscribe enum_string4"],
        ),
        (
            "plain thing1={a} time2={b} | enum enum_string4=快 thing2={a}",
            &["not_approved subscribe enum_string4"],
        ),
        ("plain thing1={a} time2={b} | two enum1=a enum2=c", &[]),
        (
            "plain thing1={a} time2={b} | two enum1=c enum2=a",
            &["not_approved subscribe enum1", "not_approved subscribe enum2"],
        ),
        ("plain thing1={a} time2={b} | two enum1=A enum2=c", &["not_approved subscribe enum1"]),
        ("plain thing1={a} time2={b} | two enum1=b", &["empty_field subscribe enum2"]),
        // What data fills is not known before there is some.
        ("plain thing1={a} time2={b} | enum enum_string4={a} thing2={b}", &[]),
        ("plain thing1={a} time2={b} | two enum1=a{b} enum2=c", &[]),
        // Where WeChat tells no values, any may be approved; where it does for a const, those are.
        ("const const1=报修 thing2={a}", &[]),
        ("const const1= thing2={a}", &[]),
        ("told const1=报修", &[]),
        ("told const1=咨询", &["not_approved template const1"]),
        ("told const1=", &[]),
        ("told const1={a}", &[]),
        ("plain thing1={a} time2={b} | alone phrase3=待审批", &[]),
        // A template of which no line could be read.
        ("unread thing1={a}", &[]),
        ("unread whatever9=x", &[]),
        // Everything at once.
        (
            "plain thing1={a} thing9={b} | enum enum_string4=x thing7={a}",
            &[
                "unknown_field template thing9",
                "empty_field template time2",
                "unknown_field subscribe thing7",
                "empty_field subscribe thing2",
                "not_approved subscribe enum_string4",
            ],
        ),
    ];

    /// As it would stand in the file.
    fn entry(row: &str) -> String {
        let card = |(key, text): (&str, &str)| {
            let mut words = text.split_whitespace();
            let template = words.next().unwrap_or_default();
            let fields = words.map(|word| {
                let (field, text) = word.split_once('=').expect(word);
                format!("{key}fields.{field} = \"{text}\"\n")
            });
            format!("{key}template_id = \"{template}\"\n{}", fields.collect::<String>())
        };
        let cards: Vec<_> = row.split('|').collect();
        ["", "fallback."].into_iter().zip(cards).map(card).collect()
    }

    #[test]
    fn every_entry_is_told_what_the_templates_do_not_bear() {
        let (oa, mini) = (templates("oa"), templates("mini"));
        let lists = Lists { oa: Some(&oa), mini: Some(&mini) };
        let mut wrong = Vec::new();
        for (row, expected) in VERDICTS {
            let told = told(&entry(row), lists);
            if told != *expected {
                wrong.push(format!("{row}: {told:?}, and not {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
        assert!(VERDICTS.len() >= 40, "{}", VERDICTS.len());
    }

    #[test]
    fn of_a_list_that_was_never_fetched_nothing_is_said() {
        let (oa, mini) = (templates("oa"), templates("mini"));
        let gone = entry("gone thing1={a} | gone thing1={a}");
        let [template, subscribe] = ["unknown_template template", "unknown_template subscribe"];
        let told = |oa, mini| told(&gone, Lists { oa, mini });
        assert_eq!(told(None, None), Vec::<String>::new());
        assert_eq!(told(Some(&oa[..]), None), [template]);
        assert_eq!(told(None, Some(&mini[..])), [subscribe]);
        assert_eq!(told(Some(&[]), Some(&[])), [template, subscribe], "an account that has none");
    }

    #[test]
    fn remedies_name_what_would_do() {
        let (oa, mini) = (templates("oa"), templates("mini"));
        let row = entry("plain thing1={a} thing9={b} | enum enum_string4=x thing2={a}");
        let catalog = Catalog::parse(&format!("[e]\n{row}")).expect("a catalog");
        let remedies = preflight(Lang::En, &catalog, Lists { oa: Some(&oa), mini: Some(&mini) }).into_iter();
        let remedies: Vec<_> = remedies.map(|one| one.remedy).collect();
        assert!(remedies[0].contains(": thing1, time2."), "{}", remedies[0]);
        assert!(remedies[1].contains("time2 (L-time2)"), "{}", remedies[1]);
        assert!(remedies[2].contains(": 快递, 自提."), "{}", remedies[2]);
    }
}
