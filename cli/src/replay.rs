//! `queqiao replay`: sends messages anew that did not arrive.

use contract::{Replay, Replayed, routes};

use crate::lang::say;
use crate::outcome::{Outcome, Unknown};
use crate::target::Target;
use crate::{Failure, answer_json, batch_id, tell};

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
    let there = target.as_named();
    let api = target.api().await?;
    let replayed = api.post::<Replayed>(&routes::REPLAY, &routes::REPLAY.at(&id), &Replay { n }).await;
    let how = || {
        say!(
            "Nobody knows whether they are on their way again: `queqiao status {id}{there}` tells.",
            "不知道有没有重新发送：用 `queqiao status {id}{there}` 查看。"
        )
    };
    let replayed = replayed.map_err(|error| Unknown::unless_refused(error, how))?;
    match json {
        true => answer_json(&replayed),
        false => tell(&lines(&id, &replayed, &there).join("\n")),
    }
    Ok(Outcome::of(replayed.unfit == 0))
}

/// What it came to, line by line.
fn lines(id: &str, replayed: &Replayed, there: &str) -> Vec<String> {
    let Replayed { replayed: messages, may_arrive_twice, unfit, .. } = replayed;
    let mut told = Vec::new();
    if (*messages, *unfit) == (0, 0) {
        told.push(say!(
            "Nothing failed in {id}, and nothing's outcome is unknown.",
            "批次 {id} 里没有失败的消息，也没有结果未知的。"
        ));
    }
    if *messages > 0 {
        told.push(say!(
            "{messages} on their way again; `queqiao status {id}{there}` tells what becomes of them.",
            "重新发送 {messages} 条；用 `queqiao status {id}{there}` 查看结果。"
        ));
    }
    if *may_arrive_twice > 0 {
        told.push(say!(
            "Of {may_arrive_twice} the outcome was unknown: if they had arrived, they arrive twice.",
            "其中 {may_arrive_twice} 条原来结果未知：如果当时已经送达，用户会收到两次。"
        ));
    }
    if *unfit > 0 {
        told.push(say!(
            "{unfit} were left as they are: they do not fit the catalog of today.",
            "{unfit} 条没有动：它们不符合现在的通知目录。"
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_for_it_does_not_fit_is_not_told_as_nothing() {
        let told = |replayed, unfit| {
            let replayed = Replayed { id: "b".to_owned(), replayed, may_arrive_twice: 0, unfit };
            lines("b", &replayed, " --stack prod").join("\n")
        };
        assert!(told(0, 0).starts_with("Nothing failed in b"), "{}", told(0, 0));
        assert_eq!(told(0, 2), "2 were left as they are: they do not fit the catalog of today.");
        assert!(
            told(1, 2).starts_with("1 on their way again; `queqiao status b --stack prod`"),
            "{}",
            told(1, 2)
        );
    }
}
