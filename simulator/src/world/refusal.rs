//! Why WeChat refuses: an errcode, and the words that go with it.

use std::net::IpAddr;

/// WeChat's refusal of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// WeChat's number for the reason.
    pub(crate) errcode: i64,
    /// WeChat's words, without the rid that ends them in an answer.
    pub(crate) errmsg: String,
}

impl Refusal {
    /// The refusal in the words WeChat uses for this errcode.
    pub(crate) fn new(errcode: i64) -> Self {
        Self::saying(errcode, errmsg(errcode))
    }

    /// The refusal of whoever is not on the whitelist, by the IP that the call came from.
    pub(crate) fn of_ip(from: IpAddr) -> Self {
        Self::saying(40164, format!("invalid ip {from} ipv6 ::ffff:{from}, not in whitelist"))
    }

    /// The refusal in other words.
    pub(crate) fn saying(errcode: i64, errmsg: impl Into<String>) -> Self {
        Self { errcode, errmsg: errmsg.into() }
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
        40035 => "invalid parameter",
        40037 => "invalid template_id",
        40039 => "invalid url size",
        40125 => "invalid appsecret",
        40163 => "code been used,",
        40164 => "invalid ip 47.94.148.108 ipv6 ::ffff:47.94.148.108, not in whitelist",
        40165 => "invalid weapp pagepath",
        40241 => "duplicate in 60 seconds",
        40226 => "code blocked",
        41001 => "access_token missing",
        41002 => "appid missing",
        41004 => "appsecret missing",
        41008 => "missing code",
        41030 => "invalid page",
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
        76021 => "cgi_path not found, please check",
        _ => "system error",
    }
}
