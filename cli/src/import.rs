//! `queqiao import`: users who were there before bring their unionid along, else each has to log in once.

mod pairs;

use std::path::PathBuf;

use futures::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use shared::Error;
use shared::store::{Identities, Imported};

use crate::lang::{pick, say};
use crate::outcome::Outcome;
use crate::sheet::{self, Mistake};
use crate::target::Place;
use crate::{Failure, answer_json, note, progress, tell};
use pairs::Pair;

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
pub async fn run(Arguments { file, dry_run, json, place }: Arguments) -> Result<Outcome, Failure> {
    let name = file.display().to_string();
    let (pairs, mistakes) = pairs::read(&file).map_err(|error| sheet::unreadable(&file, &error))?;
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
        true => answer_json(&counts),
        false => tell(&counts.summary(dry_run)),
    }
    match (written, counts.bad_lines) {
        (Err(error), _) => {
            note(pick(
                "It was stopped. Run it again: what is written stays, and the rest follows.",
                "中断了。再运行一次：已经写入的不会丢，剩下的接着导入。",
            ));
            if counts.written + counts.corrected == 0 {
                return Err(error.into());
            }
            note(&crate::with_causes(&error));
            Ok(Outcome::InPart)
        }
        // What differs was not written.
        (Ok(()), 0) if counts.read() > 0 => Ok(Outcome::of(counts.differs == 0)),
        (Ok(()), 0) => Err(pick("There is nobody in the file.", "文件里没有用户。").into()),
        (Ok(()), bad) => {
            note(&say!(
                "Lines left out: {bad}. Correct them and run it again.",
                "有 {bad} 行没有导入；改正后再运行一次。"
            ));
            match counts.read() {
                0 => Err(pick("Nothing could be imported.", "没有可以导入的内容。").into()),
                _ => Ok(Outcome::InPart),
            }
        }
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
        let bar = progress::bar(pick("pairs", "对"));
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
                self.note(line, pick(
                    "differs: WeChat has confirmed another unionid for this openid, or another openid for this unionid",
                    "不一致：微信确认过，这个 openid 对应另一个 unionid，或这个 unionid 对应另一个 openid",
                ));
            }
        }
        self.bar.inc(1);
        if self.bar.is_hidden() && self.bar.position().is_multiple_of(TOLD_EVERY) {
            let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
            note(&say!("{done} of {all} pairs", "{done} / {all} 对"));
        }
    }

    /// Tells what is wrong with a line, unless too much is.
    fn note(&mut self, line: usize, what: &str) {
        self.told += 1;
        let text = match self.told {
            ..MOST_TOLD => format!("{}:{line}: {what}", self.file),
            MOST_TOLD => pick(
                "And so on; what follows is counted and not told.",
                "还有更多，后面的只计数，不再逐行列出。",
            )
            .to_owned(),
            _ => return,
        };
        self.bar.suspend(|| note(&text));
    }
}

impl Counts {
    /// How many lines were pairs.
    fn read(self) -> u64 {
        self.written + self.corrected + self.unchanged + self.differs
    }

    fn summary(self, dry_run: bool) -> String {
        let Self { written, corrected, unchanged, differs, bad_lines } = self;
        let would = match dry_run {
            true => pick("would be written", "将写入"),
            false => pick("written", "写入"),
        };
        let corrected = match corrected {
            0 => String::new(),
            _ => say!("{corrected} of an earlier import corrected, ", "更正以前导入的 {corrected}，"),
        };
        say!(
            "{written} {would}, {corrected}{unchanged} unchanged, {differs} differ, {bad_lines} bad lines",
            "{would} {written}，{corrected}不变 {unchanged}，不一致 {differs}，有误 {bad_lines} 行"
        )
    }
}
