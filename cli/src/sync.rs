//! `queqiao sync`: advances the sync until the whole list of followers was seen.

use std::time::Duration;

use contract::{Advance, SyncProgress, SyncState, routes};
use indicatif::ProgressBar;

use crate::api::{Api, ApiError};
use crate::target::Target;
use crate::{Failure, note, print_json, progress, tell};

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// So many calls in a row that the gateway does not answer end it.
const MOST_GIVEN_UP: u32 = 10;

/// Where nobody watches a bar, it is told this often, in looks.
const TOLD_EVERY: u64 = 10;

/// How to bring the map up to date.
#[derive(clap::Args)]
pub struct Arguments {
    /// Believe a list of followers that would be doubted
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
pub async fn run(Arguments { force, anew, json, target }: Arguments) -> Result<(), Failure> {
    let api = target.api().await?;
    let bar = progress::bar("followers");
    let progress = tokio::select! {
        progress = advance(&api, Advance { force, anew }) => progress?,
        never = watch(&api, &bar) => match never {},
    };
    show(&bar, &progress);
    bar.finish_and_clear();
    if json {
        print_json(&progress)?;
    } else {
        tell(&summary(&progress));
    }
    match (progress.state, progress.error) {
        (_, Some(error)) => Err(error.into()),
        (SyncState::Done, None) => Ok(()),
        (state, None) => Err(format!("The sync is {state} and does not say why.").into()),
    }
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
    bar.set_message(format!("{} new", progress.new));
}

fn summary(progress: &SyncProgress) -> String {
    let SyncProgress { state, listed, known, new, removed, without_unionid, .. } = progress;
    format!(
        "{state}: {listed} listed, {known} known, {new} new, {removed} removed, {without_unionid} without a unionid"
    )
}
