//! `user/get`, `user/info` and `user/info/batchget`: who follows, and what unionid they have.

use serde::Deserialize;
use serde_json::json;

use super::{ApiRequest, reader};

/// The endpoint of the list of followers.
pub const LIST: &str = "/cgi-bin/user/get";

/// The endpoint that looks up a hundred followers.
pub const LOOKUP: &str = "/cgi-bin/user/info/batchget";

/// The most openids one batchget takes.
pub const BATCH: usize = 100;

/// One page of the followers' openids.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// All followers, as WeChat counts them now.
    #[serde(deserialize_with = "count")]
    pub total: u64,
    /// The page; WeChat leaves the whole field out after the last one.
    #[serde(default, deserialize_with = "openids")]
    data: Openids,
    /// Where the next page starts. The last page carries one, too.
    #[serde(default, deserialize_with = "reader::text")]
    next_openid: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Openids {
    #[serde(default, deserialize_with = "reader::ids")]
    openid: Vec<String>,
}

impl Page {
    /// The openids and the cursor of the next page: `None` when the list ends here, which WeChat
    /// says by an empty page, not by the last full one.
    pub fn into_parts(self) -> (Vec<String>, Option<String>) {
        let openids = self.data.openid;
        let next = self.next_openid.filter(|_| !openids.is_empty());
        (openids, next)
    }
}

/// What WeChat tells about one user of the account.
#[derive(Debug, Deserialize)]
pub struct UserInfo {
    /// The Official Account's openid.
    #[serde(deserialize_with = "reader::required_id")]
    pub openid: String,
    /// 0: does not follow, and nothing else is told.
    #[serde(default, deserialize_with = "reader::number")]
    subscribe: Option<i64>,
    /// Sometimes missing for a follower who has one; `user/info` may give it then.
    #[serde(default, deserialize_with = "reader::id")]
    pub unionid: Option<String>,
}

impl UserInfo {
    /// Whether this user follows the account.
    pub fn follows(&self) -> bool {
        self.subscribe.is_some_and(|subscribe| subscribe != 0)
    }

    /// Whether WeChat says that this user does not follow: only by this word does a row go.
    pub fn has_left(&self) -> bool {
        self.subscribe == Some(0)
    }
}

/// What WeChat tells about many.
#[derive(Debug, Deserialize)]
pub struct UserInfos {
    /// One each; what does not read is left out.
    #[serde(rename = "user_info_list", deserialize_with = "rows")]
    pub users: Vec<UserInfo>,
}

/// The page of followers after `next_openid`, or the first: up to 10,000.
pub fn page(next_openid: Option<&str>) -> ApiRequest<Page> {
    let list = ApiRequest::get(LIST);
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
    ApiRequest::post(LOOKUP, json!({"user_list": users}))
}

/// What stands in place of the object is none.
fn openids<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Openids, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).unwrap_or_default())
}

fn rows<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<UserInfo>, D::Error> {
    let rows = Vec::<serde_json::Value>::deserialize(deserializer)?;
    Ok(rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect())
}

fn count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(reader::number(deserializer)?.and_then(|count| count.try_into().ok()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> (Vec<String>, Option<String>) {
        reader::parse::<Page>(json.as_bytes()).expect("a page").into_parts()
    }

    #[test]
    fn the_list_ends_with_an_empty_page_that_has_no_data() {
        let full = r#"{"total":1,"count":1,"data":{"openid":["o1"]},"next_openid":"o1"}"#;
        assert_eq!(page(full), (vec!["o1".into()], Some("o1".into())));
        assert_eq!(page(r#"{"total":1,"count":0,"next_openid":""}"#), (vec![], None));
        for data in ["null", r#""""#, "[]", "{}", r#"{"openid":null}"#] {
            let end = format!(r#"{{"total":"1","data":{data},"next_openid":null}}"#);
            assert_eq!(page(&end), (vec![], None), "{data}");
        }
    }

    #[test]
    fn blanks_in_the_list_are_nobody() {
        let list = r#"{"total":3,"data":{"openid":["","o1",null]},"next_openid":"o1"}"#;
        assert_eq!(page(list), (vec!["o1".into()], Some("o1".into())));
    }

    #[test]
    fn only_a_plain_word_says_that_somebody_left() {
        for (subscribe, follows, has_left) in
            [("1", true, false), ("\"1\"", true, false), ("0", false, true), ("\"0\"", false, true)]
                .into_iter()
                .chain(["null", "{}", "\"\""].map(|odd| (odd, false, false)))
        {
            let info = format!(r#"{{"openid":"o","subscribe":{subscribe}}}"#);
            let info: UserInfo = reader::parse(info.as_bytes()).expect("a user");
            assert_eq!((info.follows(), info.has_left()), (follows, has_left), "{subscribe}");
        }
    }

    #[test]
    fn a_row_that_does_not_read_costs_no_other() {
        let infos =
            br#"{"user_info_list":[{"openid":"o1","unionid":"u1"},null,{"openid":""},{"openid":"o2"}]}"#;
        let infos: UserInfos = reader::parse(infos).expect("rows");
        assert_eq!(infos.users.iter().map(|info| &info.openid).collect::<Vec<_>>(), ["o1", "o2"]);
    }

    #[test]
    fn an_answer_that_counts_nobody_is_no_page() {
        assert!(reader::parse::<Page>(b"{}").is_err());
    }
}
