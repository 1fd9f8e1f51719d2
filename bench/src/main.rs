//! Measured work, each job on a Queqiao of its own: `cargo run --release -p bench -- --help`.

mod bound;
mod process;
mod receipts;
mod sync;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures Queqiao at work, on this machine and against a simulated WeChat.
///
/// Figures of different runs compare only as ratios: whatever else the machine does is in them.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
    /// Print each run as one line of JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Job {
    /// A first import of the followers, then a second run with 1,000 new and 500 gone
    Sync(sync::Size),
    /// A receipt for each of many messages, pushed as fast as the endpoint takes them
    Receipts(receipts::Size),
}

#[tokio::main]
async fn main() -> ExitCode {
    // The function that is measured runs in a process of its own: this program, started by the stack.
    if let Some(ended) = local::run_as_function().await {
        return ended;
    }
    let Arguments { job, json } = Arguments::parse();
    match job {
        Job::Sync(size) => sync::measure(&size, json).await,
        Job::Receipts(size) => receipts::measure(&size, json).await,
    }
    ExitCode::SUCCESS
}
