//! `queqiao`: Queqiao on this machine, and the operator's entrance to one that runs, here or in AWS.
//!
//! One file a verb. What a verb does, it does through the routes, as any caller would; only `local`, `keys`,
//! `catalog`, `import` and `dead-letters` reach behind them.

mod api;
mod catalog;
mod completions;
mod confirm;
mod cost;
mod dead_letters;
#[cfg(feature = "aws")]
mod deployed;
mod doctor;
mod forget;
mod help;
mod import;
mod keys;
mod lang;
mod local;
mod mcp;
mod outcome;
mod progress;
mod replay;
mod send;
mod sheet;
mod status;
mod sync;
mod target;
mod templates;
mod usage;
mod walkthrough;
mod why;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use lang::say;

/// Why a verb came to nothing: a sentence that says what to do.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reach a mini-program's users with the Official Account's template messages
///
/// Without a verb it is `queqiao local`: a simulated WeChat, the tables, the queues, every function and the
/// gateway, on this machine.
#[derive(Parser)]
#[command(name = "queqiao", version)]
struct Queqiao {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The language of what people read: `en` or `zh` [env: QUEQIAO_LANG] [default: the system's]
    // It was read before: see `lang::wanted`.
    #[arg(long, value_name = "LANG", global = true, value_parser = ["en", "zh"], hide_possible_values = true)]
    lang: Option<String>,
    #[command(flatten)]
    local: local::Arguments,
}

#[derive(Subcommand)]
enum Verb {
    /// Run everything on this machine
    ///
    /// A simulated WeChat, the tables, the queues, every function and the gateway. Once ready, it prints one line of
    /// JSON to stdout; everything else goes to stderr.
    /// Accounts of your own are taken from MINI_APPID, MINI_SECRET, OA_APPID, OA_SECRET and TOKEN_MODE.
    Local(local::Arguments),
    /// Send a notification to users, by name or from a CSV file
    Send(send::Arguments),
    /// Tell what became of a batch
    Status(status::Arguments),
    /// Send again the messages of a batch that failed or whose outcome is unknown
    Replay(replay::Arguments),
    /// Show the catalog beside the templates that the accounts have, and what does not fit
    Templates(templates::Arguments),
    /// Check, push, show and roll back the catalog of notifications; begin an entry for a template
    #[command(subcommand)]
    Catalog(catalog::Verb),
    /// Make, list and revoke service keys
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Import users who logged in through another system before
    Import(import::Arguments),
    /// Bring the map of followers up to date
    Sync(sync::Arguments),
    /// Check the deployment, and say what to do about what is wrong
    Doctor(doctor::Arguments),
    /// Show dead letters, and send them back to their queue
    #[command(subcommand)]
    DeadLetters(dead_letters::Verb),
    /// Delete what is kept of one user
    Forget(forget::Arguments),
    /// Estimate what AWS charges a month
    Cost(cost::Arguments),
    /// Serve MCP (Model Context Protocol): an AI assistant may look, and can send nothing
    Mcp(mcp::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().map(|one| one.to_string_lossy().into_owned()).collect();
    lang::choose(lang::wanted(&arguments));
    let Queqiao { verb, lang: _, local } = match usage::parse() {
        Ok(asked) => asked,
        Err(code) => return code,
    };
    let outcome = match verb.unwrap_or(Verb::Local(local)) {
        Verb::Local(arguments) => local::run(arguments).await,
        Verb::Send(arguments) => send::run(arguments).await,
        Verb::Status(arguments) => status::run(arguments).await,
        Verb::Replay(arguments) => replay::run(arguments).await,
        Verb::Templates(arguments) => templates::run(arguments).await,
        Verb::Catalog(verb) => catalog::run(verb).await,
        Verb::Keys(verb) => keys::run(verb).await,
        Verb::Import(arguments) => import::run(arguments).await,
        Verb::Sync(arguments) => sync::run(arguments).await,
        Verb::Doctor(arguments) => doctor::run(arguments).await,
        Verb::DeadLetters(verb) => dead_letters::run(verb).await,
        Verb::Forget(arguments) => forget::run(arguments).await,
        Verb::Cost(arguments) => cost::run(&arguments),
        Verb::Mcp(arguments) => mcp::run(arguments).await,
        Verb::Completions(arguments) => completions::run(&arguments),
    };
    if let Err(error) = &outcome {
        note(&with_causes(&**error));
    }
    outcome::exit_code(&outcome)
}

/// An error, and what it came from.
fn with_causes(error: &dyn std::error::Error) -> String {
    let because = lang::pick("because: ", "原因：");
    let cause = shared::causes::of(error).map(|cause| format!("\n  {because}{cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// A batch's id: letters, digits, `-` and `_`.
fn batch_id(text: &str) -> Result<String, &'static str> {
    let is_one =
        !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
    let what = "it is the `id` that POST /send answered";
    if is_one { Ok(text.to_owned()) } else { Err(lang::pick(what, "要写 POST /send 返回的 `id`")) }
}

/// A table without lines, under these heads.
fn table<const N: usize>(heads: [&str; N]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(heads);
    table
}

/// The minute in UTC.
fn minute(at: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(at).ok();
    at.map_or("?".to_owned(), |at| format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute()))
}

/// Prints what a person asked for. A reader that has gone has seen enough.
fn tell(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", printable(text));
}

/// Prints what stands beside it, to stderr.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", printable(text));
}

/// Prints a value for a program. A reader that has gone has seen enough.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    write_out(format!("{}\n", serde_json::to_string(value)?).as_bytes())
}

/// The same of what was done. It stays done where it cannot be printed: that is told on stderr, and is no failure.
fn answer_json(value: &impl serde::Serialize) {
    if let Err(error) = print_json(value) {
        note(&say!("The answer could not be printed: {error}.", "结果没能打印出来（{error}）。"));
    }
}

/// Writes to stdout as it is. A reader that has gone has seen enough.
fn write_out(bytes: &[u8]) -> Result<(), Failure> {
    match std::io::stdout().write_all(bytes) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
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
