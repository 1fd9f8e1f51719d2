//! Beijing's days, by which WeChat counts.

const DAY: i64 = 24 * 60 * 60;
const BEIJING_AHEAD_OF_UTC: i64 = 8 * 60 * 60;

/// The number of the Beijing day: daily quotas reset when it changes.
pub(crate) fn beijing_day(now: i64) -> i64 {
    (now + BEIJING_AHEAD_OF_UTC).div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_beijing() {
        let midnight_in_beijing = 1_767_196_800; // 2026-01-01T00:00:00+08:00
        assert_ne!(beijing_day(midnight_in_beijing - 1), beijing_day(midnight_in_beijing));
        assert_eq!(beijing_day(midnight_in_beijing), beijing_day(midnight_in_beijing + DAY - 1));
    }
}
