//! What a check found, and how it is worded.

use contract::{Check, CheckState, Code, Lang, in_lang};
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
    pub fn ok(detail: impl Into<String>) -> Self {
        Self { subject: None, state: CheckState::Ok, detail: detail.into(), remedy: None }
    }

    /// It is not, and what to do.
    pub fn problem(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: CheckState::Problem, remedy: Some(remedy.into()), ..Self::ok(detail) }
    }

    /// It could not be looked at, or there is nothing to be seen yet.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self { state: CheckState::Unknown, ..Self::ok(detail) }
    }

    /// WeChat did not answer: where there is no way to it, that is to be repaired; else it is another time.
    pub fn unanswered(lang: Lang, failure: &Failure) -> Self {
        let (why, rid, cause) = (named(&Cause::of(failure)), failure.rid(), failure.causes());
        tracing::warn!(errcode = failure.errcode(), rid, cause, "WeChat could not be asked: {failure}");
        match failure {
            Failure::Unreachable { .. } => Self::problem(
                lang.pick("There is no way to WeChat from here.", "从这里连不上微信。"),
                failure.remedy_in(lang),
            ),
            Failure::Store(_) => Self::unknown(Code::Unavailable.remedy_in(lang)),
            _ => Self::unknown(in_lang!(
                lang,
                "WeChat could not be asked ({why}); look again in a minute.",
                "暂时无法查询微信（{why}），请一分钟后再试。"
            )),
        }
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

/// So many seconds, in its two largest units: `1 h 12 min`, `2 h`.
pub fn span(lang: Lang, seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let units = lang.pick(["d", "h", "min", "s"], ["天", "小时", "分钟", "秒"]);
    let seconds = seconds.max(0);
    let counts = [seconds / DAY, seconds % DAY / HOUR, seconds % HOUR / MINUTE, seconds % MINUTE];
    let largest = counts.iter().position(|count| *count > 0).unwrap_or(3);
    // Seconds say nothing beside a minute.
    let shown = if largest == 2 { 1 } else { 2 };
    let told = counts.iter().zip(units).skip(largest).take(shown).filter(|(count, _)| **count > 0);
    let told: Vec<_> = told.map(|(count, unit)| format!("{count} {unit}")).collect();
    if told.is_empty() { format!("0 {}", units[3]) } else { told.join(" ") }
}

#[cfg(test)]
mod tests {
    use contract::Lang;

    use super::span;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let told = [-5, 0, 59, 60, 3599, 3600, 86_399, 86_400, 86_460, 200_000].map(|it| span(Lang::En, it));
        assert_eq!(
            told,
            ["0 s", "0 s", "59 s", "1 min", "59 min", "1 h", "23 h 59 min", "1 d", "1 d", "2 d 7 h"]
        );
        assert_eq!(span(Lang::Zh, 200_000), "2 天 7 小时");
    }
}
