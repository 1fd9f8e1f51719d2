//! `open_platform`: whether both accounts are bound to one Open Platform account. Only then a user has the same unionid in
//! both, and can be reached.

use contract::{Lang, in_lang};
use shared::Error;
use shared::store::Sample;

use crate::Function;
use crate::finding::Finding;

/// Where so many users and followers were seen and nobody is both, it is hardly chance: even if one of fifty users follows,
/// it is so once in sixty times.
const ENOUGH: usize = 200;

const BIND: [&str; 2] = [
    "Have somebody who follows log in with the mini-program, and look again. If it stays, compare the bindings (微信开发者平台 → 我的业务 → 公众号/服务号 and 小程序 → 绑定关系): both have to name one Open Platform account. Once they do, `queqiao sync --anew` looks up the followers, and users log in again.",
    "请一位关注了公众号的用户登录小程序，再检查一次。还是这样，就核对两边的绑定关系（微信开发者平台 → 我的业务 → 公众号/服务号，以及小程序 → 绑定关系）：必须是同一个微信开放平台账号。改好之后用 `queqiao sync --anew` 重新查一遍粉丝，用户重新登录。",
];

/// One.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    Ok(vec![look_at(lang, doctor.identities.sample(ENOUGH).await?)])
}

fn look_at(lang: Lang, sample: Sample) -> Finding {
    let Sample { users, without_unionid, followers, both } = sample;
    let [en, zh] = BIND;
    let problem = |detail: String| Finding::problem(detail, lang.pick(en, zh));
    if both > 0 {
        return Finding::ok(in_lang!(
            lang,
            "Of {users} users and {followers} followers looked at, {both} are both, by one unionid.",
            "抽查的 {users} 个用户和 {followers} 个粉丝里，{both} 个 unionid 两边都有。"
        ));
    }
    if users == 0 && without_unionid > 0 {
        return problem(in_lang!(
            lang,
            "WeChat gave none of the {without_unionid} users of the mini-program looked at a unionid when they logged in: it is not bound to an Open Platform account.",
            "抽查的 {without_unionid} 个小程序用户登录时都没有 unionid：小程序没有绑定到微信开放平台账号。"
        ));
    }
    if users >= ENOUGH && followers >= ENOUGH {
        return problem(in_lang!(
            lang,
            "None of {users} users of the mini-program is among {followers} followers: the two accounts are bound to different Open Platform accounts, or hardly a user follows.",
            "{users} 个小程序用户里没有一个在 {followers} 个粉丝里：两个账号绑定到了不同的微信开放平台账号，或者几乎没有用户关注公众号。"
        ));
    }
    Finding::unknown(in_lang!(
        lang,
        "Among the rows looked at are {users} users of the mini-program and {followers} followers, and nobody is both: have somebody who follows log in, and look again.",
        "抽查到 {users} 个小程序用户和 {followers} 个粉丝，没有两边都在的人：请一位关注了公众号的用户登录小程序，再检查一次。"
    ))
}

#[cfg(test)]
mod tests {
    use contract::CheckState;

    use super::*;

    #[test]
    fn nobody_in_both_is_a_problem_once_there_are_enough_to_tell() {
        use CheckState::{Ok, Problem, Unknown};
        for (users, without_unionid, followers, both, state) in [
            (0, 0, 0, 0, Unknown),
            (1, 0, 1000, 1, Ok),
            (199, 0, 1000, 0, Unknown),
            (200, 0, 200, 0, Problem),
            (200, 0, 199, 0, Unknown),
            (0, 1, 1000, 0, Problem),
            (1, 500, 10, 0, Unknown),
        ] {
            let sample = Sample { users, without_unionid, followers, both };
            assert_eq!(look_at(Lang::En, sample).named("open_platform").state, state, "{sample:?}");
        }
    }
}
