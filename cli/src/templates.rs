//! `queqiao templates`: the catalog beside the templates that the accounts really have.

use contract::{Channel, EntryCard, FetchedAt, Templates, routes};

use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::target::Target;
use crate::{Failure, catalog, minute, note, print_json, table, tell, why};

/// What to show.
#[derive(clap::Args)]
pub struct Arguments {
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Shows it.
pub async fn run(Arguments { json, target }: Arguments) -> Result<Outcome, Failure> {
    let there = target.as_named();
    let api = target.api().await?;
    let templates: Templates = api.get(&routes::TEMPLATES, routes::TEMPLATES.path).await?;
    match json {
        true => print_json(&templates)?,
        false => print(&templates, &there),
    }
    Ok(Outcome::Done)
}

fn print(Templates { entries, unused, fetched_at }: &Templates, there: &str) {
    let heads = ["notification", "channel", "template", "fits"];
    let mut entries_table = table(pick(heads, ["通知", "渠道", "模板", "是否相符"]));
    for entry in entries {
        let template = format!("{}\n{}", entry.title.as_deref().unwrap_or("?"), entry.template_id);
        let (name, channel) = (entry.notification.clone(), entry.channel.to_string());
        entries_table.add_row([name, channel, template, fits(entry, *fetched_at)]);
    }
    tell(&entries_table.to_string());
    if !unused.is_empty() {
        let heads = ["unused template", "channel", "id"];
        let mut unused_table = table(pick(heads, ["没有用到的模板", "渠道", "ID"]));
        for one in unused {
            unused_table.add_row([one.title.clone(), one.channel.to_string(), one.template_id.clone()]);
        }
        tell(&format!("\n{unused_table}"));
    }
    if entries.iter().any(|entry| listed_at(entry.channel, *fetched_at).is_none()) {
        note(&catalog::not_listed(there));
    }
    if let Some(at) = fetched_at.oa.into_iter().chain(fetched_at.mini).min() {
        note(&say!("As WeChat listed them at {}.", "模板列表取于 {}。", minute(at)));
    }
}

/// What does not fit, line by line.
fn fits(entry: &EntryCard, fetched_at: FetchedAt) -> String {
    if listed_at(entry.channel, fetched_at).is_none() {
        return pick("not known", "未知").to_owned();
    }
    match &entry.problems[..] {
        [] => pick("yes", "相符").to_owned(),
        problems => problems.iter().map(why::of_misfit).collect::<Vec<_>>().join("\n"),
    }
}

fn listed_at(channel: Channel, fetched_at: FetchedAt) -> Option<i64> {
    match channel {
        Channel::Template => fetched_at.oa,
        Channel::Subscribe => fetched_at.mini,
    }
}
