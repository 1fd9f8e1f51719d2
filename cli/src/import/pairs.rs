//! The file of pairs, read strictly: what is no pair is told with its line.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use contract::send::is_id;
use serde::Deserialize;

/// The two columns there are.
const COLUMNS: [&str; 2] = ["openid", "unionid"];

/// A user.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair {
    /// Where it stands, from 1.
    pub line: usize,
    /// In the mini-program.
    pub openid: String,
    /// Across the accounts.
    pub unionid: String,
}

/// A line that is no pair.
#[derive(Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which, from 1.
    pub line: usize,
    /// Why.
    pub what: String,
}

/// How a line says who is meant.
#[derive(Clone, Copy)]
enum Format {
    /// Two values, in this order.
    Csv([&'static str; 2]),
    /// An object.
    Json,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    openid: String,
    unionid: String,
}

/// The pairs of a file, and the lines that are none.
///
/// # Errors
/// When it cannot be read.
pub fn read(file: &Path) -> io::Result<(Vec<Pair>, Vec<Mistake>)> {
    Ok(pairs(&std::fs::read(file)?))
}

fn pairs(bytes: &[u8]) -> (Vec<Pair>, Vec<Mistake>) {
    // A spreadsheet begins its files with a mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n')).map(|(line, text)| (line, text.trim_ascii()));
    let mut lines = lines.filter(|(_, text)| !text.is_empty()).peekable();
    let (mut pairs, mut mistakes) = (Vec::<Pair>::new(), Vec::new());
    let (mut openids, mut unionids) = (HashMap::new(), HashMap::new());
    let format = match lines.next_if(|(_, text)| !text.starts_with(b"{")) {
        None => Format::Json,
        Some((line, header)) => match csv(header) {
            Some(format) => format,
            None => {
                let what = "neither the header `openid,unionid` nor a JSON object".to_owned();
                return (pairs, vec![Mistake { line, what }]);
            }
        },
    };
    for (line, text) in lines {
        let names = match format.names(text) {
            Ok(names) => names,
            Err(what) => {
                mistakes.push(Mistake { line, what });
                continue;
            }
        };
        let Names { openid, unionid } = names;
        let first = |seen: &HashMap<String, usize>, name: &str| seen.get(name).map(|first| &pairs[*first]);
        let what = match (first(&openids, &openid), first(&unionids, &unionid)) {
            (Some(pair), _) if pair.unionid != unionid => {
                format!("the openid of line {}, with another unionid", pair.line)
            }
            (_, Some(pair)) if pair.openid != openid => {
                format!("the unionid of line {}, with another openid", pair.line)
            }
            // It is said twice.
            (Some(_), _) | (_, Some(_)) => continue,
            (None, None) => {
                openids.insert(openid.clone(), pairs.len());
                unionids.insert(unionid.clone(), pairs.len());
                pairs.push(Pair { line, openid, unionid });
                continue;
            }
        };
        mistakes.push(Mistake { line, what });
    }
    (pairs, mistakes)
}

/// The order of the columns.
fn csv(header: &[u8]) -> Option<Format> {
    let [one, other] = values(str::from_utf8(header).ok()?).ok()?;
    let [openid, unionid] = COLUMNS;
    match (one == openid && other == unionid, one == unionid && other == openid) {
        (true, _) => Some(Format::Csv(COLUMNS)),
        (_, true) => Some(Format::Csv([unionid, openid])),
        _ => None,
    }
}

impl Format {
    fn names(self, text: &[u8]) -> Result<Names, String> {
        let text = str::from_utf8(text).map_err(|_| "is no UTF-8".to_owned())?;
        let names = match self {
            Self::Json => serde_json::from_str(text).map_err(|error| {
                // It knows this line alone.
                let why = error.to_string();
                let why = why.split(" at line ").next().unwrap_or_default();
                format!("is no {{\"openid\": \"…\", \"unionid\": \"…\"}}: {why}")
            })?,
            Self::Csv([first, _]) => {
                let [one, other] = values(text)?.map(str::to_owned);
                let (openid, unionid) = if first == COLUMNS[0] { (one, other) } else { (other, one) };
                Names { openid, unionid }
            }
        };
        for (name, id) in COLUMNS.into_iter().zip([&names.openid, &names.unionid]) {
            if id.is_empty() {
                return Err(format!("has no {name}"));
            }
            if !is_id(id) {
                return Err(format!("its {name} is none: WeChat's are letters, digits, `_` and `-`"));
            }
        }
        Ok(names)
    }
}

/// The two values of a line.
fn values(text: &str) -> Result<[&str; 2], String> {
    let values: Vec<_> = text.split(',').map(bare).collect();
    values.try_into().map_err(|values: Vec<_>| format!("has {} values, not 2", values.len()))
}

/// A value without its quotes: in an id there is neither a quote nor a comma.
fn bare(value: &str) -> &str {
    let value = value.trim();
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let (pairs, mistakes) = pairs(text.as_bytes());
        let pairs = pairs.iter().map(|pair| format!("{}: {} is {}", pair.line, pair.openid, pair.unionid));
        (pairs.collect(), mistakes.iter().map(|one| format!("{}: {}", one.line, one.what)).collect())
    }

    #[test]
    fn each_form_of_a_pair_is_read() {
        let expected = ["2: o1 is u-1", "4: o_2 is u2"];
        for text in [
            "openid,unionid\no1,u-1\n\no_2,u2\n",
            "\u{feff}unionid, openid\r\nu-1, o1\r\n\r\nu2,o_2",
            "\"openid\",\"unionid\"\n\"o1\",\"u-1\"\n\n\"o_2\",\"u2\"\n",
            "\n{\"openid\": \"o1\", \"unionid\": \"u-1\"}\n\n{\"unionid\": \"u2\", \"openid\": \"o_2\"}\n",
        ] {
            assert_eq!(read(text), (expected.map(str::to_owned).to_vec(), vec![]), "{text}");
        }
    }

    #[test]
    fn what_is_no_pair_is_told_with_its_line_and_the_rest_is_read() {
        let (pairs, mistakes) =
            read("openid,unionid\no1,u1\no2\no3,\n,u4\no5,u 5\no1,u6\no1,u1\no8,u8,x\no9,u9\no8,u1\n");
        assert_eq!(pairs, ["2: o1 is u1", "10: o9 is u9"]);
        let expected = [
            "3: has 1 values",
            "4: has no unionid",
            "5: has no openid",
            "6: its unionid is none",
            "7: the openid of line 2, with another unionid",
            "9: has 3 values",
            "11: the unionid of line 2, with another openid",
        ];
        assert_eq!(mistakes.len(), expected.len(), "{mistakes:?}");
        assert!(mistakes.iter().zip(expected).all(|(told, begins)| told.starts_with(begins)), "{mistakes:?}");
        let (pairs, mistakes) =
            read("{\"openid\": \"o1\", \"unionid\": \"u1\", \"name\": 1}\nopenid\n{\"openid\": 1}");
        assert_eq!((pairs.len(), mistakes.len()), (0, 3), "{mistakes:?}");
    }

    #[test]
    fn a_file_of_something_else_is_told_once() {
        for text in [
            "id,unionid\na,b\nc,d\n",
            "o1,u1\no2,u2\n",
            "openid\n",
            "openid,openid\na,b\n",
            "openid,unionid,x\n",
        ] {
            let (pairs, mistakes) = read(text);
            assert_eq!((pairs.len(), mistakes.len()), (0, 1), "{text}");
            assert!(mistakes[0].starts_with("1: neither the header"), "{mistakes:?}");
        }
        assert_eq!(read(""), (vec![], vec![]));
    }
}
