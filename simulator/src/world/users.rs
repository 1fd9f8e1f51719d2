//! A user is a number; openids and unionid are that number in disguise, so a million cost nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// One kind of id: every user has one, and it leads back to its user.
#[derive(Debug)]
pub(crate) struct Ids {
    /// WeChat's openids of one account share their first six characters.
    pub(crate) prefix: &'static str,
    /// Sets this kind's ids, and their order, apart from every other's.
    pub(crate) salt: u64,
}

impl Ids {
    /// The id of this kind for a user: 28 characters, the same every time.
    pub(crate) fn of(&self, user: u32) -> String {
        let place = self.place(user);
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&place.to_be_bytes());
        bytes[4..12].copy_from_slice(&mix(self.salt ^ u64::from(place)).to_be_bytes());
        bytes[12..].copy_from_slice(&mix(!self.salt ^ u64::from(place)).to_be_bytes()[..4]);
        format!("{}{}", self.prefix, URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The user this id belongs to; `None` if it is not one of this account's.
    pub(crate) fn user(&self, id: &str) -> Option<u32> {
        let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix(self.prefix)?).ok()?;
        let place = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
        let user = self.user_at(place);
        (self.of(user) == id).then_some(user)
    }

    /// Where the user stands in the order of these ids.
    pub(crate) fn place(&self, user: u32) -> u32 {
        self.rounds().into_iter().fold(user, |number, key| {
            let (left, right) = (number >> 16, number & 0xffff);
            (right << 16) | (left ^ round(right, key))
        })
    }

    /// The user who stands there: the inverse of [`Ids::place`].
    pub(crate) fn user_at(&self, place: u32) -> u32 {
        self.rounds().into_iter().rev().fold(place, |number, key| {
            let (left, right) = (number >> 16, number & 0xffff);
            ((right ^ round(left, key)) << 16) | left
        })
    }

    fn rounds(&self) -> [u64; 4] {
        [1, 2, 3, 4].map(|number| mix(self.salt + number))
    }
}

/// One Feistel round over 16 bits: any function will do, the network stays reversible.
fn round(half: u32, key: u64) -> u32 {
    (mix(key ^ u64::from(half)) & 0xffff) as u32
}

/// SplitMix64's finalizer: far-apart numbers out of neighbouring ones.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENIDS: Ids = Ids { prefix: "otvxTs", salt: 0x006f_612d_6f70_656e };
    const OTHERS: Ids = Ids { prefix: "oGx4Mn", salt: 0x006d_696e_692d_6f70 };
    const UNIONIDS: Ids = Ids { prefix: "oR5Gjj", salt: 0x0075_6e69_6f6e_6964 };
    const KINDS: [Ids; 3] = [OPENIDS, OTHERS, UNIONIDS];
    const USERS: [u32; 6] = [0, 1, 2, 999_999, 0x8000_0000, u32::MAX];

    #[test]
    fn an_id_leads_back_to_its_user() {
        for kind in KINDS {
            for user in USERS {
                assert_eq!(kind.user(&kind.of(user)), Some(user));
            }
        }
    }

    #[test]
    fn an_id_looks_like_wechats() {
        for kind in KINDS {
            let id = kind.of(7);
            assert_eq!(id.len(), 28);
            assert!(id.starts_with('o'));
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'));
        }
    }

    #[test]
    fn an_id_of_another_kind_or_with_a_typo_belongs_to_nobody() {
        let openid = OPENIDS.of(7);
        assert_eq!(OTHERS.user(&openid), None);
        assert_eq!(OPENIDS.user(&openid.replace(&openid[10..11], "!")), None);
        assert_eq!(OPENIDS.user(&format!("{openid}\r")), None);
        assert_eq!(OPENIDS.user("undefined"), None);
        let typo = if openid.ends_with('A') { "Q" } else { "A" };
        assert_eq!(OPENIDS.user(&format!("{}{typo}", &openid[..27])), None);
    }

    #[test]
    fn the_order_of_openids_is_not_the_order_of_users() {
        let places: Vec<u32> = (0..100).map(|user| OPENIDS.place(user)).collect();
        assert!(!places.is_sorted());
    }
}
