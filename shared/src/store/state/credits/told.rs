//! What WeChat itself tells of a user's yes and no, in callbacks that come late, twice and in any order. The newest that
//! was told of a template stands beside its count, by the time of what it says; what is not newer changes nothing. So a
//! yes that is overtaken by the next one is lost: a credit less than there is keeps a message back, and sends none twice.

use super::{ATTEMPTS, Credits, KEPT_FOR, MOST, Row};
use crate::Error;
use crate::store::{Updated, condition_met, number, updated};

impl Credits {
    /// Adds one for a yes at that time, up to the most there may be; `false` when it was told before, or one that is as
    /// new, or there is no room for more.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn add_told(&self, openid: &str, template: &str, at: i64) -> Result<bool, Error> {
        let (key, now) = (self.key(openid), self.state.clock.now());
        for _ in 0..ATTEMPTS {
            let update = self.state.table.update(&key);
            let update = update
                .update_expression(
                    "SET counts.#template = if_not_exists(counts.#template, :zero) + :one, told.#template = :at, \
                     expires_at = :expires_at",
                )
                .condition_expression(
                    "expires_at > :now AND (attribute_not_exists(counts.#template) OR counts.#template < :most) \
                     AND (attribute_not_exists(told.#template) OR told.#template < :at)",
                )
                .expression_attribute_names("#template", template)
                .expression_attribute_values(":zero", number(0))
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":most", number(MOST.into()))
                .expression_attribute_values(":at", number(at))
                .expression_attribute_values(":now", number(now))
                .expression_attribute_values(":expires_at", number(now + KEPT_FOR));
            match updated::<Row>(update).await? {
                Updated::Made(row) => {
                    self.drop_old_marks(&row).await;
                    return Ok(true);
                }
                Updated::Refused(Some(row)) if row.expires_at > now => return Ok(false),
                Updated::Refused(_) => self.begin(&key).await?,
            }
        }
        Err(Error::unavailable("a user's credits change all the time"))
    }

    /// Takes all credit of a template away, for the user has said no to it at that time; `false` when it was told
    /// before, or one that is as new, or there never was any.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn withdraw(&self, openid: &str, template: &str, at: i64) -> Result<bool, Error> {
        let update = self.state.table.update(&self.key(openid));
        let update = update
            .update_expression("SET counts.#template = :zero, told.#template = :at")
            .condition_expression(
                "attribute_exists(counts.#template) \
                 AND (attribute_not_exists(told.#template) OR told.#template < :at)",
            )
            .expression_attribute_names("#template", template)
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":at", number(at));
        condition_met(update.send().await)
    }
}
