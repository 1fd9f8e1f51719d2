//! The WeChat that a stack is at: a simulated one in this process, or the one that it is told of.

use clock::Clock;
use simulator::Simulator;
use tokio::task::JoinSet;

use crate::data::DataFolder;
use crate::{Settings, StackError, loopback};

/// The simulated one where none is named; gives its URL.
///
/// # Errors
/// When a socket cannot be opened, or what was kept of it cannot be read.
pub async fn start(
    settings: &Settings,
    data: Option<&DataFolder>,
    gateway: &str,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> Result<(String, Option<Simulator>), StackError> {
    if let Some(wechat) = &settings.wechat {
        return Ok((wechat.trim_end_matches('/').to_owned(), None));
    }
    let (listener, url) = loopback(settings.simulator_port).await?;
    let callback = settings.callbacks.then(|| simulator::Callback::to(format!("{gateway}/events")));
    let mini_callback =
        settings.callbacks.then(|| simulator::Callback::of_mini(format!("{gateway}/events/mini")));
    let own = simulator::Settings {
        followers: settings.followers,
        callback,
        mini_callback,
        // The users' phones have the mini-program that logs in here.
        backend: Some(gateway.to_owned()),
        clock: clock.clone(),
        seed: settings.faults.seed,
    };
    let simulator = match data {
        Some(data) => Simulator::restore(own, &data.wechat())
            .map_err(|error| StackError::new("read the saved simulator", error))?,
        None => Simulator::new(own),
    };
    let serving = simulator.clone();
    tasks.spawn(async move {
        if let Err(error) = serving.serve(listener, std::future::pending()).await {
            tracing::error!(%error, "the simulator is gone");
        }
    });
    Ok((url, Some(simulator)))
}
