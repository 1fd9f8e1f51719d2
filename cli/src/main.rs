//! `queqiao`: Queqiao on this machine, and the operator's entrance to one that runs, here or in AWS.
//!
//! One file a verb. What a verb does, it does through the routes, as any caller would; only `local` and
//! `keys` reach behind them.

mod api;
#[cfg(feature = "aws")]
mod deployed;
mod keys;
mod local;
mod replay;
mod status;
mod sync;
mod target;
mod walkthrough;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Why a verb came to nothing: a sentence that says what to do.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reach a mini-program's users with the Official Account's template messages.
///
/// Without a verb it is `queqiao local`: a simulated WeChat, the tables, the queues, every function and the
/// gateway, on this machine.
#[derive(Parser)]
#[command(name = "queqiao", version, args_conflicts_with_subcommands = true)]
struct Queqiao {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    local: local::Arguments,
}

#[derive(Subcommand)]
enum Verb {
    /// Run everything on this machine
    Local(local::Arguments),
    /// Make, list and revoke service keys
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Tell what became of a batch
    Status(status::Arguments),
    /// Send messages of a batch anew that failed or whose outcome is unknown
    Replay(replay::Arguments),
    /// Bring the map of followers up to date
    Sync(sync::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Queqiao { verb, local } = Queqiao::parse();
    let outcome = match verb.unwrap_or(Verb::Local(local)) {
        Verb::Local(arguments) => local::run(arguments).await,
        Verb::Keys(verb) => keys::run(verb).await,
        Verb::Status(arguments) => status::run(arguments).await,
        Verb::Replay(arguments) => replay::run(arguments).await,
        Verb::Sync(arguments) => sync::run(arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a value for a program.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}
