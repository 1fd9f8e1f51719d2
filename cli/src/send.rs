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
use contract::{Code, Data, SendRequest, To};
use indicatif::ProgressBar;

use crate::api::Api;
use crate::lang::{pick, say};
use crate::outcome::{Outcome, Unknown};
use crate::sheet::Mistake;
use crate::target::Target;
use crate::{Failure, note, progress};
use accept::{Unaccepted, accept};
use calls::Call;
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
    /// A recipient; repeat it for several: `openid:…`, `unionid:…` or `oa_openid:…`; without a prefix, an openid
    #[arg(long, value_name = "ID", value_parser = recipients::named)]
    to: Vec<To>,
    /// Recipients from a CSV file: its header names one column openid, unionid or oa_openid, and every other one is a
    /// field of that recipient's data; where it is empty, they have what --set says
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// A field of everybody's data; repeat it for several
    #[arg(long, value_name = "NAME=VALUE", value_parser = field)]
    set: Vec<(String, String)>,
    /// A page of the mini-program instead of the catalog's, without a slash before it
    #[arg(long)]
    page: Option<String>,
    /// Send nothing, and show what each would get
    #[arg(long)]
    dry_run: bool,
    /// Leave out wrong lines of the file; without this, one wrong line means that nothing is sent
    #[arg(long)]
    skip_bad: bool,
    /// Continue a run that broke off, with the key that it printed: within 24 hours nobody gets the message twice
    #[arg(long, value_name = "KEY", allow_hyphen_values = true, value_parser = key)]
    idempotency_key: Option<String>,
    /// How long to wait for what becomes of the messages, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(..=86_400))]
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
    recipients::all_different(&arguments.to)?;
    let data = arguments.data()?;
    let left_out = arguments.read_file()?;
    let Arguments { notification, to, page, dry_run, json, .. } = arguments;
    if to.is_empty() {
        return Err(pick("There is nobody to send it to.", "没有收件人。").into());
    }
    let is_of_one_kind = recipients::are_of_one_kind(&to);
    let request = SendRequest { notification, to, data, page };
    let calls = calls::cut(request.clone(), MOST_RECIPIENTS);
    if calls.len() > 1 && !is_of_one_kind {
        // WeChat's map is the server's, and it looks at one call at a time.
        return Err(pick(
            "More than one call takes are named by different ids, and somebody may be named twice: name all by the same kind of id, or make two runs.",
            "收件人超过一次调用的上限，又用了不同种类的 id，可能有人被写了两次：请统一用一种 id，或分两次发送。",
        )
        .into());
    }
    let hint = arguments.target.as_named();
    let api = arguments.target.api().await?;
    if dry_run {
        let outcome = preview::run(&api, request, json).await?;
        report::tell_left_out(left_out);
        return Ok(if left_out > 0 { Outcome::InPart } else { outcome });
    }
    let is_continued = arguments.idempotency_key.is_some();
    let key = arguments.idempotency_key.unwrap_or_else(shared::random_id);
    note(&say!(
        "If this breaks off, the same command with --idempotency-key {key} goes on within 24 hours, with the same service key, and sends nobody twice.",
        "如果中断了，24 小时内用同一个 service key、同样的命令加上 --idempotency-key {key} 接着发，不会重复。"
    ));
    let mut report = Report::new(key, left_out, hint);
    let failed = all_accepted(&api, calls, &mut report).await.err();
    if failed.is_none() && !arguments.no_wait {
        report.follow(&api, Duration::from_secs(arguments.wait)).await;
    }
    report.print(json);
    match failed {
        Some(failed) => given_up(failed, &report, is_continued),
        None => report.outcome(),
    }
}

impl Arguments {
    /// What fills the notification for everybody.
    fn data(&mut self) -> Result<Data, Failure> {
        let mut data = Data::new();
        for (name, value) in std::mem::take(&mut self.set) {
            if data.insert(name.clone(), value).is_some() {
                return Err(say!("--set names {name} twice.", "--set 写了两次 {name}。").into());
            }
        }
        Ok(data)
    }

    /// Adds those of the file to the recipients; gives how many lines were left out.
    fn read_file(&mut self) -> Result<usize, Failure> {
        let Some(file) = &self.csv else { return Ok(0) };
        let (to, mistakes) = recipients::of_file(file, &self.to)?;
        self.to.extend(to);
        for Mistake { line, what } in mistakes.iter().take(MOST_TOLD) {
            note(&format!("{}:{line}: {what}", file.display()));
        }
        let more = mistakes.len().saturating_sub(MOST_TOLD);
        if more > 0 {
            note(&say!("And {more} more.", "另有 {more} 行。"));
        }
        match mistakes.len() {
            wrong if wrong > 0 && !self.skip_bad => Err(say!(
                "Wrong lines: {wrong}. Nothing was sent: correct them, or leave them out with --skip-bad.",
                "有 {wrong} 行不对，没有发送：改正它们，或用 --skip-bad 跳过。"
            )
            .into()),
            wrong => Ok(wrong),
        }
    }
}

/// Makes the calls one after the other, until one is not accepted. Each batch is told at once: whoever breaks off knows it.
async fn all_accepted(api: &Api, calls: Vec<Call>, report: &mut Report) -> Result<(), Unaccepted> {
    let bar = progress::bar(pick("recipients", "位收件人"));
    bar.set_length(calls.iter().map(|call| call.recipients as u64).sum());
    for call in calls {
        let accepted = accept(api, &report.key, &call).await;
        let accepted = accepted.inspect_err(|_| bar.finish_and_clear())?;
        let id = &accepted.id;
        bar.suspend(|| note(&say!("batch {id}", "批次 {id}")));
        report.batches.push(accepted);
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
fn given_up(
    Unaccepted { error, is_open }: Unaccepted,
    report: &Report,
    is_continued: bool,
) -> Result<Outcome, Failure> {
    let key = &report.key;
    let again = || {
        say!(
            "Run the same command again with --idempotency-key {key}, within 24 hours: what was accepted is not sent twice, and the rest follows.",
            "24 小时内用同样的命令加上 --idempotency-key {key} 再运行一次：已经受理的不会重复，剩下的接着发。"
        )
    };
    if is_open {
        return Err(Unknown::of(&error, again()));
    }
    let advice = if error.is_transient() {
        again()
    } else if is_continued && error.is(Code::Conflict) {
        pick(
            "Either the run with this key still goes on elsewhere: wait for it. Or its recipients, data or options were others: put them back as they were. A new key would send it to all again, those included who have it.",
            "要么用这个 key 的那一次还在别处运行：等它结束。要么它的收件人、数据或参数和这次不同：改回原样。换一个新的 key 会发给所有人，包括已经收到的。",
        )
        .to_owned()
    } else {
        say!(
            "Put right what was refused, and run the same command again with --idempotency-key {key} if the recipients and the data stay the same; else whoever was accepted gets it twice.",
            "先解决被拒绝的原因；收件人和数据都没有变，就用同样的命令加上 --idempotency-key {key} 再运行一次，否则已经受理的会收到两次。"
        )
    };
    if report.batches.is_empty() {
        return Err(if is_continued {
            format!("{}\n{advice}", crate::with_causes(&error)).into()
        } else {
            error.into()
        });
    }
    note(&crate::with_causes(&error));
    note(&advice);
    Ok(Outcome::InPart)
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
