//! Measured work, each job on a Queqiao of its own: `cargo run --release -p bench -- --help`.

// A whole scenario of chaos is one future, as deep as everything it calls.
#![recursion_limit = "256"]

mod bound;
mod calls;
mod chaos;
mod cost;
mod deliver;
mod figure;
mod floor;
mod pieces;
mod process;
mod receipts;
mod routes;
mod scripts;
mod sync;
mod wechat;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use figure::Report;
use tokio::runtime::{Builder, Runtime};

/// Measures Queqiao at work, on this machine and against a simulated WeChat.
///
/// Figures of different runs compare only as ratios: whatever else the machine does is in them.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    job: Job,
    /// Print each figure as one line of JSON
    #[arg(long, global = true)]
    json: bool,
    /// Another WeChat than the simulated one, for sync and deliver: one for tests, which answers as WeChat does
    #[arg(long, global = true, value_name = "URL", value_parser = wechat::address)]
    wechat: Option<String>,
}

#[derive(Subcommand)]
enum Job {
    /// All but chaos and calls, one after the other
    All,
    /// What is computed for a request once it is there
    Pieces(pieces::Size),
    /// The routes over the gateway: latency, CPU and calls of AWS
    Routes(routes::Size),
    /// Messages to a WeChat that takes its time
    Deliver(deliver::Size),
    /// A receipt for each of many messages, pushed as fast as the endpoint takes them
    Receipts(receipts::Size),
    /// A first import of the followers, then a second run with 1,000 new and 500 gone
    Sync(sync::Size),
    /// What messages cost: what AWS bills of them, counted, and the sums
    Cost(cost::Size),
    /// How long each release bootstrap takes to its first poll and answer, and how large it is
    ColdStart(scripts::Built),
    /// How much of Lambda's memory the largest requests take of each release bootstrap
    Memory(scripts::Built),
    /// Messages through all kinds of trouble: none lost, none twice, no state that is not so
    Chaos(chaos::Size),
    /// Calls to WeChat while something is wrong, for thousands who wait: a handful
    Calls(calls::Size),
}

/// The jobs of `all`, as they are called; with another WeChat, those that can be.
const ALL: [&str; 8] = ["pieces", "routes", "deliver", "receipts", "sync", "cost", "cold-start", "memory"];
const OF_ANOTHER_WECHAT: [&str; 2] = ["deliver", "sync"];

fn main() -> ExitCode {
    // The function that is measured runs in a process of its own, as deployed ones on one thread: this program, started
    // by the stack.
    if let Some(ended) = one_thread().block_on(local::run_as_function()) {
        return ended;
    }
    let Arguments { job, json, wechat } = Arguments::parse();
    let mut report = Report::new(json);
    let Job::All = job else { return run(job, wechat.as_deref(), &mut report) };
    let jobs = if wechat.is_some() { &OF_ANOTHER_WECHAT[..] } else { &ALL };
    let mut ended = ExitCode::SUCCESS;
    for name in jobs {
        eprintln!("bench: {name}");
        let job = Arguments::parse_from(["bench", name]).job;
        let one = run(job, wechat.as_deref(), &mut report);
        if one != ExitCode::SUCCESS {
            ended = one;
        }
    }
    ended
}

fn run(job: Job, wechat: Option<&str>, report: &mut Report) -> ExitCode {
    if wechat.is_some() && !matches!(job, Job::Deliver(_) | Job::Sync(_)) {
        eprintln!("bench: this job needs the simulator; --wechat is for {}", OF_ANOTHER_WECHAT.join(" and "));
        return ExitCode::FAILURE;
    }
    let all_cores = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match job {
        Job::All => unreachable!("it is made of the others"),
        Job::Pieces(size) => pieces::measure(&size, report),
        Job::Routes(size) => all_cores.block_on(routes::measure(&size, report)),
        Job::Deliver(size) => all_cores.block_on(deliver::measure(&size, wechat, report)),
        Job::Receipts(size) => all_cores.block_on(receipts::measure(&size, report)),
        Job::Sync(size) => all_cores.block_on(sync::measure(&size, wechat, report)),
        Job::Cost(size) => all_cores.block_on(cost::count(&size, report)),
        Job::ColdStart(built) => return scripts::cold_start(&built, report),
        Job::Memory(built) => return scripts::memory(&built, report),
        // Where time is skipped, one thread knows for sure that nobody is at work.
        Job::Chaos(size) => return one_thread().block_on(chaos::run(&size)),
        Job::Calls(size) => return one_thread().block_on(calls::count(&size, report)),
    }
    ExitCode::SUCCESS
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}
