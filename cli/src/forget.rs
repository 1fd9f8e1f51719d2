//! `queqiao forget`: deletes what is kept of one user.

use std::time::Duration;

use contract::{Deleted, Forgetting, ForgettingState, Recipient, routes};

use crate::lang::{pick, say};
use crate::outcome::{Outcome, Unknown};
use crate::target::Target;
use crate::{Failure, answer_json, confirm, note, tell};

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// It is told this often, in looks.
const TOLD_EVERY: u32 = 5;

/// So many looks in a row that the gateway does not answer end it.
const MOST_GIVEN_UP: u32 = 10;

/// Whom to forget.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    whom: Whom,
    /// Do not ask; where no terminal is, nobody is asked
    #[arg(long)]
    yes: bool,
    /// Print what was deleted as one line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// The user, by the mini-program's openid
    #[arg(long)]
    openid: Option<String>,
    /// By the unionid
    #[arg(long)]
    unionid: Option<String>,
    /// By the Official Account's openid
    #[arg(long)]
    oa_openid: Option<String>,
}

/// Does it, and waits for its end.
pub async fn run(Arguments { whom, yes, json, target }: Arguments) -> Result<Outcome, Failure> {
    let api = target.api().await?;
    if !yes && confirm::can_ask() && !confirm::asks(question())? {
        return Err(pick("Nothing was deleted.", "没有删除。").into());
    }
    let asked = api.post::<Forgetting>(&routes::FORGET, routes::FORGET.path, &whom.recipient()?).await;
    let again = || {
        pick(
            "Nobody knows how far it came. Run it again: what is deleted stays so, and the rest follows.",
            "不知道删到了哪里。再运行一次：删掉的不会回来，剩下的接着删。",
        )
    };
    let mut forgetting = asked.map_err(|error| Unknown::unless_refused(error, || again().to_owned()))?;
    let (mut looks, mut given_up) = (0, 0);
    while forgetting.state == ForgettingState::Running {
        tokio::time::sleep(LOOK_EVERY).await;
        match api.get(&routes::FORGETTING, &routes::FORGETTING.at(&forgetting.id)).await {
            Ok(looked) => (forgetting, given_up) = (looked, 0),
            Err(error) if error.is_transient() && given_up < MOST_GIVEN_UP => {
                given_up += 1;
            }
            Err(error) => return Err(Unknown::unless_refused(error, || again().to_owned())),
        }
        looks += 1;
        if looks % TOLD_EVERY == 0 {
            note(&summary(&forgetting));
        }
    }
    match json {
        true => answer_json(&forgetting),
        false => tell(&summary(&forgetting)),
    }
    Ok(Outcome::Done)
}

fn question() -> &'static str {
    pick(
        "What is kept of this user is deleted for good. Delete it? [y/N]",
        "这位用户的数据删除后无法恢复。删除吗？[y/N]",
    )
}

impl Whom {
    fn recipient(self) -> Result<Recipient, Failure> {
        let named = [
            self.openid.map(Recipient::Openid),
            self.unionid.map(Recipient::Unionid),
            self.oa_openid.map(Recipient::OaOpenid),
        ];
        named.into_iter().flatten().next().ok_or_else(|| pick("Name the user.", "要写明是哪位用户。").into())
    }
}

fn summary(forgetting: &Forgetting) -> String {
    let Deleted { identities, sessions, credits, messages } = forgetting.deleted;
    let (state, scanned) = (forgetting.state, forgetting.scanned);
    say!(
        "{state}: {identities} rows of the map, {sessions} sessions, {credits} accepts, {messages} messages; {scanned} items looked through",
        "{state}：映射 {identities} 条，会话 {sessions} 个，授权 {credits} 条，消息 {messages} 条；查过 {scanned} 条记录"
    )
}
