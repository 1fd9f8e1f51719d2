//! `queqiao status`: what became of a batch.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use contract::{BatchStatus, routes};

use crate::api::{Api, ApiError};
use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::target::Target;
use crate::{Failure, batch_id, note, print_json, tell, why};

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
pub async fn run(Arguments { id, all, json, target }: Arguments) -> Result<Outcome, Failure> {
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
                note(pick("There are more messages; --all shows them.", "还有更多消息，用 --all 全部显示。"));
                return Ok(Outcome::Done);
            }
            _ => return Ok(Outcome::Done),
        }
    }
}

/// The page behind this message, or the first with the counts.
pub async fn page(api: &Api, id: &str, after: Option<u32>) -> Result<BatchStatus, ApiError> {
    let path = routes::STATUS.at(id);
    let query = after.map(|after| format!("?after={after}")).unwrap_or_default();
    api.get(&routes::STATUS, &format!("{path}{query}")).await
}

fn print(page: &BatchStatus, is_first: bool) {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if is_first {
        tell(&summary(page));
        table.set_header(pick(["n", "to", "state", "tries", "why"], ["n", "收件人", "状态", "次数", "原因"]));
    }
    for message in &page.messages {
        let (n, tries) = (message.n.to_string(), message.attempts.to_string());
        let to = why::name(&message.to).to_owned();
        table.add_row([n, to, message.state.to_string(), tries, why::of_message(message)]);
    }
    tell(&table.to_string());
}

fn summary(page: &BatchStatus) -> String {
    let counts = page.counts.iter().flatten().map(|(state, count)| format!("{count} {state}"));
    let counts = counts.collect::<Vec<_>>().join(pick(", ", "，"));
    let (id, notification) = (&page.id, &page.notification);
    say!("{id} ({notification}): {counts}", "{id}（{notification}）：{counts}")
}
