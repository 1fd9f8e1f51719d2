//! `queqiao dead-letters show`.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::Message;
use futures::{StreamExt, stream};
use serde::Serialize;

use super::letter::{Kind, Letter};
use super::queues::DeadLetters;
use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::{Failure, minute, note, print_json, table, tell};

/// So many are looked at; who has more has one trouble, and knows it by then.
const MOST_LOOKED_AT: usize = 1_000;

/// How long what is looked at is out of everybody's sight where this ends before it has given it back, in seconds.
const HELD: i32 = 60;

/// How many are given back at a time.
const CONCURRENCY: usize = 10;

/// What a queue holds.
#[derive(Serialize)]
struct Shown<'a> {
    queue: &'a str,
    source: &'a str,
    /// About how many there are.
    count: u64,
    /// How many were looked at; all that follows is of those.
    looked_at: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_at: Option<i64>,
    kinds: BTreeMap<Kind, u64>,
    batches: BTreeMap<String, Jobs>,
}

/// The jobs of one batch.
#[derive(Default, Serialize)]
struct Jobs {
    jobs: u64,
    messages: u64,
}

/// Looks into each, and leaves it as it was.
pub async fn run(queues: &[DeadLetters], json: bool, there: &str) -> Result<Outcome, Failure> {
    let mut shown = Vec::with_capacity(queues.len());
    for queue in queues {
        let count = queue.count().await?;
        let letters = if count == 0 { Vec::new() } else { peek(queue).await? };
        shown.push(Shown::of(queue, count, &letters));
    }
    match json {
        true => print_json(&shown)?,
        false => print(&shown, there),
    }
    Ok(Outcome::Done)
}

async fn peek(queue: &DeadLetters) -> Result<Vec<Letter>, Failure> {
    let mut messages = BTreeMap::new();
    // What comes a second time has been let go of: all was seen.
    while messages.len() < MOST_LOOKED_AT && keep(&mut messages, queue.take(HELD).await?) {}
    // One that is not given back comes back by itself.
    let back =
        stream::iter(messages.values()).map(|message| queue.give_back(message)).buffer_unordered(CONCURRENCY);
    let failed = back.filter_map(async |given| given.err()).collect::<Vec<_>>().await;
    if !failed.is_empty() {
        note(&say!(
            "{} are seen by others only in a minute.",
            "有 {} 条要一分钟后才会重新可见。",
            failed.len()
        ));
    }
    Ok(messages.values().map(Letter::of).collect())
}

/// Keeps each message once, with the receipt that it was given last; gives whether any was new.
fn keep(messages: &mut BTreeMap<String, Message>, taken: Vec<Message>) -> bool {
    let before = messages.len();
    messages.extend(taken.into_iter().map(|one| (one.message_id().unwrap_or_default().to_owned(), one)));
    messages.len() > before
}

impl<'a> Shown<'a> {
    fn of(queue: &'a DeadLetters, count: u64, letters: &[Letter]) -> Self {
        let (mut kinds, mut batches) = (BTreeMap::new(), BTreeMap::<String, Jobs>::new());
        for letter in letters {
            *kinds.entry(letter.kind).or_default() += 1;
            if let Some((batch, messages)) = &letter.job {
                let of = batches.entry(batch.clone()).or_default();
                of.jobs += 1;
                of.messages += *messages as u64;
            }
        }
        let oldest_at = letters.iter().filter_map(|letter| letter.sent_at).min();
        // SQS's own count is about right, and a moment late.
        let count = count.max(letters.len() as u64);
        Self {
            queue: &queue.name,
            source: &queue.source,
            count,
            looked_at: letters.len(),
            oldest_at,
            kinds,
            batches,
        }
    }
}

/// Why not all were looked at.
fn not_all(one: &Shown) -> String {
    let (queue, looked_at, held) = (one.queue, one.looked_at, one.count - one.looked_at as u64);
    match looked_at >= MOST_LOOKED_AT {
        true => say!("{queue}: {looked_at} were looked at.", "{queue}：只看了 {looked_at} 条。"),
        false => say!(
            "{queue}: {looked_at} were looked at. Somebody holds {held} of them: run it again in two minutes.",
            "{queue}：只看了 {looked_at} 条。还有 {held} 条正被别人处理：请两分钟后再运行一次。"
        ),
    }
}

fn print(shown: &[Shown], there: &str) {
    let heads = ["queue", "of", "count", "oldest", "what"];
    let mut queues = table(pick(heads, ["死信队列", "来源", "条数", "最早", "内容"]));
    let mut batches = table(pick(["batch", "jobs", "messages"], ["批次", "任务", "消息"]));
    for one in shown {
        let kinds = one.kinds.iter().map(|(kind, count)| format!("{count} {}", <&str>::from(*kind)));
        let kinds = kinds.collect::<Vec<_>>().join(pick(", ", "，"));
        let oldest = one.oldest_at.map(minute).unwrap_or_default();
        queues.add_row([one.queue, one.source, &one.count.to_string(), &oldest, &kinds]);
        for (batch, of) in &one.batches {
            batches.add_row([batch, &of.jobs.to_string(), &of.messages.to_string()]);
        }
        if one.count > one.looked_at as u64 {
            note(&not_all(one));
        }
    }
    tell(&queues.to_string());
    if !batches.is_empty() {
        tell(&format!("\n{batches}"));
    }
    if shown.iter().any(|one| one.count > 0) {
        note(&say!(
            "Once what was wrong is repaired, `queqiao dead-letters redrive{there}` sends them back.",
            "问题解决后，用 `queqiao dead-letters redrive{there}` 送回原来的队列。"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_twice_is_one_letter_and_goes_back_by_its_last_receipt() {
        let message =
            |id: &str, receipt: &str| Message::builder().message_id(id).receipt_handle(receipt).build();
        let mut messages = BTreeMap::new();
        assert!(keep(&mut messages, vec![message("a", "1"), message("b", "2")]));
        assert!(keep(&mut messages, vec![message("a", "3"), message("c", "4")]));
        assert!(!keep(&mut messages, vec![message("c", "5")]), "nothing is new");
        assert!(!keep(&mut messages, vec![]));
        let receipts: Vec<_> = messages.values().filter_map(|one| one.receipt_handle()).collect();
        assert_eq!(receipts, ["3", "2", "5"]);
    }
}
