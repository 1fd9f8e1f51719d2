//! `quota`: whether WeChat answers from here, and how much of its daily limits is used up.

use contract::Reason;
use futures::future::join_all;
use shared::store::Cause;
use shared::wechat::errcode::Action;
use shared::wechat::quota::{self, Daily, NO_SUCH_PATH, Quota};
use shared::wechat::{Failure, subscribe, template};
use shared::{Authorized, Error, Lang};

use crate::Function;
use crate::finding::Finding;

/// What the bundle calls, by each account, and has a daily limit.
const OA: [&str; 4] = [template::SEND, "/cgi-bin/user/info", "/cgi-bin/user/get", "/cgi-bin/token"];
const MINI: [&str; 1] = [subscribe::SEND];

/// Where so much of a limit is used up, in percent, it will not last.
const NEARLY_ALL: i64 = 90;

/// One for each account that the catalog sends by.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    let has_fallback = doctor.catalog.current().await?.fallback_templates().next().is_some();
    let [(oa, by_oa), (mini, by_mini)] = &doctor.wechat;
    let mut findings = vec![look_at(lang, by_oa, &OA).await.of(oa)];
    if has_fallback {
        findings.push(look_at(lang, by_mini, &MINI).await.of(mini));
    }
    Ok(findings)
}

async fn look_at(lang: Lang, wechat: &Authorized, paths: &[&'static str]) -> Finding {
    let asked = paths.iter().map(|path| async move { (*path, wechat.call(&quota::of(path)).await) });
    let (mut told, mut is_low) = (Vec::new(), false);
    for (path, answer) in join_all(asked).await {
        let Daily { daily_limit: Some(limit), used: Some(used) } = (match answer {
            Ok(Quota { quota }) => quota,
            Err(failure) if failure.errcode() == Some(NO_SUCH_PATH) => continue,
            Err(failure) => return refused(lang, &failure),
        }) else {
            continue;
        };
        is_low |= used.saturating_mul(100) >= limit.saturating_mul(NEARLY_ALL);
        let path = path.trim_start_matches("/cgi-bin/");
        told.push(match lang {
            Lang::En => format!("{path} {used} of {limit}"),
            Lang::Zh => format!("{path} {used}/{limit}"),
        });
    }
    let told = told.join(lang.pick(", ", "，"));
    let detail = match lang {
        Lang::En => format!("Used up today: {told}."),
        Lang::Zh => format!("今天已用：{told}。"),
    };
    if is_low {
        Finding::problem(detail, Reason::QuotaExhausted.remedy_in(lang).to_owned())
    } else {
        Finding::ok(detail)
    }
}

/// What the account refuses to this side is a problem of its settings; a token that is dead is told by `token`.
fn refused(lang: Lang, failure: &Failure) -> Finding {
    match (failure.errcode(), failure.action()) {
        (Some(_), Action::RefreshToken) | (None, _) => Finding::unreachable(lang, failure),
        (Some(errcode), _) => {
            let detail = match lang {
                Lang::En => format!("WeChat refuses this side's calls (errcode {errcode})."),
                Lang::Zh => format!("微信拒绝了我们的调用（errcode {errcode}）。"),
            };
            Finding::problem(detail, Cause::of(failure).remedy_in(lang))
        }
    }
}
