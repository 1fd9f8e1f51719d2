//! What happens to a message after a failed try: a pure function of what is known.

use std::time::Duration;

use contract::{MessageState, Reason};
use shared::job::Prefer;
use shared::wechat::errcode::Action;

/// What WeChat refused for now is tried again after these pauses, the last one over and over, for a day.
const REFUSED: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(15 * 60),
];

/// This many tries by [`REFUSED`] make a day.
const MOST_TRIES: u32 = 100;

/// What WeChat may have done is tried again after these.
const AMBIGUOUS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(4 * 60),
];

/// How long a message that may have arrived is tried again: WeChat knows a client_msg_id for ten
/// minutes and promises nothing after that; one is kept in reserve.
const WINDOW: Duration = Duration::from_secs(9 * 60);

/// A minute quota is reset with the next minute, which is over after this even when jitter takes
/// a quarter off.
const MINUTE: Duration = Duration::from_secs(80);

/// The longest SQS holds a job back; while the daily quota is used up, messages wait in such steps.
pub const PARKED: Duration = Duration::from_secs(15 * 60);

/// What is known of a message whose try just failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedAttempt {
    /// What the failure asks for.
    pub action: Action,
    /// What the message says if it ends here.
    pub reason: Reason,
    /// How often it was tried, this time included.
    pub attempts: u32,
    /// How long ago WeChat first left open whether it took it; this try counts.
    pub ambiguous_for: Option<Duration>,
    /// What is worse: two copies or none.
    pub prefer: Prefer,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing more; this is what became of it.
    Finish(MessageState, Reason),
    /// Try again after the pause; meanwhile this is what is said of it.
    Retry(Duration, MessageState),
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
}

/// Whether a message that may have arrived may be tried again that long after.
pub fn is_deduped(ambiguous_for: Duration) -> bool {
    ambiguous_for < WINDOW
}

/// Decides. Never a second message that WeChat might not recognize as the first, unless that is preferred.
pub fn decide(attempt: FailedAttempt, timing: RetryTiming) -> Outcome {
    let nth = usize::try_from(attempt.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let after = |pauses: &[Duration]| pauses[nth.min(pauses.len() - 1)];
    let (pause, state) = match attempt.action {
        Action::Retry | Action::RefreshToken | Action::WaitForUser if attempt.attempts >= MOST_TRIES => {
            return Outcome::Decided(Decision::Finish(MessageState::Failed, attempt.reason));
        }
        Action::Retry | Action::RefreshToken | Action::WaitForUser => {
            (after(&REFUSED), MessageState::Retrying)
        }
        Action::Ambiguous => (after(&AMBIGUOUS), MessageState::Retrying),
        Action::NextMinute => (MINUTE, MessageState::Retrying),
        Action::NextDay => (PARKED, MessageState::Parked),
        Action::DoubtFollower => return Outcome::CheckFollower,
        Action::Refused => {
            return Outcome::Decided(Decision::Finish(MessageState::Refused, attempt.reason));
        }
        Action::Misconfigured
        | Action::StopTemplate
        | Action::LoginAgain
        | Action::LoginBlocked
        | Action::GiveUp => {
            return Outcome::Decided(Decision::Finish(MessageState::Failed, attempt.reason));
        }
    };
    Outcome::Decided(retry(timing.pause(pause), state, attempt))
}

/// Once it may have arrived, a message is tried again only as long as WeChat would recognize it.
fn retry(pause: Duration, state: MessageState, attempt: FailedAttempt) -> Decision {
    match (attempt.ambiguous_for, attempt.prefer) {
        (Some(so_far), Prefer::Once) if !is_deduped(so_far + pause) => {
            Decision::Finish(MessageState::Unknown, Reason::OutcomeUnknown)
        }
        (Some(_), Prefer::Arrive) if attempt.attempts >= MOST_TRIES => {
            Decision::Finish(MessageState::Unknown, Reason::OutcomeUnknown)
        }
        _ => Decision::Retry(pause, state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::wechat::errcode::TABLE;

    const EXACT: RetryTiming = RetryTiming { jitter: 1.0 };

    fn failed(action: Action, attempts: u32, ambiguous_for: Option<u64>) -> FailedAttempt {
        let ambiguous_for = ambiguous_for.map(Duration::from_secs);
        FailedAttempt {
            action,
            reason: Reason::WechatUnavailable,
            attempts,
            ambiguous_for,
            prefer: Prefer::Once,
        }
    }

    fn again(seconds: u64) -> Outcome {
        Outcome::Decided(Decision::Retry(Duration::from_secs(seconds), MessageState::Retrying))
    }

    fn finish(state: MessageState, reason: Reason) -> Outcome {
        Outcome::Decided(Decision::Finish(state, reason))
    }

    /// Every code of the table, and what a first try that it ends comes to.
    #[test]
    fn every_errcode_has_its_next_step() {
        use MessageState::{Failed, Refused};
        for entry in TABLE {
            let ambiguous_for = (entry.action == Action::Ambiguous).then_some(0);
            let first = FailedAttempt { reason: entry.reason, ..failed(entry.action, 1, ambiguous_for) };
            let expected = match entry.errcode {
                -1 | 40001 | 40014 | 41001 | 42001 | 43108 | 43117 | 268_487_001 | 268_487_002 => again(5),
                40003 | 43004 | 50005 => Outcome::CheckFollower,
                45009 => Outcome::Decided(Decision::Retry(Duration::from_secs(900), MessageState::Parked)),
                45011 => again(80),
                43019 | 43101 | 48002 => finish(Refused, Reason::Refused),
                _ => finish(Failed, entry.reason),
            };
            assert_eq!(decide(first, EXACT), expected, "{}", entry.errcode);
        }
    }

    #[test]
    fn an_ambiguous_message_is_tried_inside_nine_minutes_and_then_unknown() {
        let mut so_far = 0;
        let mut attempts = 1;
        let end = loop {
            match decide(failed(Action::Ambiguous, attempts, Some(so_far)), EXACT) {
                Outcome::Decided(Decision::Retry(pause, _)) => so_far += pause.as_secs(),
                end => break end,
            }
            attempts += 1;
        };
        assert_eq!(end, finish(MessageState::Unknown, Reason::OutcomeUnknown));
        assert_eq!((attempts, so_far), (7, 470));
    }

    #[test]
    fn a_refused_message_is_tried_for_a_day() {
        let mut waited = Duration::ZERO;
        for attempts in 1.. {
            match decide(failed(Action::Retry, attempts, None), EXACT) {
                Outcome::Decided(Decision::Retry(pause, MessageState::Retrying)) => waited += pause,
                end => {
                    assert_eq!(end, finish(MessageState::Failed, Reason::WechatUnavailable));
                    break;
                }
            }
        }
        assert!((23 * 3600..25 * 3600).contains(&waited.as_secs()), "{waited:?}");
    }

    #[test]
    fn what_may_have_arrived_does_not_wait_for_tomorrows_quota() {
        let next = decide(failed(Action::NextDay, 2, Some(30)), EXACT);
        assert_eq!(next, finish(MessageState::Unknown, Reason::OutcomeUnknown));
    }

    #[test]
    fn whoever_prefers_arrival_is_tried_beyond_the_window() {
        let late = FailedAttempt { prefer: Prefer::Arrive, ..failed(Action::Ambiguous, 7, Some(600)) };
        assert_eq!(decide(late, EXACT), again(240));
    }

    #[test]
    fn jitter_shortens_a_pause_by_a_quarter_at_most() {
        let early = RetryTiming { jitter: 0.0 };
        assert_eq!(early.pause(Duration::from_secs(60)), Duration::from_secs(45));
        assert_eq!(EXACT.pause(Duration::from_secs(60)), Duration::from_secs(60));
    }
}
