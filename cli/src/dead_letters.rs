//! `queqiao dead-letters`: what nobody could work off, and how it gets back to its queue. No body, no openid and no secret
//! of it is shown.

mod letter;
mod queues;
mod redrive;
mod show;

use clap::Subcommand;

use crate::Failure;
use crate::outcome::Outcome;
use crate::target::Place;

/// What to do with them.
#[derive(Subcommand)]
pub enum Verb {
    /// List dead letters: how many, how old, of which batches; changes nothing
    Show {
        /// Only this queue, by its own name or its source queue's
        #[arg(long, value_name = "NAME")]
        queue: Option<String>,
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Send each back to the queue that it came from, once what was wrong is repaired
    Redrive {
        /// Only this queue, by its own name or its source queue's
        #[arg(long, value_name = "NAME")]
        queue: Option<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Print what it came to as one line of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// Does it.
pub async fn run(verb: Verb) -> Result<Outcome, Failure> {
    match verb {
        Verb::Show { queue, json, place } => {
            let there = place.as_named();
            show::run(&queues::open(place, queue.as_deref()).await?, json, &there).await
        }
        Verb::Redrive { queue, yes, json, place } => {
            redrive::run(&queues::open(place, queue.as_deref()).await?, yes, json).await
        }
    }
}
