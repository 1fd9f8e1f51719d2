//! `queqiao import`: users who were there before bring their unionid along, else each has to log in once.

mod pairs;

use std::path::PathBuf;

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use shared::Error;
use shared::store::{Identities, Imported};

use crate::target::Place;
use crate::{Failure, note, print_json, progress, tell};
use pairs::{Mistake, Pair};

/// How many pairs are written at a time.
const CONCURRENCY: usize = 32;

/// Where nobody watches a bar, it is told this often, in pairs.
const TOLD_EVERY: u64 = 10_000;

/// So many mistakes are told one by one; a file that is none at all has one in each line.
const MOST_TOLD: usize = 100;

/// Whom to import.
#[derive(clap::Args)]
pub struct Arguments {
    /// Pairs of the mini-program's openid and the unionid: CSV with the header `openid,unionid`, or a JSON object a
    /// line: {"openid": "…", "unionid": "…"}
    file: PathBuf,
    /// Write nothing, and tell what would be
    #[arg(long)]
    dry_run: bool,
    /// Print what it came to as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
struct Counts {
    written: u64,
    corrected: u64,
    unchanged: u64,
    differs: u64,
    bad_lines: u64,
}

/// Does it. What is bad is told and left out; the rest is written all the same.
pub async fn run(Arguments { file, dry_run, json, place }: Arguments) -> Result<(), Failure> {
    let name = file.display().to_string();
    let (pairs, mistakes) = pairs::read(&file).map_err(|error| format!("{name} cannot be read: {error}."))?;
    let identities = place.identities().await?;
    let mut progress = Progress::begin(&name, pairs.len());
    for Mistake { line, what } in mistakes {
        progress.counts.bad_lines += 1;
        progress.note(line, &what);
    }
    let written = write(identities, pairs, dry_run, &mut progress).await;
    progress.bar.finish_and_clear();
    let counts = progress.counts;
    match json {
        true => print_json(&counts)?,
        false => tell(&counts.summary(dry_run)),
    }
    match (written, counts.bad_lines) {
        (Err(error), _) => {
            note("It was stopped. Run it again: what is written stays, and the rest follows.");
            Err(error.into())
        }
        (Ok(()), 0) => Ok(()),
        (Ok(()), bad) => Err(format!("{bad} lines were left out; correct them and run it again.").into()),
    }
}

/// Writes the pairs, in no order.
async fn write(
    identities: Identities,
    pairs: Vec<Pair>,
    dry_run: bool,
    progress: &mut Progress,
) -> Result<(), Error> {
    let import = async |Pair { line, openid, unionid }| {
        let outcome = match dry_run {
            true => identities.would_import(&openid, &unionid).await?,
            false => identities.import(&openid, &unionid).await?,
        };
        Ok::<_, Error>((line, outcome))
    };
    let mut outcomes = stream::iter(pairs).map(import).buffer_unordered(CONCURRENCY).boxed_local();
    while let Some((line, outcome)) = outcomes.try_next().await? {
        progress.count(line, outcome);
    }
    Ok(())
}

/// How far it has come, and what was told.
struct Progress {
    file: String,
    bar: ProgressBar,
    counts: Counts,
    told: usize,
}

impl Progress {
    fn begin(file: &str, pairs: usize) -> Self {
        let bar = progress::bar("pairs");
        bar.set_length(pairs as u64);
        Self { file: file.to_owned(), bar, counts: Counts::default(), told: 0 }
    }

    fn count(&mut self, line: usize, outcome: Imported) {
        match outcome {
            Imported::Written => self.counts.written += 1,
            Imported::Corrected => self.counts.corrected += 1,
            Imported::Unchanged => self.counts.unchanged += 1,
            Imported::Differs => {
                self.counts.differs += 1;
                self.note(line, "differs: WeChat has confirmed another unionid for this openid, or another openid for this unionid");
            }
        }
        self.bar.inc(1);
        if self.bar.is_hidden() && self.bar.position().is_multiple_of(TOLD_EVERY) {
            note(&format!("{} of {} pairs", self.bar.position(), self.bar.length().unwrap_or_default()));
        }
    }

    /// Tells what is wrong with a line, unless too much is.
    fn note(&mut self, line: usize, what: &str) {
        self.told += 1;
        let text = match self.told {
            ..MOST_TOLD => format!("{}:{line}: {what}", self.file),
            MOST_TOLD => "And so on; what follows is counted and not told.".to_owned(),
            _ => return,
        };
        self.bar.suspend(|| note(&text));
    }
}

impl Counts {
    fn summary(self, dry_run: bool) -> String {
        let Self { written, corrected, unchanged, differs, bad_lines } = self;
        let would = if dry_run { "would be written" } else { "written" };
        let corrected = if corrected == 0 {
            String::new()
        } else {
            format!("{corrected} of an earlier import corrected, ")
        };
        format!(
            "{written} {would}, {corrected}{unchanged} unchanged, {differs} differ, {bad_lines} bad lines"
        )
    }
}
