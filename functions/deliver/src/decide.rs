//! What happens to a message after a failed try: a pure function.

use std::time::Duration;

use shared::Reason;
use shared::store::Outcome;
use shared::wechat::errcode::Action;

/// What WeChat refused for now is tried again after these pauses, the last one over and over …
const REFUSED: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(15 * 60),
];

/// … until this many tries, which is about a day.
const MOST_TRIES: u32 = 100;

/// What WeChat may have done is tried again after these, all inside nine minutes: WeChat knows a
/// client_msg_id for ten.
const AMBIGUOUS: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(2 * 60),
    Duration::from_secs(4 * 60),
];

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing more; this is what became of it.
    Finish(Outcome, Reason),
    /// Try again after the pause.
    Again(Duration),
    /// Ask whether the user still follows.
    Doubt,
}

/// Decides by what the failure asks for and how often the message was tried, this try included.
pub fn decide(action: Action, reason: Reason, attempts: u32) -> Next {
    let nth = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let refused = || match attempts {
        MOST_TRIES.. => Next::Finish(Outcome::Failed, reason),
        _ => Next::Again(REFUSED[nth.min(REFUSED.len() - 1)]),
    };
    match action {
        Action::Retry | Action::RefreshToken | Action::WaitForUser => refused(),
        Action::NextMinute => Next::Again(Duration::from_secs(60)),
        Action::NextDay => Next::Again(REFUSED[REFUSED.len() - 1]),
        Action::Ambiguous => AMBIGUOUS
            .get(nth)
            .map_or(Next::Finish(Outcome::Unknown, Reason::OutcomeUnknown), |pause| Next::Again(*pause)),
        Action::DoubtFollower => Next::Doubt,
        Action::Refused => Next::Finish(Outcome::Refused, reason),
        Action::Misconfigured
        | Action::StopTemplate
        | Action::LoginAgain
        | Action::LoginBlocked
        | Action::GiveUp => Next::Finish(Outcome::Failed, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ambiguous_tries_fall_inside_nine_minutes() {
        assert!(AMBIGUOUS.iter().sum::<Duration>() < Duration::from_secs(9 * 60));
    }

    #[test]
    fn an_ambiguous_message_ends_as_unknown() {
        let next = |attempts| decide(Action::Ambiguous, Reason::WechatUnavailable, attempts);
        assert_eq!(next(1), Next::Again(Duration::from_secs(5)));
        assert_eq!(next(6), Next::Again(Duration::from_secs(240)));
        assert_eq!(next(7), Next::Finish(Outcome::Unknown, Reason::OutcomeUnknown));
    }

    #[test]
    fn a_refused_message_is_tried_for_a_day() {
        let next = |attempts| decide(Action::Retry, Reason::WechatUnavailable, attempts);
        assert_eq!(next(1), Next::Again(Duration::from_secs(5)));
        assert_eq!(next(50), Next::Again(Duration::from_secs(900)));
        assert_eq!(next(100), Next::Finish(Outcome::Failed, Reason::WechatUnavailable));
    }
}
