//! Dates and times of day, in the forms of WeChat's table.

use std::ops::RangeInclusive;

/// The forms of a date. A letter is a number: y(ear), m(onth), d(ay); all else stands for itself.
const DATES: [&str; 12] =
    ["y年m月d日", "y年m月", "m月d日", "y-m-d", "y-m", "m-d", "y/m/d", "y/m", "m/d", "y.m.d", "y.m", "m.d"];
/// The forms of a time of day: H(our), M(inute), S(econd).
const TIMES_OF_DAY: [&str; 2] = ["H:M", "H:M:S"];

/// A moment, or two of them joined by `~`.
pub(super) fn is_time(value: &str) -> bool {
    value.split('~').count() <= 2 && value.split('~').all(is_moment)
}

/// A date, a time of day, or both with a blank between them; behind a 日 there need be none.
pub(super) fn is_moment(text: &str) -> bool {
    let words: Vec<&str> = text.split_inclusive('日').flat_map(str::split_whitespace).collect();
    match words[..] {
        [word] => is_one_of(&DATES, word) || is_one_of(&TIMES_OF_DAY, word),
        [date, time] => is_one_of(&DATES, date) && is_one_of(&TIMES_OF_DAY, time),
        _ => false,
    }
}

fn is_one_of(forms: &[&str], text: &str) -> bool {
    forms.iter().any(|form| has_form(text, form))
}

fn has_form(text: &str, form: &str) -> bool {
    let mut rest = text;
    let fits = form.chars().all(|expected| {
        let taken = match expected {
            'y' => number(rest, 4..=4, 1000..=9999),
            'm' => number(rest, 1..=2, 1..=12),
            'd' => number(rest, 1..=2, 1..=31),
            'H' => number(rest, 1..=2, 0..=23),
            'M' | 'S' => number(rest, 2..=2, 0..=59),
            sign => rest.strip_prefix(sign),
        };
        rest = taken.unwrap_or("");
        taken.is_some()
    });
    fits && rest.is_empty()
}

/// What follows the number that `text` begins with; `None` if there is none of so many digits in that range.
fn number(text: &str, digits: RangeInclusive<usize>, range: RangeInclusive<u16>) -> Option<&str> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let fits = digits.contains(&number.len()) && range.contains(&number.parse().ok()?);
    fits.then_some(rest)
}
