//! The page: who may call, every route with its fields, answers and an example, and the words that fields take.

use std::fmt::Write;

use contract::Lang;
use contract::openapi;
use contract::routes::{Answer, Body, BodyKind, Parameter, Place, ROUTES, Route, Who};
use serde_json::Value;

use crate::example::laid_out;
use crate::fields::{Field, Needed, fields};
use crate::headings::{Headings, headings};
use crate::kinds::{kind, limits};
use crate::words::told;

/// Types whose words have a table of their own, behind the routes.
const TABLES: [&str; 7] =
    ["MessageState", "Channel", "SyncState", "ForgettingState", "CheckState", "Misfit", "Format"];

/// All of it.
pub fn page(lang: Lang) -> String {
    let document = openapi::document();
    let words = headings(lang);
    let mut page = words.top.to_owned();
    let _ = writeln!(page, "\n| {} |\n|---|---|---|", words.routes);
    for route in ROUTES {
        let title = title(route);
        let _ = writeln!(
            page,
            "| [{title}](#{}) | {} | {} |",
            slug(&title),
            who(route.who, lang),
            summary(route, lang)
        );
    }
    let _ = write!(page, "\n{}", words.callers);
    for route in ROUTES {
        section(&mut page, route, &document, words);
    }
    let _ = write!(page, "\n{}", words.types);
    for of in TABLES {
        let _ = writeln!(
            page,
            "\n### {of}\n\n{}\n\n| {} |\n|---|---|",
            described(of, &document, lang),
            words.word
        );
        for word in document["components"]["schemas"][of]["oneOf"].as_array().expect("words") {
            let _ =
                writeln!(page, "| `{}` | {} |", text(&word["const"]), told(text(&word["description"]), lang));
        }
    }
    let recipient = &document["components"]["schemas"]["Recipient"];
    let _ = writeln!(page, "\n### Recipient\n\n{}\n", described("Recipient", &document, lang));
    table(&mut page, recipient, &document, words, words.request);
    page
}

fn section(page: &mut String, route: &Route, document: &Value, words: &Headings) {
    let lang = words.lang;
    let _ = writeln!(
        page,
        "\n## {}\n\n{}\n\n{}{}",
        title(route),
        summary(route, lang),
        words.who,
        who(route.who, lang)
    );
    if !route.parameters.is_empty() {
        let _ = writeln!(page, "\n| {} |\n|---|---|---|---|---|---|", words.parameters);
        route.parameters.iter().for_each(|one| parameter(page, one, words));
    }
    if let Some(body) = route.request {
        request(page, body, document, words);
    }
    let _ = writeln!(page, "\n### {} {}\n", words.answer, route.status.as_str());
    match route.answer {
        Answer::Json(of) => answer(page, of, document, words),
        Answer::Either { of, status, other } => {
            answer(page, of, document, words);
            let _ = writeln!(page, "\n### {} {}\n", words.answer, status.as_str());
            answer(page, other, document, words);
        }
        Answer::Text(description) => {
            let _ = writeln!(page, "{}{}", words.plain, told(description, lang));
        }
    }
    let _ = writeln!(page, "\n{}\n\n| {} |\n|---|---|", words.problems, words.problem);
    let mut statuses: Vec<_> = route.codes.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let codes = route.codes.iter().filter(|code| code.status() == status);
        let codes: Vec<_> = codes.map(|code| format!("`{code}`")).collect();
        let _ = writeln!(page, "| {} | {} |", status.as_str(), codes.join(", "));
    }
}

fn parameter(page: &mut String, parameter: &Parameter, words: &Headings) {
    let Parameter { name, place, description, required, schema } = parameter;
    let schema: Value = serde_json::from_str(schema).expect("a parameter's schema is JSON");
    let (place, needed) = match place {
        Place::Path => (words.path, words.yes),
        Place::Query => (words.query, if *required { words.yes } else { "" }),
        Place::Header => (words.header, if *required { words.yes } else { "" }),
    };
    let (kind, limits) = (text(&schema["type"]), limits(&schema, words));
    let meaning = told(description, words.lang);
    let _ = writeln!(page, "| `{name}` | {place} | {kind} | {needed} | {limits} | {meaning} |");
}

fn request(page: &mut String, body: Body, document: &Value, words: &Headings) {
    let Headings { lang, gap, .. } = *words;
    let mut size = words.largest.replace("{}", &body.largest.to_string());
    let note = told(body.note, lang);
    if !note.is_empty() {
        size = format!("{size}{gap}{note}");
    }
    let (before, of) = match body.kind {
        BodyKind::Json(of) => ("", Some(of)),
        BodyKind::OptionalJson(of) => (words.optional, Some(of)),
        BodyKind::Xml => (words.xml, None),
        BodyKind::XmlOrJson => (words.xml_or_json, None),
    };
    let what = of.map(|of| format!("{}{gap}", described(of, document, lang))).unwrap_or_default();
    let _ = writeln!(page, "\n### {}\n\n{before}{what}{size}", words.body);
    if let Some(of) = of {
        page.push('\n');
        show(page, of, document, words, words.request);
    }
}

fn answer(page: &mut String, of: &str, document: &Value, words: &Headings) {
    let _ = writeln!(page, "{}\n", described(of, document, words.lang));
    show(page, of, document, words, words.answered);
}

/// The fields of a body, and one to look at.
fn show(page: &mut String, of: &str, document: &Value, words: &Headings, columns: &str) {
    let schema = &document["components"]["schemas"][of];
    table(page, schema, document, words, columns);
    let example = laid_out(&openapi::example(of), schema, document);
    let _ = writeln!(page, "\n```json\n{example}\n```");
}

fn table(page: &mut String, schema: &Value, document: &Value, words: &Headings, columns: &str) {
    let _ = writeln!(page, "| {columns} |\n|{}", "---|".repeat(columns.matches('|').count() + 1));
    let with_limits = columns == words.request;
    for Field { path, schema, needed } in fields(schema, document) {
        let needed = match needed {
            Needed::Yes => words.yes,
            Needed::No => "",
            Needed::OneOf => words.one_of,
        };
        let limits = if with_limits { format!(" {} |", limits(&schema, words)) } else { String::new() };
        let (kind, meaning) =
            (kind(&schema, document, words), told(text(&schema["description"]), words.lang));
        let _ = writeln!(page, "| `{path}` | {kind} | {needed} |{limits} {meaning} |");
    }
}

/// What a type is, in a sentence.
fn described(of: &str, document: &Value, lang: Lang) -> String {
    told(text(&document["components"]["schemas"][of]["description"]), lang)
}

fn title(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

/// As GitHub makes an anchor of a heading.
fn slug(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn summary(route: &Route, lang: Lang) -> &'static str {
    lang.pick(route.summary, route.summary_zh)
}

fn who(who: Who, lang: Lang) -> String {
    match who {
        Who::Anyone => lang.pick("anyone", "任何人").into(),
        Who::Session => lang.pick("a mini-program user", "小程序用户").into(),
        Who::Key(scope) => lang.pick(format!("a service key, `{scope}`"), format!("service key，`{scope}`")),
        Who::SessionOrKey(scope) => lang.pick(
            format!("a mini-program user, or a service key, `{scope}`"),
            format!("小程序用户，或 service key，`{scope}`"),
        ),
        Who::Wechat => lang.pick("WeChat", "微信").into(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
