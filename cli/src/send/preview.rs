//! `queqiao send --dry-run`: what each would get by which channel, and who would get nothing.

use contract::dry_run::MOST_PREVIEWS;
use contract::{Channel, DryRun, Preview, SendRequest};

use super::calls;
use crate::api::Api;
use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::{Failure, print_json, tell, why};

/// Asks, and tells it.
pub async fn run(api: &Api, request: SendRequest, json: bool) -> Result<Outcome, Failure> {
    let mut whole = DryRun { messages: Vec::new(), rejected: Vec::new(), problems: Vec::new() };
    let mut before = 0;
    for call in calls::cut(request, MOST_PREVIEWS) {
        let DryRun { messages, rejected, problems } = api.try_out(call.body).await?;
        whole.messages.extend(messages.into_iter().map(|one| Preview { n: one.n + before, ..one }));
        whole.rejected.extend(rejected);
        // They are the notification's, and the same in each.
        whole.problems = problems;
        before += u32::try_from(call.recipients).unwrap_or(u32::MAX);
    }
    match json {
        true => print_json(&whole)?,
        false => print(&whole),
    }
    let problems = whole.messages.iter().map(|one| one.problems.len()).sum::<usize>() + whole.problems.len();
    match (whole.messages.len(), whole.rejected.len() + problems) {
        (0, _) => Err(pick("Nobody would get anything.", "没有人会收到。").into()),
        (_, wrong) => Ok(Outcome::of(wrong == 0)),
    }
}

fn print(whole: &DryRun) {
    whole.messages.iter().for_each(|one| tell(&card(one)));
    for rejected in &whole.rejected {
        let (to, why) = (why::name(&rejected.to), why::of_rejected(rejected));
        tell(&say!("{to} would get nothing: {why}", "{to} 收不到：{why}"));
    }
    whole.problems.iter().for_each(|problem| tell(&why::of_misfit(problem)));
    let (would, not) = (whole.messages.len(), whole.rejected.len());
    tell(&say!(
        "{would} would get it, {not} would not. Nothing was sent.",
        "{would} 位会收到，{not} 位收不到。这次没有发送。"
    ));
}

/// A card as its user would see it.
fn card(Preview { n, to, channel, card, problems }: &Preview) -> String {
    let channel = match channel {
        Channel::Template => pick("template message", "模板消息"),
        Channel::Subscribe => pick("subscribe message", "订阅消息"),
    };
    let (to, title) = (why::name(to), card.title.as_ref().unwrap_or(&card.template_id));
    let mut lines = vec![say!("{n}. {to}, {channel}: {title}", "{n}. {to}，{channel}：{title}")];
    for line in &card.lines {
        lines.push(format!("   {}  {}", line.label.as_ref().unwrap_or(&line.field), line.value));
    }
    lines.extend(card.page.iter().map(|page| format!("   → {page}")));
    lines.extend(problems.iter().map(|problem| format!("   ! {}", why::of_misfit(problem))));
    lines.join("\n")
}
