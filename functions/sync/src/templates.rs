//! What templates the accounts have: listed once a day, and more often as long as one that the catalog names seems to be
//! gone. `GET /templates`, `doctor`, dry runs and `queqiao catalog` go by it, and `send` holds back what cannot arrive.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::Reason;
use shared::catalog::Catalog;
use shared::store::{BreakerKeys, KnownTemplates, State};
use shared::wechat::templates;
use shared::{Account, Authorized, Clock, Config, CurrentCatalog, Error, lambda};

/// How old a list may become, in seconds.
const A_DAY: i64 = 24 * 3600;

/// A process may come with a release whose catalog is another; but they come and go, too. In seconds.
const AN_HOUR: i64 = 3600;

/// As long as a template seems to be gone, a list is looked at anew after this, in seconds: with every tick.
const TEN_MINUTES: i64 = 600;

/// Whoever asks for a sync over and over has the templates listed no more often than this, in seconds.
const A_MINUTE: i64 = 60;

/// Why the templates are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// The schedule came.
    Tick,
    /// Somebody asked for it.
    Asked,
}

/// The lists of both accounts.
pub struct Templates {
    accounts: [(Account, String, Authorized); 2],
    catalog: CurrentCatalog,
    state: State,
    clock: Clock,
    /// Whether the schedule has not come to this process yet.
    is_new: AtomicBool,
}

impl Templates {
    /// Calls as the Official Account does, and as the mini-program.
    ///
    /// # Errors
    /// When the configuration is incomplete, or the catalog that it names cannot be read.
    pub fn new(config: &Config, wechat: &Authorized, state: State) -> Result<Self, lambda::Error> {
        let account = |account| -> Result<_, lambda::Error> {
            Ok((account, config.appid(account)?, wechat.of(account, config)?))
        };
        Ok(Self {
            accounts: [account(Account::Oa)?, account(Account::Mini)?],
            catalog: CurrentCatalog::new(config, state.clone())?,
            clock: config.clock()?,
            state,
            is_new: AtomicBool::new(true),
        })
    }

    /// Has both lists fetched, where it is time. What fails is told and stands in nobody's way: the last list stays.
    pub async fn look(&self, occasion: Occasion) {
        let catalog = match self.catalog.current().await {
            Ok(catalog) => catalog,
            Err(error) => return tell(&error, None),
        };
        let is_new = occasion == Occasion::Tick && self.is_new.swap(false, Ordering::Relaxed);
        let [oa, mini] = &self.accounts;
        let look = async |account: &(Account, String, Authorized)| {
            if let Err(error) = self.look_at(account, &catalog, (occasion, is_new)).await {
                tell(&error, Some(account.0));
            }
        };
        tokio::join!(look(oa), look(mini));
    }

    async fn look_at(
        &self,
        (account, appid, wechat): &(Account, String, Authorized),
        catalog: &Catalog,
        (occasion, is_new): (Occasion, bool),
    ) -> Result<(), Error> {
        let named: Vec<_> = match account {
            Account::Oa => catalog.templates().map(|(template, _)| template).collect(),
            Account::Mini => catalog.fallback_templates().collect(),
        };
        // A mini-program may have no subscribe messages, and a token that may not list any; whoever is about to name the
        // first one asks.
        if *account == Account::Mini && named.is_empty() && occasion == Occasion::Tick {
            return Ok(());
        }
        if let Some(known) = self.state.templates(appid).await? {
            let age = self.clock.now() - known.fetched_at;
            let is_due = match occasion {
                Occasion::Asked => age >= A_MINUTE,
                Occasion::Tick => {
                    age >= A_DAY
                        || is_new && age >= AN_HOUR
                        || age >= TEN_MINUTES && self.seems_gone(appid, &named, &known).await?
                }
            };
            if !is_due {
                return Ok(());
            }
        }
        let request = match account {
            Account::Oa => templates::of_official_account(),
            Account::Mini => templates::of_mini_program(),
        };
        let listed = wechat.call(&request).await?.0;
        self.state.put_templates(appid, &listed).await?;
        tracing::info!(account = %account, templates = listed.len(), "listed an account's templates");
        Ok(())
    }

    /// Whether one of them is not on the list, or was refused as one that is not there: the list may be behind in either
    /// way.
    async fn seems_gone(&self, appid: &str, named: &[&str], known: &KnownTemplates) -> Result<bool, Error> {
        if !named.iter().all(|template| known.has(template)) {
            return Ok(true);
        }
        let keys: Vec<_> =
            named.iter().map(|template| BreakerKeys::new(appid, template, None).template).collect();
        let breakers = self.state.breakers(&keys).await?;
        let mut outages = breakers.values().filter_map(|breaker| breaker.outage.as_ref());
        Ok(outages.any(|outage| outage.cause.reason == Reason::TemplateGone))
    }
}

fn tell(error: &Error, account: Option<Account>) {
    metrics::counter!("TemplatesNotListed").increment(1);
    let account = account.map(|account| account.to_string());
    tracing::warn!(account, cause = error.causes(), "could not list an account's templates: {error}");
}
