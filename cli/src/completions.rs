//! `queqiao completions`: what a shell completes the verbs and arguments by.

use clap_complete::Shell;

use crate::outcome::Outcome;
use crate::{Failure, help, write_out};

/// For which shell.
#[derive(clap::Args)]
pub struct Arguments {
    /// The shell: bash, zsh, fish, elvish or powershell
    #[arg(value_enum, hide_possible_values = true)]
    shell: Shell,
}

/// Prints it.
pub fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut help::command(), "queqiao", &mut script);
    write_out(&script)?;
    Ok(Outcome::Done)
}
