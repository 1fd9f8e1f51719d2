//! Access tokens: `/cgi-bin/token` and `/cgi-bin/stable_token`, their rotation and overlap.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::answer::{Answer, Refusal};
use crate::api::call::ApiCall;
use crate::state::State;
use crate::world::accounts::Account;
use crate::world::clock::beijing_day;

const LIFETIME: i64 = 7200;
/// A replaced token still works this long, in seconds.
const OVERLAP: i64 = 300;
/// A stable token is replaced when it has fewer seconds left than this.
const RENEW_BEFORE: i64 = 300;
/// Forced refreshes closer than this to the last token, in seconds, do not refresh.
const FORCED_APART: i64 = 30;
const FORCED_A_DAY: u32 = 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    #[default]
    Classic,
    Stable,
}

/// All tokens; classic and stable ones of either account do not touch each other.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Tokens {
    oa_classic: Rotation,
    oa_stable: Rotation,
    mini_classic: Rotation,
    mini_stable: Rotation,
}

impl Tokens {
    pub(crate) fn rotation(&mut self, account: Account, mode: Mode) -> &mut Rotation {
        match (account, mode) {
            (Account::Oa, Mode::Classic) => &mut self.oa_classic,
            (Account::Oa, Mode::Stable) => &mut self.oa_stable,
            (Account::Mini, Mode::Classic) => &mut self.mini_classic,
            (Account::Mini, Mode::Stable) => &mut self.mini_stable,
        }
    }

    /// The account a token that works right now speaks for.
    pub(crate) fn holder(&self, text: &str, now: i64) -> Result<Account, Refusal> {
        let rotations = [
            (Account::Oa, &self.oa_classic),
            (Account::Oa, &self.oa_stable),
            (Account::Mini, &self.mini_classic),
            (Account::Mini, &self.mini_stable),
        ];
        let found = rotations.iter().find_map(|(account, rotation)| Some((*account, rotation.find(text)?)));
        match found {
            Some((_, token)) if now >= token.expires_at => Err(Refusal::new(42001)),
            Some((account, token)) if now < token.works_until => Ok(account),
            _ => Err(Refusal::new(40001)),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) text: String,
    issued_at: i64,
    expires_at: i64,
    /// The end of the overlap once another token took its place; it still expires when it would have.
    works_until: i64,
}

impl Token {
    fn new(now: i64) -> Self {
        let mut bytes = [0; 105];
        rand::fill(&mut bytes);
        let text = format!("97_{}", URL_SAFE_NO_PAD.encode(bytes));
        Self { text, issued_at: now, expires_at: now + LIFETIME, works_until: now + LIFETIME }
    }

    fn answer(&self, now: i64) -> Value {
        json!({ "access_token": self.text, "expires_in": self.expires_at - now })
    }
}

/// The one token that is current and the one it replaced; anything older is dead.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rotation {
    current: Option<Token>,
    previous: Option<Token>,
    forced_day: i64,
    forced: u32,
}

impl Rotation {
    pub(crate) fn issue(&mut self, now: i64) -> Token {
        self.previous = self.current.take().map(|mut old| {
            old.works_until = now + OVERLAP;
            old
        });
        self.current.insert(Token::new(now)).clone()
    }

    fn stable(&mut self, now: i64) -> Token {
        match &self.current {
            Some(token) if token.expires_at - now >= RENEW_BEFORE => token.clone(),
            _ => self.issue(now),
        }
    }

    fn forced(&mut self, now: i64) -> Result<Token, Refusal> {
        if let Some(token) = self.current.as_ref().filter(|token| now - token.issued_at < FORCED_APART) {
            return Ok(token.clone());
        }
        let day = beijing_day(now);
        if self.forced_day != day {
            (self.forced_day, self.forced) = (day, 0);
        }
        if self.forced == FORCED_A_DAY {
            return Err(Refusal::new(45009));
        }
        self.forced += 1;
        Ok(self.issue(now))
    }

    fn find(&self, text: &str) -> Option<&Token> {
        [&self.current, &self.previous].into_iter().flatten().find(|token| token.text == text)
    }
}

/// GET /cgi-bin/token
pub(crate) fn token(state: &mut State, call: &ApiCall) -> Answer {
    let credentials = Credentials {
        grant_type: call.query("grant_type").unwrap_or_default().into(),
        appid: call.query("appid").unwrap_or_default().into(),
        secret: call.query("secret").unwrap_or_default().into(),
        force_refresh: false,
    };
    let account = credentials.account()?;
    let now = state.clock.now();
    state.quota.count(call.path, account, now)?;
    Ok(state.tokens.rotation(account, Mode::Classic).issue(now).answer(now))
}

/// POST /cgi-bin/stable_token
pub(crate) fn stable_token(state: &mut State, call: &ApiCall) -> Answer {
    let credentials: Credentials = call.json()?;
    let account = credentials.account()?;
    let now = state.clock.now();
    state.quota.count(call.path, account, now)?;
    let rotation = state.tokens.rotation(account, Mode::Stable);
    let token = if credentials.force_refresh { rotation.forced(now)? } else { rotation.stable(now) };
    Ok(token.answer(now))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    grant_type: String,
    appid: String,
    secret: String,
    force_refresh: bool,
}

impl Credentials {
    fn account(&self) -> Result<Account, Refusal> {
        if self.grant_type != "client_credential" {
            return Err(Refusal::new(40002));
        }
        authenticate(&self.appid, &self.secret)
    }
}

/// The account of an appid and its secret, either of which may be missing or wrong.
pub(crate) fn authenticate(appid: &str, secret: &str) -> Result<Account, Refusal> {
    if appid.is_empty() {
        return Err(Refusal::new(41002));
    }
    if secret.is_empty() {
        return Err(Refusal::new(41004));
    }
    let account = Account::by_appid(appid).ok_or_else(|| Refusal::new(40013))?;
    if account.secret() == secret { Ok(account) } else { Err(Refusal::new(40125)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn errcode(tokens: &Tokens, token: &Token, now: i64) -> i64 {
        tokens.holder(&token.text, now).err().map_or(0, |refusal| refusal.errcode)
    }

    #[test]
    fn a_replaced_token_works_five_more_minutes_and_its_successor_goes_on() {
        let mut tokens = Tokens::default();
        let old = tokens.oa_classic.issue(NOW);
        let new = tokens.oa_classic.issue(NOW + 100);
        assert_eq!(errcode(&tokens, &old, NOW + 399), 0);
        assert_eq!(errcode(&tokens, &old, NOW + 400), 40001);
        assert_eq!(errcode(&tokens, &new, NOW + 400), 0);
    }

    #[test]
    fn the_second_rotation_kills_the_first_token_at_once() {
        let mut tokens = Tokens::default();
        let oldest = tokens.oa_classic.issue(NOW);
        let old = tokens.oa_classic.issue(NOW);
        tokens.oa_classic.issue(NOW);
        assert_eq!(errcode(&tokens, &oldest, NOW), 40001);
        assert_eq!(errcode(&tokens, &old, NOW), 0);
    }

    #[test]
    fn the_overlap_does_not_lengthen_a_life() {
        let mut tokens = Tokens::default();
        let old = tokens.oa_classic.issue(NOW);
        tokens.oa_classic.issue(NOW + LIFETIME - 10);
        assert_eq!(errcode(&tokens, &old, NOW + LIFETIME - 1), 0);
        assert_eq!(errcode(&tokens, &old, NOW + LIFETIME), 42001);
    }

    #[test]
    fn an_expired_token_is_told_from_an_unknown_one() {
        let mut tokens = Tokens::default();
        let token = tokens.oa_classic.issue(NOW);
        assert_eq!(errcode(&tokens, &token, NOW + LIFETIME), 42001);
        assert_eq!(errcode(&tokens, &Token::new(NOW), NOW), 40001);
    }

    #[test]
    fn classic_and_stable_tokens_of_both_accounts_live_side_by_side() {
        let mut tokens = Tokens::default();
        let stable = tokens.oa_stable.stable(NOW);
        let mini = tokens.mini_classic.issue(NOW);
        for _ in 0..3 {
            tokens.oa_classic.issue(NOW);
        }
        assert_eq!(tokens.holder(&stable.text, NOW + 1000), Ok(Account::Oa));
        assert_eq!(tokens.holder(&mini.text, NOW + 1000), Ok(Account::Mini));
    }

    #[test]
    fn a_stable_token_is_renewed_only_in_its_last_five_minutes() {
        let mut rotation = Rotation::default();
        let first = rotation.stable(NOW);
        let same = rotation.stable(NOW + 6900);
        assert_eq!(first.text, same.text);
        assert_eq!(same.answer(NOW + 6900)["expires_in"], 300);
        let second = rotation.stable(NOW + 6901);
        assert_ne!(first.text, second.text);
        assert_eq!(second.answer(NOW + 6901)["expires_in"], 7200);
        assert!(rotation.find(&first.text).is_some());
    }

    #[test]
    fn a_forced_refresh_within_thirty_seconds_gives_the_same_token() {
        let mut rotation = Rotation::default();
        let first = rotation.stable(NOW);
        assert_eq!(rotation.forced(NOW + 29).ok().unwrap().text, first.text);
        assert_ne!(rotation.forced(NOW + 30).ok().unwrap().text, first.text);
    }

    #[test]
    fn the_twenty_first_forced_refresh_of_a_day_is_refused() {
        let mut rotation = Rotation::default();
        let morning = 1_767_196_800; // midnight in Beijing
        for n in 0..20 {
            assert!(rotation.forced(morning + n * 60).is_ok());
        }
        assert_eq!(rotation.forced(morning + 20 * 60).err().unwrap().errcode, 45009);
        assert!(rotation.forced(morning + 24 * 60 * 60).is_ok());
    }

    #[test]
    fn a_token_is_as_long_as_wechats() {
        assert!((140..512).contains(&Token::new(NOW).text.len()));
    }
}
