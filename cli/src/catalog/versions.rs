//! The versions of the catalog that are kept: which one is in force, and how an earlier one is again.

use serde_json::json;
use shared::catalog::Catalog;
use shared::store::{PushedCatalog, State, kept_catalogs};

use super::{Text, print, put_in_force};
use crate::lang::{pick, say};
use crate::target::Place;
use crate::{Failure, minute, note, print_json, tell};

/// Has an earlier version be in force again; left out, the one before.
pub async fn roll_back(place: Place, version: Option<u64>) -> Result<(), Failure> {
    let there = place.as_named();
    let state = place.catalog().await?;
    let newest = state.catalog_version().await?;
    // One that a rollback has made stands where the version stood that it is again.
    let in_force = state.catalog(newest).await?.and_then(|pushed| pushed.rollback_to).unwrap_or(newest);
    let wanted = version.unwrap_or(in_force.saturating_sub(1));
    if newest == 0 {
        return Err(pick(
            "No catalog was ever pushed to this stack: there is nothing to take back.",
            "还没有推送过通知目录，没有可以回退的版本。",
        )
        .into());
    }
    if wanted == newest {
        return Err(say!("Version {newest} is in force already.", "版本 {newest} 已经生效。").into());
    }
    let pushed = kept(&state, newest, wanted).await?.ok_or_else(|| not_kept(wanted, &there))?;
    if let Err(problem) = Catalog::parse_pushed(&pushed.text) {
        return Err(say!(
            "Version {wanted} cannot be read by this release, and nothing was changed: {problem}.",
            "这个版本的程序读不了版本 {wanted}，没有改动（{problem}）。"
        )
        .into());
    }
    // What was taken back in between is not what stood before.
    let wanted = pushed.rollback_to.unwrap_or(wanted);
    let text = Text { text: &pushed.text, rollback_to: Some(wanted) };
    let version = put_in_force(&state, newest, text, &there).await?;
    tell(&say!(
        "Version {version} is in force within a minute: it is version {wanted} again.",
        "版本 {version} 一分钟内生效，内容同版本 {wanted}。"
    ));
    Ok(())
}

async fn kept(state: &State, newest: u64, version: u64) -> Result<Option<PushedCatalog>, Failure> {
    match kept_catalogs(newest).contains(&version) {
        true => Ok(state.catalog(version).await?),
        false => Ok(None),
    }
}

fn not_kept(version: u64, there: &str) -> String {
    say!(
        "Version {version} is not kept, or its row is gone; `queqiao catalog show{there}` lists those that are. Any file can be pushed.",
        "没有保留版本 {version}；用 `queqiao catalog show{there}` 查看保留了哪些。任何文件都可以推送。"
    )
}

/// Prints the one in force, or an earlier one.
pub async fn show(place: Place, version: Option<u64>, json: bool) -> Result<(), Failure> {
    let there = place.as_named();
    let state = place.catalog().await?;
    let newest = state.catalog_version().await?;
    if newest == 0 {
        note(pick(
            "No catalog was ever pushed to this stack: the one that its release was built with is in force. This program was built with:",
            "还没有推送过通知目录，生效的是部署时自带的。这个程序自带的是：",
        ));
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
    let version = version.unwrap_or(newest);
    let shown = kept(&state, newest, version).await?.ok_or_else(|| not_kept(version, &there))?;
    if json {
        let about = |one: &PushedCatalog| json!({"version": one.version, "pushed_at": one.pushed_at, "rollback_to": one.rollback_to});
        let versions: Vec<_> = versions.iter().map(about).collect();
        return print_json(
            &json!({"version": shown.version, "in_force": newest, "text": shown.text, "versions": versions}),
        );
    }
    print(&shown.text)
}

/// A version, when it was pushed, what it is.
fn line(one: &PushedCatalog, newest: u64) -> String {
    let at = minute(one.pushed_at);
    let mut line = say!("version {}, pushed {at}", "版本 {}，推送于 {at}", one.version);
    if let Some(again) = one.rollback_to {
        line += &say!(", version {again} again", "，同版本 {again}");
    }
    if one.version == newest { line + pick(", in force", "，生效中") } else { line }
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
