//! All the cryptography there is: sealing to the vault's public key, and wrapping its private key with a passphrase.
//!
//! Both are made of what libsodium has under the same names, so that a vault can be opened without this program:
//! - [`seal`]: `crypto_box_seal` (X25519, XSalsa20-Poly1305; the nonce is BLAKE2b of both public keys). Whoever has the
//!   public key can seal; only the private key opens.
//! - [`wrap`]: `crypto_pwhash` with Argon2id v1.3 (RFC 9106) makes a key of the passphrase,
//!   `crypto_aead_xchacha20poly1305_ietf` puts the private key under it. Parameters and salt stand in front and are
//!   authenticated, together with the public key.
//!
//! ```text
//!   "authmd-tui key 1" │ memory KiB │ passes │ lanes │ salt │ nonce │ private key, sealed │ tag
//!          16 bytes    │    u32 LE  │ u32 LE │u32 LE │  16  │  24   │         32          │ 16
//! ```

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use crypto_box::aead::OsRng;
use zeroize::Zeroizing;

use crate::secret::Secret;

const KEY: usize = 32;
const MAGIC: &[u8; 16] = b"authmd-tui key 1";
const SALT: usize = 16;
const NONCE: usize = 24;
const HEADER: usize = MAGIC.len() + 12 + SALT + NONCE;

/// It does not open: another key, another passphrase, or changed on the way. Which of them, nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unopened;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey([u8; KEY]);

/// The key that opens everything. Wiped when dropped.
#[derive(Clone)]
pub struct PrivateKey(crypto_box::SecretKey);

impl PublicKey {
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Before a public key where a person handles it.
const NAMED: &str = "authmd-key-";

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAMED}{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = Unopened;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let encoded = text.trim().strip_prefix(NAMED).ok_or(Unopened)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Unopened)?;
        Self::from_bytes(&bytes).ok_or(Unopened)
    }
}

impl PrivateKey {
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: Zeroizing<[u8; KEY]> = Zeroizing::new(bytes.try_into().ok()?);
        Some(Self(crypto_box::SecretKey::from_bytes(*bytes)))
    }

    pub fn to_bytes(&self) -> Zeroizing<[u8; KEY]> {
        Zeroizing::new(self.0.to_bytes())
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.public_key().as_bytes())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

pub fn seal(plain: &[u8], to: &PublicKey) -> Result<Vec<u8>, Unopened> {
    crypto_box::PublicKey::from(to.0).seal(&mut OsRng, plain).map_err(|_| Unopened)
}

pub fn open(sealed: &[u8], with: &PrivateKey) -> Result<Zeroizing<Vec<u8>>, Unopened> {
    with.0.unseal(sealed).map(Zeroizing::new).map_err(|_| Unopened)
}

/// How hard a passphrase is made to try out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// KiB of memory.
    pub memory: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Cost {
    /// The memory and passes of RFC 9106, section 4, second choice; one lane, as libsodium computes it: about 0.3 s.
    pub const DEFAULT: Cost = Cost { memory: 64 * 1024, passes: 3, lanes: 1 };
    /// More than this is not a vault but an attempt to keep the program busy: 1 GiB.
    const LIMIT: Cost = Cost { memory: 1024 * 1024, passes: 16, lanes: 16 };

    fn is_bearable(self) -> bool {
        self.memory <= Self::LIMIT.memory && self.passes <= Self::LIMIT.passes && self.lanes <= Self::LIMIT.lanes
    }
}

/// `salt` and `nonce` are random, and used once.
pub fn wrap(
    key: &PrivateKey,
    passphrase: &Secret,
    cost: Cost,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
) -> Result<Vec<u8>, Unopened> {
    let mut header = MAGIC.to_vec();
    for number in [cost.memory, cost.passes, cost.lanes] {
        header.extend(number.to_le_bytes());
    }
    header.extend(salt);
    header.extend(nonce);
    let cipher = cipher(passphrase, cost, &salt)?;
    let associated = [header.as_slice(), key.public().as_bytes()].concat();
    let plain = key.to_bytes();
    let payload = Payload { msg: plain.as_slice(), aad: &associated };
    let wrapped = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| Unopened)?;
    Ok([header, wrapped].concat())
}

pub fn unwrap(wrapped: &[u8], passphrase: &Secret, public: &PublicKey) -> Result<PrivateKey, Unopened> {
    let (header, sealed) = wrapped.split_at_checked(HEADER).ok_or(Unopened)?;
    let (magic, rest) = header.split_at(MAGIC.len());
    let (numbers, rest) = rest.split_at(12);
    let (salt, nonce) = rest.split_at(SALT);
    let number = |nth: usize| numbers[nth * 4..nth * 4 + 4].try_into().map(u32::from_le_bytes).map_err(|_| Unopened);
    let cost = Cost { memory: number(0)?, passes: number(1)?, lanes: number(2)? };
    if magic != MAGIC || !cost.is_bearable() {
        return Err(Unopened);
    }
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| Unopened)?;
    let associated = [header, public.as_bytes()].concat();
    let payload = Payload { msg: sealed, aad: &associated };
    let plain = cipher(passphrase, cost, salt)?.decrypt(&XNonce::from(nonce), payload).map_err(|_| Unopened)?;
    let key = PrivateKey::from_bytes(&Zeroizing::new(plain)).ok_or(Unopened)?;
    if key.public() == *public { Ok(key) } else { Err(Unopened) }
}

fn cipher(passphrase: &Secret, cost: Cost, salt: &[u8]) -> Result<XChaCha20Poly1305, Unopened> {
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(KEY)).map_err(|_| Unopened)?;
    let mut key = Zeroizing::new([0; KEY]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose().as_bytes(), salt, key.as_mut_slice())
        .map_err(|_| Unopened)?;
    XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| Unopened)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with libsodium 1.0.20.
    const PUBLIC: &str = "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f";
    const SEALED: &str = "c2ea5a027b13f9904053b2a1bb394899469294c9408598f954700b9fecafc62e56888227964ae85d60b04b8c8c492b26f602ae29fdfe4d6129a04922374d53e83861";
    const PASSPHRASE: &str = "correct horse battery staple";
    const CHEAP: Cost = Cost { memory: 8, passes: 1, lanes: 1 };
    const WRAPPED_CHEAPLY: &str = "617574686d642d747569206b65792031080000000100000001000000000102030405060708090a0b0c0d0e0f6465666768696a6b6c6d6e6f707172737475767778797a7be7ac43694977f45faf6c82ffbb102d745c6a9e5934a93be71eb87afc76c28ce7b92aac23039398e590c1a6588f1966ac";
    const WRAPPED: &str = "617574686d642d747569206b65792031000001000300000001000000000102030405060708090a0b0c0d0e0f6465666768696a6b6c6d6e6f707172737475767778797a7bd416f8af5cf3d4c2813d6027f732ee1e3ecc8fd7414a15b67fc363e1c735a7fe5e9dd948d1d5e3d97cff30712342c8b9";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }

    fn key() -> PrivateKey {
        PrivateKey::from_bytes(&(0..32).collect::<Vec<u8>>()).expect("32 bytes")
    }

    fn salt_and_nonce() -> ([u8; SALT], [u8; NONCE]) {
        (std::array::from_fn(|at| at as u8), std::array::from_fn(|at| 100 + at as u8))
    }

    #[test]
    fn what_libsodium_sealed_is_opened() {
        assert_eq!(key().public().as_bytes(), bytes(PUBLIC));
        assert_eq!(open(&bytes(SEALED), &key()).map(|plain| plain.to_vec()), Ok(b"sk_live_0123456789".to_vec()));
    }

    #[test]
    fn sealing_and_opening_are_opposites_and_nothing_is_sealed_twice_alike() {
        let once = seal(b"sk", &key().public()).expect("sealed");
        assert_ne!(once, seal(b"sk", &key().public()).expect("sealed"));
        assert_eq!(open(&once, &key()).map(|plain| plain.to_vec()), Ok(b"sk".to_vec()));
    }

    #[test]
    fn what_was_touched_does_not_open() {
        let sealed = bytes(SEALED);
        for at in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[at] ^= 1;
            assert_eq!(open(&touched, &key()).err(), Some(Unopened), "byte {at}");
        }
        assert_eq!(open(&sealed[..40], &key()).err(), Some(Unopened));
    }

    #[test]
    fn a_key_is_wrapped_byte_for_byte_as_libsodium_does_it() {
        let (salt, nonce) = salt_and_nonce();
        let passphrase = Secret::new(PASSPHRASE);
        assert_eq!(wrap(&key(), &passphrase, CHEAP, salt, nonce), Ok(bytes(WRAPPED_CHEAPLY)));
        assert_eq!(wrap(&key(), &passphrase, Cost::DEFAULT, salt, nonce), Ok(bytes(WRAPPED)));
        let back = unwrap(&bytes(WRAPPED_CHEAPLY), &passphrase, &key().public()).expect("unwrapped");
        assert_eq!(*back.to_bytes(), *key().to_bytes());
    }

    #[test]
    fn another_passphrase_another_vault_or_a_touched_byte_does_not_unwrap() {
        let wrapped = bytes(WRAPPED_CHEAPLY);
        let tried = |wrapped: &[u8], passphrase: &str, public: &PublicKey| {
            unwrap(wrapped, &Secret::new(passphrase), public).err()
        };
        assert_eq!(tried(&wrapped, "Correct horse battery staple", &key().public()), Some(Unopened));
        assert_eq!(tried(&wrapped, PASSPHRASE, &PublicKey([7; KEY])), Some(Unopened));
        for at in 0..wrapped.len() {
            let mut touched = wrapped.clone();
            touched[at] ^= 0x80;
            assert_eq!(tried(&touched, PASSPHRASE, &key().public()), Some(Unopened), "byte {at}");
        }
        assert_eq!(tried(&wrapped[..60], PASSPHRASE, &key().public()), Some(Unopened));
    }
}
