//! `catalog`: whether this release can read what was pushed last; else it goes by what was there before.

use contract::{Lang, in_lang};
use shared::Error;
use shared::catalog::Catalog;

use crate::Function;
use crate::finding::Finding;

/// One for the newest version.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let (newest, in_force) = (doctor.state.catalog_version().await?, doctor.catalog.version().await?);
    if newest == 0 || in_force.is_none() && doctor.catalog.is_fixed() {
        return Ok(vec![is_in_force(lang, in_force)]);
    }
    if in_force != Some(newest) {
        return Ok(vec![unreadable(lang, newest, in_force)]);
    }
    let pushed = doctor.state.catalog(newest).await?.map(|pushed| Catalog::parse_pushed(&pushed.text));
    let unknown = pushed.and_then(Result::ok).map(|(_, unknown)| unknown).unwrap_or_default();
    Ok(vec![match unknown[..] {
        [] => is_in_force(lang, in_force),
        _ => passed_over(lang, newest, &unknown),
    }])
}

fn named(lang: Lang, version: Option<u64>) -> String {
    match (version, lang) {
        (None, _) => lang.pick("the one of this release", "程序自带的").to_owned(),
        (Some(version), Lang::En) => format!("version {version}"),
        (Some(version), Lang::Zh) => format!("版本 {version}"),
    }
}

fn is_in_force(lang: Lang, version: Option<u64>) -> Finding {
    let version = named(lang, version);
    Finding::ok(in_lang!(lang, "In force is {version}.", "生效的是{version}。"))
}

fn unreadable(lang: Lang, newest: u64, in_force: Option<u64>) -> Finding {
    let in_force = named(lang, in_force);
    let detail = in_lang!(
        lang,
        "Version {newest} cannot be read, and in force is {in_force}.",
        "无法读取版本 {newest}，生效的是{in_force}。"
    );
    let remedy = lang.pick(
        "Push one that `queqiao catalog check` of this release takes, or deploy the release that it was pushed with.",
        "推送一份当前程序的 `queqiao catalog check` 能通过的通知目录，或部署推送它时用的程序版本。",
    );
    Finding::problem(detail, remedy)
}

fn passed_over(lang: Lang, newest: u64, keys: &[String]) -> Finding {
    let keys = keys.join(lang.pick(", ", "、"));
    let detail = in_lang!(
        lang,
        "Version {newest} has keys that this release passes over: {keys}.",
        "版本 {newest} 里有当前程序不认识的键，已忽略：{keys}。"
    );
    let remedy = lang.pick(
        "Deploy the release that it was pushed with, or push one without them.",
        "部署推送它时用的程序版本，或推送一份没有这些键的通知目录。",
    );
    Finding::problem(detail, remedy)
}
