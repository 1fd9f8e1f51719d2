//! `queqiao keys`: makes, lists and revokes service keys, in the table itself: no function may write it.

use std::io::Write;
use std::time::Duration;

use clap::Subcommand;
use contract::Scope;
use serde_json::{Value, json};
use shared::session::Token;
use shared::store::{KeyRow, Keys};
use strum::IntoEnumIterator;

use crate::lang::{pick, say};
use crate::outcome::{Outcome, Unknown};
use crate::target::Place;
use crate::{Failure, note, print_json, table, tell};

/// So many characters of an id tell keys apart, for people.
const SHORT: usize = 8;

/// The least of an id that may stand for it.
const SHORTEST: usize = 4;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What to do with service keys.
#[derive(Subcommand)]
pub enum Verb {
    /// Make a key and print it, this once: only its SHA-256 is kept
    Create {
        /// Who will hold it; batches say that they were sent by that name
        name: String,
        /// What it may do, several separated by commas: send, read, sync, admin
        #[arg(long, value_name = "SCOPE", value_delimiter = ',', value_parser = scope, default_values_t = Scope::DEFAULT)]
        scope: Vec<Scope>,
        /// How many days the key is valid; left out, until it is revoked
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// List the keys there are
    List {
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key, at once
    Revoke {
        /// Its id, the beginning of it, or its holder's name
        #[arg(allow_hyphen_values = true)]
        id: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Does it.
pub async fn run(verb: Verb) -> Result<Outcome, Failure> {
    match verb {
        Verb::Create { name, scope, days, json, place } => create(place, name, scope, days, json).await?,
        Verb::List { json, place } => list(place, json).await?,
        Verb::Revoke { id, place } => revoke(place, &id).await?,
    }
    Ok(Outcome::Done)
}

async fn create(
    place: Place,
    name: String,
    scopes: Vec<Scope>,
    days: Option<u32>,
    json: bool,
) -> Result<(), Failure> {
    if name.trim().is_empty() {
        return Err(pick("A key needs the name of its holder.", "service key 要写明由谁持有。").into());
    }
    let there = place.as_named();
    let keys = place.keys().await?;
    let key = Token::random_key();
    let created_at = keys.clock().now();
    let ends_at = days.map(|days| created_at.saturating_add_unsigned((DAY * days).as_secs()));
    let row = KeyRow { id: key.id(), name, scopes, created_at, ends_at };
    let short = short(&row.id);
    let how = say!(
        "Nobody knows whether the key was made. If `queqiao keys list{there}` shows {short}, nobody can use it: take it away with `queqiao keys revoke {short}{there}`, and make another.",
        "不知道有没有创建。如果 `queqiao keys list{there}` 里有 {short}，它没有人能用：用 `queqiao keys revoke {short}{there}` 吊销，再创建一个。"
    );
    keys.put(&row).await.map_err(|error| Unknown::because(&error, &how))?;
    let key = key.into_text();
    let shown = if json { with_key(&row, &key)? } else { key };
    // Shown to nobody, it would be valid and unknown.
    if let Err(error) = writeln!(std::io::stdout(), "{shown}") {
        return Err(not_shown(&keys, &row, &there, &error).await);
    }
    if json {
        return Ok(());
    }
    let (name, may) = (&row.name, words(&row.scopes));
    note(&say!(
        "{name} may {may} with it. Keep it: it is shown this once.",
        "{name} 可以用它做：{may}。请保存好，只显示这一次。"
    ));
    Ok(())
}

/// A row as JSON, and the key itself.
fn with_key(row: &KeyRow, key: &str) -> Result<String, Failure> {
    let mut told = json!({"key": key, "ends_at": null});
    if let (Some(told), Value::Object(row)) = (told.as_object_mut(), serde_json::to_value(row)?) {
        told.extend(row);
    }
    Ok(told.to_string())
}

/// Revokes a key that could not be printed, and says so.
async fn not_shown(keys: &Keys, row: &KeyRow, there: &str, error: &std::io::Error) -> Failure {
    let short = short(&row.id);
    match keys.revoke(&row.id).await {
        Ok(_) => say!(
            "The key could not be printed ({error}), and was revoked again.",
            "没能打印 service key（{error}），已重新吊销。"
        ),
        Err(_) => say!(
            "The key could not be printed ({error}), nor revoked again: do that with `queqiao keys revoke {short}{there}`.",
            "没能打印 service key（{error}），也没能吊销：请用 `queqiao keys revoke {short}{there}` 吊销。"
        ),
    }
    .into()
}

async fn list(place: Place, json: bool) -> Result<(), Failure> {
    let there = place.as_named();
    let rows = place.keys().await?.all().await?;
    if json {
        return print_json(&rows);
    }
    if rows.is_empty() {
        note(&say!(
            "There are no service keys; `queqiao keys create NAME{there}` makes one.",
            "还没有 service key；用 `queqiao keys create 持有人{there}` 创建一个。"
        ));
        return Ok(());
    }
    let mut table =
        table(pick(["id", "holder", "may", "made", "ends"], ["id", "持有人", "权限", "创建", "到期"]));
    for row in rows {
        let ends = row.ends_at.map_or(pick("when revoked", "直到吊销").to_owned(), day);
        let id = short(&row.id).to_owned();
        table.add_row([id, row.name, words(&row.scopes), day(row.created_at), ends]);
    }
    tell(&table.to_string());
    Ok(())
}

async fn revoke(place: Place, id: &str) -> Result<(), Failure> {
    let there = place.as_named();
    let keys = place.keys().await?;
    let rows = keys.all().await?;
    let row = chosen(&rows, id, &there)?;
    let (name, id) = (&row.name, short(&row.id));
    let how = say!(
        "Nobody knows whether {name}'s key {id} is revoked: it is once `queqiao keys list{there}` shows it no more. Else run this again.",
        "不知道 {name} 的 service key {id} 有没有吊销：`queqiao keys list{there}` 里没有它，就是吊销了；还有，就再运行一次。"
    );
    match keys.revoke(&row.id).await.map_err(|error| Unknown::because(&error, &how))? {
        true => {
            note(&say!("{name}'s key {id} is revoked.", "{name} 的 service key {id} 已吊销。"));
        }
        false => note(pick("Somebody else has just revoked it.", "刚刚已被别人吊销。")),
    }
    Ok(())
}

/// The one key that is meant: by its whole id, else by its holder's name, else by the beginning of its id.
fn chosen<'a>(rows: &'a [KeyRow], id: &str, there: &str) -> Result<&'a KeyRow, String> {
    let by_id = rows.iter().find(|row| row.id == id);
    let named: Vec<_> = rows.iter().filter(|row| row.name == id).collect();
    let begun = rows.iter().filter(|row| id.len() >= SHORTEST && row.id.starts_with(id));
    let meant = match (by_id, named.is_empty()) {
        (Some(row), _) => vec![row],
        (None, false) => named,
        (None, true) => begun.collect(),
    };
    match meant.as_slice() {
        [row] => Ok(row),
        [] => Err(say!(
            "There is no such key; `queqiao keys list{there}` shows those there are. An id may be shortened to {SHORTEST} characters.",
            "没有这个 service key；用 `queqiao keys list{there}` 查看有哪些。id 至少写前 {SHORTEST} 个字符。"
        )),
        several => Err(say!(
            "{} keys are meant by that; name one by its id.",
            "有 {} 个 service key 符合；请写 id。",
            several.len()
        )),
    }
}

/// What tells it apart, for people.
fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

fn scope(word: &str) -> Result<Scope, String> {
    word.trim().parse().map_err(|_| {
        let known = words(&Scope::iter().collect::<Vec<_>>());
        say!("a scope is one of {known}", "权限可以是 {known}")
    })
}

fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::to_string).collect::<Vec<_>>().join(", ")
}

/// The day in UTC; a row that does not say when it was made is older than that.
fn day(at: i64) -> String {
    let day = time::OffsetDateTime::from_unix_timestamp(at).ok().filter(|_| at > 0);
    day.map_or("?".to_owned(), |at| at.date().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, name: &str) -> KeyRow {
        KeyRow { id: id.into(), name: name.into(), scopes: vec![], created_at: 0, ends_at: None }
    }

    #[test]
    fn only_one_key_is_meant() {
        let rows =
            [row("abcd1", "backend"), row("abcd2", "batch"), row("-xyz3", "batch"), row("abcd", "abcd1")];
        let id = |text| chosen(&rows, text, "").map(|row| row.id.as_str()).ok();
        assert_eq!(id("abcd1"), Some("abcd1"), "an id goes before a name");
        assert_eq!(id("abcd"), Some("abcd"), "and before the beginning of another");
        assert_eq!(id("-xyz"), Some("-xyz3"));
        assert_eq!(id("backend"), Some("abcd1"));
        for nobody in ["", "ab", "-xy", "batch", "zzzz"] {
            assert_eq!(id(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn days_are_written_as_dates() {
        assert_eq!(day(1_795_378_184), "2026-11-22");
        assert_eq!(day(0), "?");
    }
}
