//! What WeChat answers, or whoever stands between.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::wechat::followers::{Page, UserInfo, UserInfos};
use shared::wechat::login::CodeSession;
use shared::wechat::template::Taken;
use shared::wechat::token::IssuedToken;
use shared::wechat::{Failure, client, reader};
use shared::{Clock, Error};

/// What an answer is told to be that says neither yes nor no; not a byte of it more.
const NO_ANSWERS: [&str; 4] = [
    "not the JSON it should be (Data)",
    "not the JSON it should be (Eof)",
    "not the JSON it should be (Syntax)",
    "HTTP 502 Bad Gateway",
];

/// Takes the input for an answer of each endpoint, and for a nickname in one.
pub fn answers(data: &[u8]) {
    let errcode = errcode(data);
    if let Some(session) = read::<CodeSession>(data, errcode) {
        assert_is_text(&session.openid);
        assert!(session.unionid.is_none_or(|unionid| is_text(&unionid)));
    }
    if let Some(issued) = read::<IssuedToken>(data, errcode) {
        assert_is_text(issued.token.expose());
        let now = Clock::default().now();
        assert!(now.checked_add(issued.expires_in).is_some_and(|end| end > now), "{}", issued.expires_in);
    }
    if let Some(page) = read::<Page>(data, errcode) {
        let (openids, next) = page.into_parts();
        openids.iter().for_each(|openid| assert_is_text(openid));
        assert!(next.is_none_or(|next| is_text(&next) && !openids.is_empty()));
    }
    read::<UserInfo>(data, errcode).iter().for_each(assert_is_user);
    read::<UserInfos>(data, errcode).iter().flat_map(|infos| &infos.users).for_each(assert_is_user);
    read::<Taken>(data, errcode);
    as_a_nickname(data);
}

/// The errcode, where the answer is JSON for a strict parser, too: `None` within where it has none.
fn errcode(data: &[u8]) -> Option<Option<i64>> {
    match serde_json::from_slice(data) {
        Ok(Value::Object(answer)) => Some(answer.get("errcode").and_then(|code| reader::number(code).ok()?)),
        _ => None,
    }
}

/// What comes of it as the answer of one endpoint.
fn read<T: DeserializeOwned>(data: &[u8], errcode: Option<Option<i64>>) -> Option<T> {
    match client::read::<T>(StatusCode::BAD_GATEWAY, data) {
        Ok(_) => panic!("an error of a proxy's is taken for an answer"),
        Err(failure) => assert_tells_what_to_do(failure),
    }
    let answer = client::read::<T>(StatusCode::OK, data);
    match (&answer, errcode) {
        (Ok(_) | Err(Failure::NoAnswer(_)), None | Some(None | Some(0))) => {}
        (Err(Failure::Refused { errcode, .. }), meant) => {
            assert!(*errcode != 0 && meant.is_none_or(|meant| meant == Some(*errcode)), "{meant:?}");
        }
        (Ok(_) | Err(_), meant) => panic!("{meant:?} is not taken for what it is"),
    }
    answer.map_err(assert_tells_what_to_do).ok()
}

fn assert_tells_what_to_do(failure: Failure) {
    if let Failure::NoAnswer(told) = &failure {
        assert!(NO_ANSWERS.contains(&told.as_str()), "{told}");
    }
    let is_blank = |text: Option<&str>| text.is_some_and(|text| text.trim().is_empty());
    assert!(!is_blank(failure.ip()) && !is_blank(failure.rid()) && !is_blank(failure.field()));
    assert!(!failure.remedy().is_empty());
    let (errcode, problem) = (failure.errcode(), Error::from(failure).problem());
    assert_eq!(problem.errcode, errcode);
}

fn assert_is_user(user: &UserInfo) {
    assert_is_text(&user.openid);
    assert!(user.unionid.as_ref().is_none_or(|unionid| is_text(unionid)));
    assert!(!(user.follows() && user.has_left()));
}

/// No nickname costs its user the unionid, unless it ends the text it stands in.
fn as_a_nickname(data: &[u8]) {
    if data.iter().any(|byte| matches!(byte, b'"' | b'\\')) {
        return;
    }
    let answer = [br#"{"openid":"o","nickname":""#, data, br#"","unionid":"u"}"#].concat();
    let user: UserInfo = client::read(StatusCode::OK, &answer).expect("a user");
    assert_eq!((user.openid.as_str(), user.unionid.as_deref()), ("o", Some("u")));
}

fn assert_is_text(text: &str) {
    assert!(is_text(text), "{text:?}");
}

/// An id or a key: not blank, and no blanks around it.
fn is_text(text: &str) -> bool {
    !text.is_empty() && text.trim() == text
}
