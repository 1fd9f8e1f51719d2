//! WeChat's cipher for callbacks, and its signatures.

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use rand::RngExt;
use sha1::{Digest, Sha1};

/// 43 characters hold 258 bits, and WeChat leaves the last two as they come.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);
/// WeChat pads to blocks of 32 bytes although AES has blocks of 16.
const BLOCK: usize = 32;

/// What an EncodingAESKey stands for.
pub(crate) struct Key([u8; 32]);

impl Key {
    /// `None` unless it is 43 characters of base64.
    pub(crate) fn from_text(encoding_aes_key: &str) -> Option<Self> {
        let bytes = LENIENT.decode(format!("{encoding_aes_key}=")).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// In base64, as the `Encrypt` element holds it.
    pub(crate) fn encrypt(&self, random: [u8; 16], message: &str, appid: &str) -> String {
        let length = u32::try_from(message.len()).expect("a message under 4 GiB");
        let mut plain = [&random, &length.to_be_bytes()[..], message.as_bytes(), appid.as_bytes()].concat();
        let padding = BLOCK - plain.len() % BLOCK;
        plain.extend(std::iter::repeat_n(padding as u8, padding));
        let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&self.0, &self.0[..16])
            .expect("a key of 32 bytes and an iv of 16");
        STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&plain))
    }
}

/// The SHA-1 of the parts in the order of their bytes, in hex.
pub(crate) fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    Sha1::digest(parts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A nonce to sign with: WeChat's are decimal, too.
pub(crate) fn new_nonce() -> String {
    rand::rng().random_range(100_000_000_u32..2_000_000_000).to_string()
}

#[cfg(test)]
mod tests {
    use aes::cipher::BlockModeDecrypt;

    use super::*;

    const DOC_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const EASYWECHAT_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    const KEY_WITH_TRAILING_BITS: &str = "k3VbQ9sTzW2mYcR8nLxD5fHgJ7pAqE4uC6vBtN1wXyZ";
    const EASYWECHAT_APPID: &str = "wxb11529c136998cb6";

    /// The padded plaintext of an `Encrypt` element.
    fn decrypt(key: &str, encrypted: &str) -> Vec<u8> {
        let Key(key) = Key::from_text(key).unwrap();
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&key, &key[..16]).unwrap();
        cipher.decrypt_padded_vec::<NoPadding>(&STANDARD.decode(encrypted).unwrap()).unwrap()
    }

    /// Encrypts what this decrypts to: the same bytes mean the same layout and padding.
    fn encrypted_again(key: &str, encrypted: &str, appid: &str) -> String {
        let plain = decrypt(key, encrypted);
        let length = u32::from_be_bytes(plain[16..20].try_into().unwrap()) as usize;
        let message = std::str::from_utf8(&plain[20..20 + length]).unwrap();
        assert!(message.contains("hello"));
        let random = plain[..16].try_into().unwrap();
        Key::from_text(key).unwrap().encrypt(random, message, appid)
    }

    /// WeChat's own vectors: the pages on receiving pushes, of a mini-program and of a third party.
    #[test]
    fn the_official_events_come_out() {
        let key = Key::from_text(DOC_KEY).unwrap();
        let json = r#"{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY","CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}"#;
        let encrypted = key.encrypt(*b"a8eedb185eb2fecf", json, "wxba5fad812f8e6fb9");
        assert_eq!(
            encrypted,
            "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
        );
        let parts = ["AAAAA", "1714112445", "415670741", &encrypted];
        assert_eq!(signature(&parts), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3");
        assert_eq!(signature(&parts[..3]), "6c5c811b55cc85e0e1b54100749188c20beb3f5d");

        let xml = "<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>\n<FromUserName><![CDATA[o9AgO5Kd5ggOC-bXrbNODIiE3bGY]]></FromUserName>\n<CreateTime>1715943329</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[debug_demo]]></Event>\n<debug_str><![CDATA[hello world]]></debug_str>\n</xml>";
        let encrypted = key.encrypt(*b"1205899eaf019bbd", xml, "wx134c8103faa5a59e");
        assert_eq!(
            encrypted,
            "D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg=="
        );
        let signed = signature(&["AAAAA", "1715943329", "1590219412", &encrypted]);
        assert_eq!(signed, "6c12a4205838198b8fa631b3220723bb07f1015c");
    }

    /// WeChat's own vector: the C# sample of the official cryptoDemo.zip.
    #[test]
    fn the_official_sample_comes_out_again() {
        let encrypted = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
        let key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
        assert_eq!(encrypted_again(key, encrypted, "wx5823bf96d3bd56c7"), encrypted);
        let signed = signature(&["QDG6eK", "1409659813", "1372623149", encrypted]);
        assert_eq!(signed, "477715d11cdb4164915debcba66cb864d751f3e6");
    }

    /// easywechat's vector: tests/Kernel/EncryptorTest.php.
    #[test]
    fn easywechats_event_comes_out_again() {
        let encrypted = "rTNFcsut4LfGuAFKEUVVpwcaCOTJzOd9twZdIW910jb3k+iicx2uvhttIZ3Qg9Qgty3BEF2xbOrz6boTfb30dMomcgrkTqdFPwnhqbk+kIQ7rZiwny9D7NUrTgA5kpX3KsZvrXzUZyP2x9YOlxbgm572lmxKvM7HAQQhIQ/p6HBmoY30bGXFK0BtIu1pW9TjhOYrLQoU18nWYjWqDA1ynkmOytpv7QRI1P1+0NoxL0q2zO1DgeSvnE8CZGo/o5Ap/WHK5W2RAsinpzN4/LjPnmB6U01I5XCoJoC0GK/yMZycd2Oh8Nq6+wBkC1U85oy0ktOY4nLvsQMLrourmMGdZHuTbqpeJ8Ao/5PRYJ+WBvRUwPfGKBL2+2IKZF49vAJqkcGWSHGE76ZN2erXeuNazf/o9o3lIE3q739o4c8t9QGPe31GT2Go/rOz1BsrASwvauNulCh+++yz+CQzBIuikA==";
        assert_eq!(encrypted_again(EASYWECHAT_KEY, encrypted, EASYWECHAT_APPID), encrypted);
        let signed = signature(&["pamtest", "1458300676", "260774613", encrypted]);
        assert_eq!(signed, "4f3ad57b6989f09f4eb392acce4f9e93942ed890");
    }

    /// Made with Python's cryptography and read back with openssl.
    #[test]
    fn a_receipt_a_whole_block_of_padding_and_wide_characters_come_out() {
        let key = Key::from_text(EASYWECHAT_KEY).unwrap();
        let receipt = "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName>\n<FromUserName><![CDATA[oia2TjuEGTNoeX76QEjQNrcURxG8]]></FromUserName>\n<CreateTime>1395658984</CreateTime>\n<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\n<MsgID>3487542469355618313</MsgID>\n<Status><![CDATA[failed:user block]]></Status>\n</xml>";
        for (message, encrypted) in [
            (
                receipt,
                "Q3stYC6hdFzMh9T8HCvyDINsXq1taCp2kNpNHaGVCYCh0vwf5wtkuiY/eCNfVTQ7cIcHxaZxAH+OfE1fabjBtfdf08k0ToOp2vMsnjxlGrYeIdLwW1ril5P9/ZNBrn/oTObh0tJt1ctFRYIl8UcWLAy4K5b0by6fQShN2eyFwuVuqrf5PgQ+BufzLTN697KP6IaG5hbAgfona2Pi9yELMz1ye2MXNOXX1xUV3wRmq5cTkmI30X9LJdXDowcgzAIxS5Tm/m47H4HBIo6Vddm08w8zYx3Rz/nLD4kKS/SOIqag8KRmh4NlDFE+CFelShL507noWn/jeZtPt0brsrkn2ANEiyLannAXq17Fzd00Omiy3Ua+GqEjcpZFx7rxK2L6KlJOd+7pqES4IKgDfXbBs6BRsOp0VPseMV+vOOKemnGdrsCi8SEeQBQTq83LUxL6VBKGn7F5kVABjMBWq7hhi9XdPvpU7ZaHjK1G8VtT5vLPLZGcxdDqW3kX7KNujubV",
            ),
            (
                "<xml><a>01234567</a></xml>",
                "Q3stYC6hdFzMh9T8HCvyDPCFlYQWfSrQ4WOaBBolvOL4HalqAPhj0UT3NoAtqniT+DVSiINxHkdBEhZ6Tc3IjXaSWHRsZbt26nVrcdnhiH2ajS8E8TboMb1L90T7l7N/",
            ),
            (
                "<xml><a>测试中</a></xml>",
                "Q3stYC6hdFzMh9T8HCvyDJII+KvAx04Oh1xg1Ja05847SRhBLnDJuJ59XJyC7NntS7RkfLQC/DIyzFlnvIxQ01lvhe69hBdu2Sd1yhvjGKGHowmOyiKIWjvBOa5JN3rJ",
            ),
        ] {
            assert_eq!(key.encrypt(*b"0123456789abcdef", message, EASYWECHAT_APPID), encrypted);
        }
    }

    #[test]
    fn a_key_has_43_characters_and_any_trailing_bits() {
        for key in [DOC_KEY, EASYWECHAT_KEY, KEY_WITH_TRAILING_BITS] {
            assert!(Key::from_text(key).is_some());
            assert!(Key::from_text(&key[1..]).is_none());
        }
        assert!(STANDARD.decode(format!("{}=", KEY_WITH_TRAILING_BITS)).is_err(), "as lenient as it must be");
    }
}
