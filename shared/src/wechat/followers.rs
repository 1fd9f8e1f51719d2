//! `user/get`, `user/info` and `user/info/batchget`: who follows, and what unionid they have.

use serde::Deserialize;
use serde_json::json;

use super::client::Call;
use super::{Failure, WeChat};
use crate::Account;

/// The most openids one batchget takes.
pub const BATCH: usize = 100;

/// One page of the followers' openids.
#[derive(Debug, Default, Deserialize)]
pub struct Page {
    /// All followers, as WeChat counts them now.
    #[serde(default)]
    pub total: u64,
    /// The page; WeChat leaves the whole field out after the last one.
    #[serde(default)]
    data: Openids,
    /// Where the next page starts. The last page carries one, too.
    #[serde(default)]
    next_openid: String,
}

#[derive(Debug, Default, Deserialize)]
struct Openids {
    #[serde(default)]
    openid: Vec<String>,
}

impl Page {
    /// The openids and the cursor of the next page: `None` when the list ends here, which WeChat
    /// says by an empty page, not by the last full one.
    pub fn into_parts(self) -> (Vec<String>, Option<String>) {
        let ended = self.data.openid.is_empty() || self.next_openid.is_empty();
        (self.data.openid, Some(self.next_openid).filter(|_| !ended))
    }
}

/// What WeChat tells about one user of the account.
#[derive(Debug, Deserialize)]
pub struct UserInfo {
    /// The Official Account's openid.
    pub openid: String,
    /// 0: does not follow, and nothing else is told.
    #[serde(default)]
    subscribe: i64,
    /// Sometimes missing for a follower who has one; `user/info` may give it then.
    #[serde(default, deserialize_with = "blank_as_none")]
    pub unionid: Option<String>,
}

impl UserInfo {
    /// Whether this user follows the account.
    pub fn follows(&self) -> bool {
        self.subscribe != 0
    }
}

#[derive(Deserialize)]
struct Batch {
    user_info_list: Vec<UserInfo>,
}

impl WeChat {
    /// The page of followers after `next_openid`, or the first: up to 10,000.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn followers(&self, next_openid: Option<&str>) -> Result<Page, Failure> {
        let query: Vec<_> = next_openid.map(|openid| ("next_openid", openid)).into_iter().collect();
        self.call_as(Account::Oa, Call::get("/cgi-bin/user/get", &query)).await
    }

    /// One user.
    ///
    /// # Errors
    /// [`Failure`]; an openid of another account is refused with 40003.
    pub async fn user_info(&self, openid: &str) -> Result<UserInfo, Failure> {
        let query = [("openid", openid), ("lang", "zh_CN")];
        self.call_as(Account::Oa, Call::get("/cgi-bin/user/info", &query)).await
    }

    /// 1 to [`BATCH`] users, in no promised order.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn user_infos(&self, openids: &[String]) -> Result<Vec<UserInfo>, Failure> {
        let users: Vec<_> = openids.iter().map(|openid| json!({"openid": openid, "lang": "zh_CN"})).collect();
        let body = json!({"user_list": users});
        let batch: Batch =
            self.call_as(Account::Oa, Call::post("/cgi-bin/user/info/batchget", &body)).await?;
        Ok(batch.user_info_list)
    }
}

fn blank_as_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> (Vec<String>, Option<String>) {
        serde_json::from_str::<Page>(json).expect("a page").into_parts()
    }

    #[test]
    fn the_list_ends_with_an_empty_page_that_has_no_data() {
        let full = r#"{"total":1,"count":1,"data":{"openid":["o1"]},"next_openid":"o1"}"#;
        assert_eq!(page(full), (vec!["o1".into()], Some("o1".into())));
        assert_eq!(page(r#"{"total":1,"count":0,"next_openid":""}"#), (vec![], None));
    }
}
