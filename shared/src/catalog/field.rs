//! What WeChat takes as the value of a template field, by the type its name starts with.
//!
//! The limits are those of WeChat's parameter table; a value beyond them is answered with 47003 and the
//! message is lost. `vectors/fields.tsv` says value by value what is known; what nobody knows is taken.

mod characters;
mod format;
mod kind;
mod moment;

pub use contract::Format;
pub use format::TooLong;

use characters::{is_hidden, is_joiner};
use kind::{Kind, is_decimal};

/// Whose table of parameters it is: they differ in little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The Official Account's template messages.
    Template,
    /// The mini-program's subscribe messages.
    Subscribe,
}

impl Table {
    /// How many digits an amount has at most.
    fn digits_of_an_amount(self) -> usize {
        match self {
            Self::Template => 12,
            Self::Subscribe => 10,
        }
    }
}

/// What an entry says of how a field is filled.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Other than the field's type says.
    pub format: Option<Format>,
    /// For the types that are text.
    pub too_long: TooLong,
}

/// Brings a text into the form of its field where it is not, and checks what comes of it.
///
/// # Errors
/// A sentence such as ``thing1 takes at most 20 characters, not 31``.
pub fn render(table: Table, field: &str, text: &str, rules: Rules) -> Result<String, String> {
    let kind = Kind::of(field);
    let value = formed(table, kind, text, rules).map_err(|wants| format!("{field} takes {wants}"))?;
    let value = value.unwrap_or_else(|| text.to_owned());
    check(field, &value)?;
    let (digits, most) = (digits(&value), table.digits_of_an_amount());
    if kind == Kind::Amount && digits > most {
        return Err(format!("{field} takes at most {most} digits, not {digits}"));
    }
    Ok(value)
}

fn digits(value: &str) -> usize {
    value.chars().filter(char::is_ascii_digit).count()
}

/// Refuses a format that is another type's.
///
/// # Errors
/// A sentence that says which it takes.
pub fn check_format(field: &str, format: Format) -> Result<(), String> {
    match (Kind::of(field), format) {
        (Kind::Amount, Format::Fen)
        | (Kind::Time | Kind::Date, Format::Day | Format::Minute | Format::Second) => Ok(()),
        (Kind::Amount, _) => Err(format!("{field} takes no format but \"fen\"")),
        (Kind::Time | Kind::Date, _) => {
            Err(format!("{field} takes no format but \"day\", \"minute\" and \"second\""))
        }
        _ => Err(format!("{field} takes no format; an amount, a time and a date do")),
    }
}

/// Refuses `too_long` for what cannot be cut and still be true.
///
/// # Errors
/// A sentence that says so.
pub fn check_too_long(field: &str) -> Result<(), String> {
    if Kind::of(field).can_be_cut() { Ok(()) } else { Err(format!("{field} is of a type that is never cut")) }
}

/// Refuses a field of a type that such templates do not have.
///
/// # Errors
/// A sentence that says so.
pub fn check_type(table: Table, field: &str) -> Result<(), String> {
    match (table, Kind::of(field)) {
        (Table::Subscribe, Kind::Const) => Err(format!("{field} is of a type that no subscribe message has")),
        _ => Ok(()),
    }
}

/// Checks one value against its field's type; the error says what the field takes.
///
/// # Errors
/// A sentence such as ``thing1 takes at most 20 characters, not 31``.
fn check(field: &str, value: &str) -> Result<(), String> {
    let kind = Kind::of(field);
    if value.is_empty() && kind == Kind::Const {
        return Ok(());
    }
    if value.chars().all(|c| c.is_whitespace() || is_hidden(c) || is_joiner(c)) {
        return Err(format!("{field} may not be empty"));
    }
    if value.chars().any(is_hidden) {
        return Err(format!("{field} may not hold line breaks, control characters or invisible ones"));
    }
    let (longest, length) = (kind.longest(value), value.chars().count());
    if length > longest {
        return Err(format!("{field} takes at most {longest} characters, not {length}"));
    }
    if kind.takes(value) { Ok(()) } else { Err(format!("{field} takes {}", kind.wants())) }
}

/// The text in the form of this type; `None` where it stays as it is. What has WeChat's form already does.
fn formed(table: Table, kind: Kind, text: &str, rules: Rules) -> Result<Option<String>, &'static str> {
    Ok(match (kind, rules.format) {
        (Kind::Time, shown) => format::time(text, shown.unwrap_or(Format::Minute)),
        (Kind::Date, shown) => format::time(text, shown.unwrap_or(Format::Day)),
        (Kind::Amount, Some(Format::Fen)) if is_decimal(text) => match text.contains('.') {
            true => return Err("a whole number of fen, such as 1250"),
            false => Some(format::fen(text)),
        },
        // A number so large that it has no room for its decimals goes without them.
        (Kind::Amount, _) if is_decimal(text) => {
            Some(format::yuan(text)).filter(|yuan| digits(yuan) <= table.digits_of_an_amount())
        }
        _ if rules.too_long == TooLong::Truncate && kind.can_be_cut() => {
            let longest = kind.longest(text);
            if text.chars().count() > longest { format::truncate(text, longest) } else { None }
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::check;

    /// One line of the file: a value, and whether WeChat takes it.
    struct Vector {
        kind: &'static str,
        value: String,
        verdict: &'static str,
    }

    fn vectors() -> Vec<Vector> {
        let rows = include_str!("../../../vectors/fields.tsv").lines().skip(1);
        rows.map(|row| match row.split('\t').collect::<Vec<_>>()[..] {
            [kind, value, verdict, _source] => Vector { kind, value: unescape(value), verdict },
            _ => panic!("four columns: {row}"),
        })
        .collect()
    }

    /// Reads the escape of the vectors, `\u{200b}`.
    pub(super) fn unescape(text: &str) -> String {
        let mut parts = text.split("\\u{");
        let plain = parts.next().unwrap_or_default().to_owned();
        parts.fold(plain, |read, part| {
            let (code, rest) = part.split_once('}').expect(text);
            let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect(text);
            format!("{read}{character}{rest}")
        })
    }

    #[test]
    fn every_vector_is_taken_or_refused_as_it_says() {
        let taken = |vector: &Vector| check(&format!("{}1", vector.kind), &vector.value).is_ok();
        let wrong = vectors().into_iter().filter(|vector| taken(vector) != (vector.verdict != "refused"));
        let wrong: Vec<_> = wrong.map(|v| format!("{} {:?} is {}", v.kind, v.value, v.verdict)).collect();
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    }

    #[test]
    fn the_vectors_know_every_type_from_both_sides() {
        const KINDS: [&str; 19] = [
            "amount",
            "car_number",
            "character_string",
            "const",
            "date",
            "enum",
            "enum_string",
            "first",
            "keyword",
            "letter",
            "name",
            "number",
            "phone_number",
            "phrase",
            "remark",
            "short_thing",
            "symbol",
            "thing",
            "time",
        ];
        let vectors = vectors();
        assert!(vectors.len() >= 300, "{}", vectors.len());
        let mut verdicts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for vector in vectors {
            assert!(["taken", "refused", "unknown"].contains(&vector.verdict), "{}", vector.verdict);
            verdicts.entry(vector.kind).or_default().push(vector.verdict);
        }
        assert!(verdicts.keys().eq(&KINDS), "{:?}", verdicts.keys());
        for (kind, verdicts) in verdicts {
            assert!(verdicts.contains(&"refused"), "{kind} refuses nothing");
            assert!(verdicts.contains(&"taken"), "{kind} takes nothing");
        }
    }

    #[test]
    fn a_refusal_names_the_field_and_says_what_it_takes() {
        for (field, value, expected) in [
            ("thing1", "\u{200b}", "thing1 may not be empty"),
            ("thing1", "a\u{202e}b", "thing1 may not hold line breaks, control characters or invisible ones"),
            (
                "thing1",
                "一二三四五六七八九十一二三四五六七八九十一",
                "thing1 takes at most 20 characters, not 21",
            ),
            ("name2", "欧阳震华欧阳震华欧阳A", "name2 takes at most 10 characters, not 11"),
            ("name2", "user25", "name2 takes a name, without digits"),
            ("number3", "-5", "number3 takes a number such as 42 or 12.5, digits only"),
            (
                "time4",
                "2026-13-01",
                "time4 takes a time such as 15:01 or 2026-11-22 15:01, or two of them joined by ~",
            ),
            ("phrase5", "pass", "phrase5 takes Chinese characters only"),
        ] {
            assert_eq!(check(field, value), Err(expected.to_owned()));
        }
    }
}
