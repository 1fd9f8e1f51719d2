//! In the account's row of `breaker#<appid>`: that somebody else fetches the account's tokens.

use serde::{Deserialize, Serialize};

/// What is longer ago than this is over, in seconds: two who fetch classic tokens meet every 100 minutes.
const COUNTED_FOR: i64 = 24 * 3600;

/// How often, of late, WeChat called a token dead that was still to live: somebody else had fetched another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReplacement {
    /// How often since then.
    pub times: u32,
    /// The first time, in Unix seconds.
    pub since: i64,
    /// The last time, in Unix seconds.
    pub last_at: i64,
}

impl TokenReplacement {
    /// Whether it was in the last day.
    pub fn is_recent(&self, now: i64) -> bool {
        now - self.last_at < COUNTED_FOR
    }

    /// One more, at this moment; the first where the last is long ago.
    #[must_use]
    pub fn again(last: Option<&Self>, now: i64) -> Self {
        let last = last.filter(|last| last.is_recent(now));
        let (times, since) = last.map_or((0, now), |last| (last.times, last.since));
        Self { times: times + 1, since, last_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_counted_until_a_day_has_passed_without_one() {
        let first = TokenReplacement::again(None, 1_000);
        assert_eq!(first, TokenReplacement { times: 1, since: 1_000, last_at: 1_000 });
        let second = TokenReplacement::again(Some(&first), 80_000);
        assert_eq!(second, TokenReplacement { times: 2, since: 1_000, last_at: 80_000 });
        let third = TokenReplacement::again(Some(&second), 80_000 + COUNTED_FOR);
        assert_eq!((third.times, third.since), (1, 80_000 + COUNTED_FOR));
    }
}
