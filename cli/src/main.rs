//! `queqiao`: Queqiao on this machine, and the operator's entrance to one that runs, here or in AWS.
//!
//! One file a verb. What a verb does, it does through the routes, as any caller would; only `local`, `keys`,
//! `catalog` and `import` reach behind them.

mod api;
mod catalog;
#[cfg(feature = "aws")]
mod deployed;
mod doctor;
mod forget;
mod import;
mod keys;
mod local;
mod progress;
mod replay;
mod status;
mod sync;
mod target;
mod walkthrough;

use std::io::Write;
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
    /// Check, push, show and roll back the catalog of notifications; begin an entry for a template
    #[command(subcommand)]
    Catalog(catalog::Verb),
    /// Bring users into the map who logged in elsewhere before
    Import(import::Arguments),
    /// Tell what became of a batch
    Status(status::Arguments),
    /// Send messages of a batch anew that failed or whose outcome is unknown
    Replay(replay::Arguments),
    /// Bring the map of followers up to date
    Sync(sync::Arguments),
    /// Look whether the deployment is as it should be, and what to do if not
    Doctor(doctor::Arguments),
    /// Delete what is kept of one user
    Forget(forget::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let Queqiao { verb, local } = Queqiao::parse();
    let outcome = match verb.unwrap_or(Verb::Local(local)) {
        Verb::Local(arguments) => local::run(arguments).await,
        Verb::Keys(verb) => keys::run(verb).await,
        Verb::Catalog(verb) => catalog::run(verb).await,
        Verb::Import(arguments) => import::run(arguments).await,
        Verb::Status(arguments) => status::run(arguments).await,
        Verb::Replay(arguments) => replay::run(arguments).await,
        Verb::Sync(arguments) => sync::run(arguments).await,
        Verb::Doctor(arguments) => doctor::run(arguments).await,
        Verb::Forget(arguments) => forget::run(arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let cause = shared::causes::of(&*error).map(|cause| format!("\n  because: {cause}"));
            note(&format!("{error}{}", cause.unwrap_or_default()));
            ExitCode::FAILURE
        }
    }
}

/// A batch's id: letters, digits, `-` and `_`.
fn batch_id(text: &str) -> Result<String, &'static str> {
    let is_one =
        !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    if is_one { Ok(text.to_owned()) } else { Err("it is the `id` that POST /send answered") }
}

/// Prints what a person asked for. A reader that has gone has seen enough.
fn tell(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", printable(text));
}

/// Prints what stands beside it, to stderr.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(text));
}

/// Prints a value for a program.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(value)?)?)
}

/// What others may have sent, without the characters that a terminal obeys or that turn a line around.
fn printable(text: &str) -> String {
    let is_harmless = |c: &char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        *c == '\n' || !c.is_control() && !turns
    };
    text.chars().filter(is_harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::{batch_id, printable};

    #[test]
    fn nothing_that_others_sent_commands_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{7}\r\u{9b}c\u{202e}d\n王"), "a[31mbcd\n王");
    }

    #[test]
    fn a_batchs_id_leads_nowhere_else() {
        assert!(batch_id("-nq3KETWQvXGEWJME9l76_w").is_ok());
        for text in ["", "../sync", "a?b", "a#b", "%2e", "a b", "a\nb"] {
            assert!(batch_id(text).is_err(), "{text}");
        }
    }
}
