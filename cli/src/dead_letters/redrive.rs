//! `queqiao dead-letters redrive`: copied first and deleted then, so that none is lost.

use aws_sdk_sqs::types::Message;
use futures::{StreamExt, stream};
use serde::Serialize;

use super::queues::DeadLetters;
use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::{Failure, answer_json, confirm, note, progress, tell};

/// How long one is out of everybody's sight while it is sent back, in seconds.
const HELD: i32 = 120;

/// So many looks that find none end it where some are counted all the same: SQS counts a moment late.
const LOOKS: u32 = 3;

/// How many are sent back at a time.
const CONCURRENCY: usize = 10;

/// What became of the dead letters of a queue.
#[derive(Default, Serialize)]
struct Redriven<'a> {
    queue: &'a str,
    source: &'a str,
    /// Sent back, and gone from here.
    redriven: u64,
    /// Sent back, and still here: it could not be deleted.
    twice: u64,
    /// Left as it was.
    left: u64,
    /// How many of those somebody holds: another reader, or a redrive that was interrupted.
    #[serde(skip)]
    held: u64,
}

impl Redriven<'_> {
    /// How many it was tried with.
    fn handled(&self) -> u64 {
        self.redriven + self.twice + self.left
    }

    /// Counts what was there and not tried as left; nobody knows who holds it.
    fn leaves_rest_of(&mut self, count: u64) {
        self.left += count.saturating_sub(self.handled());
        self.held = 0;
    }
}

/// How far one came.
enum Step {
    Redriven,
    Twice(Failure),
    Left(Failure),
}

/// Asks, where somebody can answer, and sends them back.
pub async fn run(queues: &[DeadLetters], yes: bool, json: bool) -> Result<Outcome, Failure> {
    let mut counted = Vec::with_capacity(queues.len());
    for queue in queues {
        let count = queue.count().await?;
        if count > 0 {
            counted.push((queue, count));
        }
    }
    if counted.is_empty() && !json {
        tell(pick("There are no dead letters.", "没有死信。"));
    }
    for (queue, count) in &counted {
        note(&say!("{}: {count} back to {}", "{}：{count} 条，送回 {}", queue.name, queue.source));
        note(twice(&queue.source));
    }
    if !counted.is_empty() && !yes {
        confirmed()?;
    }
    let mut all = Vec::with_capacity(counted.len());
    for (queue, count) in counted {
        all.push(redrive(queue, count).await);
    }
    match json {
        true => answer_json(&all),
        false => all.iter().for_each(print),
    }
    let sum = |of: fn(&Redriven) -> u64| all.iter().map(of).sum::<u64>();
    let (done, open, held) = (sum(|one| one.redriven), sum(|one| one.left + one.twice), sum(|one| one.held));
    match (done, open) {
        (0, 1..) if open > held => {
            Err(pick("None was sent back as it should be.", "没有一条成功送回。").into())
        }
        (_, open) => Ok(Outcome::of(open == 0)),
    }
}

/// What may arrive twice by it, and what cannot.
fn twice(source: &str) -> &'static str {
    match source {
        "DeliverQueue" => pick(
            "  What the records say is finished is left alone. Any other message may have been sent by whoever had its job last, and WeChat knows its client_msg_id for ten minutes only: it is not sent again and ends `unknown`, and so does a subscribe message. Only with `prefer = \"arrive\"` it is sent again, and may arrive twice.",
            "  记录里已有结果的不再处理。其余的可能已经发出，而微信只在十分钟内认得 client_msg_id：不再发送，结果记为 `unknown`，订阅消息也一样。只有 `prefer = \"arrive\"` 的会再发，用户可能收到两次。",
        ),
        _ => pick(
            "  Nobody gets a message twice by this: handling it again, or late, changes nothing.",
            "  不会让用户重复收到消息：重复处理、晚处理都不会改变结果。",
        ),
    }
}

/// Goes on only when a person says so.
fn confirmed() -> Result<(), Failure> {
    if !confirm::can_ask() {
        return Err(pick(
            "Nobody can be asked here: say --yes.",
            "当前不是交互式终端，无法确认：请加 --yes。",
        )
        .into());
    }
    match confirm::asks(pick("Send them back? [y/N]", "送回吗？[y/N]"))? {
        true => Ok(()),
        false => Err(pick("Nothing was sent back.", "没有送回。").into()),
    }
}

async fn redrive(queue: &DeadLetters, count: u64) -> Redriven<'_> {
    let mut redriven = Redriven { queue: &queue.name, source: &queue.source, ..Redriven::default() };
    let bar = progress::bar(pick("dead letters", "条死信"));
    bar.set_length(count);
    let mut looks = 0;
    while looks < LOOKS {
        let taken = match queue.take(HELD).await {
            Ok(taken) if taken.is_empty() => {
                looks += 1;
                match queue.count().await {
                    Ok(there) => redriven.held = there.saturating_sub(redriven.left + redriven.twice),
                    Err(error) => {
                        bar.suspend(|| note(&crate::with_causes(&*error)));
                        redriven.leaves_rest_of(count);
                    }
                }
                if redriven.held == 0 {
                    break;
                }
                continue;
            }
            Ok(taken) => taken,
            // What is sent back stays so.
            Err(error) => {
                bar.suspend(|| note(&crate::with_causes(&*error)));
                redriven.leaves_rest_of(count.max(redriven.handled() + 1));
                break;
            }
        };
        let mut steps = stream::iter(&taken).map(|message| one(queue, message)).buffer_unordered(CONCURRENCY);
        while let Some(step) = steps.next().await {
            bar.inc(1);
            let (counted, failed) = match step {
                Step::Redriven => (&mut redriven.redriven, None),
                Step::Twice(error) => (&mut redriven.twice, Some(error)),
                Step::Left(error) => (&mut redriven.left, Some(error)),
            };
            *counted += 1;
            if let Some(error) = failed {
                bar.suspend(|| note(&crate::with_causes(&*error)));
            }
        }
    }
    bar.finish_and_clear();
    redriven.left += redriven.held;
    redriven
}

/// What is interrupted between the two is there twice, never gone.
async fn one(queue: &DeadLetters, message: &Message) -> Step {
    match queue.copy(message).await {
        // It may have been taken all the same; what is left here can be sent back once more.
        Err(error) => Step::Left(error),
        Ok(()) => queue.delete(message).await.map_or_else(Step::Twice, |()| Step::Redriven),
    }
}

fn print(one: &Redriven) {
    let Redriven { queue, source, redriven, twice, left, held } = one;
    tell(&say!("{queue}: {redriven} sent back to {source}", "{queue}：{redriven} 条送回了 {source}"));
    if *twice > 0 {
        tell(&say!(
            "{twice} were sent back and are here as well, for they could not be deleted: sent back again, they are worked off twice, as any message of SQS may be.",
            "{twice} 条送回了，但没能从这里删除，所以两边都有：再送一次就会处理两遍，SQS 的消息本来就可能如此。"
        ));
    }
    if *held > 0 {
        tell(&say!(
            "Somebody holds {held} of them: run it again in two minutes.",
            "有 {held} 条正被别人处理：请两分钟后再运行一次。"
        ));
    }
    let left = left - held;
    if left > 0 {
        tell(&say!(
            "{left} were left; run it again in two minutes.",
            "{left} 条没有送回；请两分钟后再运行一次。"
        ));
    }
}
