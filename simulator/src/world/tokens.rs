//! Access tokens of both kinds: how they are issued, rotated and overlap.

use std::collections::BTreeMap;
use std::mem;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::world::accounts::{ACCOUNTS, Account};
use crate::world::beijing::beijing_day;
use crate::world::refusal::Refusal;

/// How long a token lives, in seconds.
const LIFETIME: i64 = 7200;
/// A replaced token still works this long, in seconds.
const OVERLAP: i64 = 300;
/// A stable token is replaced when it has fewer seconds left than this.
const RENEW_BEFORE: i64 = 300;
/// Forced refreshes closer than this to the last token, in seconds, do not refresh.
const FORCED_APART: i64 = 30;
/// So many forced refreshes a Beijing day.
const FORCED_A_DAY: u32 = 20;

/// Which of the two ways of fetching tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    #[default]
    /// `/cgi-bin/token`: every fetch replaces the token.
    Classic,
    /// `/cgi-bin/stable_token`: a fetch gives the current one until it nears its end.
    Stable,
}

impl Mode {
    const ALL: [Self; 2] = [Self::Classic, Self::Stable];

    fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Stable => "stable",
        }
    }
}

/// All tokens; classic and stable ones of every account do not touch each other.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Tokens {
    /// By account and mode: `oa_classic`.
    rotations: BTreeMap<String, Rotation>,
}

impl Tokens {
    /// The tokens of this account that are fetched in this mode.
    pub(crate) fn rotation(&mut self, account: &Account, mode: Mode) -> &mut Rotation {
        self.rotations.entry(key(account, mode)).or_default()
    }

    /// Takes over the tokens of a world before; how often they were forced is forgotten, as all quotas are.
    pub(crate) fn succeed(&mut self, before: &mut Self) {
        self.rotations = mem::take(&mut before.rotations);
        self.rotations.values_mut().for_each(|rotation| rotation.forced = 0);
    }

    /// The account a token that works right now speaks for.
    pub(crate) fn holder(&self, text: &str, now: i64) -> Result<&'static Account, Refusal> {
        let keys = ACCOUNTS.iter().flat_map(|account| Mode::ALL.map(|mode| (*account, key(account, mode))));
        let mut found =
            keys.filter_map(|(account, key)| Some((account, self.rotations.get(&key)?.find(text)?)));
        match found.next() {
            Some((_, token)) if now >= token.expires_at => Err(Refusal::new(42001)),
            Some((account, token)) if now < token.works_until => Ok(account),
            _ => Err(Refusal::new(40001)),
        }
    }
}

fn key(account: &Account, mode: Mode) -> String {
    format!("{}_{}", account.name, mode.name())
}

/// An access token, and how long it works.
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

    /// How many seconds it has left.
    pub(crate) fn expires_in(&self, now: i64) -> i64 {
        self.expires_at - now
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
    /// Another token, whatever there was.
    pub(crate) fn issue(&mut self, now: i64) -> Token {
        self.previous = self.current.take().map(|mut old| {
            old.works_until = now + OVERLAP;
            old
        });
        self.current.insert(Token::new(now)).clone()
    }

    /// The current token, or another if it is about to expire.
    pub(crate) fn stable(&mut self, now: i64) -> Token {
        match &self.current {
            Some(token) if token.expires_at - now >= RENEW_BEFORE => token.clone(),
            _ => self.issue(now),
        }
    }

    /// Another token, unless the current one is brand-new; 45009 when the day's are used up.
    pub(crate) fn forced(&mut self, now: i64) -> Result<Token, Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::accounts::{MINI, OA};

    const NOW: i64 = 1_800_000_000;

    fn errcode(tokens: &Tokens, token: &Token, now: i64) -> i64 {
        tokens.holder(&token.text, now).err().map_or(0, |refusal| refusal.errcode)
    }

    #[test]
    fn a_replaced_token_works_five_more_minutes_and_its_successor_goes_on() {
        let mut tokens = Tokens::default();
        let old = tokens.rotation(&OA, Mode::Classic).issue(NOW);
        let new = tokens.rotation(&OA, Mode::Classic).issue(NOW + 100);
        assert_eq!(errcode(&tokens, &old, NOW + 399), 0);
        assert_eq!(errcode(&tokens, &old, NOW + 400), 40001);
        assert_eq!(errcode(&tokens, &new, NOW + 400), 0);
    }

    #[test]
    fn the_second_rotation_kills_the_first_token_at_once() {
        let mut tokens = Tokens::default();
        let oldest = tokens.rotation(&OA, Mode::Classic).issue(NOW);
        let old = tokens.rotation(&OA, Mode::Classic).issue(NOW);
        tokens.rotation(&OA, Mode::Classic).issue(NOW);
        assert_eq!(errcode(&tokens, &oldest, NOW), 40001);
        assert_eq!(errcode(&tokens, &old, NOW), 0);
    }

    #[test]
    fn the_overlap_does_not_lengthen_a_life() {
        let mut tokens = Tokens::default();
        let old = tokens.rotation(&OA, Mode::Classic).issue(NOW);
        tokens.rotation(&OA, Mode::Classic).issue(NOW + LIFETIME - 10);
        assert_eq!(errcode(&tokens, &old, NOW + LIFETIME - 1), 0);
        assert_eq!(errcode(&tokens, &old, NOW + LIFETIME), 42001);
    }

    #[test]
    fn an_expired_token_is_told_from_an_unknown_one() {
        let mut tokens = Tokens::default();
        let token = tokens.rotation(&OA, Mode::Classic).issue(NOW);
        assert_eq!(errcode(&tokens, &token, NOW + LIFETIME), 42001);
        assert_eq!(errcode(&tokens, &Token::new(NOW), NOW), 40001);
    }

    #[test]
    fn classic_and_stable_tokens_of_both_accounts_live_side_by_side() {
        let mut tokens = Tokens::default();
        let stable = tokens.rotation(&OA, Mode::Stable).stable(NOW);
        let mini = tokens.rotation(&MINI, Mode::Classic).issue(NOW);
        for _ in 0..3 {
            tokens.rotation(&OA, Mode::Classic).issue(NOW);
        }
        let holder = |token: &Token| tokens.holder(&token.text, NOW + 1000).map(|account| account.name);
        assert_eq!((holder(&stable), holder(&mini)), (Ok("oa"), Ok("mini")));
    }

    #[test]
    fn a_stable_token_is_renewed_only_in_its_last_five_minutes() {
        let mut rotation = Rotation::default();
        let first = rotation.stable(NOW);
        let same = rotation.stable(NOW + 6900);
        assert_eq!(first.text, same.text);
        assert_eq!(same.expires_in(NOW + 6900), 300);
        let second = rotation.stable(NOW + 6901);
        assert_ne!(first.text, second.text);
        assert_eq!(second.expires_in(NOW + 6901), 7200);
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
    fn tokens_go_on_in_the_next_world_and_may_be_forced_anew() {
        let morning = 1_767_196_800; // midnight in Beijing
        let (mut before, mut after) = (Tokens::default(), Tokens::default());
        let stable = before.rotation(&OA, Mode::Stable);
        (0..20).for_each(|n| drop(stable.forced(morning + n * 60)));
        let (now, held) = (morning + 20 * 60, stable.stable(morning));
        assert_eq!(stable.forced(now).err().unwrap().errcode, 45009);
        after.succeed(&mut before);
        assert_eq!(errcode(&after, &held, now), 0);
        assert!(after.rotation(&OA, Mode::Stable).forced(now).is_ok());
    }

    #[test]
    fn a_saved_file_names_tokens_by_account_and_mode() {
        let saved = r#"{"oa_classic":{"current":null,"previous":null,"forced_day":0,"forced":0}}"#;
        let tokens: Tokens = serde_json::from_str(saved).unwrap();
        assert_eq!(serde_json::to_string(&tokens).unwrap(), saved);
        assert_eq!(tokens.rotations.keys().collect::<Vec<_>>(), [&key(&OA, Mode::Classic)]);
    }

    #[test]
    fn a_token_is_as_long_as_wechats() {
        assert!((140..512).contains(&Token::new(NOW).text.len()));
    }
}
