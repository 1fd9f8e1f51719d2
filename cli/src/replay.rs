//! `queqiao replay`: sends messages anew that did not arrive.

use contract::{Replay, Replayed, routes};

use crate::lang::say;
use crate::outcome::{Outcome, Unknown};
use crate::target::Target;
use crate::{Failure, batch_id, print_json, tell};

/// What to send anew.
#[derive(clap::Args)]
pub struct Arguments {
    /// The batch, as POST /send named it
    #[arg(allow_hyphen_values = true, value_parser = batch_id)]
    id: String,
    /// This message alone; left out, all that failed or whose outcome is unknown
    #[arg(long)]
    n: Option<u32>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Sends it.
pub async fn run(Arguments { id, n, json, target }: Arguments) -> Result<Outcome, Failure> {
    let api = target.api().await?;
    let replayed = api.post::<Replayed>(&routes::REPLAY, &routes::REPLAY.at(&id), &Replay { n }).await;
    let how = || {
        say!(
            "Nobody knows whether they are on their way again: `queqiao status {id}` tells.",
            "不知道有没有重新发送：用 `queqiao status {id}` 查看。"
        )
    };
    let replayed = replayed.map_err(|error| Unknown::unless_refused(error, how))?;
    match json {
        true => print_json(&replayed)?,
        false => print(&id, &replayed),
    }
    Ok(Outcome::of(replayed.unfit == 0))
}

fn print(id: &str, replayed: &Replayed) {
    let Replayed { replayed: messages, may_arrive_twice, unfit, .. } = replayed;
    if *messages == 0 {
        tell(&say!(
            "Nothing failed in {id}, and nothing's outcome is unknown.",
            "批次 {id} 里没有失败的消息，也没有结果不明的。"
        ));
    } else {
        tell(&say!(
            "{messages} on their way again; `queqiao status {id}` tells what becomes of them.",
            "重新发送 {messages} 条；用 `queqiao status {id}` 查看结果。"
        ));
    }
    if *may_arrive_twice > 0 {
        tell(&say!(
            "Of {may_arrive_twice} the outcome was unknown: if they had arrived, they arrive twice.",
            "其中 {may_arrive_twice} 条原来结果不明：如果当时已经送达，用户会收到两次。"
        ));
    }
    if *unfit > 0 {
        tell(&say!(
            "{unfit} were left as they are: they do not fit the catalog of today.",
            "{unfit} 条没有动：它们不符合现在的通知目录。"
        ));
    }
}
