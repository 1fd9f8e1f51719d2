//! Measured work, each job on a Queqiao of its own: `cargo run --release -p bench -- --help`.

// A whole scenario of chaos is one future, as deep as everything it calls.
#![recursion_limit = "256"]

mod bound;
mod calls;
mod chaos;
mod cost;
mod deliver;
mod process;
mod receipts;
mod routes;
mod sync;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

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
    /// The routes over the gateway: latency, CPU and calls of AWS
    Routes(routes::Size),
    /// Messages to a WeChat that takes its time
    Deliver(deliver::Size),
    /// A receipt for each of many messages, pushed as fast as the endpoint takes them
    Receipts(receipts::Size),
    /// Messages through all kinds of trouble: none lost, none twice, no state that is not so
    Chaos(chaos::Size),
    /// Calls to WeChat while something is wrong, for thousands who wait: a handful
    Calls(calls::Size),
    /// What messages cost: what AWS bills of them, counted, and the sums
    Cost(cost::Size),
}

fn main() -> ExitCode {
    // The function that is measured runs in a process of its own, as deployed ones on one thread: this program, started
    // by the stack.
    if let Some(ended) = one_thread().block_on(local::run_as_function()) {
        return ended;
    }
    let Arguments { job, json } = Arguments::parse();
    let all_cores = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match job {
        Job::Sync(size) => all_cores.block_on(sync::measure(&size, json)),
        Job::Cost(size) => all_cores.block_on(cost::count(&size, json)),
        Job::Routes(size) => all_cores.block_on(routes::measure(&size, json)),
        Job::Deliver(size) => all_cores.block_on(deliver::measure(&size, json)),
        Job::Receipts(size) => all_cores.block_on(receipts::measure(&size, json)),
        // Where time is skipped, one thread knows for sure that nobody is at work.
        Job::Chaos(size) => return one_thread().block_on(chaos::run(&size)),
        Job::Calls(size) => return one_thread().block_on(calls::count(&size, json)),
    }
    ExitCode::SUCCESS
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
