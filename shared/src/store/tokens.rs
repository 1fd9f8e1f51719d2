//! Access tokens, by the account's appid, and the lease to renew one. `refresh` writes them; who calls for the
//! account reads them, and nobody else.

use aws_sdk_dynamodb::Client;
use serde::Deserialize;

use super::table::Table;
use super::{condition_met, number, text};
use crate::config::ConfigError;
use crate::wechat::AccessToken;
use crate::wechat::token::IssuedToken;
use crate::{Clock, Config, Error};

/// The tokens table.
#[derive(Clone, Debug)]
pub struct Tokens {
    table: Table,
    clock: Clock,
}

/// The token and its version.
#[derive(Debug, Default, Deserialize)]
pub struct TokenRecord {
    #[serde(default)]
    token: Option<AccessToken>,
    /// Grows by one with every token.
    #[serde(default)]
    pub version: i64,
    /// When the token ends by WeChat's word.
    #[serde(default)]
    pub expires_at: i64,
    /// When a stable token was last forced, and how often on that day (Unix day).
    #[serde(default)]
    pub forced_at: i64,
    /// How often a stable token was forced on the day of `forced_at`.
    #[serde(default)]
    pub forced_count: i64,
}

impl TokenRecord {
    /// The token, unless the row only holds a lease so far.
    pub fn access_token(&self) -> Option<AccessToken> {
        self.token.clone()
    }
}

impl Tokens {
    /// The table that `config` names.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: &Config, client: Client) -> Result<Self, ConfigError> {
        let table = Table { client, name: config.tokens_table()?, key: "appid" };
        Ok(Self { table, clock: config.clock()? })
    }

    /// The account's record, read consistently.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find(&self, appid: &str) -> Result<Option<TokenRecord>, Error> {
        self.table.get(appid).await
    }

    /// When the account's token ends, read consistently and without the token; `None` before there was one.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn ends_at(&self, appid: &str) -> Result<Option<i64>, Error> {
        let record: Option<TokenRecord> = self.table.get_only(appid, "expires_at").await?;
        Ok(record.map(|record| record.expires_at).filter(|ends_at| *ends_at > 0))
    }

    /// Takes the right to renew the account's token for `seconds`, and gives its record as it is now;
    /// `None` while somebody else has it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn lease(&self, appid: &str, lease: &str, seconds: i64) -> Result<Option<TokenRecord>, Error> {
        self.table.lease(appid, lease, self.clock.now(), seconds).await
    }

    /// Replaces the token and ends the lease. `false` when the lease or the version is no longer what
    /// it was: a newer token is there, and this one must be thrown away.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn renew(
        &self,
        appid: &str,
        lease: &str,
        seen: &TokenRecord,
        issued: &IssuedToken,
    ) -> Result<bool, Error> {
        let update = self
            .table
            .update(appid)
            .update_expression(
                "SET #token = :token, version = :next, expires_at = :expires_at, renewed_at = :now, \
                 forced_at = :forced_at, forced_count = :forced_count REMOVE lease, lease_until",
            )
            .condition_expression("lease = :lease AND (attribute_not_exists(version) OR version = :seen)")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", text(issued.token.expose()))
            .expression_attribute_values(":next", number(seen.version + 1))
            .expression_attribute_values(":seen", number(seen.version))
            .expression_attribute_values(":expires_at", number(self.clock.now() + issued.expires_in))
            .expression_attribute_values(":now", number(self.clock.now()))
            .expression_attribute_values(":forced_at", number(seen.forced_at))
            .expression_attribute_values(":forced_count", number(seen.forced_count))
            .expression_attribute_values(":lease", text(lease));
        condition_met(update.send().await)
    }

    /// Ends a lease that was not needed after all.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn release(&self, appid: &str, lease: &str) -> Result<(), Error> {
        self.table.release(appid, lease).await
    }
}
