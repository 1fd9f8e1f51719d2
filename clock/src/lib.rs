//! What time it is: the machine's time, or one that can be moved, so that nobody has to wait for an hour
//! to see what happens after it.

mod offset;
mod sleepers;
mod work;

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use offset::Followed;
use sleepers::Sleepers;
use tokio::sync::watch;
use work::Works;

pub use work::Work;

/// How soon a sleeper notices that another process has moved the clock.
const GLANCE: Duration = Duration::from_millis(10);

/// Nobody moves a clock by more than a century.
const FARTHEST_MS: u64 = 100 * 366 * 24 * 3600 * 1000;

/// A clock. Clones are the same one. The default is the machine's, which nobody moves.
#[derive(Clone, Debug, Default)]
pub struct Clock(Kind);

#[derive(Clone, Debug, Default)]
enum Kind {
    #[default]
    Machine,
    Movable(Arc<Movable>),
    Followed(Arc<Followed>),
}

#[derive(Debug)]
struct Movable {
    /// Milliseconds ahead of the machine.
    offset: watch::Sender<i64>,
    sleepers: Sleepers,
    works: Works,
    /// Where the offset is kept for the processes that follow, and for the next run.
    file: Option<(PathBuf, Followed)>,
}

/// [`Clock::timeout`]'s time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

impl Clock {
    /// A clock that starts with the machine's time and can be moved.
    pub fn movable() -> Self {
        Self::with(0, None)
    }

    /// A movable clock that goes on where this file left it, and keeps it there for [`Clock::following`].
    ///
    /// # Errors
    /// When the file cannot be opened or written, or holds what no clock is moved by.
    pub fn kept_in(file: &Path) -> io::Result<Self> {
        let kept = Followed::create(file)?;
        let offset = kept.read();
        if offset.unsigned_abs() > FARTHEST_MS {
            let told = format!("{} holds no clock's offset; delete it", file.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        Ok(Self::with(offset, Some((file.to_owned(), kept))))
    }

    /// The clock that another process keeps in this file; it cannot be moved from here.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn following(file: &Path) -> io::Result<Self> {
        Ok(Self(Kind::Followed(Arc::new(Followed::open(file)?))))
    }

    fn with(offset: i64, file: Option<(PathBuf, Followed)>) -> Self {
        let offset = watch::Sender::new(offset);
        Self(Kind::Movable(Arc::new(Movable {
            offset,
            sleepers: Sleepers::default(),
            works: Works::default(),
            file,
        })))
    }

    /// The present, in Unix seconds.
    pub fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// The present, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        let since = self.time().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// The present.
    pub fn time(&self) -> SystemTime {
        let offset = match &self.0 {
            Kind::Machine => 0,
            Kind::Movable(movable) => *movable.offset.borrow(),
            Kind::Followed(followed) => followed.read(),
        };
        moved(SystemTime::now(), offset)
    }

    /// How long it is until then; nothing if it is over.
    pub fn until(&self, then: SystemTime) -> Duration {
        then.duration_since(self.time()).unwrap_or_default()
    }

    /// Moves it on by so many seconds, or back by a negative number. Who sleeps until a moment that is
    /// over now wakes up.
    ///
    /// # Panics
    /// When it is not movable.
    pub fn advance(&self, seconds: i64) {
        self.shift(seconds.saturating_mul(1000));
    }

    /// Has it go on from this moment, in Unix seconds.
    ///
    /// # Panics
    /// When it is not movable.
    pub fn set(&self, now: i64) {
        self.shift(now.saturating_mul(1000).saturating_sub(self.now_ms()));
    }

    /// Somebody is at work, until this is dropped: nobody who skips what is only waited for should skip now.
    pub fn work(&self) -> Work {
        match &self.0 {
            Kind::Movable(movable) => movable.works.begin(),
            Kind::Machine | Kind::Followed(_) => Work::uncounted(),
        }
    }

    /// A number that grows whenever anybody goes to work; `None` while somebody is at it.
    ///
    /// # Panics
    /// When it is not movable.
    pub fn idle_generation(&self) -> Option<u64> {
        self.own().works.idle_generation()
    }

    /// The file that others can follow it by, where it is kept in one.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Movable(movable) => movable.file.as_ref().map(|(path, _)| path.as_path()),
            Kind::Machine | Kind::Followed(_) => None,
        }
    }

    /// The next moment that somebody sleeps until; `None` when nobody sleeps.
    ///
    /// # Panics
    /// When it is not movable.
    pub fn next_sleeper(&self) -> Option<SystemTime> {
        self.own().sleepers.next()
    }

    /// Moves it on to this moment, if that is not over yet.
    ///
    /// # Panics
    /// When it is not movable.
    pub fn advance_to(&self, then: SystemTime) {
        let left = self.until(then);
        if !left.is_zero() {
            // Whole milliseconds, and one more: not a moment too early.
            self.shift(i64::try_from(left.as_millis()).unwrap_or(i64::MAX).saturating_add(1));
        }
    }

    /// Waits until so much time has passed on this clock.
    pub async fn sleep(&self, duration: Duration) {
        // The machine's sleep knows durations that no moment is that far away.
        match &self.0 {
            Kind::Machine => tokio::time::sleep(duration).await,
            Kind::Movable(_) | Kind::Followed(_) => self.sleep_until(self.time() + duration).await,
        }
    }

    /// Waits until this moment on this clock.
    pub async fn sleep_until(&self, then: SystemTime) {
        let _sleeping = match &self.0 {
            Kind::Movable(movable) => Some(movable.sleepers.until(then)),
            Kind::Machine | Kind::Followed(_) => None,
        };
        self.wait_until(then).await;
    }

    async fn wait_until(&self, then: SystemTime) {
        match &self.0 {
            Kind::Machine => tokio::time::sleep(self.until(then)).await,
            Kind::Movable(movable) => {
                let mut moves = movable.offset.subscribe();
                while self.time() < then {
                    tokio::select! {
                        () = tokio::time::sleep(self.until(then)) => {}
                        _ = moves.changed() => {}
                    }
                }
            }
            Kind::Followed(_) => {
                while self.time() < then {
                    tokio::time::sleep(self.until(then).min(GLANCE)).await;
                }
            }
        }
    }

    /// What comes of the future, unless so much time passes on this clock before. Nobody sleeps until then:
    /// whoever moves the clock on to the next sleeper does not move it here.
    ///
    /// # Errors
    /// [`TimedOut`].
    pub async fn timeout<T>(
        &self,
        duration: Duration,
        future: impl Future<Output = T>,
    ) -> Result<T, TimedOut> {
        let over = async {
            match &self.0 {
                Kind::Machine => tokio::time::sleep(duration).await,
                Kind::Movable(_) | Kind::Followed(_) => self.wait_until(self.time() + duration).await,
            }
        };
        tokio::select! {
            // A future that is done is not too late.
            biased;
            outcome = future => Ok(outcome),
            () = over => Err(TimedOut),
        }
    }

    fn shift(&self, milliseconds: i64) {
        let movable = self.own();
        movable.offset.send_modify(|offset| {
            *offset = offset.saturating_add(milliseconds);
            if let Some((_, file)) = &movable.file {
                // Under the lock: the last move is the last that is written.
                file.write(*offset);
            }
        });
    }

    fn own(&self) -> &Movable {
        match &self.0 {
            Kind::Movable(movable) => movable,
            Kind::Machine | Kind::Followed(_) => panic!("this clock cannot be moved from here"),
        }
    }
}

fn moved(time: SystemTime, milliseconds: i64) -> SystemTime {
    let by = Duration::from_millis(milliseconds.unsigned_abs());
    let moved = if milliseconds < 0 { time.checked_sub(by) } else { time.checked_add(by) };
    moved.unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn who_sleeps_for_an_hour_wakes_when_the_clock_is_moved_by_one() {
        let clock = Clock::movable();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(HOUR).await }
        });
        while clock.next_sleeper().is_none() {
            tokio::task::yield_now().await;
        }
        clock.advance(3599);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance_to(clock.next_sleeper().unwrap());
        sleeper.await.unwrap();
        assert_eq!(clock.next_sleeper(), None);
        clock.advance_to(std::time::SystemTime::UNIX_EPOCH);
        assert!(clock.now() > 3600, "it is not moved back");
    }

    #[tokio::test]
    async fn what_is_done_in_time_is_told_and_what_is_not_is_given_up() {
        let clock = Clock::movable();
        assert_eq!(clock.timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let waiting = clock.timeout(HOUR, std::future::pending::<()>());
        let (outcome, ()) = tokio::join!(waiting, async { clock.advance(3600) });
        assert_eq!(outcome, Err(TimedOut));
    }

    #[tokio::test]
    async fn another_process_follows_the_file_and_the_next_run_goes_on_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = Clock::kept_in(&file).unwrap();
        let follower = Clock::following(&file).unwrap();
        let (slept, ()) =
            tokio::join!(follower.timeout(2 * HOUR, follower.sleep(HOUR)), async { clock.advance(3600) });
        assert_eq!(slept, Ok(()));
        let (ours, theirs) = (clock.now_ms(), follower.now_ms());
        assert!((ours..ours + 1000).contains(&theirs), "{ours} {theirs}");
        drop(clock);
        assert!(follower.until(Clock::kept_in(&file).unwrap().time()) < Duration::from_secs(1));
    }

    #[test]
    fn a_file_that_holds_no_offset_is_refused_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        std::fs::write(&file, i64::MAX.to_le_bytes()).unwrap();
        let refusal = Clock::kept_in(&file).expect_err("refused").to_string();
        assert!(refusal.contains(&file.display().to_string()), "{refusal}");
    }

    #[test]
    fn a_clock_that_was_set_goes_on_from_there_and_can_be_moved_back() {
        let clock = Clock::movable();
        clock.set(1_800_000_000);
        clock.advance(60);
        assert!((1_800_000_060..1_800_000_062).contains(&clock.now()));
        clock.advance(-3600);
        assert!((1_799_996_460..1_799_996_462).contains(&clock.now()));
    }

    #[test]
    fn work_is_counted_while_it_lasts() {
        let clock = Clock::movable();
        let first = clock.work();
        let second = clock.work();
        drop(first);
        assert_eq!(clock.idle_generation(), None);
        drop(second);
        assert_eq!(clock.idle_generation(), Some(2));
        drop(Clock::default().work());
    }

    #[tokio::test(start_paused = true)]
    async fn the_machines_clock_is_slept_by_as_ever() {
        let started = tokio::time::Instant::now();
        Clock::default().sleep(HOUR).await;
        assert!(started.elapsed() >= HOUR);
        let year = 365 * 24 * HOUR;
        assert_eq!(Clock::default().timeout(1000 * year, async { 1 }).await, Ok(1));
    }
}
