//! `queqiao catalog`: checks a catalog of notifications, has it be in force, shows which one is, takes one back, and
//! begins an entry for a template.
//!
//! It is written to the table itself, with the operator's own rights: no function may.

mod pull;
mod versions;

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use shared::catalog::Catalog;
use shared::preflight::preflight;
use shared::store::{LARGEST_CATALOG, State, TemplateLists};

use crate::lang::{chosen, say};
use crate::outcome::{Outcome, Unknown};
use crate::target::Place;
use crate::{Failure, note, sheet, tell, why, write_out};

/// What is told where a stack does not know an account's templates.
pub fn not_listed(there: &str) -> String {
    say!(
        "The templates of an account were not listed yet, and nobody knows whether they fit: `queqiao sync{there}` has it done, and `queqiao doctor{there}` says why not.",
        "还没有列出账号的模板，不知道是否相符：`queqiao sync{there}` 会去列出，列不出的原因看 `queqiao doctor{there}`。"
    )
}

/// What to do with the catalog.
#[derive(Subcommand)]
pub enum Verb {
    /// Check a file, and tell everything that is wrong with it; with --stack or --data also what WeChat would refuse, by
    /// the templates that the accounts there have
    #[command(mut_arg("data", |data| data.help("The folder of a local stack, to check against its templates")))]
    Check {
        /// Such a file as notifications.toml
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Check a file, against the accounts' templates too, and put it in force within a minute
    Push {
        /// Such a file as notifications.toml
        file: PathBuf,
        /// Only if this version is in force: the one that the file was changed from
        #[arg(long, value_name = "VERSION")]
        onto: Option<u64>,
        /// Also if it does not fit the accounts' templates: they may have been changed a moment ago
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Print an entry for a template that the account has, to be put into the file and filled in
    Pull {
        /// The template's id, as WeChat's console shows it
        #[arg(allow_hyphen_values = true)]
        template_id: String,
        /// What to call the notification [default: the template's title]
        #[arg(long = "as", value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Print the catalog that is in force, or an earlier version; stderr lists those that are kept
    Show {
        /// An earlier version
        version: Option<u64>,
        /// Print all of it as one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Put an earlier version in force again, within a minute
    Rollback {
        /// Which; left out, the one before
        version: Option<u64>,
        #[command(flatten)]
        place: Place,
    },
}

/// Does it.
pub async fn run(verb: Verb) -> Result<Outcome, Failure> {
    match verb {
        Verb::Check { file, place } => check(place, &file).await?,
        Verb::Push { file, onto, force, place } => push(place, &file, onto, force).await?,
        Verb::Pull { template_id, name, place } => pull(place, &template_id, name.as_deref()).await?,
        Verb::Show { version, json, place } => versions::show(place, version, json).await?,
        Verb::Rollback { version, place } => versions::roll_back(place, version).await?,
    }
    Ok(Outcome::Done)
}

/// The text of a file that can be pushed.
fn checked(file: &Path) -> Result<(String, Catalog), Failure> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| sheet::unreadable(file, &error))?;
    if text.len() > LARGEST_CATALOG {
        return Err(say!(
            "{name} has {} bytes. A catalog is one item of DynamoDB, so it has {LARGEST_CATALOG} at most: take out what is sent no more, and long comments.",
            "{name} 有 {} 字节。通知目录是 DynamoDB 的一条记录，最多 {LARGEST_CATALOG} 字节：删掉不再发送的通知和过长的注释。",
            text.len()
        )
        .into());
    }
    let catalog = Catalog::parse(&text).map_err(|problems| {
        let told = problems.0.iter().map(|problem| format!("{name}:{}: {problem}", problem.line));
        told.collect::<Vec<_>>().join("\n")
    })?;
    match catalog.count() {
        0 => Err(say!(
            "{name} has no notification: nothing could be sent by it.",
            "{name} 里没有通知，什么也发不了。"
        )
        .into()),
        _ => Ok((text, catalog)),
    }
}

async fn check(place: Place, file: &Path) -> Result<(), Failure> {
    let (_, catalog) = checked(file)?;
    let (name, count) = (file.display(), catalog.count());
    if place.is_named() {
        let there = place.as_named();
        let listed = place.templates().await?;
        fits(file, &catalog, &listed, &there)?;
        if !are_listed(&catalog, &listed) {
            tell(&say!(
                "{name}: {count} notifications, nothing wrong in the file; not compared with templates.",
                "{name}：{count} 种通知，文件没有问题；没有和模板对照。"
            ));
            return Ok(());
        }
    }
    tell(&say!("{name}: {count} notifications, nothing wrong.", "{name}：{count} 种通知，没有问题。"));
    Ok(())
}

/// Whether the templates of each account that the catalog names any of are known.
fn are_listed(catalog: &Catalog, listed: &TemplateLists) -> bool {
    listed.oa.is_some() && (listed.mini.is_some() || catalog.fallback_templates().next().is_none())
}

/// Refuses what WeChat would refuse, as far as that is known.
fn fits(file: &Path, catalog: &Catalog, listed: &TemplateLists, there: &str) -> Result<(), String> {
    if !are_listed(catalog, listed) {
        note(&not_listed(there));
    }
    let told = preflight(chosen(), catalog, listed.known()).into_iter().map(|problem| {
        format!("{}: [{}] {}", file.display(), problem.notification, why::misfit(&problem, &problem.remedy))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
}

async fn pull(place: Place, template_id: &str, name: Option<&str>) -> Result<(), Failure> {
    let there = place.as_named();
    let listed = place.templates().await?;
    let entry = pull::entry(&listed, template_id, name);
    match entry {
        Some(entry) => print(&entry),
        None if listed.oa.is_none() => Err(not_listed(&there).into()),
        None => Err(say!(
            "Neither account has a template of this id. One that was added since is known after `queqiao sync{there}`; the mini-program's are where the catalog in force has a fallback.",
            "两个账号都没有这个 ID 的模板。刚添加的，运行 `queqiao sync{there}` 后才知道；小程序的模板，要生效的通知目录里有 fallback 才会列出。"
        )
        .into()),
    }
}

async fn push(place: Place, file: &Path, onto: Option<u64>, force: bool) -> Result<(), Failure> {
    let (text, catalog) = checked(file)?;
    let there = place.as_named();
    let (state, listed) = place.catalog_and_templates().await?;
    match fits(file, &catalog, &listed, &there) {
        Err(problems) if force => note(&problems),
        Err(problems) => {
            return Err(say!(
                "{problems}\nNothing was pushed. Where the templates have changed since, `queqiao sync{there}` has them listed anew; --force pushes it all the same.",
                "{problems}\n没有推送。如果模板后来改过，`queqiao sync{there}` 会重新列出；加 --force 则照样推送。"
            )
            .into());
        }
        Ok(()) => {}
    }
    let newest = state.catalog_version().await?;
    if let Some(onto) = onto.filter(|onto| *onto != newest) {
        return Err(say!(
            "Version {newest} is in force, not {onto}: somebody has pushed since. `queqiao catalog show{there}` prints theirs.",
            "生效的是版本 {newest}，不是 {onto}：有人推送过。用 `queqiao catalog show{there}` 查看。"
        )
        .into());
    }
    if state.catalog(newest).await?.is_some_and(|pushed| pushed.text == text) {
        tell(&say!("Version {newest} is in force, and is the same.", "版本 {newest} 已生效，内容相同。"));
        return Ok(());
    }
    let version = put_in_force(&state, newest, Text { text: &text, rollback_to: None }, &there).await?;
    let count = catalog.count();
    tell(&say!(
        "Version {version} is in force within a minute: {count} notifications.",
        "版本 {version} 一分钟内生效：{count} 种通知。"
    ));
    Ok(())
}

/// What is put in force, and the version that it was before.
struct Text<'a> {
    text: &'a str,
    rollback_to: Option<u64>,
}

async fn put_in_force(state: &State, newest: u64, what: Text<'_>, there: &str) -> Result<u64, Failure> {
    let how = say!(
        "Nobody knows whether it was pushed: `queqiao catalog show{there}` tells which one is in force.",
        "不知道有没有推送成功：用 `queqiao catalog show{there}` 看哪一版生效。"
    );
    let pushed = state.push_catalog(newest, what.text, what.rollback_to).await;
    match pushed.map_err(|error| Unknown::because(&error, &how))? {
        true => Ok(newest + 1),
        false => Err(say!(
            "Somebody else pushed a catalog at the same moment, and nothing was changed. Look at theirs with `queqiao catalog show{there}`, then try again.",
            "同一时间有人推送了通知目录，这次没有改动。先用 `queqiao catalog show{there}` 看看，再试一次。"
        )
        .into()),
    }
}

/// To a file, byte by byte, so that it can be changed and pushed.
fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().is_terminal() {
        true => tell(text.trim_end()),
        false => write_out(text.as_bytes())?,
    }
    Ok(())
}
