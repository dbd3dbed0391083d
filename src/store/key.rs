//! The master key: it wraps the key of every sealed mail and never touches a mail itself.
//!
//! In: `seal.key`, 32 random bytes that only their owner may read. Out: data keys wrapped and unwrapped, bound to the
//! id they belong to. Deliberately absent: which key wraps what (`ring`).

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    time::Duration,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hmac, rand,
};

use super::{
    StoreError,
    open::{give_to_owner, unwritable},
};

/// Bytes of an AES-256 key.
pub(super) const KEY_LENGTH: usize = 32;

/// Bytes of a wrapped key: nonce, ciphertext, tag.
pub(super) const WRAPPED: usize = NONCE_LEN + KEY_LENGTH + 16;

/// How long a command may take to print the key.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a proof is bound to; no mail has this id.
const PROOF: &str = "key proof";

/// What the key of authentication codes is derived for; another purpose takes other words.
const VOUCHING: &[u8] = b"sekisho: vouching for mails, 1";

pub(super) struct MasterKey {
    key: LessSafeKey,
    /// Derived from the same bytes; neither key says anything of the other.
    vouching: hmac::Key,
}

impl MasterKey {
    /// The key in `path`, or none if there is no such file.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, StoreError> {
        let mode = match fs::metadata(path) {
            Ok(metadata) => metadata.mode() & 0o777,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unwritable(path, &error)),
        };
        if mode & 0o077 != 0 {
            return Err(StoreError::KeyExposed { path: path.to_owned(), mode });
        }
        let bytes = fs::read(path).map_err(|error| unwritable(path, &error))?;
        let malformed = || StoreError::KeyMalformed(path.to_owned());
        if bytes.len() != KEY_LENGTH {
            return Err(malformed());
        }
        Self::of(&bytes).map(Some).map_err(|_| malformed())
    }

    /// The key that these bytes are.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Unspecified> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), VOUCHING);
        let vouching = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        Ok(Self { key: aes_key(bytes)?, vouching })
    }

    /// The key that `command` prints: its bytes, or hexadecimal digits.
    pub(super) async fn ask(command: &[String]) -> Result<Self, StoreError> {
        let program = command.first().cloned().unwrap_or_default();
        let failed = |cause: String| StoreError::KeyCommand { command: program.clone(), cause };
        let mut asking = tokio::process::Command::new(&program);
        asking.args(command.iter().skip(1)).stdin(std::process::Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, asking.output()).await;
        let output =
            output.map_err(|_| failed("it does not end".to_owned()))?.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(failed(format!("{} {}", output.status, said.lines().next().unwrap_or_default())));
        }
        let printed = output.stdout;
        let bytes = match data_encoding::HEXLOWER_PERMISSIVE.decode(printed.trim_ascii()) {
            Ok(bytes) if bytes.len() == KEY_LENGTH => bytes,
            _ if printed.len() == KEY_LENGTH => printed,
            _ => return Err(failed(format!("it printed {} bytes", printed.len()))),
        };
        Self::of(&bytes).map_err(|_| failed("it printed no key".to_owned()))
    }

    /// The key in `path`; if there is no such file, a new key is made there.
    pub(super) fn load_or_make(path: &Path) -> Result<Self, StoreError> {
        if let Some(key) = Self::load(path)? {
            return Ok(key);
        }
        // Whole or not at all: a crash must not leave half a key under the final name.
        let unfinished = path.with_extension("key.new");
        let written = write_key(&unfinished)
            .and_then(|()| give_to_owner(&unfinished))
            .and_then(|()| fs::rename(&unfinished, path));
        written.map_err(|error| unwritable(path, &error))?;
        if let Some(directory) = path.parent() {
            File::open(directory).and_then(|d| d.sync_all()).map_err(|error| unwritable(directory, &error))?;
        }
        Self::load(path)?.ok_or_else(|| StoreError::KeyMissing(path.to_owned()))
    }

    /// Wraps the data key of the mail `id`.
    pub(super) fn wrap(&self, id: &str, data_key: &[u8; KEY_LENGTH]) -> Result<Vec<u8>, StoreError> {
        let nonce = random::<NONCE_LEN>()?;
        let mut sealed = data_key.to_vec();
        let failed = |_| StoreError::System("encryption failed".to_owned());
        let bound = Aad::from(id.as_bytes());
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut sealed).map_err(failed)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Something that only this key can have made.
    pub(super) fn proof(&self) -> Result<Vec<u8>, StoreError> {
        self.wrap(PROOF, &random()?)
    }

    /// Whether this key made `proof`.
    pub(super) fn fits(&self, proof: &[u8]) -> bool {
        self.open(PROOF, proof).is_ok()
    }

    /// The authentication code of `bytes`.
    pub(super) fn vouch(&self, bytes: &[u8]) -> [u8; 32] {
        let mut code = [0; 32];
        code.copy_from_slice(hmac::sign(&self.vouching, bytes).as_ref());
        code
    }

    /// Whether `code` is that of `bytes`.
    pub(super) fn vouched(&self, bytes: &[u8], code: &[u8]) -> bool {
        hmac::verify(&self.vouching, bytes, code).is_ok()
    }

    /// Unwraps what is bound to `id`.
    pub(super) fn open(&self, id: &str, wrapped: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (nonce, sealed) = wrapped.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let length = self.key.open_in_place(nonce, Aad::from(id.as_bytes()), &mut bytes)?.len();
        bytes.truncate(length);
        Ok(bytes)
    }
}

/// An AES-256-GCM key from its bytes.
pub(super) fn aes_key(bytes: &[u8]) -> Result<LessSafeKey, Unspecified> {
    Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes)?))
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| StoreError::System("no random numbers".to_owned()))?;
    Ok(bytes)
}

fn write_key(path: &Path) -> std::io::Result<()> {
    let key = random::<KEY_LENGTH>().map_err(std::io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&key)?;
    file.sync_all()
}
