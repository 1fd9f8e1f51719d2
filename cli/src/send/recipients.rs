//! To whom: those that are named on the command line, and those of a CSV file with data of their own.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use contract::data::{Data, LARGEST_DATA, MOST_NAMES};
use contract::send::is_id;
use contract::{Recipient, To};
use strum::{EnumString, IntoStaticStr};

use crate::lang::{pick, say};
use crate::sheet::{self, Mistake, Record};
use crate::{Failure, why};

/// Where somebody stands who is named on the command line: before any line of a file.
const NAMED: usize = 0;

/// By which of their ids somebody is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum By {
    Openid,
    Unionid,
    OaOpenid,
}

/// What a column of the file is.
enum Column {
    /// Who.
    Recipient,
    /// A value of their own, under this name.
    Datum(String),
    /// One that a spreadsheet has left behind: without a name, and without values.
    Nothing,
}

/// One who is named on a command line: `unionid:…`, or an openid without a word before it.
pub fn named(text: &str) -> Result<To, String> {
    let (by, id) = text.split_once(':').unwrap_or((By::Openid.into(), text));
    let by = by.parse::<By>().map_err(|_| {
        say!("{by} is none of openid, unionid and oa_openid", "{by} 不是 openid、unionid 或 oa_openid")
    })?;
    by.to(id, Data::new())
}

/// Refuses a command line that names somebody twice: they would get it twice, or be rejected after others have it.
pub fn all_different(to: &[To]) -> Result<(), String> {
    let mut seen = HashSet::new();
    match to.iter().map(To::recipient).find(|recipient| !seen.insert(recipient.clone())) {
        None => Ok(()),
        Some(twice) => {
            let id = why::name(&twice);
            Err(say!("--to names {id} twice.", "--to 写了两次 {id}。"))
        }
    }
}

/// Whether all are named by the same kind of id: else nobody sees here who is the same.
pub fn are_of_one_kind(to: &[To]) -> bool {
    let kind = |to: &To| std::mem::discriminant(&to.recipient());
    to.windows(2).all(|two| kind(&two[0]) == kind(&two[1]))
}

/// Who stands in the file beside those who are named already, and the lines that name nobody or somebody twice.
///
/// # Errors
/// When the file cannot be read, or its header does not say who is meant.
pub fn of_file(file: &Path, named: &[To]) -> Result<(Vec<To>, Vec<Mistake>), Failure> {
    let at = |Mistake { line, what }: Mistake| format!("{}:{line}: {what}", file.display());
    let bytes = std::fs::read(file).map_err(|error| sheet::unreadable(file, &error))?;
    let mut records = sheet::records(&bytes).map_err(at)?.into_iter();
    let header = records.next().ok_or_else(|| pick("is empty", "是空的").to_owned());
    let read = header.and_then(|header| columns(&header.values));
    let (by, columns) = read.map_err(|what| at(Mistake { line: 1, what }))?;
    let (mut recipients, mut mistakes) = (Vec::new(), Vec::new());
    let mut seen: HashMap<_, _> = named.iter().map(|to| (to.recipient(), NAMED)).collect();
    for Record { line, values } in records {
        match recipient(by, &columns, values).and_then(|to| once(&mut seen, line, to)) {
            Ok(to) => recipients.push(to),
            Err(what) => mistakes.push(Mistake { line, what }),
        }
    }
    Ok((recipients, mistakes))
}

/// By what the file names its recipients, and its columns.
fn columns(header: &[String]) -> Result<(By, Vec<Column>), String> {
    let mut by = None;
    let mut names: Vec<&String> = Vec::new();
    let mut columns = Vec::with_capacity(header.len());
    for name in header {
        columns.push(match by_name(name) {
            Ok(other) if by.replace(other).is_some() => {
                return Err(pick(
                    "its header names two columns for the recipient: keep one of openid, unionid and oa_openid",
                    "表头有两列收件人：openid、unionid、oa_openid 只留一列",
                )
                .to_owned());
            }
            Ok(_) => Column::Recipient,
            Err(_) if name.is_empty() => Column::Nothing,
            Err(_) if names.contains(&name) => {
                return Err(say!("its header has the column {name} twice", "表头里 {name} 出现了两次"));
            }
            Err(_) => {
                names.push(name);
                Column::Datum(name.clone())
            }
        });
    }
    if names.len() > MOST_NAMES {
        return Err(say!("has more than {MOST_NAMES} columns of data", "数据超过 {MOST_NAMES} 列"));
    }
    let by = by.ok_or_else(|| {
        if let [one] = header
            && let Some(separator) = SEPARATORS.iter().find(|separator| one.contains(**separator))
        {
            return say!(
                "its columns are separated by `{separator}`: save it with commas",
                "列之间用的是「{separator}」：请用英文逗号分隔"
            );
        }
        pick(
            "its header has to name the column of the recipients: openid, unionid or oa_openid",
            "表头要有一列收件人：openid、unionid 或 oa_openid",
        )
        .to_owned()
    })?;
    Ok((by, columns))
}

/// What spreadsheets also put between columns.
const SEPARATORS: [&str; 4] = ["，", ";", "；", "\t"];

/// A column's name however it is written: `OpenID`, with a wide blank behind it.
fn by_name(name: &str) -> Result<By, strum::ParseError> {
    name.trim().to_ascii_lowercase().parse()
}

fn recipient(by: By, columns: &[Column], values: Vec<String>) -> Result<To, String> {
    if values.len() != columns.len() {
        let (has, of) = (values.len(), columns.len());
        return Err(say!("has {has} values for {of} columns", "有 {has} 个值，表头是 {of} 列"));
    }
    let (mut id, mut data) = (String::new(), Data::new());
    for (column, value) in columns.iter().zip(values) {
        match column {
            Column::Recipient => id = value,
            // What is left empty is not theirs: they have what all have.
            _ if value.is_empty() => {}
            // No card shows one, and a template that does not know the name would drop it unseen.
            Column::Datum(name) if value.contains(['\n', '\r']) => {
                return Err(say!("has a line break in {name}", "{name} 里有换行"));
            }
            Column::Datum(name) => drop(data.insert(name.clone(), value)),
            Column::Nothing => {
                return Err(pick("has a value in a column without a name", "没有列名的一列里有值").to_owned());
            }
        }
    }
    let bytes: usize = data.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > LARGEST_DATA {
        return Err(say!("has more than {LARGEST_DATA} bytes of data", "数据超过 {LARGEST_DATA} 字节"));
    }
    by.to(&id, data)
}

/// Refuses whom an earlier line names: in two calls they would get it twice.
fn once(seen: &mut HashMap<Recipient, usize>, line: usize, to: To) -> Result<To, String> {
    match seen.insert(to.recipient(), line) {
        None => Ok(to),
        Some(NAMED) => {
            seen.insert(to.recipient(), NAMED);
            Err(pick("names a recipient of --to again", "和 --to 的收件人重复").to_owned())
        }
        Some(first) => {
            seen.insert(to.recipient(), first);
            Err(say!("names the recipient of line {first} again", "和第 {first} 行是同一个收件人"))
        }
    }
}

impl By {
    fn to(self, id: &str, data: Data) -> Result<To, String> {
        let name: &str = self.into();
        if !is_id(id) {
            return Err(match id {
                "" => say!("has no {name}", "没有 {name}"),
                _ => say!(
                    "is no {name}: WeChat's have only letters, digits, `_` and `-`",
                    "{name} 不对：微信的 {name} 只有字母、数字、`_` 和 `-`"
                ),
            });
        }
        let id = Some(id.to_owned());
        Ok(match self {
            Self::Openid => To { openid: id, data, ..To::default() },
            Self::Unionid => To { unionid: id, data, ..To::default() },
            Self::OaOpenid => To { oa_openid: id, data, ..To::default() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("users.csv");
        std::fs::write(&file, text).expect("a file");
        match of_file(&file, &[]) {
            Ok((recipients, mistakes)) => (
                recipients.iter().map(|to| serde_json::to_string(to).expect("JSON")).collect(),
                mistakes.iter().map(|one| format!("{}: {}", one.line, one.what)).collect(),
            ),
            Err(error) => {
                let told = error.to_string();
                (vec![], vec![told.rsplit('/').next().unwrap_or_default().to_owned()])
            }
        }
    }

    #[test]
    fn a_column_names_the_recipient_and_the_others_are_their_data() {
        let (recipients, mistakes) =
            read("\u{feff}applicant, unionid ,days,\r\n\"张三, 李四\",u-1,007,\r\n,u_2,,\r\n");
        assert_eq!(
            recipients,
            [r#"{"unionid":"u-1","data":{"applicant":"张三, 李四","days":"007"}}"#, r#"{"unionid":"u_2"}"#]
        );
        assert_eq!(mistakes, Vec::<String>::new());
    }

    #[test]
    fn what_names_nobody_or_somebody_twice_is_told_with_its_line() {
        let (recipients, mistakes) = read("openid,a,\no1,1,\no2,2\n,3,\no 4,4,\no5,5,6\no1,7,\no8,8,\n");
        assert_eq!(recipients.len(), 2, "{recipients:?}");
        let expected = [
            "3: has 2 values for 3 columns",
            "4: has no openid",
            "5: is no openid",
            "6: has a value in a column without a name",
            "7: names the recipient of line 2 again",
        ];
        assert_eq!(mistakes.len(), expected.len(), "{mistakes:?}");
        assert!(mistakes.iter().zip(expected).all(|(told, begins)| told.starts_with(begins)), "{mistakes:?}");
        let long = format!("openid,a\no1,{}\n", "x".repeat(LARGEST_DATA));
        assert_eq!(read(&long).1, ["2: has more than 8192 bytes of data"]);
    }

    #[test]
    fn a_header_that_does_not_say_who_is_meant_is_no_header() {
        for (text, what) in [
            ("", "is empty"),
            ("o1,o2\no3,o4\n", "its header has to name"),
            ("openid,unionid\no1,u1\n", "its header names two columns"),
            ("openid,a,a\no1,1,2\n", "its header has the column a twice"),
        ] {
            let (recipients, mistakes) = read(text);
            assert_eq!((recipients.len(), mistakes.len()), (0, 1), "{text}");
            assert!(mistakes[0].starts_with(&format!("users.csv:1: {what}")), "{mistakes:?}");
        }
    }

    #[test]
    fn whoever_is_named_without_a_word_is_named_by_an_openid() {
        assert_eq!(named("o1").expect("one").openid.as_deref(), Some("o1"));
        assert_eq!(named("oa_openid:o1").expect("one").oa_openid.as_deref(), Some("o1"));
        for text in ["", "openid:", "phone:1", "o 1", "unionid:u:1"] {
            assert!(named(text).is_err(), "{text}");
        }
    }
}
