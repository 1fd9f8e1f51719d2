//! The file of pairs, read strictly: what is no pair is told with its line.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use contract::send::is_id;
use serde::Deserialize;

use crate::lang::{pick, say};
use crate::sheet::{self, Mistake};

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    openid: String,
    unionid: String,
}

/// What a line says, by its number.
type Line = (usize, Result<Names, String>);

/// The pairs of a file, and the lines that are none.
///
/// # Errors
/// When it cannot be read.
pub fn read(file: &Path) -> io::Result<(Vec<Pair>, Vec<Mistake>)> {
    Ok(pairs(&std::fs::read(file)?))
}

fn pairs(bytes: &[u8]) -> (Vec<Pair>, Vec<Mistake>) {
    let bytes = sheet::without_mark(bytes);
    let lines = match bytes.trim_ascii_start().starts_with(b"{") {
        true => of_json(bytes),
        false => of_csv(bytes),
    };
    let (mut pairs, mut mistakes) = (Vec::<Pair>::new(), Vec::new());
    let (mut openids, mut unionids) = (HashMap::new(), HashMap::new());
    for (line, names) in lines {
        let Names { openid, unionid } = match names.and_then(checked) {
            Ok(names) => names,
            Err(what) => {
                mistakes.push(Mistake { line, what });
                continue;
            }
        };
        let first = |seen: &HashMap<String, usize>, name: &str| seen.get(name).map(|first| &pairs[*first]);
        let what = match (first(&openids, &openid), first(&unionids, &unionid)) {
            (Some(Pair { line, unionid: other, .. }), _) if *other != unionid => {
                say!(
                    "the openid of line {line}, with another unionid",
                    "openid 和第 {line} 行相同，unionid 不同"
                )
            }
            (_, Some(Pair { line, openid: other, .. })) if *other != openid => {
                say!(
                    "the unionid of line {line}, with another openid",
                    "unionid 和第 {line} 行相同，openid 不同"
                )
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

/// An object a line.
fn of_json(bytes: &[u8]) -> Vec<Line> {
    let lines = (1..).zip(bytes.split(|byte| *byte == b'\n')).map(|(line, text)| (line, text.trim_ascii()));
    let lines = lines.filter(|(_, text)| !text.is_empty());
    lines.map(|(line, text)| (line, object(text))).collect()
}

fn object(text: &[u8]) -> Result<Names, String> {
    let text = str::from_utf8(text).map_err(|_| sheet::no_utf8())?;
    serde_json::from_str(text).map_err(|error| {
        // It knows this line alone.
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        say!(
            "is no {{\"openid\": \"…\", \"unionid\": \"…\"}}: {why}",
            "不是 {{\"openid\": \"…\", \"unionid\": \"…\"}}（{why}）"
        )
    })
}

/// A header with the two columns in either order, and two values a line.
fn of_csv(bytes: &[u8]) -> Vec<Line> {
    let mut records = match sheet::records(bytes) {
        Ok(records) => records.into_iter(),
        Err(Mistake { line, what }) => return vec![(line, Err(what))],
    };
    let Some(header) = records.next() else { return Vec::new() };
    let mut columns = header.values;
    let is_reversed = columns == [COLUMNS[1], COLUMNS[0]];
    if is_reversed {
        columns.reverse();
    }
    if columns != COLUMNS {
        let english = "neither the header `openid,unionid` nor a JSON object";
        let what = pick(english, "既不是表头 `openid,unionid`，也不是 JSON 对象");
        return vec![(header.line, Err(what.to_owned()))];
    }
    let names = |values: Vec<String>| {
        let values: Result<[_; 2], _> = values.try_into();
        let [one, other] = values.map_err(|values: Vec<_>| {
            say!("has {} values, not 2", "有 {} 个值，应该是 2 个", values.len())
        })?;
        let (openid, unionid) = if is_reversed { (other, one) } else { (one, other) };
        Ok(Names { openid, unionid })
    };
    records.map(|record| (record.line, names(record.values))).collect()
}

/// Whether WeChat could have made the two.
fn checked(names: Names) -> Result<Names, String> {
    for (name, id) in COLUMNS.into_iter().zip([&names.openid, &names.unionid]) {
        if id.is_empty() {
            return Err(say!("has no {name}", "没有 {name}"));
        }
        if !is_id(id) {
            return Err(say!(
                "is no {name}: WeChat's have only letters, digits, `_` and `-`",
                "{name} 不对：微信的 {name} 只有字母、数字、`_` 和 `-`"
            ));
        }
    }
    Ok(names)
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
            "6: is no unionid",
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
