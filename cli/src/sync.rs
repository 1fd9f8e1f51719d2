//! `queqiao sync`: advances the sync until the whole list of followers was seen.

use std::time::Duration;

use contract::{Advance, SyncProgress, SyncState, routes};
use indicatif::ProgressBar;

use crate::api::{Api, ApiError};
use crate::lang::{pick, say};
use crate::outcome::{Outcome, Unknown};
use crate::target::Target;
use crate::{Failure, answer_json, note, progress, tell};

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many calls in a row that the gateway does not answer end it.
const MOST_GIVEN_UP: u32 = 10;

/// Where nobody watches a bar, it is told this often, in looks.
const TOLD_EVERY: u64 = 10;

/// How to bring the map up to date.
#[derive(clap::Args)]
pub struct Arguments {
    /// Accept a list of followers that looks wrong
    #[arg(long)]
    force: bool,
    /// Look up everybody, those in the map included: after unionids have changed
    #[arg(long)]
    anew: bool,
    /// Print what it came to as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Does it, and shows how far it is.
pub async fn run(Arguments { force, anew, json, target }: Arguments) -> Result<Outcome, Failure> {
    let api = target.api().await?;
    let bar = progress::bar(pick("followers", "位粉丝"));
    let progress = tokio::select! {
        progress = advance(&api, Advance { force, anew }) => progress.map_err(stopped)?,
        never = watch(&api, &bar) => match never {},
    };
    show(&bar, &progress);
    bar.finish_and_clear();
    if json {
        answer_json(&progress);
    } else {
        tell(&summary(&progress));
    }
    match (progress.state, progress.error) {
        (_, Some(error)) => Err(error.into()),
        (SyncState::Done, None) => Ok(Outcome::Done),
        (state, None) => {
            Err(say!("The sync is {state} and does not say why.", "同步停在 {state}，没有说明原因。").into())
        }
    }
}

/// A slice that was not answered may have gone on.
fn stopped(error: ApiError) -> Failure {
    let how = "Nobody knows how far it came. Run it again: it goes on where it was.";
    Unknown::unless_refused(error, || pick(how, "不知道同步到了哪里。再运行一次，会接着同步。").to_owned())
}

/// Advances the run slice by slice until it is done or stopped.
async fn advance(api: &Api, how: Advance) -> Result<SyncProgress, ApiError> {
    let mut given_up = 0;
    loop {
        let called: Result<SyncProgress, _> =
            api.post(&routes::ADVANCE_SYNC, routes::ADVANCE_SYNC.path, &how).await;
        match called {
            // While somebody else advances it, the answer comes at once.
            Ok(progress) if progress.state == SyncState::Running && progress.error.is_none() => given_up = 0,
            Ok(progress) => return Ok(progress),
            // The function goes on when the gateway waits no longer.
            Err(ApiError::Gateway { status, .. }) if status.is_server_error() && given_up < MOST_GIVEN_UP => {
                given_up += 1;
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn watch(api: &Api, bar: &ProgressBar) -> std::convert::Infallible {
    let mut looks = 0_u64;
    loop {
        looks += 1;
        tokio::time::sleep(LOOK_EVERY).await;
        // One look that fails is made good by the next; the call beside it says what is wrong.
        let looked = api.get::<SyncProgress>(&routes::SYNC_PROGRESS, routes::SYNC_PROGRESS.path).await;
        let Ok(progress) = looked else { continue };
        show(bar, &progress);
        if bar.is_hidden() && looks.is_multiple_of(TOLD_EVERY) {
            note(&summary(&progress));
        }
    }
}

fn show(bar: &ProgressBar, progress: &SyncProgress) {
    bar.set_length(progress.total.unwrap_or_default().max(progress.listed));
    bar.set_position(progress.listed);
    bar.set_message(say!("{} new", "新增 {}", progress.new));
}

fn summary(progress: &SyncProgress) -> String {
    let SyncProgress { state, listed, known, new, removed, without_unionid, not_looked_up, .. } = progress;
    say!(
        "{state}: {listed} listed, {known} known, {new} new, {removed} removed, {without_unionid} without a unionid, {not_looked_up} not looked up",
        "{state}：列出 {listed}，已知 {known}，新增 {new}，移除 {removed}，没有 unionid {without_unionid}，没能查询 {not_looked_up}"
    )
}
