//! The chaos suite in small, with the other tests.

// A whole scenario is one future, as deep as everything it calls.
#![recursion_limit = "256"]

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    tests::chaos::run(true).await
}
