//! A CSV file as people and spreadsheets write it: read leniently, each record with the line that it begins in.

use std::io;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::lang::{pick, say};

/// A record: the header is the first.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its values, without the blanks around them.
    pub values: Vec<String>,
}

/// A line that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which, from 1.
    pub line: usize,
    /// Why.
    pub what: String,
}

/// The records of a file, however its lines end; those without a single value are passed over.
///
/// # Errors
/// With the first line that makes all of it doubtful: one that is no UTF-8, for others may be in the same encoding and look
/// as if they were; and a quote that is not closed where its value ends, for it swallows lines behind it.
pub fn records(bytes: &[u8]) -> Result<Vec<Record>, Mistake> {
    let bytes = without_mark(bytes);
    if let Err(error) = str::from_utf8(bytes) {
        return Err(Mistake { line: line_at(bytes, error.valid_up_to()), what: no_utf8() });
    }
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let (mut records, mut record) = (Vec::new(), StringRecord::new());
    // Bytes in memory are read, and records may be of any length: nothing is left that could fail.
    while reader.read_record(&mut record).unwrap_or(false) {
        let (from, begins) = record.position().map_or((0, 1), |begin| (begin.byte(), begin.line()));
        let [from, begins, to] = [from, begins, reader.position().byte()].map(index);
        let raw = &bytes[from..to.min(bytes.len())];
        // What ended the line before, and empty lines, are counted to this record.
        let ends = raw.iter().take_while(|byte| byte.is_ascii_whitespace());
        let line = begins + ends.filter(|byte| **byte == b'\n').count();
        if record.iter().any(|value| !value.is_empty()) {
            records
                .push(Record { line, values: values(&record, raw).map_err(|what| Mistake { line, what })? });
        }
    }
    Ok(records)
}

fn line_at(bytes: &[u8], place: usize) -> usize {
    bytes[..place].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The same file without the mark that a spreadsheet begins its files with.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// That a file cannot be read.
pub fn unreadable(file: &Path, error: &io::Error) -> String {
    say!("{} cannot be read: {error}.", "无法读取 {}（{error}）。", file.display())
}

/// That a text is none.
pub fn no_utf8() -> String {
    pick("is no UTF-8; a spreadsheet saves it as `CSV UTF-8`", "不是 UTF-8；用 Excel 存成「CSV UTF-8」")
        .to_owned()
}

fn values(record: &StringRecord, raw: &[u8]) -> Result<Vec<String>, String> {
    let quoted = quoted(raw).ok_or_else(|| {
        pick(
            "has a quote that is not closed where its value ends, and the lines behind it may be part of it",
            "有引号没有在值的末尾配对，后面几行可能被当成了同一个值",
        )
    })?;
    let value =
        |(n, value): (usize, &str)| if quoted.get(n) == Some(&true) { value } else { bare(value) }.to_owned();
    Ok(record.iter().enumerate().map(value).collect())
}

/// Which of the values stand in quotes; `None` where a quote is closed elsewhere than at its value's end, or never.
fn quoted(raw: &[u8]) -> Option<Vec<bool>> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Begin,
        Bare,
        Quoted,
        /// Behind a quote that closes, unless another one follows.
        Closed,
    }
    let (mut at, mut quoted) = (At::Begin, vec![false]);
    for byte in raw.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n')) {
        at = match (at, byte) {
            (At::Begin, b'"') => {
                quoted.last_mut().into_iter().for_each(|one| *one = true);
                At::Quoted
            }
            (At::Quoted, b'"') => At::Closed,
            (At::Closed, b'"') | (At::Quoted, _) => At::Quoted,
            (_, b',') => {
                quoted.push(false);
                At::Begin
            }
            (At::Closed, byte) if byte.is_ascii_whitespace() => At::Closed,
            (At::Closed, _) => return None,
            (At::Begin | At::Bare, _) => At::Bare,
        };
    }
    (at != At::Quoted).then_some(quoted)
}

/// Without quotes that are left where a blank stood before them.
fn bare(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        match records(text.as_bytes()) {
            Ok(records) => {
                records.into_iter().map(|one| format!("{}: {}", one.line, one.values.join("|"))).collect()
            }
            Err(Mistake { line, what }) => vec![format!("{line}! {what}")],
        }
    }

    #[test]
    fn each_record_knows_its_line_however_lines_end() {
        let expected = ["1: a|b", "3: 1|x, y", "5: 2|two\nlines", "7: 3|"];
        for end in ["\n", "\r\n"] {
            let text = format!("a,b{end}{end}1 ,\"x, y\"{end},{end}2,\"two\nlines\"{end}3,{end}");
            let expected: Vec<_> = expected.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(read(&text), expected, "{text:?}");
            assert_eq!(read(&format!("\u{feff}{text}")), expected, "{text:?}");
        }
        assert_eq!(read("a\n \"b\" \n5\" pipe\n"), ["1: a", "2: b", "3: 5\" pipe"]);
        assert_eq!(read("\n\n"), Vec::<String>::new());
    }

    #[test]
    fn a_file_in_another_encoding_is_not_read_by_halves() {
        // 毛 and 李四 in GBK: the first is UTF-8, too, and another letter.
        for (bytes, line) in [(&b"a\n\xc3\xab\n\xc0\xee\xcb\xc4\n"[..], 3), (b"\xff\xfea\0", 1)] {
            assert_eq!(records(bytes).map_err(|mistake| mistake.line), Err(line));
        }
    }

    #[test]
    fn a_quote_that_swallows_lines_is_told_and_nothing_is_read() {
        for text in
            ["a,b\n1,\"x\n2,y\n", "a,b\n1,\"x\n2,y\n3,\n4,\"z\n5,\n", "a,b\n1,\"李四", "a,b\n1,\"x\"y\n"]
        {
            let told = read(text);
            assert!(told.len() == 1 && told[0].starts_with("2! has a quote"), "{text:?}: {told:?}");
        }
        assert_eq!(read("a\n\"\"\"急\"\" 和 \"\"缓\"\"\"\n"), ["1: a", "2: \"急\" 和 \"缓\""]);
        assert_eq!(read("a,b\n\"x\" ,\"two\nlines\"\n"), ["1: a|b", "2: x|two\nlines"]);
    }
}
