//! `templates#<appid>`: the templates that an account has, as WeChat listed them last. The row does not expire.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::State;
use crate::Error;
use crate::preflight::Lists;
use crate::store::{number, to_item};
use crate::wechat::templates::Template;

/// The largest list, in bytes of JSON, which are no fewer than DynamoDB counts by much: an item has 400 KB. Real ones
/// have ten.
const LARGEST: usize = 300 * 1024;

/// How long a list says that something is not there, in seconds. By an older one it may have been added since.
const SAYS_WHAT_IS_GONE_FOR: i64 = 3600;

/// The templates of an account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KnownTemplates {
    /// When WeChat listed them, in Unix seconds.
    pub fetched_at: i64,
    /// All of them.
    pub templates: Vec<Template>,
}

impl KnownTemplates {
    /// Whether there is one of this id.
    pub fn has(&self, template_id: &str) -> bool {
        self.templates.iter().any(|template| template.id == template_id)
    }

    /// Whether the account has lost this template: it is not on a list that is new enough to say so.
    pub fn lacks(&self, template_id: &str, now: i64) -> bool {
        now - self.fetched_at <= SAYS_WHAT_IS_GONE_FOR && !self.has(template_id)
    }
}

/// Those of both accounts, as far as they were ever listed.
#[derive(Clone, Debug, Default)]
pub struct TemplateLists {
    /// The Official Account's.
    pub oa: Option<KnownTemplates>,
    /// The mini-program's.
    pub mini: Option<KnownTemplates>,
}

impl TemplateLists {
    /// What preflight goes by.
    pub fn known(&self) -> Lists<'_> {
        let [oa, mini] = [&self.oa, &self.mini].map(|known| known.as_ref().map(|known| &known.templates[..]));
        Lists { oa, mini }
    }
}

impl State {
    /// The templates of both accounts.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn template_lists(&self, oa_appid: &str, mini_appid: &str) -> Result<TemplateLists, Error> {
        let (oa, mini) = tokio::try_join!(self.templates(oa_appid), self.templates(mini_appid))?;
        Ok(TemplateLists { oa, mini })
    }

    /// The templates of an account; `None` where they were never listed.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn templates(&self, appid: &str) -> Result<Option<KnownTemplates>, Error> {
        self.table.get(&key(appid)).await
    }

    /// Writes what WeChat has listed now.
    ///
    /// # Errors
    /// [`Error::Unavailable`], also for more than an item holds.
    pub async fn put_templates(&self, appid: &str, templates: &[Template]) -> Result<(), Error> {
        let bytes = serde_json::to_vec(templates).map_err(Error::unavailable)?.len();
        if bytes > LARGEST {
            return Err(Error::unavailable("an account's templates are too many for an item"));
        }
        let templates = templates.iter().map(|template| to_item(template).map(AttributeValue::M));
        let update = self.table.update(&key(appid));
        let update = update
            .update_expression("SET fetched_at = :now, templates = :templates")
            .expression_attribute_values(":now", number(self.clock.now()))
            .expression_attribute_values(
                ":templates",
                AttributeValue::L(templates.collect::<Result<_, _>>()?),
            );
        update.send().await.map_err(Error::unavailable)?;
        Ok(())
    }
}

fn key(appid: &str) -> String {
    format!("templates#{appid}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_list_of_this_hour_says_what_is_gone() {
        let here = Template { id: "here".to_owned(), ..Template::default() };
        let known = KnownTemplates { fetched_at: 1_000, templates: vec![here] };
        let lacks = |id, seconds: i64| known.lacks(id, 1_000 + seconds);
        assert_eq!([lacks("gone", 0), lacks("gone", 3600), lacks("gone", 3601)], [true, true, false]);
        assert!(!lacks("here", 0));
    }
}
