//! What is seen from outside: whether WeChat's callbacks would be answered where the stack says, by which name the gateway is
//! called, and whether this machine's clock is right.

use std::time::SystemTime;

use contract::{Check, Code, routes};

use super::{ok, problem, unknown};
use crate::api::{Api, Seen};
use crate::lang::{pick, say};

/// AWS refuses what was signed by a clock that is off by more than this, in seconds.
const TOLERATED: u64 = 300;

/// A name that AWS gave the gateway. No mini-program that is published may call it.
const AWSS_OWN: &str = ".execute-api.";

/// Looks at all of it.
pub async fn look(api: &Api, stack: Option<&str>) -> Vec<Check> {
    let mut checks = Vec::new();
    match api.see(routes::VERIFY_CALLBACK.path).await {
        Ok(seen) => {
            checks.push(clock(&seen));
            checks.push(callback_url(&seen));
        }
        Err(error) => checks.push(problem("callback_url", crate::with_causes(&error), None)),
    }
    checks.extend(stack.map(|_| domain(api.gateway())));
    checks
}

/// Whoever signs nothing is refused by the function itself: it is there, and has its secrets.
fn callback_url(seen: &Seen) -> Check {
    match (seen.code, seen.status) {
        (Some(Code::Forbidden), _) => ok(
            "callback_url",
            pick("The callback's URL is answered by its function.", "回调地址可以访问，函数有响应。")
                .to_owned(),
        ),
        (_, status) => problem(
            "callback_url",
            say!("The callback's URL answered {status}.", "回调地址返回了 {status}。"),
            Some(pick(
                "Look into the log of `callback`: WeChat's events are lost while it is not answered.",
                "看 `callback` 的日志：它不响应，微信的事件就会丢失。",
            )),
        ),
    }
}

/// By the time that the gateway's answer bears.
fn clock(seen: &Seen) -> Check {
    let Some(theirs) = seen.date else {
        let what = pick("The gateway did not say what time it is.", "网关的响应里没有时间。");
        return unknown("local_clock", what.to_owned());
    };
    let now = SystemTime::now();
    let off =
        now.duration_since(theirs).or_else(|_| theirs.duration_since(now)).unwrap_or_default().as_secs();
    if off <= TOLERATED {
        return ok(
            "local_clock",
            say!("This machine's clock is {off} s off.", "这台机器的时钟与网关相差 {off} 秒。"),
        );
    }
    problem(
        "local_clock",
        say!("This machine's clock is {off} s off.", "这台机器的时钟与网关相差 {off} 秒。"),
        Some(pick(
            "Have it set by NTP: AWS refuses what is signed by a wrong clock.",
            "用 NTP 校准：时钟不准，AWS 会拒绝签名。",
        )),
    )
}

/// It was called by its own name a moment ago.
fn domain(gateway: &str) -> Check {
    let name = gateway.trim_start_matches("https://");
    if name.contains(AWSS_OWN) {
        let hint = pick(
            "A published mini-program calls nothing but domains with an ICP filing: deploy with DomainName and CertificateArn, and list it in the console (开发管理 → 开发设置 → 服务器域名). In WeChat's developer tools it works without.",
            "正式发布的小程序只能调用备案过的域名：部署时填 DomainName 和 CertificateArn，再到后台登记（开发管理 → 开发设置 → 服务器域名）。开发者工具里可以先不填。",
        );
        let detail =
            say!("It is called by AWS's name, {name}. {hint}", "现在用的是 AWS 给的域名 {name}。{hint}");
        return ok("domain", detail);
    }
    ok("domain", say!("It is called by {name}.", "域名是 {name}。"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use contract::CheckState;
    use http::StatusCode;

    use super::*;

    fn seen(status: StatusCode, code: Option<Code>, off: u64) -> Seen {
        Seen { status, code, date: Some(SystemTime::now() - Duration::from_secs(off)) }
    }

    #[test]
    fn only_a_refusal_of_the_functions_own_is_an_answer() {
        let state = |status, code| callback_url(&seen(status, code, 0)).state;
        assert_eq!(state(StatusCode::FORBIDDEN, Some(Code::Forbidden)), CheckState::Ok);
        for (status, code) in [
            (StatusCode::FORBIDDEN, None),
            (StatusCode::NOT_FOUND, Some(Code::NotFound)),
            (StatusCode::INTERNAL_SERVER_ERROR, None),
            (StatusCode::OK, None),
        ] {
            assert_eq!(state(status, code), CheckState::Problem, "{status}");
        }
    }

    #[test]
    fn a_clock_that_aws_would_not_take_is_a_problem() {
        let state = |off| clock(&seen(StatusCode::OK, None, off)).state;
        assert_eq!([0, 290, 400].map(state), [CheckState::Ok, CheckState::Ok, CheckState::Problem]);
    }

    #[test]
    fn a_name_of_aws_does_until_a_mini_program_is_published_and_says_what_it_takes_then() {
        let aws = domain("https://a1b2.execute-api.us-east-1.amazonaws.com");
        assert!(
            aws.state == CheckState::Ok && aws.detail.contains("DomainName and CertificateArn"),
            "{aws:?}"
        );
        let own = domain("https://api.example.com");
        assert!(own.state == CheckState::Ok && !own.detail.contains("DomainName"), "{own:?}");
    }
}
