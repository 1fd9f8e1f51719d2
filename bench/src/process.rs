//! What a function's processes take.

use std::time::Duration;

use harness::World;
use tokio::runtime::Builder;

/// In milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What comes of this on one thread of its own, as a function has one.
pub async fn on_one_thread<F: Future>(work: impl FnOnce() -> F + Send + 'static) -> F::Output
where
    F::Output: Send + 'static,
{
    let (done, outcome) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        drop(done.send(runtime.block_on(work())));
    });
    outcome.await.expect("a thread that ends")
}

/// Ends the processes of this function, and waits for those that follow them.
pub async fn restart(world: &World, function: &str) {
    let before = world.stack().processes(function);
    world.stack().kill(function);
    loop {
        let now = world.stack().processes(function);
        if now.len() == before.len() && !now.iter().any(|process| before.contains(process)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What the processes of this function have computed so far, those that ended left out: user and system time of
/// Linux, to a hundredth of a second; nothing elsewhere.
pub fn cpu(world: &World, function: &str) -> Duration {
    world.stack().processes(function).into_iter().filter_map(cpu_of).sum()
}

fn cpu_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it is in brackets, and may have blanks.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * TICK_MS))
}

/// Linux counts in hundredths of a second for programs.
const TICK_MS: u64 = 10;

/// The most memory that any process of this function has held since it started, in MB: `VmHWM` of Linux;
/// 0 elsewhere.
pub fn peak_mb(world: &World, function: &str) -> f64 {
    let processes = world.stack().processes(function);
    processes.into_iter().filter_map(peak_kb).fold(0.0, f64::max) / 1024.0
}

fn peak_kb(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
