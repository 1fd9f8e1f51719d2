//! WeChat's answers: a JSON object, or an errcode and errmsg with HTTP 200.

use serde_json::{Value, json};

pub(crate) type Answer = Result<Value, Refusal>;

/// WeChat's refusal of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) errcode: i64,
    errmsg: String,
}

impl Refusal {
    /// The refusal in the words WeChat uses for this errcode.
    pub(crate) fn new(errcode: i64) -> Self {
        Self::saying(errcode, errmsg(errcode))
    }

    pub(crate) fn saying(errcode: i64, errmsg: impl Into<String>) -> Self {
        Self { errcode, errmsg: errmsg.into() }
    }

    /// The body of the answer; `now` opens the rid, as it does at WeChat.
    pub(crate) fn body(&self, now: i64) -> Value {
        let rid = format!("{now:08x}-{:08x}-{:08x}", rand::random::<u32>(), rand::random::<u32>());
        json!({ "errcode": self.errcode, "errmsg": format!("{} rid: {rid}", self.errmsg) })
    }
}

fn errmsg(errcode: i64) -> &'static str {
    match errcode {
        40001 => {
            "invalid credential, access_token is invalid or not latest, could get access_token by \
             getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
        }
        40002 => "invalid grant_type",
        40003 => "invalid openid",
        40013 => "invalid appid",
        40014 => "invalid access_token",
        40029 => "invalid code,",
        40032 => "invalid openid list size",
        40037 => "invalid template_id",
        40125 => "invalid appsecret",
        40163 => "code been used,",
        40164 => "invalid ip 47.94.148.108 ipv6 ::ffff:47.94.148.108, not in whitelist",
        40165 => "invalid weapp pagepath",
        40226 => "code blocked",
        41001 => "access_token missing",
        41002 => "appid missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        42001 => "access_token expired",
        43002 => "require POST method",
        43004 => "require subscribe",
        43101 => "user refuse to accept the msg",
        43108 => "concurrent call to the same openid, please try later",
        43116 => "template is restricted",
        43117 => "Sending messages to this openid too frequently,please try later",
        44002 => "empty post data",
        45009 => "reach max api daily quota limit",
        45011 => "api minute-quota reach limit mustslower retry next minute",
        47001 => "data format error",
        48001 => "api unauthorized",
        48004 => "api forbidden",
        50002 => "user limited",
        _ => "system error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errmsg_ends_with_a_rid_of_three_times_eight_hex_digits() {
        let body = Refusal::new(43004).body(1_760_000_000);
        let errmsg = body["errmsg"].as_str().unwrap();
        let (text, rid) = errmsg.split_once(" rid: ").unwrap();
        assert_eq!((body["errcode"].as_i64(), text), (Some(43004), "require subscribe"));
        let parts: Vec<_> = rid.split('-').collect();
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.len() == 8 && part.chars().all(|c| c.is_ascii_hexdigit())));
    }
}
