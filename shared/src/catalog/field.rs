//! What WeChat takes as the value of a template field, by the type its name starts with.
//!
//! The limits are those of WeChat's parameter table; a value beyond them is answered with 47003 and the
//! message is lost. `vectors/fields.tsv` says value by value what is known; what nobody knows is taken.

mod characters;
mod time;

use characters::{is_chinese, is_currency, is_hidden, is_joiner, is_symbol};
use time::is_time;

/// The types of the table. A field's name is its type and a number: `thing1`, `character_string5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thing,
    /// Not in the table; nothing longer than five characters is seen.
    ShortThing,
    Number,
    Letter,
    Symbol,
    CharacterString,
    Time,
    Amount,
    PhoneNumber,
    CarNumber,
    Name,
    Phrase,
    /// One of the values that WeChat approved for the template, or the empty one.
    Const,
    Enum,
    /// Old templates' `keyword1` and what WeChat may add.
    Other,
}

/// Checks one value against its field's type; the error says what the field takes.
///
/// # Errors
/// A sentence such as ``thing1 takes at most 20 characters, not 31``.
pub fn check(field: &str, value: &str) -> Result<(), String> {
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

impl Kind {
    fn of(field: &str) -> Self {
        match field.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "thing" => Self::Thing,
            "short_thing" => Self::ShortThing,
            "number" => Self::Number,
            "letter" => Self::Letter,
            "symbol" => Self::Symbol,
            "character_string" => Self::CharacterString,
            "time" | "date" => Self::Time,
            "amount" => Self::Amount,
            "phone_number" => Self::PhoneNumber,
            "car_number" => Self::CarNumber,
            "name" => Self::Name,
            "phrase" => Self::Phrase,
            "const" => Self::Const,
            "enum" | "enum_string" => Self::Enum,
            _ => Self::Other,
        }
    }

    /// The most characters (Unicode, not bytes) WeChat takes.
    fn longest(self, value: &str) -> usize {
        match self {
            Self::Thing | Self::Const | Self::Enum => 20,
            Self::Number | Self::Letter | Self::CharacterString => 32,
            Self::ShortThing | Self::Symbol | Self::Phrase => 5,
            // A range of two dated times with seconds, the longest form there is, has 41.
            Self::Time => 48,
            // A currency sign, 12 digits, a point, and 元.
            Self::Amount => 15,
            Self::PhoneNumber => 17,
            Self::CarNumber => 8,
            Self::Name if value.chars().any(is_chinese) => 10,
            Self::Name => 20,
            Self::Other => 200,
        }
    }

    fn takes(self, value: &str) -> bool {
        let all = |allowed: fn(char) -> bool| value.chars().all(allowed);
        match self {
            Self::Thing | Self::ShortThing | Self::Const | Self::Enum | Self::Other => true,
            Self::Number => is_decimal(value),
            Self::Letter => all(|c| c.is_ascii_alphabetic()),
            Self::Symbol => all(is_symbol),
            Self::CharacterString => all(|c| c.is_ascii_alphanumeric() || is_symbol(c)),
            Self::Time => is_time(value),
            Self::Amount => is_amount(value),
            Self::PhoneNumber => all(|c| c.is_ascii_digit() || is_symbol(c)),
            Self::CarNumber => is_car_number(value),
            Self::Name => all(|c| !c.is_ascii_digit()),
            Self::Phrase => all(is_chinese),
        }
    }

    fn wants(self) -> &'static str {
        match self {
            Self::Thing | Self::ShortThing | Self::Const | Self::Enum | Self::Other => "text",
            Self::Number => "a number such as 42 or 12.5, digits only",
            Self::Letter => "letters only",
            Self::Symbol => "symbols only",
            Self::CharacterString => "letters, digits and symbols, no Chinese",
            Self::Time => "a time such as 15:01 or 2026-11-22 15:01, or two of them joined by ~",
            Self::Amount => "an amount such as ¥100.00 or 100元, of at most 12 digits and without commas",
            Self::PhoneNumber => "digits and symbols",
            Self::CarNumber => "letters and digits, and Chinese as its first and last character",
            Self::Name => "a name, without digits",
            Self::Phrase => "Chinese characters only",
        }
    }
}

/// Digits, and perhaps a point with more of them.
fn is_decimal(value: &str) -> bool {
    let are_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    are_digits(whole) && are_digits(decimals)
}

/// Perhaps a currency sign, digits, perhaps 元. Subscribe messages have 10 digits, template messages 12.
fn is_amount(value: &str) -> bool {
    let number = value.strip_suffix('元').unwrap_or(value);
    let number = number.strip_prefix(is_currency).unwrap_or(number);
    is_decimal(number) && number.chars().filter(char::is_ascii_digit).count() <= 12
}

/// 粤A8Z888挂.
fn is_car_number(value: &str) -> bool {
    let middle = value.strip_prefix(is_chinese).unwrap_or(value);
    let middle = middle.strip_suffix(is_chinese).unwrap_or(middle);
    middle.chars().all(|c| c.is_ascii_alphanumeric())
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
    fn unescape(text: &str) -> String {
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
