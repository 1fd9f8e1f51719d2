//! Days as WeChat and its users count them: from midnight to midnight in Beijing (UTC+8, no summer time).

const DAY: i64 = 24 * 3600;
const AHEAD_OF_UTC: i64 = 8 * 3600;

/// The day's number at this time in Unix seconds; the next day's is one more.
pub fn day(now: i64) -> i64 {
    (now + AHEAD_OF_UTC).div_euclid(DAY)
}

/// When the day after this time begins, in Unix seconds.
pub fn next_midnight(now: i64) -> i64 {
    (day(now) + 1) * DAY - AHEAD_OF_UTC
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_in_beijing() {
        // 2026-11-22 15:59:59 UTC is 23:59:59 in Beijing.
        assert_eq!(next_midnight(1_795_363_199), 1_795_363_200);
        assert_eq!(next_midnight(1_795_363_200), 1_795_363_200 + DAY);
        assert_eq!(day(1_795_363_199) + 1, day(1_795_363_200));
    }
}
