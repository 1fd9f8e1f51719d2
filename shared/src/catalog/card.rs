//! A card as the user sees it: the fields of a template, and the page that a tap opens.

use std::collections::{BTreeMap, HashSet};

use contract::Data;
use contract::send::LONGEST_PAGE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use super::field::{self, Rules, Table, TooLong};
use super::text::Text;

/// What stands for itself in a query value (RFC 3986, unreserved).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What an entry says of one message: the Official Account's, or its fallback.
#[derive(Clone, Copy, Debug)]
pub struct Card<'a> {
    pub(super) table: Table,
    /// The template, of the account that the card is sent by.
    pub template_id: &'a str,
    /// The mini-program page a tap opens, with placeholders; none, the card opens nothing.
    pub page: Option<&'a str>,
    /// Template field → text with placeholders.
    pub fields: &'a BTreeMap<String, Text>,
    pub(super) too_long: TooLong,
}

/// A card filled with one recipient's data.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rendered {
    /// Template field → value.
    pub data: BTreeMap<String, String>,
    /// The page with its placeholders filled.
    pub page: Option<String>,
}

/// What of the data does not fit, a sentence each; at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct Unfit(pub Vec<String>);

impl Unfit {
    /// What is to be put right first.
    pub fn first(&self) -> String {
        self.0.first().cloned().unwrap_or_default()
    }
}

impl<'a> Card<'a> {
    /// What keeps it from ever being sent: each key, and what is wrong with it.
    pub(super) fn problems(&self) -> Vec<(String, String)> {
        let wrong = [
            (self.template_id.is_empty(), "template_id", "template_id is empty"),
            (self.fields.is_empty(), "fields", "has no fields"),
            (
                self.page.is_some_and(|page| page.starts_with('/')),
                "page",
                "page starts with a slash; WeChat does not open such pages",
            ),
        ];
        let wrong = wrong.into_iter().filter(|(is_wrong, ..)| *is_wrong);
        let wrong = wrong.map(|(_, key, what)| (key.to_owned(), what.to_owned()));
        // What needs no data is now what it will be.
        let page =
            self.page.filter(|page| needs_none(page)).and_then(|page| check_page(page.to_owned()).err());
        let page = page.map(|what| ("page".to_owned(), what));
        let fields = self.fields.iter().flat_map(|(name, text)| self.field_problems(name, text));
        wrong.chain(page).chain(fields).collect()
    }

    fn field_problems(&self, name: &str, text: &Text) -> Vec<(String, String)> {
        let key = |key: &str| format!("fields.{name}.{key}");
        let format = text.format().and_then(|format| field::check_format(name, format).err());
        let too_long = text.too_long().and_then(|_| field::check_too_long(name).err());
        let mut problems: Vec<_> = format.map(|what| (key("format"), what)).into_iter().collect();
        problems.extend(too_long.map(|what| (key("too_long"), what)));
        problems
            .extend(field::check_type(self.table, name).err().map(|what| (format!("fields.{name}"), what)));
        if problems.is_empty() && needs_none(text.text()) {
            problems.extend(self.value(name, text, text.text()).err().map(|what| (key("text"), what)));
        }
        problems
    }

    /// Fills the fields and the page, or `page` where the caller gave one, with a recipient's own data over the
    /// call's, brings every value into its field's form, and checks it.
    ///
    /// # Errors
    /// Each field that is missing or not of its type, and the page.
    pub fn render(&self, shared: &Data, own: &Data, page: Option<&str>) -> Result<Rendered, Unfit> {
        let value = |name: &str| own.get(name).or_else(|| shared.get(name)).map(String::as_str);
        let (mut rendered, mut unfit) = (BTreeMap::new(), Vec::new());
        for (name, text) in self.fields {
            let filled = fill(text.text(), value, str::to_owned);
            let filled = filled.map_err(|missing| format!("{name} needs data.{missing}"));
            match filled.and_then(|filled| self.value(name, text, &filled)) {
                Ok(value) => drop(rendered.insert(name.clone(), value)),
                Err(what) => unfit.push(what),
            }
        }
        let filled = match (page, self.page) {
            // What its braces hold is the caller's, and is not repeated.
            (Some(page), _) => {
                Some(fill(page, value, encode).map_err(|_| "page names a value that data has not".to_owned()))
            }
            (None, Some(page)) => {
                Some(fill(page, value, encode).map_err(|missing| format!("page needs data.{missing}")))
            }
            (None, None) => None,
        };
        match filled.map(|filled| filled.and_then(check_page)).transpose() {
            Ok(page) if unfit.is_empty() => return Ok(Rendered { data: rendered, page }),
            Ok(_) => {}
            Err(what) => unfit.push(what),
        }
        Err(Unfit(unfit))
    }

    /// A filled text as the field's value.
    fn value(&self, name: &str, text: &Text, filled: &str) -> Result<String, String> {
        let rules = Rules { format: text.format(), too_long: text.too_long().unwrap_or(self.too_long) };
        field::render(self.table, name, filled, rules)
    }

    /// The fields whose text is the same for everybody, but for those left empty on purpose.
    pub fn constants(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let texts = self.fields.iter().map(|(field, text)| (field.as_str(), text.text()));
        texts.filter(|(_, text)| !text.is_empty() && needs_none(text))
    }

    /// What its texts name, and `page` instead of its own where the caller gave one.
    pub fn placeholders(&self, page: Option<&'a str>) -> HashSet<&'a str> {
        let texts = self.fields.values().map(Text::text).chain(page.or(self.page));
        texts.flat_map(pieces).filter_map(|(_, name)| name).collect()
    }
}

fn needs_none(text: &str) -> bool {
    pieces(text).all(|(_, name)| name.is_none())
}

/// Refuses a filled page that WeChat would not take.
fn check_page(page: String) -> Result<String, String> {
    if page.len() <= LONGEST_PAGE {
        return Ok(page);
    }
    Err(format!("page takes at most {LONGEST_PAGE} bytes, filled and escaped"))
}

/// A text in pieces: what stands before each `{name}`, and the name; at last, what follows.
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let named = text.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)));
        let Some((before, (name, after))) = named else { return Some((text, None)) };
        rest = Some(after);
        Some((before, Some(name)))
    })
}

/// Replaces each `{name}` by its value, escaped; an error names what is missing.
fn fill<'a>(
    text: &str,
    value: impl Fn(&str) -> Option<&'a str>,
    escape: fn(&str) -> String,
) -> Result<String, &str> {
    let mut filled = String::with_capacity(text.len());
    for (before, name) in pieces(text) {
        filled.push_str(before);
        if let Some(name) = name {
            filled.push_str(&escape(value(name).ok_or(name)?));
        }
    }
    Ok(filled)
}

/// Percent-encodes everything that could end a query value.
fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_add_a_parameter_to_the_page() {
        let filled = fill("a?id={id}", |_| Some("1&admin=1"), encode);
        assert_eq!(filled, Ok("a?id=1%26admin%3D1".into()));
    }
}
