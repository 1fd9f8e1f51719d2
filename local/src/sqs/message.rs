//! What a message is made of: its body, its id, its digest.

use md5::{Digest, Md5};

use super::error::Error;

/// A new message id: a random UUID.
pub fn new_id() -> String {
    let random = rand::random::<u128>();
    // Version 4, variant 1 (RFC 9562).
    let bits = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// MD5 in lowercase hexadecimal digits.
pub fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is made of XML 1.0's characters (SendMessage, `MessageBody`).
///
/// # Errors
/// `InvalidMessageContents`.
pub fn check_characters(text: &str) -> Result<(), Error> {
    let is_valid =
        |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if text.chars().all(is_valid) { Ok(()) } else { Err(Error::InvalidMessageContents) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_random_uuids() {
        let (one, other) = (new_id(), new_id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(&one[14..15], "4", "the version");
        assert!("89ab".contains(&one[19..20]), "the variant");
    }

    /// Source: RFC 1321, A.5, "Test suite".
    #[test]
    fn digests_are_those_of_the_rfc() {
        assert_eq!(md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(md5(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }
}
