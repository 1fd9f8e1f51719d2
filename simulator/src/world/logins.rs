//! `wx.login`: codes and session keys.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::world::accounts::Account;
use crate::world::refusal::Refusal;

/// A code can be exchanged for five minutes, in seconds.
const CODE_LIFETIME: i64 = 300;

/// The codes that were given out, and the session keys of those who logged in.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Logins {
    #[serde(skip)]
    codes: HashMap<String, Code>,
    /// By user, in base64 as WeChat hands it out.
    session_keys: BTreeMap<u32, String>,
}

struct Code {
    /// The mini-program it was given to.
    account: &'static Account,
    user: u32,
    issued_at: i64,
    used: bool,
}

impl Logins {
    /// What `wx.login` gives a mini-program.
    pub(crate) fn new_code(&mut self, account: &'static Account, user: u32, now: i64) -> String {
        self.codes.retain(|_, code| now - code.issued_at <= 2 * CODE_LIFETIME);
        let code = format!("0{}", &URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())[1..]);
        self.codes.insert(code.clone(), Code { account, user, issued_at: now, used: false });
        code
    }

    /// The user a code was given to, used or not.
    pub(crate) fn user(&self, code: &str) -> Option<u32> {
        self.codes.get(code).map(|code| code.user)
    }

    /// Uses up a code that was given to this account, and gives its user.
    pub(crate) fn redeem(&mut self, code: &str, account: &Account, now: i64) -> Result<u32, Refusal> {
        let code = self.codes.get_mut(code).filter(|code| code.account.appid == account.appid);
        let code = code.ok_or_else(|| Refusal::new(40029))?;
        if code.used {
            return Err(Refusal::new(40163));
        }
        if now - code.issued_at >= CODE_LIFETIME {
            return Err(Refusal::new(40029));
        }
        code.used = true;
        Ok(code.user)
    }

    /// Another session key for a user who logs in.
    pub(crate) fn new_session_key(&mut self, user: u32) -> String {
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        self.session_keys.insert(user, key.clone());
        key
    }

    /// In base64, as WeChat hands it out; `None` if the user never logged in.
    pub(crate) fn session_key(&self, user: u32) -> Option<&str> {
        self.session_keys.get(&user).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::accounts::{MINI, OA};

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_code_is_good_once() {
        let mut logins = Logins::default();
        let code = logins.new_code(&MINI, 7, NOW);
        assert_eq!(logins.redeem(&code, &MINI, NOW), Ok(7));
        assert_eq!(logins.redeem(&code, &MINI, NOW), Err(Refusal::new(40163)));
    }

    #[test]
    fn a_code_is_good_for_five_minutes() {
        let mut logins = Logins::default();
        let (in_time, too_late) = (logins.new_code(&MINI, 7, NOW), logins.new_code(&MINI, 7, NOW));
        assert_eq!(logins.redeem(&in_time, &MINI, NOW + 299), Ok(7));
        assert_eq!(logins.redeem(&too_late, &MINI, NOW + 300), Err(Refusal::new(40029)));
        assert_eq!(logins.redeem("0made-up", &MINI, NOW), Err(Refusal::new(40029)));
    }

    #[test]
    fn a_code_is_good_for_the_mini_program_it_was_given_to() {
        let mut logins = Logins::default();
        let code = logins.new_code(&MINI, 7, NOW);
        assert_eq!(logins.redeem(&code, &OA, NOW), Err(Refusal::new(40029)));
        assert_eq!(logins.redeem(&code, &MINI, NOW), Ok(7));
    }

    #[test]
    fn nothing_can_be_sealed_for_a_user_who_never_logged_in() {
        assert_eq!(Logins::default().session_key(7), None);
    }
}
