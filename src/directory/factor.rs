//! The second factor: a code of six digits from a program on the person's phone (TOTP, RFC 6238), or a recovery code.
//!
//! In: a secret that the person's program shares, a code as typed. Out: whether it is right, and the step of time it is
//! for, by which the store lets each code work once (RFC 6238 §5.2). SHA-1, six digits and thirty seconds, because that
//! is what every such program can do. Deliberately absent: codes by mail or SMS, which reach whoever reads them.

use std::future::Future;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::AccountsError;
use crate::mail::Address;

/// In bytes: RFC 4226 §4 recommends 160 bits.
const SECRET: usize = 20;

/// How many recovery codes a person gets.
pub const RECOVERY_CODES: usize = 10;

/// Without the letters and digits that are taken for each other; 32 of them, so that a byte maps evenly.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A person's second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// What the person's program shares with us.
    pub secret: Vec<u8>,
    /// Whether the person has shown that their program works; before that it is asked of nobody.
    pub confirmed: bool,
    /// How many recovery codes are left.
    pub recovery_left: u32,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factor").field("confirmed", &self.confirmed).finish_non_exhaustive()
    }
}

impl Factor {
    /// A new one, shown to its owner and confirmed by a first code.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate() -> Result<Self, AccountsError> {
        let mut secret = vec![0; SECRET];
        random(&mut secret)?;
        Ok(Self { secret, confirmed: false, recovery_left: 0 })
    }

    /// The step of time for which `code` is right at `now`, one step early or late included.
    pub fn step(&self, code: &str, now: Timestamp) -> Option<u64> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace() && *c != '-').map(ascii).collect();
        let at = u64::try_from(now.as_second()).ok()?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        self.totp("", "").ok()?.check(&digits, at)
    }

    /// What the person's program reads from the picture: `otpauth://totp/…`.
    ///
    /// # Errors
    /// The secret is none.
    pub fn uri(&self, who: &Address, organization: &str) -> Result<String, AccountsError> {
        let plain = |text: &str| text.replace(':', " ");
        let issuer = format!("Sekisho {}", plain(organization));
        let totp = self.totp(&plain(who.as_str()), issuer.trim())?;
        totp.to_url().map_err(|error| AccountsError::Unavailable(error.to_string()))
    }

    /// The secret as people type it where there is no camera, in groups of four.
    pub fn typed(&self) -> String {
        let text = data_encoding::BASE32_NOPAD.encode(&self.secret);
        let groups = text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
        groups.collect::<Vec<_>>().join(" ")
    }

    /// What the person's program shows at `at`.
    #[cfg(test)]
    pub(crate) fn shown(&self, at: Timestamp) -> String {
        self.totp("", "").unwrap().generate(u64::try_from(at.as_second()).unwrap()).to_string()
    }

    fn totp(&self, who: &str, issuer: &str) -> Result<Totp, AccountsError> {
        let secret = Secret::from(self.secret.clone());
        let issuer = (!issuer.is_empty()).then_some(issuer);
        let who = if who.is_empty() { "sekisho" } else { who };
        let built = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1).with_step_duration(30);
        let built = built.with_secret(secret).with_account_name(who).with_issuer(issuer).build();
        built.map_err(|error| AccountsError::Unavailable(error.to_string()))
    }
}

/// Digits as Japanese keyboards write them, too.
fn ascii(digit: char) -> char {
    let half = u32::from(digit).wrapping_sub(u32::from('０'));
    char::from_digit(half, 10).unwrap_or(digit)
}

/// New recovery codes of 60 bits, shown once.
///
/// # Errors
/// The system gives no random numbers.
pub fn recovery_codes() -> Result<Vec<String>, AccountsError> {
    let code = |_| {
        let mut bytes = [0_u8; 12];
        random(&mut bytes)?;
        let letters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32)).map(|&c| char::from(c)));
        let text: String = letters.collect();
        Ok(format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..]))
    };
    (0..RECOVERY_CODES).map(code).collect()
}

/// What is kept of a recovery code, however it is typed.
pub fn recovery_hash(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, plain.as_bytes()).as_ref());
    hash
}

fn random(bytes: &mut [u8]) -> Result<(), AccountsError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| AccountsError::Unavailable("the system has no random numbers".to_owned()))
}

/// Where second factors are kept. The store implements it; tests bring their own.
pub trait Factors: Send + Sync + 'static {
    /// That of a person, if there is one.
    fn factor(&self, who: &Address) -> impl Future<Output = Result<Option<Factor>, AccountsError>> + Send;
    /// Keeps an unconfirmed one in the place of another unconfirmed one; false if the person has a confirmed one.
    fn put_factor(
        &self,
        who: &Address,
        factor: &Factor,
        at: Timestamp,
    ) -> impl Future<Output = Result<bool, AccountsError>> + Send;
    /// Confirms it, with the hashes of its recovery codes; false if there is none to confirm.
    fn confirm_factor(
        &self,
        who: &Address,
        step: u64,
        recovery: &[[u8; 32]],
    ) -> impl Future<Output = Result<bool, AccountsError>> + Send;
    /// Uses up the code of `step`; false if that step or a later one was used before.
    fn use_step(&self, who: &Address, step: u64) -> impl Future<Output = Result<bool, AccountsError>> + Send;
    /// Uses up a recovery code; false if there is no such code.
    fn use_recovery(&self, who: &Address, hash: &[u8; 32]) -> impl Future<Output = Result<bool, AccountsError>> + Send;
    /// Takes it away; false if there was none.
    fn remove_factor(&self, who: &Address) -> impl Future<Output = Result<bool, AccountsError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B (SHA-1), whose eight digits end in these six.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn codes_are_those_of_the_rfc_one_step_early_and_late_and_no_more() {
        let factor = Factor { secret: b"12345678901234567890".to_vec(), confirmed: true, recovery_left: 0 };
        for (at, code) in VECTORS {
            let step = |seconds: i64| factor.step(code, Timestamp::from_second(at + seconds).unwrap());
            let expected = Some(at.unsigned_abs() / 30);
            assert_eq!([step(0), step(30), step(-30)], [expected; 3], "{code}");
            assert_eq!([step(90), step(-90)], [None; 2], "{code}");
        }
        let now = Timestamp::from_second(59).unwrap();
        for typed in ["287 082", " 287082\n", "287-082", "２８７０８２"] {
            assert_eq!(factor.step(typed, now), Some(1), "{typed:?}");
        }
        for wrong in ["", "28708", "2870820", "287083", "28708a", "٢٨٧٠٨٢", "-", "0x287082"] {
            assert_eq!(factor.step(wrong, now), None, "{wrong:?}");
        }
    }

    #[test]
    fn programs_can_read_it_and_no_log_shows_it() {
        let factor = Factor { secret: b"12345678901234567890".to_vec(), confirmed: false, recovery_left: 0 };
        let who = Address::parse("taro@example.co.jp").unwrap();
        let uri = factor.uri(&who, "東邦: 観光").unwrap();
        assert!(uri.starts_with("otpauth://totp/") && uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{uri}");
        assert!(uri.contains("taro%40example.co.jp") && uri.contains("issuer="), "{uri}");
        assert_eq!(factor.typed(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert!(!format!("{factor:?}").contains("49"));
    }

    #[test]
    fn recovery_codes_differ_and_may_be_typed_in_any_way() {
        let codes = recovery_codes().unwrap();
        let mut hashes: Vec<_> = codes.iter().map(|code| recovery_hash(code)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!((codes.len(), hashes.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let code = &codes[0];
        assert_eq!(recovery_hash(code), recovery_hash(&format!(" {} ", code.to_uppercase().replace('-', " "))));
    }
}
