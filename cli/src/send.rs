//! `queqiao send`: sends a notification to whoever is named, or stands in a file, and tells what becomes of it.

mod accept;
mod calls;
mod follow;
mod preview;
mod recipients;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgGroup;
use contract::send::MOST_RECIPIENTS;
use contract::{Data, SendRequest, To};
use indicatif::ProgressBar;

use crate::api::Api;
use crate::lang::{pick, say};
use crate::outcome::{Outcome, Unknown};
use crate::sheet::Mistake;
use crate::target::Target;
use crate::{Failure, note, progress};
use accept::{Unaccepted, accept};
use report::Report;

/// So many bad lines are told one by one.
const MOST_TOLD: usize = 100;

/// The longest key of a run: each call adds its place to it, and a call's has 255 characters at most.
const LONGEST_KEY: usize = 200;

/// What to send to whom.
#[derive(clap::Args)]
#[command(group = ArgGroup::new("whom").args(["to", "csv"]).required(true).multiple(true))]
pub struct Arguments {
    /// The notification: an entry of the catalog
    notification: String,
    /// A recipient, once for each: `openid:…`, `unionid:…` or `oa_openid:…`; without a word before it, an openid
    #[arg(long, value_name = "ID", value_parser = recipients::named)]
    to: Vec<To>,
    /// Recipients from a CSV file: its header names one column openid, unionid or oa_openid, and every other one is a
    /// field of that recipient's data; where it is empty, they have what --set says
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// A field of the data that all have in common, once for each
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    set: Vec<(String, String)>,
    /// A page of the mini-program instead of the catalog's, without a slash before it
    #[arg(long)]
    page: Option<String>,
    /// Send nothing, and show what each would get
    #[arg(long)]
    dry_run: bool,
    /// Leave out the lines of the file that are wrong; without it nothing is sent where there is one
    #[arg(long)]
    skip_bad: bool,
    /// Go on with a run that broke off, by the key that it printed: whoever has its message gets none twice, for 24
    /// hours
    #[arg(long, value_name = "KEY", allow_hyphen_values = true, value_parser = key)]
    idempotency_key: Option<String>,
    /// How long to wait for what becomes of the messages, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Do not wait for what becomes of them
    #[arg(long, conflicts_with = "wait")]
    no_wait: bool,
    /// Print what it came to as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Sends it.
pub async fn run(mut arguments: Arguments) -> Result<Outcome, Failure> {
    let left_out = arguments.read_file()?;
    let Arguments { notification, to, set, page, dry_run, json, .. } = arguments;
    if to.is_empty() {
        return Err(pick("There is nobody to send it to.", "没有收件人。").into());
    }
    let api = arguments.target.api().await?;
    let data: Data = set.into_iter().collect();
    let request = SendRequest { notification, to, data, page };
    if dry_run {
        let outcome = preview::run(&api, request, json).await?;
        return Ok(if left_out > 0 { Outcome::InPart } else { outcome });
    }
    let key = arguments.idempotency_key.unwrap_or_else(shared::random_id);
    note(&say!(
        "If this breaks off, the same command with --idempotency-key {key} goes on, and sends nobody twice.",
        "如果中断了，用同样的命令加上 --idempotency-key {key} 接着发，不会重复。"
    ));
    let mut report = Report::new(key, left_out);
    let failed = all_accepted(&api, request, &mut report).await.err();
    if failed.is_none() && !arguments.no_wait {
        report.follow(&api, Duration::from_secs(arguments.wait)).await;
    }
    report.print(json)?;
    match failed {
        Some(failed) => given_up(failed, &report),
        None => report.outcome(),
    }
}

impl Arguments {
    /// Adds those of the file to the recipients; gives how many lines were left out.
    fn read_file(&mut self) -> Result<usize, Failure> {
        let Some(file) = &self.csv else { return Ok(0) };
        let (to, mistakes) = recipients::of_file(file)?;
        self.to.extend(to);
        for Mistake { line, what } in mistakes.iter().take(MOST_TOLD) {
            note(&format!("{}:{line}: {what}", file.display()));
        }
        match mistakes.len() {
            wrong if wrong > 0 && !self.skip_bad => Err(say!(
                "{wrong} lines are wrong, and nothing was sent: correct them, or leave them out with --skip-bad.",
                "有 {wrong} 行不对，没有发送：改正它们，或用 --skip-bad 跳过。"
            )
            .into()),
            wrong => Ok(wrong),
        }
    }
}

/// Makes the calls one after the other, until one is not accepted.
async fn all_accepted(api: &Api, request: SendRequest, report: &mut Report) -> Result<(), Unaccepted> {
    let bar = progress::bar(pick("recipients", "位收件人"));
    bar.set_length(request.to.len() as u64);
    for call in calls::cut(request, MOST_RECIPIENTS) {
        let accepted = accept(api, &report.key, &call).await;
        report.batches.push(accepted.inspect_err(|_| bar.finish_and_clear())?);
        step(&bar, call.recipients);
    }
    bar.finish_and_clear();
    Ok(())
}

fn step(bar: &ProgressBar, recipients: usize) {
    bar.inc(recipients as u64);
    if bar.is_hidden() && bar.position() < bar.length().unwrap_or_default() {
        let (done, all) = (bar.position(), bar.length().unwrap_or_default());
        note(&say!("{done} of {all} recipients", "{done} / {all} 位收件人"));
    }
}

/// What it is that a call was not accepted.
fn given_up(Unaccepted { error, is_open }: Unaccepted, report: &Report) -> Result<Outcome, Failure> {
    let key = &report.key;
    let again = || {
        say!(
            "Run the same command again with --idempotency-key {key}, within 24 hours: what was accepted is not sent twice, and the rest follows.",
            "24 小时内用同样的命令加上 --idempotency-key {key} 再运行一次：已经接受的不会重复，剩下的接着发。"
        )
    };
    match (is_open, report.batches.is_empty()) {
        (true, _) => Err(Unknown::of(&error, again())),
        (false, true) => Err(error.into()),
        (false, false) => {
            note(&crate::with_causes(&error));
            note(&again());
            Ok(Outcome::InPart)
        }
    }
}

/// `name=value`; a number stays as it was typed.
fn field(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or(pick("it is written as name=value", "要写成 名字=值"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What can stand in an Idempotency-Key, with a call's place behind it.
fn key(text: &str) -> Result<String, String> {
    let is_one = (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic());
    if is_one {
        Ok(text.to_owned())
    } else {
        Err(say!(
            "a key has 1 to {LONGEST_KEY} letters, digits and signs of ASCII",
            "要有 1 到 {LONGEST_KEY} 个 ASCII 字母、数字或符号"
        ))
    }
}
