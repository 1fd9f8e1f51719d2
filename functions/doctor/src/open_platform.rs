//! `open_platform`: whether both accounts are bound to one Open Platform account. Only then a user has the same unionid in
//! both, and can be reached.

use shared::store::Sample;
use shared::{Error, Lang};

use crate::Function;
use crate::finding::Finding;

/// From so many users and followers on it is no chance that nobody is both.
const ENOUGH: usize = 20;

const BIND: [&str; 2] = [
    "Bind the mini-program and the Official Account to one Open Platform account (the mini-program: 微信开发者平台 → 我的业务 → 开放平台 → 绑定关系; the Official Account: open.weixin.qq.com → 管理中心), have `queqiao sync --anew` look up the followers, and have users log in again.",
    "把小程序和公众号绑定到同一个微信开放平台账号（小程序：微信开发者平台 → 我的业务 → 开放平台 → 绑定关系；公众号：open.weixin.qq.com → 管理中心），再用 `queqiao sync --anew` 重新查一遍粉丝，请用户重新登录。",
];

/// One.
pub async fn check(doctor: &Function, lang: Lang) -> Result<Vec<Finding>, Error> {
    Ok(vec![look_at(lang, doctor.identities.sample().await?)])
}

fn look_at(lang: Lang, sample: Sample) -> Finding {
    let Sample { users, without_unionid, followers, both } = sample;
    let [en, zh] = BIND;
    let problem = |detail: String| Finding::problem(detail, lang.pick(en, zh).to_owned());
    match sample {
        Sample { both: 1.., .. } => Finding::ok(match lang {
            Lang::En => format!(
                "Of {users} users and {followers} followers looked at, {both} are both, by one unionid."
            ),
            Lang::Zh => format!("抽查的 {users} 个用户和 {followers} 个粉丝里，{both} 个 unionid 两边都有。"),
        }),
        Sample { users: 0, without_unionid: 1.., .. } => problem(match lang {
            Lang::En => format!(
                "WeChat gave none of the {without_unionid} users of the mini-program looked at a unionid: it is not bound to an Open Platform account."
            ),
            Lang::Zh => format!(
                "抽查的 {without_unionid} 个小程序用户都没有 unionid：小程序没有绑定到微信开放平台账号。"
            ),
        }),
        _ if users >= ENOUGH && followers >= ENOUGH => problem(match lang {
            Lang::En => format!(
                "None of {users} users of the mini-program is among {followers} followers: the two accounts are bound to different Open Platform accounts, or no user follows."
            ),
            Lang::Zh => format!(
                "{users} 个小程序用户里没有一个在 {followers} 个粉丝里：两个账号绑定到了不同的微信开放平台账号，或者没有用户关注公众号。"
            ),
        }),
        _ => Finding::unknown(match lang {
            Lang::En => format!(
                "Nobody was seen in both yet, of {users} users of the mini-program and {followers} followers: follow the Official Account, log in with the mini-program, and look again."
            ),
            Lang::Zh => format!(
                "{users} 个小程序用户和 {followers} 个粉丝里，还没有两边都在的人：关注公众号，登录小程序，再检查一次。"
            ),
        }),
    }
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
            (19, 0, 1000, 0, Unknown),
            (20, 0, 20, 0, Problem),
            (20, 0, 19, 0, Unknown),
            (0, 1, 1000, 0, Problem),
            (1, 500, 10, 0, Unknown),
        ] {
            let sample = Sample { users, without_unionid, followers, both };
            assert_eq!(look_at(Lang::En, sample).named("open_platform").state, state, "{sample:?}");
        }
    }
}
