//! `queqiao status`: what became of a batch.

use comfy_table::Table;
use contract::{BatchStatus, MessageStatus, Recipient, routes};

use crate::api::Api;
use crate::target::Target;
use crate::{Failure, batch_id, note, print_json, tell};

/// What became of a batch.
#[derive(clap::Args)]
pub struct Arguments {
    /// The batch, as POST /send named it
    #[arg(allow_hyphen_values = true, value_parser = batch_id)]
    id: String,
    /// Show every message, not the first hundred
    #[arg(long)]
    all: bool,
    /// Print each page as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Tells it.
pub async fn run(Arguments { id, all, json, target }: Arguments) -> Result<(), Failure> {
    let api = target.api().await?;
    let mut after = None;
    loop {
        let page = page(&api, &id, after).await?;
        match json {
            true => print_json(&page)?,
            false => print(&page, after.is_none()),
        }
        match page.next {
            Some(next) if all && Some(next) > after => after = Some(next),
            Some(_) if !json && !all => {
                note("There are more messages; --all shows them.");
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
}

/// The page behind this message, or the first with the counts.
async fn page(api: &Api, id: &str, after: Option<u32>) -> Result<BatchStatus, Failure> {
    let path = routes::STATUS.at(id);
    let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
    Ok(api.get(&routes::STATUS, &format!("{path}{query}")).await?)
}

fn print(page: &BatchStatus, is_first: bool) {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    if is_first {
        let counts = page.counts.iter().flatten().map(|(state, count)| format!("{count} {state}"));
        tell(&format!("{} ({}): {}", page.id, page.notification, counts.collect::<Vec<_>>().join(", ")));
        table.set_header(["n", "to", "state", "tries", "why"]);
    }
    for message in &page.messages {
        let (n, tries) = (message.n.to_string(), message.attempts.to_string());
        table.add_row([n, name(&message.to).to_owned(), message.state.to_string(), tries, why(message)]);
    }
    tell(&table.to_string());
}

fn name(to: &Recipient) -> &str {
    match to {
        Recipient::Openid(id) | Recipient::Unionid(id) | Recipient::OaOpenid(id) => id,
    }
}

fn why(message: &MessageStatus) -> String {
    let errcode = message.errcode.map(|errcode| format!("errcode {errcode}"));
    let reason = message.reason.map(|reason| reason.to_string());
    let parts = [reason, errcode, message.detail.clone(), message.remedy.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(". ")
}
