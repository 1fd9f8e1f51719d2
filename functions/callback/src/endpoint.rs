//! Where one account's callbacks come: who is recognized as WeChat, by secrets that may be replaced, and what was taken
//! lately.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use lambda_http::Request;
use parking_lot::Mutex;
use shared::config::{SecretName, Secrets};
use shared::{Account, Config, Error, lambda};

use crate::seen::SeenCallbacks;
use crate::verify::{Verifier, secret_names};

/// After so many callbacks in a row that look like WeChat's and are not signed with our token, and after every
/// hundred more, it is said that the token is probably wrong.
const WRONG_IN_A_ROW: u32 = 3;
const TOLD_EVERY: u32 = 100;

/// One account's.
pub struct Endpoint {
    /// Whose.
    pub account: Account,
    /// What was taken lately.
    pub seen: SeenCallbacks,
    config: Config,
    secrets: Secrets<2>,
    verifiers: Mutex<Verifiers>,
    /// How many callbacks in a row were not signed with our token, though they look like WeChat's.
    wrongly_signed: AtomicU32,
}

/// By what the secrets are, and by what they were before: the console is set to new ones sooner or later than the
/// deployment. The older one goes once the newest has recognized WeChat.
#[derive(Clone)]
struct Verifiers {
    newest: Arc<Verifier>,
    older: Option<Arc<Verifier>>,
}

impl Endpoint {
    /// The Official Account's.
    ///
    /// # Errors
    /// [`lambda::Error`] when a secret cannot be read or is none, or a variable is missing.
    pub async fn of_the_official_account(config: &Config) -> Result<Self, lambda::Error> {
        let secrets = Secrets::read(config, secret_names(Account::Oa)).await?;
        Self::new(config, Account::Oa, secrets)
    }

    /// The mini-program's; `None` where its secrets are `none`.
    ///
    /// # Errors
    /// As above.
    pub async fn of_the_mini_program(config: &Config) -> Result<Option<Self>, lambda::Error> {
        // Whoever deploys names it in any case.
        config.appid(Account::Mini)?;
        let secrets = Secrets::read_if_any(config, secret_names(Account::Mini)).await?;
        secrets.map(|secrets| Self::new(config, Account::Mini, secrets)).transpose()
    }

    fn new(config: &Config, account: Account, secrets: Secrets<2>) -> Result<Self, lambda::Error> {
        let verifier = Verifier::new(config, account, secrets.current())?;
        Ok(Self {
            account,
            seen: SeenCallbacks::default(),
            config: config.clone(),
            secrets,
            verifiers: Mutex::new(Verifiers { newest: Arc::new(verifier), older: None }),
            wrongly_signed: AtomicU32::new(0),
        })
    }

    /// What the verifiers make of a request; once more with what the secrets are now where it looks like WeChat's and
    /// is not signed with our token.
    ///
    /// # Errors
    /// Theirs; [`Error::Unavailable`] when a secret is none now.
    pub async fn verified<T>(
        &self,
        request: &Request,
        verify: impl Fn(&Verifier) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let is_recognized = |outcome: &Result<T, Error>| !matches!(outcome, Err(Error::Forbidden(_)));
        let Verifiers { newest, older } = self.verifiers.lock().clone();
        let outcome = verify(&newest);
        if is_recognized(&outcome) {
            self.wrongly_signed.store(0, Ordering::Relaxed);
            let mut verifiers = self.verifiers.lock();
            if Arc::ptr_eq(&verifiers.newest, &newest) {
                verifiers.older = None;
            }
            return outcome;
        }
        if let Some(outcome) = older.map(|older| verify(&older)).filter(is_recognized) {
            self.wrongly_signed.store(0, Ordering::Relaxed);
            return outcome;
        }
        if !newest.is_well_formed(request) {
            return outcome;
        }
        if self.secrets.have_changed().await {
            let changed = Verifier::new(&self.config, self.account, self.secrets.current());
            let changed = changed.map_err(Error::unavailable)?;
            tracing::info!(account = %self.account, "the callback secrets were replaced");
            let outcome = verify(&changed);
            *self.verifiers.lock() = Verifiers { newest: Arc::new(changed), older: Some(newest) };
            return outcome;
        }
        metrics::counter!("WronglySigned").increment(1);
        let in_a_row = self.wrongly_signed.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row % TOLD_EVERY == WRONG_IN_A_ROW {
            let [token, key] = secret_names(self.account).map(SecretName::variable);
            tracing::error!(
                in_a_row,
                "callbacks look like WeChat's and are not signed with our token: {token}, {key} or the appid is probably not what WeChat's console says"
            );
        }
        outcome
    }
}
