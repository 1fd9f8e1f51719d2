//! What happens to a message after a failed try: a pure function of what is known.

use std::time::Duration;

use contract::{Channel, MessageState, Reason};
use shared::job::Prefer;
use shared::wechat::Failure;
use shared::wechat::errcode::{self, Action};

/// What WeChat refused for now is tried again after these pauses, the last one over and over.
const REFUSED: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(15 * 60),
];

/// What WeChat may have done is tried again after these, the last one over and over.
const AMBIGUOUS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_secs(45),
    Duration::from_secs(60),
];

/// How long a message that may have arrived is tried again: WeChat knows a client_msg_id for ten
/// minutes and promises nothing after that; one is kept in reserve.
const WINDOW: Duration = Duration::from_secs(9 * 60);

/// The last try is made this long before the window's end, and none is begun later.
const BEFORE_ITS_END: Duration = Duration::from_secs(10);

/// Whoever prefers a second copy to none is tried again after this once the window is over.
const BEYOND: Duration = Duration::from_secs(4 * 60);

/// A minute quota is reset with the next minute, which is over after this even when jitter takes
/// a quarter off.
const MINUTE: Duration = Duration::from_secs(80);

/// The longest SQS holds a job back; messages wait for a repair in such steps.
pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// What is known of a message whose try just failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt {
    /// What the failure asks for.
    pub action: Action,
    /// What the message says if it ends here.
    pub reason: Reason,
    /// Whether WeChat recognizes a second copy, for a while.
    pub is_recognized: bool,
    /// How many tries left open whether WeChat took it, this one included.
    pub ambiguous: u32,
    /// How many were refused, this one included.
    pub refused: u32,
    /// How long ago WeChat first left open whether it took it; this try counts.
    pub ambiguous_for: Option<Duration>,
    /// What is worse: two copies or none.
    pub prefer: Prefer,
    /// How long it is still of use.
    pub keep: Duration,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing more; this is what became of it.
    Finish(MessageState, Reason),
    /// WeChat has taken it, with an earlier try.
    Sent,
    /// Try again after the pause.
    Retry(Duration),
    /// Try again when what is wrong is repaired.
    Park,
}

/// What a failed attempt comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is to be done.
    Decided(Decision),
    /// That depends on whether the user still follows: WeChat is to be asked.
    CheckFollower,
}

/// Where between three quarters of a pause and the whole of it this one falls, so that what many workers
/// failed at together does not come back together.
#[derive(Clone, Copy, Debug)]
pub struct RetryTiming {
    /// 0 to 1.
    pub jitter: f64,
}

impl RetryTiming {
    /// A pause of the schedule as it is to be kept this time.
    pub fn pause(self, pause: Duration) -> Duration {
        pause.mul_f64(0.75 + 0.25 * self.jitter)
    }

    /// A wait whose end is not to be missed: up to a quarter longer, as far as a queue holds back.
    pub fn no_sooner(self, wait: Duration) -> Duration {
        wait.mul_f64(1.0 + 0.25 * self.jitter).min(LONGEST_WAIT)
    }
}

/// What a failure asks for, and says; of a subscribe message that is for a user of the mini-program, not for a follower.
pub fn meaning(failure: &Failure, channel: Channel) -> (Action, Reason) {
    match (channel, failure.errcode()) {
        (Channel::Subscribe, Some(errcode)) => {
            let entry = errcode::of_subscribe_message(errcode);
            (entry.action, entry.reason)
        }
        _ => (failure.action(), failure.reason()),
    }
}

/// Whether a message that may have arrived may be tried again that long after.
pub fn is_deduped(ambiguous_for: Duration) -> bool {
    ambiguous_for < WINDOW
}

/// How long a message may wait at most before it has to be looked at again: until it is of no use any more, or
/// until WeChat would not recognize a second copy of what may have arrived.
pub fn longest_wait(ambiguous_for: Option<Duration>, prefer: Prefer, keep: Duration) -> Duration {
    match ambiguous_for {
        Some(so_far) if prefer == Prefer::Once => WINDOW.saturating_sub(so_far).min(keep),
        _ => keep,
    }
}

/// Decides. Never a second message that WeChat might not recognize as the first, unless that is preferred; and
/// what may have arrived is never said to have failed.
pub fn decide(attempt: FailedAttempt, timing: RetryTiming) -> Outcome {
    Outcome::Decided(match attempt.action {
        Action::DoubtFollower => return Outcome::CheckFollower,
        Action::Ambiguous if !attempt.is_recognized && attempt.prefer == Prefer::Once => {
            attempt.finish(MessageState::Unknown)
        }
        Action::Retry | Action::RefreshToken | Action::WaitForUser => {
            attempt.retry(timing.pause(nth(&REFUSED, attempt.refused)))
        }
        Action::Ambiguous => attempt.retry(timing.pause(attempt.ambiguous_pause())),
        Action::NextMinute => attempt.retry(timing.pause(MINUTE)),
        Action::NextDay | Action::AwaitRepair => attempt.park(),
        Action::Duplicate if attempt.ambiguous_for.is_some() => Decision::Sent,
        Action::Refused => attempt.finish(MessageState::Refused),
        Action::Duplicate | Action::LoginAgain | Action::LoginBlocked | Action::GiveUp => {
            attempt.finish(MessageState::Failed)
        }
    })
}

impl FailedAttempt {
    /// Its end, which leaves open what is open.
    pub fn finish(self, state: MessageState) -> Decision {
        match self.ambiguous_for {
            Some(_) => Decision::Finish(MessageState::Unknown, Reason::OutcomeUnknown),
            None => Decision::Finish(state, self.reason),
        }
    }

    fn ambiguous_pause(self) -> Duration {
        match self.ambiguous_for {
            Some(so_far) if !is_deduped(so_far) => BEYOND,
            _ => nth(&AMBIGUOUS, self.ambiguous),
        }
    }

    fn expire(self) -> Decision {
        Self { reason: Reason::Expired, ..self }.finish(MessageState::Failed)
    }

    /// Again after the pause, or just before it would be too late, as long as there is time.
    fn retry(self, pause: Duration) -> Decision {
        let longest = longest_wait(self.ambiguous_for, self.prefer, self.keep);
        match longest.checked_sub(BEFORE_ITS_END) {
            Some(longest) if !longest.is_zero() => Decision::Retry(pause.min(longest)),
            _ => self.expire(),
        }
    }

    /// Again when it is repaired, as long as there is time.
    fn park(self) -> Decision {
        match longest_wait(self.ambiguous_for, self.prefer, self.keep).is_zero() {
            true => self.expire(),
            false => Decision::Park,
        }
    }
}

/// The pause after so many tries.
fn nth(pauses: &[Duration], tries: u32) -> Duration {
    let nth = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    pauses[nth.min(pauses.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::wechat::errcode::TABLE;

    const EXACT: RetryTiming = RetryTiming { jitter: 1.0 };
    const A_DAY: Duration = Duration::from_secs(24 * 3600);

    fn first(action: Action) -> FailedAttempt {
        let is_ambiguous = action == Action::Ambiguous;
        FailedAttempt {
            action,
            reason: Reason::WechatUnavailable,
            is_recognized: true,
            ambiguous: u32::from(is_ambiguous),
            refused: u32::from(!is_ambiguous),
            ambiguous_for: is_ambiguous.then_some(Duration::ZERO),
            prefer: Prefer::Once,
            keep: A_DAY,
        }
    }

    fn after_ambiguity(attempt: FailedAttempt, seconds: u64) -> FailedAttempt {
        let ambiguous_for = Some(Duration::from_secs(seconds));
        FailedAttempt { ambiguous: attempt.ambiguous + 1, ambiguous_for, ..attempt }
    }

    fn again(seconds: u64) -> Outcome {
        Outcome::Decided(Decision::Retry(Duration::from_secs(seconds)))
    }

    fn finish(state: MessageState, reason: Reason) -> Outcome {
        Outcome::Decided(Decision::Finish(state, reason))
    }

    const UNKNOWN: Outcome =
        Outcome::Decided(Decision::Finish(MessageState::Unknown, Reason::OutcomeUnknown));

    /// Every code of the table, and what a first try that it ends comes to.
    #[test]
    fn every_errcode_has_its_next_step() {
        use MessageState::{Failed, Refused};
        for entry in TABLE {
            let expected = match entry.errcode {
                -1 | 40001 | 40014 | 41001 | 42001 | 43108 | 43117 | 268_487_001 | 268_487_002 => again(5),
                40003 | 43004 | 50005 => Outcome::CheckFollower,
                45011 => again(80),
                43019 | 43101 | 48002 => finish(Refused, Reason::Refused),
                40002 | 40013 | 40036 | 40037 | 40125 | 40164 | 40165 | 40243 | 40247 | 41002 | 41004
                | 41030 | 43107 | 43116 | 45009 | 45035 | 45103 | 45109 | 48001 | 48004 | 50004 | 50007
                | 61004 | 61007 | 61016 | 61024 | 89501 | 89503 | 89506 | 89507 => {
                    Outcome::Decided(Decision::Park)
                }
                _ => finish(Failed, entry.reason),
            };
            let attempt = FailedAttempt { reason: entry.reason, ..first(entry.action) };
            assert_eq!(decide(attempt, EXACT), expected, "{}", entry.errcode);
        }
    }

    /// The same table for a message that may have arrived half a minute ago: nothing says that it did not.
    #[test]
    fn once_a_message_may_have_arrived_no_errcode_makes_it_failed_or_refused() {
        for entry in TABLE {
            let attempt = FailedAttempt { reason: entry.reason, ..first(entry.action) };
            let expected = match entry.errcode {
                -1 => again(10),
                40241 => Outcome::Decided(Decision::Sent),
                _ => match decide(attempt, EXACT) {
                    Outcome::Decided(Decision::Finish(..)) => UNKNOWN,
                    same => same,
                },
            };
            assert_eq!(decide(after_ambiguity(attempt, 30), EXACT), expected, "{}", entry.errcode);
        }
    }

    #[test]
    fn a_message_that_may_have_arrived_ends_as_unknown_by_the_windows_end_whatever_is_answered() {
        for entry in TABLE {
            let late = after_ambiguity(first(entry.action), 9 * 60);
            let expected = match entry.action {
                Action::DoubtFollower => Outcome::CheckFollower,
                Action::Duplicate => Outcome::Decided(Decision::Sent),
                _ => UNKNOWN,
            };
            assert_eq!(decide(late, EXACT), expected, "{}", entry.errcode);
        }
        let checked = after_ambiguity(first(Action::DoubtFollower), 30).finish(MessageState::Failed);
        assert_eq!(Outcome::Decided(checked), UNKNOWN);
    }

    #[test]
    fn an_ambiguous_message_is_tried_more_than_a_dozen_times_inside_nine_minutes() {
        let (mut so_far, mut tries) = (Duration::ZERO, 1);
        loop {
            let attempt =
                FailedAttempt { ambiguous: tries, ambiguous_for: Some(so_far), ..first(Action::Ambiguous) };
            match decide(attempt, EXACT) {
                Outcome::Decided(Decision::Retry(pause)) => so_far += pause,
                end => break assert_eq!(end, UNKNOWN),
            }
            tries += 1;
        }
        assert!(tries > 12, "{tries}");
        assert_eq!(so_far, WINDOW - BEFORE_ITS_END);
    }

    #[test]
    fn tries_that_wechat_refused_use_up_nothing_of_the_ambiguous_schedule() {
        let tries = FailedAttempt { refused: 7, ..after_ambiguity(first(Action::Ambiguous), 100) };
        assert_eq!(decide(FailedAttempt { ambiguous: 1, ..tries }, EXACT), again(5));
        let refused =
            FailedAttempt { ambiguous: 6, refused: 1, ..after_ambiguity(first(Action::Retry), 100) };
        assert_eq!(decide(refused, EXACT), again(5));
    }

    #[test]
    fn a_pause_that_would_end_after_the_window_is_cut_for_one_last_try() {
        let tried_often = FailedAttempt { refused: 4, ..after_ambiguity(first(Action::Retry), 60) };
        assert_eq!(decide(tried_often, EXACT), again(9 * 60 - 60 - 10));
    }

    #[test]
    fn a_message_is_tried_as_long_as_it_is_of_use_and_then_expired() {
        let refused =
            |keep: u64| FailedAttempt { refused: 5, keep: Duration::from_secs(keep), ..first(Action::Retry) };
        assert_eq!(decide(refused(24 * 3600), EXACT), again(15 * 60));
        assert_eq!(decide(refused(60), EXACT), again(50));
        assert_eq!(decide(refused(5), EXACT), finish(MessageState::Failed, Reason::Expired));
        let waits = FailedAttempt { action: Action::AwaitRepair, ..refused(0) };
        assert_eq!(decide(waits, EXACT), finish(MessageState::Failed, Reason::Expired));
    }

    #[test]
    fn whoever_prefers_arrival_is_tried_beyond_the_window_until_it_is_of_no_use() {
        let prefers = FailedAttempt { prefer: Prefer::Arrive, ..first(Action::Ambiguous) };
        let late = after_ambiguity(FailedAttempt { ambiguous: 7, ..prefers }, 600);
        assert_eq!(decide(late, EXACT), again(240));
        assert_eq!(decide(FailedAttempt { keep: Duration::ZERO, ..late }, EXACT), UNKNOWN);
    }

    /// As a subscribe message is, of which there is no second try once it may have arrived.
    #[test]
    fn what_wechat_would_not_recognize_is_over_once_it_may_have_arrived_unless_arrival_is_preferred() {
        for entry in TABLE {
            let attempt = FailedAttempt { reason: entry.reason, ..first(entry.action) };
            let unrecognized = FailedAttempt { is_recognized: false, ..attempt };
            let expected = match entry.action {
                Action::Ambiguous => UNKNOWN,
                _ => decide(attempt, EXACT),
            };
            assert_eq!(decide(unrecognized, EXACT), expected, "{}", entry.errcode);
        }
        let prefers =
            FailedAttempt { is_recognized: false, prefer: Prefer::Arrive, ..first(Action::Ambiguous) };
        assert_eq!(decide(prefers, EXACT), again(5));
    }

    #[test]
    fn jitter_shortens_a_pause_by_a_quarter_at_most() {
        let early = RetryTiming { jitter: 0.0 };
        assert_eq!(early.pause(Duration::from_secs(60)), Duration::from_secs(45));
        assert_eq!(EXACT.pause(Duration::from_secs(60)), Duration::from_secs(60));
    }
}
