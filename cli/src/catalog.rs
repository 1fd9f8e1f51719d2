//! `queqiao catalog`: checks a catalog of notifications, has it be in force, shows which one is, takes one back, and
//! begins an entry for a template.
//!
//! It is written to the table itself, with the operator's own rights: no function may.

mod pull;

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use contract::Channel;
use serde_json::json;
use shared::catalog::Catalog;
use shared::preflight::preflight;
use shared::store::{LARGEST_CATALOG, PushedCatalog, State, TemplateLists, kept_catalogs};

use crate::target::Place;
use crate::{Failure, note, print_json, tell};

/// What is told where a stack does not know an account's templates.
const NOT_LISTED: &str = "The templates of an account were not listed yet, and nobody knows whether they fit: `queqiao sync` has it done, and `queqiao doctor` says why not.";

/// What to do with the catalog.
#[derive(Subcommand)]
pub enum Verb {
    /// Check a file, and tell everything that is wrong with it; with --stack or --data also what WeChat would refuse, by
    /// the templates that the accounts there have
    Check {
        /// Such a file as notifications.toml
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Check a file, also against the templates that the accounts have, and have it be in force, within a minute
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
    /// Have an earlier version be in force again, within a minute
    Rollback {
        /// Which; left out, the one before
        version: Option<u64>,
        #[command(flatten)]
        place: Place,
    },
}

/// Does it.
pub async fn run(verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Check { file, place } => check(place, &file).await,
        Verb::Push { file, onto, force, place } => push(place, &file, onto, force).await,
        Verb::Pull { template_id, name, place } => pull(place, &template_id, name.as_deref()).await,
        Verb::Show { version, json, place } => show(place.catalog().await?, version, json).await,
        Verb::Rollback { version, place } => roll_back(place.catalog().await?, version).await,
    }
}

/// The text of a file that can be pushed.
fn checked(file: &Path) -> Result<(String, Catalog), Failure> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name} cannot be read: {error}."))?;
    if text.len() > LARGEST_CATALOG {
        return Err(format!(
            "{name} has {} bytes. A catalog is one item of DynamoDB, so it has {LARGEST_CATALOG} at most: take out what is sent no more, and long comments.",
            text.len()
        )
        .into());
    }
    let catalog = Catalog::parse(&text).map_err(|problems| {
        let told = problems.0.iter().map(|problem| format!("{name}:{}: {problem}", problem.line));
        told.collect::<Vec<_>>().join("\n")
    })?;
    match catalog.count() {
        0 => Err(format!("{name} has no notification: nothing could be sent by it.").into()),
        _ => Ok((text, catalog)),
    }
}

async fn check(place: Place, file: &Path) -> Result<(), Failure> {
    let (_, catalog) = checked(file)?;
    if place.is_named() {
        fits(file, &catalog, &place.templates().await?)?;
    }
    tell(&format!("{}: {} notifications, nothing wrong.", file.display(), catalog.count()));
    Ok(())
}

/// Refuses what WeChat would refuse, as far as that is known.
fn fits(file: &Path, catalog: &Catalog, listed: &TemplateLists) -> Result<(), String> {
    if listed.oa.is_none() || listed.mini.is_none() && catalog.fallback_templates().next().is_some() {
        note(NOT_LISTED);
    }
    let told = preflight(catalog, listed.known()).into_iter().map(|problem| {
        let fallback = if problem.channel == Channel::Subscribe { " fallback:" } else { "" };
        let field = problem.field.map(|field| format!(" {field}:")).unwrap_or_default();
        let (entry, reason, remedy) = (problem.notification, problem.reason, problem.remedy);
        format!("{}: [{entry}]{fallback}{field} {reason}. {remedy}", file.display())
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
}

async fn pull(place: Place, template_id: &str, name: Option<&str>) -> Result<(), Failure> {
    let listed = place.templates().await?;
    let entry = pull::entry(&listed, template_id, name);
    match entry {
        Some(entry) => print(&entry),
        None if listed.oa.is_none() => Err(NOT_LISTED.into()),
        None => Err("Neither account has a template of this id. One that was added since is known after `queqiao sync`; the mini-program's are where the catalog in force has a fallback.".into()),
    }
}

async fn push(place: Place, file: &Path, onto: Option<u64>, force: bool) -> Result<(), Failure> {
    let (text, catalog) = checked(file)?;
    let (state, listed) = place.catalog_and_templates().await?;
    match fits(file, &catalog, &listed) {
        Err(problems) if force => note(&problems),
        Err(problems) => {
            return Err(format!(
                "{problems}\nNothing was pushed. Where the templates have changed since, `queqiao sync` has them listed anew; --force pushes it all the same."
            )
            .into());
        }
        Ok(()) => {}
    }
    let newest = state.catalog_version().await?;
    if let Some(onto) = onto.filter(|onto| *onto != newest) {
        return Err(format!(
            "Version {newest} is in force, not {onto}: somebody has pushed since. `queqiao catalog show` prints theirs."
        )
        .into());
    }
    if state.catalog(newest).await?.is_some_and(|pushed| pushed.text == text) {
        tell(&format!("Version {newest} is in force, and is the same."));
        return Ok(());
    }
    let version = put_in_force(&state, newest, &text, None).await?;
    tell(&format!("Version {version} is in force within a minute: {} notifications.", catalog.count()));
    Ok(())
}

async fn put_in_force(
    state: &State,
    newest: u64,
    text: &str,
    rollback_to: Option<u64>,
) -> Result<u64, Failure> {
    match state.push_catalog(newest, text, rollback_to).await? {
        true => Ok(newest + 1),
        false => Err("Somebody else pushed a catalog at the same moment, and nothing was changed. Look at theirs with `queqiao catalog show`, then try again.".into()),
    }
}

async fn roll_back(state: State, version: Option<u64>) -> Result<(), Failure> {
    let newest = state.catalog_version().await?;
    // One that a rollback has made stands where the version stood that it is again.
    let in_force = state.catalog(newest).await?.and_then(|pushed| pushed.rollback_to).unwrap_or(newest);
    let wanted = version.unwrap_or(in_force.saturating_sub(1));
    if newest == 0 {
        return Err("No catalog was ever pushed to this stack: there is nothing to take back.".into());
    }
    if wanted == newest {
        return Err(format!("Version {newest} is in force already.").into());
    }
    let pushed = kept(&state, newest, wanted).await?;
    if let Err(problem) = Catalog::parse_pushed(&pushed.text) {
        return Err(format!(
            "Version {wanted} cannot be read by this release, and nothing was changed: {problem}."
        )
        .into());
    }
    // What was taken back in between is not what stood before.
    let wanted = pushed.rollback_to.unwrap_or(wanted);
    let version = put_in_force(&state, newest, &pushed.text, Some(wanted)).await?;
    tell(&format!("Version {version} is in force within a minute: it is version {wanted} again."));
    Ok(())
}

async fn kept(state: &State, newest: u64, version: u64) -> Result<PushedCatalog, Failure> {
    let found = if kept_catalogs(newest).contains(&version) { state.catalog(version).await? } else { None };
    found.ok_or_else(|| {
        format!("Version {version} is not kept, or its row is gone; `queqiao catalog show` lists those that are. Any file can be pushed.").into()
    })
}

async fn show(state: State, version: Option<u64>, json: bool) -> Result<(), Failure> {
    let newest = state.catalog_version().await?;
    if newest == 0 {
        note(
            "No catalog was ever pushed to this stack: the one that its release was built with is in force. This program was built with:",
        );
        return match json {
            true => {
                print_json(&json!({"version": 0, "in_force": 0, "text": Catalog::BUILT_IN, "versions": []}))
            }
            false => print(Catalog::BUILT_IN),
        };
    }
    let mut versions = Vec::new();
    for version in kept_catalogs(newest).rev() {
        versions.extend(state.catalog(version).await?);
    }
    if !json {
        versions.iter().for_each(|one| note(&line(one, newest)));
    }
    let shown = kept(&state, newest, version.unwrap_or(newest)).await?;
    if json {
        let about = |one: &PushedCatalog| json!({"version": one.version, "pushed_at": one.pushed_at, "rollback_to": one.rollback_to});
        let versions: Vec<_> = versions.iter().map(about).collect();
        return print_json(
            &json!({"version": shown.version, "in_force": newest, "text": shown.text, "versions": versions}),
        );
    }
    print(&shown.text)
}

/// To a file, byte by byte, so that it can be changed and pushed.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    match stdout.is_terminal() {
        true => tell(text.trim_end()),
        false => stdout.write_all(text.as_bytes())?,
    }
    Ok(())
}

/// A version, when it was pushed, what it is.
fn line(one: &PushedCatalog, newest: u64) -> String {
    let mut line = format!("version {}, pushed {}", one.version, minute(one.pushed_at));
    if let Some(again) = one.rollback_to {
        line += &format!(", version {again} again");
    }
    if one.version == newest { line + ", in force" } else { line }
}

/// The minute in UTC.
fn minute(at: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(at).ok();
    at.map_or("?".to_owned(), |at| format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_what_it_is() {
        let mut one =
            PushedCatalog { version: 3, text: String::new(), pushed_at: 1_795_378_184, rollback_to: None };
        assert_eq!(line(&one, 4), "version 3, pushed 2026-11-22 20:09 UTC");
        one.rollback_to = Some(1);
        assert_eq!(line(&one, 3), "version 3, pushed 2026-11-22 20:09 UTC, version 1 again, in force");
    }
}
