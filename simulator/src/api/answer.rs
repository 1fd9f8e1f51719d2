//! WeChat's answers: a JSON object, or an errcode and errmsg with HTTP 200.

use serde_json::{Value, json};

use crate::world::refusal::Refusal;

/// What an endpoint makes of a call.
pub(crate) type Answer = Result<Value, Refusal>;

/// The body that tells a refusal; `now` opens the rid, as it does at WeChat.
pub(crate) fn body_of(refusal: &Refusal, now: i64) -> Value {
    let rid = format!("{now:08x}-{:08x}-{:08x}", rand::random::<u32>(), rand::random::<u32>());
    json!({ "errcode": refusal.errcode, "errmsg": format!("{} rid: {rid}", refusal.errmsg) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_errmsg_ends_with_a_rid_of_three_times_eight_hex_digits() {
        let body = body_of(&Refusal::new(43004), 1_760_000_000);
        let errmsg = body["errmsg"].as_str().unwrap();
        let (text, rid) = errmsg.split_once(" rid: ").unwrap();
        assert_eq!((body["errcode"].as_i64(), text), (Some(43004), "require subscribe"));
        let parts: Vec<_> = rid.split('-').collect();
        assert_eq!(parts.len(), 3);
        assert!(parts.iter().all(|part| part.len() == 8 && part.chars().all(|c| c.is_ascii_hexdigit())));
    }
}
