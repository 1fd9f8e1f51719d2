//! Any of the functions, as a process that a test can kill: the stack that starts it says which.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match local::run_as_function().await {
        Some(ended) => ended,
        None => {
            eprintln!("This program is started by a stack, under a Lambda Runtime API.");
            ExitCode::FAILURE
        }
    }
}
