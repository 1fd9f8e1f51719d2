//! What a template field may hold: WeChat's table of typed parameters.

mod characters;
mod time;

use characters::{is_ascii_digits, is_chinese, is_currency_sign, is_symbol, shows_nothing, spoils_the_line};
use time::is_time;

/// Whether a value fits the type its key names (`thing1` is a `thing`).
pub(crate) fn is_valid(key: &str, value: &str) -> bool {
    let kind = key.trim_end_matches(|c: char| c.is_ascii_digit());
    if value.chars().all(shows_nothing) {
        // A constant is one of the approved values or none; which were approved, nobody can know here.
        return kind == "const" && value.is_empty();
    }
    !value.chars().any(spoils_the_line) && fits(kind, value)
}

fn fits(kind: &str, value: &str) -> bool {
    let length = value.chars().count();
    let only = |allowed: fn(char) -> bool| value.chars().all(allowed);
    match kind {
        "thing" | "const" | "enum" | "enum_string" => length <= 20,
        // The table is silent; longer ones are not seen.
        "short_thing" => length <= 5,
        "character_string" => length <= 32 && only(|c| c.is_ascii_alphanumeric() || is_symbol(c)),
        "number" => length <= 32 && is_number(value),
        "letter" => length <= 32 && only(|c| c.is_ascii_alphabetic()),
        "symbol" => length <= 5 && only(is_symbol),
        "phrase" => length <= 5 && only(is_chinese),
        "name" => is_name(value, length),
        "amount" => is_amount(value),
        "phone_number" => length <= 17 && only(|c| c.is_ascii_digit() || is_symbol(c)),
        "car_number" => length <= 8 && is_car_number(value, length),
        "time" | "date" => length <= 48 && is_time(value),
        // A template from before the types. No template's text may be longer than this.
        _ => length <= 200,
    }
}

fn is_number(value: &str) -> bool {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    is_ascii_digits(whole) && is_ascii_digits(decimals)
}

/// Ten characters if one of them is Chinese, else twenty; never a digit.
fn is_name(value: &str, length: usize) -> bool {
    let longest = if value.chars().any(is_chinese) { 10 } else { 20 };
    length <= longest && !value.chars().any(|c| c.is_ascii_digit())
}

/// At most one sign of a currency, the table's twelve digits, and 元.
fn is_amount(value: &str) -> bool {
    let value = value.strip_suffix('元').unwrap_or(value);
    let value = value.strip_prefix(is_currency_sign).unwrap_or(value);
    is_number(value) && value.chars().filter(char::is_ascii_digit).count() <= 12
}

/// 粤A8Z888挂: only the first and the last may be Chinese.
fn is_car_number(value: &str, length: usize) -> bool {
    value.chars().enumerate().all(|(n, c)| {
        let at_an_end = n == 0 || n + 1 == length;
        c.is_ascii_alphanumeric() || (at_an_end && is_chinese(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut wrong = Vec::new();
        for row in include_str!("../../../vectors/fields.tsv").lines().skip(1) {
            let [kind, value, verdict, _source] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("four columns: {row}");
            };
            // What nobody knows is given the benefit of the doubt.
            if is_valid(&format!("{kind}1"), &unescape(value)) != (verdict != "refused") {
                wrong.push(format!("{kind} {value} is {verdict}"));
            }
        }
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    }

    /// What the other side brings into the table's forms is in the table's forms.
    #[test]
    fn everything_that_is_rendered_is_taken() {
        let rows = include_str!("../../../vectors/formats.tsv").lines().skip(1);
        let rows = rows.map(|row| row.split('\t').collect::<Vec<_>>());
        let rendered: Vec<_> = rows.filter(|row| row[3] == "rendered").collect();
        assert!(rendered.len() >= 150, "{}", rendered.len());
        for row in rendered {
            assert!(is_valid(&format!("{}1", row[0]), &unescape(row[4])), "{row:?}");
        }
    }
}
