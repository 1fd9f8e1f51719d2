//! A CSV file as people and spreadsheets write it: read leniently, each record with the line that it begins in.

use std::io;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, StringRecord, Trim};

use crate::lang::{pick, say};

/// A record: the header is the first.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// The line that it begins in, from 1.
    pub line: usize,
    /// Its values, without the blanks around them; none where it is no text.
    pub values: Result<Vec<String>, String>,
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
pub fn records(bytes: &[u8]) -> Vec<Record> {
    let bytes = without_mark(bytes);
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let (mut records, mut record) = (Vec::new(), ByteRecord::new());
    // Bytes in memory are read, and records may be of any length: nothing is left that could fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let from = record.position().map_or((0, 1), |begin| (begin.byte(), begin.line()));
        let [from, line, to] = [from.0, from.1, reader.position().byte()].map(index);
        let raw = &bytes[from..to.min(bytes.len())];
        // What ended the line before, and empty lines, are counted to this record.
        let ends = raw.iter().take_while(|byte| byte.is_ascii_whitespace());
        let line = line + ends.filter(|byte| **byte == b'\n').count();
        if record.iter().any(|value| !value.is_empty()) {
            records.push(Record { line, values: values(&record, raw) });
        }
    }
    records
}

/// The same file without the mark that a spreadsheet begins its files with.
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// That a file cannot be read.
pub fn unreadable(file: &Path, error: &io::Error) -> String {
    say!("{} cannot be read: {error}.", "{} 读不了（{error}）。", file.display())
}

/// That a text is none.
pub fn no_utf8() -> String {
    pick("is no UTF-8; a spreadsheet saves it as `CSV UTF-8`", "不是 UTF-8；用 Excel 存成“CSV UTF-8”")
        .to_owned()
}

fn values(record: &ByteRecord, raw: &[u8]) -> Result<Vec<String>, String> {
    let record = StringRecord::from_byte_record(record.clone()).map_err(|_| no_utf8())?;
    let quotes = raw.iter().filter(|byte| **byte == b'"').count();
    // All that follows would be one value.
    if quotes % 2 == 1 && record.iter().any(|value| value.contains('\n')) {
        return Err(pick("has a quote that is never closed", "有引号没有配对").to_owned());
    }
    Ok(record.iter().map(bare).map(str::to_owned).collect())
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
        let told = records(text.as_bytes()).into_iter().map(|record| match record.values {
            Ok(values) => format!("{}: {}", record.line, values.join("|")),
            Err(what) => format!("{}! {what}", record.line),
        });
        told.collect()
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
    fn what_is_no_text_and_what_swallows_the_rest_is_told() {
        assert_eq!(read("a,b\n1,\"x\n2,y\n"), ["1: a|b", "2! has a quote that is never closed"]);
        let records = records(b"a\n\xd5\xc5\xc8\xfd\nb\n");
        assert!(records[1].values.is_err() && records[2].values.is_ok(), "{records:?}");
    }
}
