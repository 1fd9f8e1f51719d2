//! What a check found, and how it is worded.

use contract::{Check, CheckState};
use shared::Lang;
use shared::store::Cause;
use shared::wechat::Failure;

/// What a check found of one thing.
#[derive(Debug)]
pub struct Finding {
    subject: Option<String>,
    state: CheckState,
    detail: String,
    remedy: Option<String>,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(detail: String) -> Self {
        Self { subject: None, state: CheckState::Ok, detail, remedy: None }
    }

    /// It is not, and what to do.
    pub fn problem(detail: String, remedy: String) -> Self {
        Self { subject: None, state: CheckState::Problem, detail, remedy: Some(remedy) }
    }

    /// It could not be looked at.
    pub fn unknown(detail: String) -> Self {
        Self { subject: None, state: CheckState::Unknown, detail, remedy: None }
    }

    /// WeChat did not answer, or has none of our tokens to answer to.
    pub fn unreachable(lang: Lang, failure: &Failure) -> Self {
        let why = named(&Cause::of(failure));
        Self::unknown(match lang {
            Lang::En => format!("WeChat could not be asked ({why}); try again in a minute."),
            Lang::Zh => format!("问不到微信（{why}），过一分钟再试。"),
        })
    }

    /// Which of several it is about.
    #[must_use]
    pub fn of(self, subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()), ..self }
    }

    /// As callers see it.
    pub fn named(self, check: &str) -> Check {
        let Self { subject, state, detail, remedy } = self;
        Check { check: check.to_owned(), subject, state, detail, remedy }
    }
}

/// WeChat's errcode, where WeChat answered; else the reason.
pub fn named(cause: &Cause) -> String {
    cause.errcode.map_or_else(|| cause.reason.to_string(), |errcode| format!("errcode {errcode}"))
}

/// So many seconds, in words: `1 h 12 min`.
pub fn span(lang: Lang, seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let [s, min, h, d] = lang.pick(["s", "min", "h", "d"], ["秒", "分钟", "小时", "天"]);
    match seconds {
        ..MINUTE => format!("{} {s}", seconds.max(0)),
        MINUTE..HOUR => format!("{} {min}", seconds / MINUTE),
        HOUR..DAY => format!("{} {h} {} {min}", seconds / HOUR, seconds % HOUR / MINUTE),
        DAY.. => format!("{} {d} {} {h}", seconds / DAY, seconds % DAY / HOUR),
    }
}

#[cfg(test)]
mod tests {
    use super::span;
    use shared::Lang;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let told =
            [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000].map(|seconds| span(Lang::En, seconds));
        assert_eq!(
            told,
            ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h 0 min", "23 h 59 min", "1 d 0 h", "2 d 7 h"]
        );
        assert_eq!(span(Lang::Zh, 200_000), "2 天 7 小时");
    }
}
