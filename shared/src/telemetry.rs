//! Logs: one JSON object a line, ours at any level, everybody else's from `warn` up. Metrics: CloudWatch's
//! embedded metric format, a line among the logs.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics_cloudwatch_embedded::{Builder, Collector};
use parking_lot::Mutex;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The crates whose logs are ours. The HTTP and AWS crates write whole requests, with tokens and
/// session keys in them, at `debug` and `trace`; no setting may open those.
const OUR_CRATES: [&str; 14] = [
    "callback",
    "decrypt",
    "deliver",
    "doctor",
    "events",
    "forget",
    "local",
    "login",
    "queqiao",
    "refresh",
    "send",
    "shared",
    "simulator",
    "sync",
];

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One JSON object: for programs, and always in Lambda.
    Json,
    /// Time, level, crate, what happened: for people at a terminal.
    Text,
}

/// Starts logging to stderr at the level of `LOG_LEVEL` (`error` … `trace`; `info` when unset).
///
/// The one variable read outside `Config`: a configuration that fails must be able to say so.
pub fn init(lines: Lines) {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    let layer = tracing_subscriber::fmt::layer().with_writer(|| ShortLines(io::stderr()));
    let layer = layer.with_ansi(std::io::stderr().is_terminal());
    let layer = match lines {
        Lines::Json => layer.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        Lines::Text => layer.compact().with_timer(TimeOfDay).boxed(),
    };
    let layer = layer.with_filter(filter_fn(move |metadata| is_open(metadata, level)));
    // A second call, in a process that runs many functions, changes nothing.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// The longest line of the log, in bytes: what others say goes into some of them, and every byte is paid for.
const LONGEST_LINE: usize = 2000;

/// How much of a longer one is written: JSON may make six bytes of one.
const BEGINNING: usize = LONGEST_LINE / 7;

/// Writes lines, each handed over whole; of one that is too long its beginning, and that it was cut.
struct ShortLines<W>(W);

impl<W: Write> Write for ShortLines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if line.len() <= LONGEST_LINE {
            self.0.write_all(line)?;
        } else {
            let begins = String::from_utf8_lossy(&line[..BEGINNING]);
            let cut = serde_json::json!({
                "level": "WARN", "message": "a line of the log is too long", "bytes": line.len(), "begins": begins,
            });
            writeln!(self.0, "{cut}")?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The time of day in UTC: a date says nothing to somebody who watches.
struct TimeOfDay;

impl FormatTime for TimeOfDay {
    fn format_time(&self, line: &mut Writer<'_>) -> std::fmt::Result {
        let second =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() % (24 * 3600));
        write!(line, "{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    }
}

/// A process's metrics, and where they are written.
struct Metrics {
    collector: &'static Collector,
    log: Mutex<Box<dyn Write + Send>>,
}

/// None are kept in a process that did not ask for them.
static METRICS: OnceLock<Metrics> = OnceLock::new();

/// Starts keeping this process's metrics. Each has the dimension `Stack`, and its own label where it has one, so
/// that stacks of one account are told apart; a metric's name says which function counts it.
pub fn init_metrics(stack: String, log: impl Write + Send + 'static) {
    let collector = Builder::new().cloudwatch_namespace("Queqiao").with_dimension("Stack", stack).init();
    if let Ok(collector) = collector {
        let _ = METRICS.set(Metrics { collector, log: Mutex::new(Box::new(log)) });
    }
}

/// Writes what has been counted since the last time; at the end of each invocation.
pub fn flush_metrics() {
    if let Some(Metrics { collector, log }) = METRICS.get() {
        // What cannot be written is lost, as a log line would be.
        let _ = collector.flush(&mut *log.lock());
    }
}

fn is_open(metadata: &Metadata<'_>, level: LevelFilter) -> bool {
    let root = metadata.target().split("::").next().unwrap_or_default();
    let limit = if OUR_CRATES.contains(&root) { level } else { level.min(LevelFilter::WARN) };
    *metadata.level() <= limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_cut_and_says_so() {
        let written = |line: &str| {
            let mut lines = ShortLines(Vec::new());
            lines.write_all(line.as_bytes()).expect("written");
            String::from_utf8(lines.0).expect("text")
        };
        assert_eq!(written("{}\n"), "{}\n");
        assert!(written(&"\u{1}".repeat(100_000)).len() <= LONGEST_LINE);
        let cut = written(&format!("{{\"message\":\"{}\"}}\n", "年".repeat(100_000)));
        assert!(cut.len() < LONGEST_LINE && cut.ends_with("}\n"), "{cut}");
        let cut: serde_json::Value = serde_json::from_str(&cut).expect("JSON");
        assert_eq!(cut["bytes"], 300_015);
        assert!(cut["begins"].as_str().expect("text").starts_with("{\"message\":\"年"));
    }
}
