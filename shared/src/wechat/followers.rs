//! `user/get`, `user/info` and `user/info/batchget`: who follows, and what unionid they have.

use serde::Deserialize;
use serde_json::json;

use super::ApiRequest;

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

/// What WeChat tells about many.
#[derive(Debug, Deserialize)]
pub struct UserInfos {
    /// One each.
    #[serde(rename = "user_info_list")]
    pub users: Vec<UserInfo>,
}

/// The page of followers after `next_openid`, or the first: up to 10,000.
pub fn page(next_openid: Option<&str>) -> ApiRequest<Page> {
    let list = ApiRequest::get("/cgi-bin/user/get");
    match next_openid {
        Some(openid) => list.with("next_openid", openid),
        None => list,
    }
}

/// One user; an openid of another account is refused with 40003.
pub fn info(openid: &str) -> ApiRequest<UserInfo> {
    ApiRequest::get("/cgi-bin/user/info").with("openid", openid).with("lang", "zh_CN")
}

/// 1 to [`BATCH`] users, in no promised order.
pub fn infos(openids: &[String]) -> ApiRequest<UserInfos> {
    let users: Vec<_> = openids.iter().map(|openid| json!({"openid": openid, "lang": "zh_CN"})).collect();
    ApiRequest::post("/cgi-bin/user/info/batchget", json!({"user_list": users}))
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
