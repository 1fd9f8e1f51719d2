//! The chaos suite in large: `cargo run --release -p tests --example chaos -- --messages 20000 --seed 1`.

// A whole scenario is one future, as deep as everything it calls.
#![recursion_limit = "256"]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tests::chaos::run(false).await
}
