//! What WeChat takes as the value of a template field, by the type its name starts with.
//!
//! The limits are those of WeChat's parameter table (subscribe and template messages share it);
//! a value beyond them is answered with 47003 and the message is lost.

/// The types of the table. A field's name is its type and a number: `thing1`, `character_string5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thing,
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
    Const,
    /// Old templates' `keyword1` and what WeChat may add: only emptiness and control characters count.
    Other,
}

/// Checks one value against its field's type; the error says what the field takes.
///
/// # Errors
/// A sentence such as ``thing1 takes at most 20 characters, not 31``.
pub fn check(field: &str, value: &str) -> Result<(), String> {
    if value.trim().is_empty() {
        return Err(format!("{field} may not be empty"));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("{field} may not hold line breaks or control characters"));
    }
    let kind = Kind::of(field);
    let length = value.chars().count();
    if length > kind.longest(value) {
        return Err(format!("{field} takes at most {} characters, not {length}", kind.longest(value)));
    }
    if kind.takes(value) { Ok(()) } else { Err(format!("{field} takes {}", kind.wants())) }
}

impl Kind {
    fn of(field: &str) -> Self {
        match field.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "thing" => Self::Thing,
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
            _ => Self::Other,
        }
    }

    /// The most characters (Unicode, not bytes) WeChat takes.
    fn longest(self, value: &str) -> usize {
        match self {
            Self::Thing | Self::Const => 20,
            Self::Number | Self::Letter | Self::CharacterString => 32,
            Self::Symbol | Self::Phrase => 5,
            // A range of two dated times with seconds, the longest form there is, has 41.
            Self::Time => 48,
            // A currency sign, 10 digits, a point and two decimals, and 元.
            Self::Amount => 15,
            Self::PhoneNumber => 17,
            Self::CarNumber => 8,
            Self::Name if value.is_ascii() => 20,
            Self::Name => 10,
            Self::Other => 200,
        }
    }

    fn takes(self, value: &str) -> bool {
        let all = |allowed: fn(char) -> bool| value.chars().all(allowed);
        match self {
            Self::Thing | Self::Const | Self::Name | Self::CarNumber | Self::Other => true,
            Self::Number => value.parse::<f64>().is_ok() && all(|c| c.is_ascii_digit() || ".-+".contains(c)),
            Self::Letter => all(|c| c.is_ascii_alphabetic()),
            Self::Symbol => all(|c| !c.is_alphanumeric()),
            Self::CharacterString => all(|c| c.is_ascii_graphic() || c == ' '),
            Self::Time => all(|c| c.is_ascii_digit() || "年月日-/.: ~".contains(c)) && all_are_times(value),
            Self::Amount => is_amount(value),
            Self::PhoneNumber => all(|c| c.is_ascii_digit() || c.is_ascii_punctuation() || c == ' '),
            Self::Phrase => all(is_chinese),
        }
    }

    fn wants(self) -> &'static str {
        match self {
            Self::Thing | Self::Const | Self::Name | Self::CarNumber | Self::Other => "text",
            Self::Number => "a number, digits only",
            Self::Letter => "letters only",
            Self::Symbol => "symbols only",
            Self::CharacterString => "letters, digits and symbols, no Chinese",
            Self::Time => "a time such as 15:01 or 2026-11-22 15:01, or two of them joined by ~",
            Self::Amount => "an amount such as ¥100.00 or 100元",
            Self::PhoneNumber => "digits and symbols",
            Self::Phrase => "Chinese characters only",
        }
    }
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c) || ('\u{3400}'..='\u{4dbf}').contains(&c)
}

fn all_are_times(value: &str) -> bool {
    value.split('~').count() <= 2 && value.split('~').all(|part| is_time(part.trim()))
}

/// A date, a time of day, or a date and a time of day.
fn is_time(value: &str) -> bool {
    match value.rsplit_once(' ') {
        Some((date, time)) => is_date(date.trim()) && is_clock(time),
        None => is_clock(value) || is_date(value),
    }
}

fn is_clock(value: &str) -> bool {
    let parts: Vec<_> = value.split(':').collect();
    let below = |part: &str, limit: u8| part.len() <= 2 && part.parse::<u8>().is_ok_and(|n| n < limit);
    (2..=3).contains(&parts.len())
        && below(parts[0], 24)
        && parts[1..].iter().all(|part| part.len() == 2 && below(part, 60))
}

fn is_date(value: &str) -> bool {
    let parts: Vec<_> =
        value.split(['年', '月', '日', '-', '/', '.']).filter(|part| !part.is_empty()).collect();
    (2..=3).contains(&parts.len())
        && parts.iter().all(|part| part.len() <= 4 && part.parse::<u16>().is_ok_and(|n| n > 0))
}

fn is_amount(value: &str) -> bool {
    let number = value.strip_suffix('元').unwrap_or(value);
    let number = number.strip_prefix(|c: char| !c.is_alphanumeric()).unwrap_or(number);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let rest_is_plain = number.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',');
    (1..=12).contains(&digits) && rest_is_plain && number.matches('.').count() <= 1
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn values_within_the_table_are_taken() {
        for (field, value) in [
            ("thing1", "二十个字以内的任何文字, even 20"),
            ("number2", "-12.5"),
            ("letter3", "abc"),
            ("symbol4", "!?*"),
            ("character_string5", "QJ-2026/0042"),
            ("time6", "15:01"),
            ("time6", "2019年10月1日 15:01"),
            ("time6", "2025-11-29 10:00:00~12:00:00"),
            ("date7", "2019-12-25 09:42"),
            ("date7", "12月25日"),
            ("amount8", "¥100.00"),
            ("amount8", "100元"),
            ("phone_number9", "+86-0766-66888866"),
            ("car_number10", "粤A8Z888挂"),
            ("name11", "Alexander Hamilton"),
            ("name11", "欧阳震华"),
            ("phrase12", "待审批"),
            ("const13", "已通过"),
            ("keyword1", "anything"),
        ] {
            assert_eq!(check(field, value), Ok(()), "{field}={value}");
        }
    }

    #[test]
    fn values_beyond_the_table_are_named() {
        for (field, value) in [
            ("thing1", ""),
            ("thing1", "   "),
            ("thing1", "two\nlines"),
            ("thing1", "一二三四五六七八九十一二三四五六七八九十一"),
            ("number2", "12a"),
            ("number2", "."),
            ("letter3", "a1"),
            ("symbol4", "a"),
            ("character_string5", "单号42"),
            ("time6", "25:00"),
            ("time6", "soon"),
            ("time6", "2026-11-22T15:01:00Z"),
            ("date7", "yesterday"),
            ("amount8", "ten"),
            ("phone_number9", "123456789012345678"),
            ("car_number10", "粤A8Z888挂挂挂"),
            ("name11", "欧阳震华欧阳震华欧阳震"),
            ("phrase12", "pending"),
            ("phrase12", "一二三四五六"),
        ] {
            let error = check(field, value).expect_err(value);
            assert!(error.starts_with(field), "{error}");
        }
    }
}
