//! The text of a catalog, read whole: everything that is wrong with it is told, each with its line.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use serde_ignored::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::Notification;

/// So many mistakes are told of an entry: each is found by reading it anew.
const MOST_TOLD: usize = 50;

/// What an entry cannot do without.
const REQUIRED: [&str; 2] = ["template_id", "fields"];

/// Something that is wrong in the text of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, from 1.
    pub line: usize,
    /// In which entry; `None` where it is none's.
    pub entry: Option<String>,
    /// What, with the name of the key or field.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(entry) => write!(formatter, "[{entry}] {}", self.what),
            None => write!(formatter, "{}", self.what),
        }
    }
}

/// All that is wrong in the text of a catalog, in its order; at least one.
#[derive(Debug, thiserror::Error)]
#[error("{}", sentences(.0))]
pub struct Problems(pub Vec<Problem>);

fn sentences(problems: &[Problem]) -> String {
    let told: Vec<_> = problems.iter().map(|problem| format!("line {}: {problem}", problem.line)).collect();
    told.join("\n")
}

/// The entries of a text, and what is wrong with it.
pub fn read(text: &str) -> (HashMap<String, Notification>, Vec<Problem>) {
    let (root, mistakes) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, entry: None, problems: Vec::new() };
    for mistake in &mistakes {
        reader.problem(mistake.span(), mistake.message());
    }
    let mut entries = HashMap::new();
    // Of what is no TOML nobody knows what else it says.
    if mistakes.is_empty() {
        for (name, value) in root.into_inner() {
            let entry = reader.entry(&name, value);
            entries.extend(entry.map(|entry| (name.into_inner().into_owned(), entry)));
        }
    }
    reader.problems.sort_by_key(|problem| problem.line);
    (entries, reader.problems)
}

struct Reader<'a> {
    text: &'a str,
    /// Which one is being read.
    entry: Option<String>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, place: Option<Range<usize>>, what: impl Into<String>) {
        let before = &self.text.as_bytes()[..place.unwrap_or_default().start.min(self.text.len())];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.problems.push(Problem { line, entry: self.entry.clone(), what: what.into() });
    }

    fn entry(
        &mut self,
        name: &Spanned<impl AsRef<str>>,
        value: Spanned<DeValue<'_>>,
    ) -> Option<Notification> {
        self.entry = Some(name.get_ref().as_ref().to_owned());
        let (before, begins) = (self.problems.len(), name.span());
        let DeValue::Table(table) = value.into_inner() else {
            self.problem(Some(begins), "is no entry: it has to be a table");
            return None;
        };
        for key in REQUIRED.into_iter().filter(|key| !table.contains_key(*key)) {
            self.problem(Some(begins.clone()), format!("has no {key}"));
        }
        let mut places = HashMap::new();
        find_places(&table, "", &mut places);
        let (notification, unknown) = self.values(&begins, before, table)?;
        let unknown = unknown.into_iter().map(|key| (format!("{key} is none of an entry's keys"), key));
        // Where all were of the wrong type and were taken out, there are some.
        let has_fields = |key: &str| {
            key.ends_with("fields") && places.keys().any(|place| place.starts_with(&format!("{key}.")))
        };
        let wrong = notification.problems().into_iter().filter(|(key, _)| !has_fields(key));
        for (what, key) in unknown.chain(wrong.map(|(key, what)| (what, key))) {
            self.problem(Some(place(&places, &key).unwrap_or_else(|| begins.clone())), what);
        }
        Some(notification)
    }

    /// Reads the values of an entry, and takes out those of the wrong type one after the other; gives the keys, too,
    /// that an entry does not have.
    fn values(
        &mut self,
        begins: &Range<usize>,
        before: usize,
        mut table: DeTable<'_>,
    ) -> Option<(Notification, Vec<String>)> {
        let mut taken_out: Vec<String> = Vec::new();
        loop {
            let mut unknown = Vec::new();
            let whole = Spanned::new(begins.clone(), DeValue::Table(table.clone()));
            let read = serde_ignored::deserialize(ValueDeserializer::from(whole), |path| {
                unknown.push(name(&path));
            });
            let mistake: toml::de::Error = match read {
                Ok(notification) => return Some((notification, unknown)),
                Err(_) if self.problems.len() >= before + MOST_TOLD => {
                    self.problem(Some(begins.clone()), "has more mistakes than are told");
                    return None;
                }
                Err(mistake) => mistake,
            };
            match mistake.span().and_then(|span| take_out(&mut table, span.start)) {
                Some(key) => {
                    // What was taken out of a table is missing there, and was told.
                    if !taken_out.iter().any(|inner| inner.starts_with(&format!("{key}."))) {
                        self.problem(mistake.span(), format!("{key}: {}", mistake.message()));
                    }
                    taken_out.push(key);
                }
                // That something is missing is said already.
                None if self.problems.len() > before => return None,
                None => {
                    self.problem(Some(begins.clone()), mistake.message());
                    return None;
                }
            }
        }
    }
}

/// The keys that lead there: a path says of each value that may be missing that it is there.
pub fn name(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Map { parent, key } => {
            [&name(parent), key.as_str()].join(".").trim_start_matches('.').to_owned()
        }
        Path::Seq { parent, .. }
        | Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => name(parent),
    }
}

/// Where each key stands: `keep`, `fields`, `fields.thing1`, `fallback.fields.thing1.text`.
fn find_places(table: &DeTable<'_>, prefix: &str, places: &mut HashMap<String, Range<usize>>) {
    for (key, value) in table {
        let name = format!("{prefix}{}", key.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            find_places(inner, &format!("{name}."), places);
        }
        places.insert(name, key.span());
    }
}

/// Where a key stands, or else what it would stand in.
fn place(places: &HashMap<String, Range<usize>>, key: &str) -> Option<Range<usize>> {
    let found = places.get(key).cloned();
    found.or_else(|| place(places, key.rsplit_once('.')?.0))
}

/// Takes out the innermost key whose value is at this place, and gives its name. What is in a table may stand
/// elsewhere than the table, which is where its header is.
fn take_out(table: &mut DeTable<'_>, at: usize) -> Option<String> {
    for (key, value) in table.iter_mut() {
        let DeValue::Table(inner) = value.get_mut() else { continue };
        if let Some(found) = take_out(inner, at) {
            return Some(format!("{}.{found}", key.get_ref()));
        }
    }
    let is_there = |value: &Spanned<DeValue<'_>>| value.span().contains(&at);
    let found = table.iter().find(|(_, value)| is_there(value)).map(|(key, _)| key.clone())?;
    table.remove(&found);
    Some(found.get_ref().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        read(text).1.iter().map(|problem| format!("{}: {problem}", problem.line)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_entry_its_field_and_its_line() {
        let text = "\
            first = 1\n\
            [approval]\n\
            template_id = 5\n\
            page = \"/pages/a\"\n\
            kepe = \"1h\"\n\
            keep = \"soon\"\n\
            allow = \"friends\"\n\
            per_day = -1\n\
            [approval.fields]\n\
            thing1 = 7\n\
            thing2 = \"\"\n\
            time3 = \"{at}\"\n\
            [\"副本\"]\n\
            fields.const1 = \"x\"\n\
            fields.thing2 = \"a text of more than twenty characters\"\n";
        let problems = told(text);
        let expected = [
            "1: [first] is no entry: it has to be a table",
            "3: [approval] template_id: invalid type: integer `5`, expected a string",
            "6: [approval] keep: ",
            "7: [approval] allow: unknown variant `friends`",
            "8: [approval] per_day: ",
            "10: [approval] fields.thing1: ",
            "13: [副本] has no template_id",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem} is not {expected}");
        }
        // With the types right, the values are looked at.
        let text = text
            .replace("first = 1", "")
            .replace("template_id = 5", "template_id = \"t\"")
            .replace("\"soon\"", "\"1s\"")
            .replace("\"friends\"", "\"self\"")
            .replace("-1", "1")
            .replace("thing1 = 7", "thing1 = \"{a}\"")
            .replace("[\"副本\"]", "[\"副本\"]\ntemplate_id = \"\"");
        assert_eq!(
            told(&text),
            [
                "4: [approval] page starts with a slash; WeChat does not open such pages",
                "5: [approval] kepe is none of an entry's keys",
                "6: [approval] keep is not between 1m and 14d",
                "11: [approval] thing2 may not be empty",
                "14: [副本] template_id is empty",
                "16: [副本] thing2 takes at most 20 characters, not 37",
            ]
        );
    }

    #[test]
    fn what_is_wrong_in_a_field_and_in_a_fallback_is_told_with_its_line() {
        let text = "\
            [a]\n\
            template_id = \"t\"\n\
            too_long = \"cut\"\n\
            fields.thing1 = { txt = \"{a}\" }\n\
            fields.amount2 = { text = \"{a}\", format = \"jiao\" }\n\
            [a.fields.thing3]\n\
            text = 7\n\
            [a.fallback]\n\
            page = 8\n\
            too_long = \"cut\"\n\
            [a.fallback.fields]\n\
            thing1 = { text = 9 }\n\
            [b]\n\
            template_id = \"t\"\n\
            fields.thing1 = \"x\"\n\
            fallback = 10\n";
        let problems = told(text);
        let expected = [
            "3: [a] too_long: unknown variant `cut`",
            "4: [a] fields.thing1: missing field `text`",
            "5: [a] fields.amount2.format: unknown variant `jiao`",
            "7: [a] fields.thing3.text: invalid type: integer `7`",
            "8: [a] fallback: template_id is empty",
            "9: [a] fallback.page: invalid type: integer `8`",
            "10: [a] fallback.too_long: unknown variant `cut`",
            "12: [a] fallback.fields.thing1.text: invalid type: integer `9`",
            "16: [b] fallback: invalid type: integer `10`, expected a table",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem} is not {expected}");
        }
        // With the types right, the values are looked at.
        let text = "\
            [a]\n\
            template_id = \"t\"\n\
            fields.thing1 = { text = \"{a}\", format = \"fen\", tooo_long = \"reject\" }\n\
            fields.time2 = { text = \"{a}\", format = \"fen\", too_long = \"truncate\" }\n\
            fields.amount3 = { text = \"{a}\", format = \"day\" }\n\
            fields.amount4.text = \"free\"\n\
            [a.fallback]\n\
            template_id = \"\"\n\
            page = \"/p\"\n\
            allow = \"self\"\n\
            [a.fallback.fields]\n\
            const1 = \"x\"\n\
            thing2 = \"a text of more than twenty characters\"\n\
            amount3 = \"12345678901\"\n\
            [b]\n\
            template_id = \"t\"\n\
            fields.thing1 = \"x\"\n\
            [b.fallback]\n\
            template_id = \"t\"\n";
        assert_eq!(
            told(text),
            [
                "3: [a] fields.thing1.tooo_long is none of an entry's keys",
                "3: [a] thing1 takes no format; an amount, a time and a date do",
                "4: [a] time2 takes no format but \"day\", \"minute\" and \"second\"",
                "4: [a] time2 is of a type that is never cut",
                "5: [a] amount3 takes no format but \"fen\"",
                "6: [a] amount4 takes an amount such as ¥100.00 or 100元, of at most 12 digits and without commas",
                "8: [a] fallback: template_id is empty",
                "9: [a] fallback: page starts with a slash; WeChat does not open such pages",
                "10: [a] fallback.allow is none of an entry's keys",
                "12: [a] fallback: const1 is of a type that no subscribe message has",
                "13: [a] fallback: thing2 takes at most 20 characters, not 37",
                "14: [a] fallback: amount3 takes at most 10 digits, not 11",
                "18: [b] fallback: has no fields",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_told_line_by_line() {
        let problems =
            told("[a]\ntemplate_id = \nfields = {thing1 = 'x'}\npage = p\nkeep = '1h'\nkeep = '2h'\n");
        let lines: Vec<_> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
        assert_eq!(lines, ["2", "4", "6"], "{problems:#?}");
    }

    #[test]
    fn an_entry_in_one_line_is_read_as_any_other() {
        assert_eq!(told("a = {template_id = 't', fields = {thing1 = '{x}'}}"), Vec::<String>::new());
        let problems = told("\na = {template_id = 't', fields = 'none', page = 1}");
        assert_eq!(problems.len(), 2, "{problems:#?}");
        assert!(problems.iter().all(|problem| problem.starts_with("2: [a] ")), "{problems:#?}");
    }

    #[test]
    fn of_an_entry_with_very_many_mistakes_some_are_told() {
        let fields: String = (0..5000).map(|n| format!("thing{n} = 1\n")).collect();
        let told = told(&format!("[a]\ntemplate_id = 't'\n[a.fields]\n{fields}"));
        assert_eq!(told.len(), MOST_TOLD + 1);
        assert!(told.iter().any(|told| told.ends_with("[a] has more mistakes than are told")), "{told:?}");
    }

    #[test]
    fn fields_of_the_wrong_type_are_not_missing() {
        let told = told("[a]\ntemplate_id = 't'\nfields.thing1 = 1\n");
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
