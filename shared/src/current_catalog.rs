//! The catalog in force, of which [`crate::catalog`] knows the text and [`crate::store`] the versions: the newest version that was pushed and can be read; where there is none, the one built in.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::try_join_all;
use tokio::sync::Mutex;

use crate::catalog::Catalog;
use crate::store::{State, kept_catalogs};
use crate::{Clock, Config, Error, lambda};

/// How long the catalog is taken from memory.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// The version that was built in, or named on a local stack's command line.
const BUILT_IN: u64 = 0;

/// The catalog in force, remembered for a minute.
pub struct CurrentCatalog {
    state: State,
    clock: Clock,
    built_in: Arc<Catalog>,
    /// Whether it was named on a local stack's command line: then nothing that was pushed outdoes it.
    is_fixed: bool,
    /// One looks for all who wait.
    last: Mutex<Option<Looked>>,
}

/// What the last look came to.
#[derive(Clone)]
struct Looked {
    at: SystemTime,
    version: u64,
    catalog: Arc<Catalog>,
}

impl CurrentCatalog {
    /// Reads the catalog that is built in, or the file that is named instead.
    ///
    /// # Errors
    /// When the configuration is incomplete, or that file cannot be read.
    pub fn new(config: &Config, state: State) -> Result<Self, lambda::Error> {
        let file = config.catalog_file();
        let built_in = Catalog::load(file.as_deref())?.into();
        let (clock, last) = (config.clock()?, Mutex::default());
        Ok(Self { state, clock, built_in, is_fixed: file.is_some(), last })
    }

    /// The catalog to go by now. A table that does not answer changes nothing for whoever has one.
    ///
    /// # Errors
    /// [`Error::Unavailable`], when this process has not yet seen any.
    pub async fn current(&self) -> Result<Arc<Catalog>, Error> {
        if self.is_fixed {
            return Ok(self.built_in.clone());
        }
        let mut last = self.last.lock().await;
        let now = self.clock.time();
        if let Some(looked) = last.as_ref().filter(|looked| now < looked.at + FRESH_FOR) {
            return Ok(looked.catalog.clone());
        }
        let looked = match (self.look(last.as_ref()).await, last.take()) {
            (Ok((version, catalog)), _) => Looked { at: now, version, catalog },
            (Err(error), Some(old)) => {
                metrics::counter!("CatalogUnreadable").increment(1);
                tracing::error!(
                    version = old.version,
                    cause = error.causes(),
                    "could not read which catalog is in force: the last one stays for a minute"
                );
                Looked { at: now, ..old }
            }
            (Err(error), None) => return Err(error),
        };
        Ok(last.insert(looked).catalog.clone())
    }

    /// Whether it was named at the start, and nothing that was pushed outdoes it.
    pub fn is_fixed(&self) -> bool {
        self.is_fixed
    }

    /// Which version is in force for whoever looks now: the newest that this release can read; `None` for the one that is
    /// built in, or was named at the start.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn version(&self) -> Result<Option<u64>, Error> {
        if self.is_fixed {
            return Ok(None);
        }
        let (version, _) = self.look(None).await?;
        Ok(Some(version).filter(|version| *version != BUILT_IN))
    }

    /// The one in force, and those that messages may still wait by: all that are kept and can be read.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn kept(&self) -> Result<Vec<Arc<Catalog>>, Error> {
        let newest = self.state.catalog_version().await?;
        let pushed = try_join_all(kept_catalogs(newest).map(|version| self.state.catalog(version))).await?;
        let read = pushed.into_iter().flatten().filter_map(|one| Catalog::parse_pushed(&one.text).ok());
        let mut kept: Vec<_> = read.map(|(catalog, _)| Arc::new(catalog)).collect();
        kept.extend([self.built_in.clone(), self.current().await?]);
        Ok(kept)
    }

    /// The newest version that this release can read. One that it cannot is as good as not pushed.
    async fn look(&self, last: Option<&Looked>) -> Result<(u64, Arc<Catalog>), Error> {
        let newest = self.state.catalog_version().await?;
        for version in kept_catalogs(newest).rev() {
            if let Some(last) = last.filter(|last| last.version == version) {
                return Ok((version, last.catalog.clone()));
            }
            if let Some(catalog) = self.read(version).await? {
                return Ok((version, catalog));
            }
        }
        Ok((BUILT_IN, self.built_in.clone()))
    }

    /// A version; `None`, and an alarm, where this release makes nothing of it.
    async fn read(&self, version: u64) -> Result<Option<Arc<Catalog>>, Error> {
        let pushed = self.state.catalog(version).await?;
        let read = pushed.ok_or_else(|| "its row cannot be read".to_owned());
        let (catalog, unknown) = match read.and_then(|pushed| Catalog::parse_pushed(&pushed.text)) {
            Ok(read) => read,
            Err(problem) => {
                metrics::counter!("CatalogUnreadable").increment(1);
                tracing::error!(
                    version,
                    problem,
                    "could not parse the catalog: the version before it is in force; push one of this release, or roll back"
                );
                return Ok(None);
            }
        };
        if !unknown.is_empty() {
            metrics::counter!("CatalogUnreadable").increment(1);
            tracing::error!(
                version,
                unknown = unknown.join(", "),
                "the catalog has keys that this release passes over; deploy the one that it was pushed with"
            );
        }
        tracing::info!(version, notifications = catalog.count(), "read the catalog in force");
        Ok(Some(catalog.into()))
    }
}
