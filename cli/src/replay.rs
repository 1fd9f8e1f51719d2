//! `queqiao replay`: sends messages anew that did not arrive.

use contract::{Replay, Replayed, routes};

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
pub async fn run(Arguments { id, n, json, target }: Arguments) -> Result<(), Failure> {
    let api = target.api().await?;
    let replayed: Replayed = api.post(&routes::REPLAY, &routes::REPLAY.at(&id), &Replay { n }).await?;
    match (json, replayed.replayed) {
        (true, _) => print_json(&replayed)?,
        (false, 0) => tell(&format!("Nothing failed in {id}, and nothing's outcome is unknown.")),
        (false, messages) => {
            tell(&format!(
                "{messages} on their way again; `queqiao status {id}` tells what becomes of them."
            ));
            if replayed.may_arrive_twice > 0 {
                let count = replayed.may_arrive_twice;
                tell(&format!("Of {count} the outcome was unknown: if they had arrived, they arrive twice."));
            }
            if replayed.unfit > 0 {
                let count = replayed.unfit;
                tell(&format!("{count} were left as they are: they do not fit the catalog of today."));
            }
        }
    }
    Ok(())
}
