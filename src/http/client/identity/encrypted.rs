//! Private keys that are encrypted by a passphrase: OpenSSL's own form of PEM, which OPA reads too, and PKCS #8 (PBES2).
//!
//! AES in CBC mode is what both are encrypted with today; anything older is refused with its name.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use data_encoding::{BASE64, HEXUPPER_PERMISSIVE};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

/// As many rounds as are done at most: some seconds' worth.
const MOST_ROUNDS: u32 = 10_000_000;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c];
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2];
const AES: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1];

/// What stands between the lines that begin and end a section of PEM.
struct Block<'p> {
    label: &'p str,
    /// The value of `DEK-Info`.
    cipher: Option<&'p str>,
    bytes: Vec<u8>,
}

/// The key in `pem`, decrypted if it is encrypted; none where it is not and needs no passphrase.
pub(super) fn decrypt(
    pem: &[u8],
    passphrase: &str,
) -> Result<Option<PrivateKeyDer<'static>>, String> {
    let text = std::str::from_utf8(pem).map_err(|_| "it is no text".to_owned())?;
    let Some(block) = block(text) else {
        return Ok(None);
    };
    match (block.label, block.cipher) {
        ("ENCRYPTED PRIVATE KEY", _) => {
            let key = pkcs8(&block.bytes, passphrase)?;
            Ok(Some(PrivatePkcs8KeyDer::from(key).into()))
        }
        (label, Some(cipher)) => {
            let key = traditional(&block.bytes, cipher, passphrase)?;
            match label {
                "RSA PRIVATE KEY" => Ok(Some(PrivatePkcs1KeyDer::from(key).into())),
                "EC PRIVATE KEY" => Ok(Some(PrivateSec1KeyDer::from(key).into())),
                other => Err(format!("a {other} is not read")),
            }
        }
        (_, None) => Ok(None),
    }
}

/// The first private key.
fn block(text: &str) -> Option<Block<'_>> {
    let mut lines = text.lines().map(str::trim);
    let label = lines.find_map(|line| {
        let label = line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")?;
        label.ends_with("PRIVATE KEY").then_some(label)
    })?;
    let mut cipher = None;
    let mut digits = String::new();
    for line in lines.take_while(|line| !line.starts_with("-----")) {
        match line.split_once(": ") {
            Some(("DEK-Info", info)) => cipher = Some(info),
            Some(_) => {}
            None => digits.push_str(line),
        }
    }
    Some(Block {
        label,
        cipher,
        bytes: BASE64.decode(digits.as_bytes()).ok()?,
    })
}

/// OpenSSL's own form: the key follows from passphrase and salt by MD5, which says how good it is.
fn traditional(bytes: &[u8], info: &str, passphrase: &str) -> Result<Vec<u8>, String> {
    let (name, iv) = info.split_once(',').unwrap_or((info, ""));
    let (algorithm, size) = match name {
        "AES-128-CBC" => (&AES_128, 16),
        "AES-192-CBC" => (&AES_192, 24),
        "AES-256-CBC" => (&AES_256, 32),
        _ => {
            let form = "expected AES-128-CBC, AES-192-CBC or AES-256-CBC";
            return Err(format!("it is encrypted with `{name}`; {form}"));
        }
    };
    let iv = HEXUPPER_PERMISSIVE.decode(iv.as_bytes());
    let iv = iv.map_err(|_| "its DEK-Info has no salt".to_owned())?;
    let salt = iv.get(..8).ok_or("its DEK-Info has no salt")?;
    let mut key: Vec<u8> = Vec::with_capacity(size + 16);
    let mut last: Vec<u8> = Vec::new();
    while key.len() < size {
        last = md5::compute([&last, passphrase.as_bytes(), salt].concat()).to_vec();
        key.extend(&last);
    }
    key.truncate(size);
    open(algorithm, &key, &iv, bytes)
}

fn pkcs8(bytes: &[u8], passphrase: &str) -> Result<Vec<u8>, String> {
    let unreadable = || "it is no encrypted key in PKCS #8".to_owned();
    let old = || {
        "it is encrypted in a form that is not read; expected PBES2 with PBKDF2 and AES in CBC mode (`openssl pkcs8 -topk8`)".to_owned()
    };
    let (whole, _) = element(bytes, 0x30).ok_or_else(unreadable)?;
    let (algorithm, rest) = element(whole, 0x30).ok_or_else(unreadable)?;
    let (data, _) = element(rest, 0x04).ok_or_else(unreadable)?;
    let (scheme, parameters) = element(algorithm, 0x06).ok_or_else(unreadable)?;
    let parameters = element(parameters, 0x30).filter(|_| scheme == PBES2);
    let (derivation, cipher) = parameters
        .and_then(|(inside, _)| element(inside, 0x30))
        .ok_or_else(old)?;
    let (cipher, _) = element(cipher, 0x30).ok_or_else(old)?;
    let (cipher, iv) = element(cipher, 0x06).ok_or_else(old)?;
    let (algorithm, size) = match cipher.strip_prefix(AES) {
        Some([2]) => (&AES_128, 16),
        Some([22]) => (&AES_192, 24),
        Some([42]) => (&AES_256, 32),
        _ => return Err(old()),
    };
    let (iv, _) = element(iv, 0x04).ok_or_else(old)?;
    let mut key = vec![0; size];
    derive(derivation, passphrase, &mut key).ok_or_else(old)?;
    open(algorithm, &key, iv, data)
}

/// Fills `key` from the passphrase as `derivation` says; none where that is no PBKDF2 that is done here.
fn derive(derivation: &[u8], passphrase: &str, key: &mut [u8]) -> Option<()> {
    let (function, parameters) = element(derivation, 0x06)?;
    let (parameters, _) = element(parameters, 0x30).filter(|_| function == PBKDF2)?;
    let (salt, rest) = element(parameters, 0x04)?;
    let (rounds, rest) = element(rest, 0x02)?;
    let rest = element(rest, 0x02).map_or(rest, |(_, rest)| rest);
    let hash = match element(rest, 0x30) {
        None => 7,
        Some((hash, _)) => *element(hash, 0x06)?.0.strip_prefix(HMAC)?.first()?,
    };
    let hash = match hash {
        7 => pbkdf2::PBKDF2_HMAC_SHA1,
        9 => pbkdf2::PBKDF2_HMAC_SHA256,
        10 => pbkdf2::PBKDF2_HMAC_SHA384,
        11 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    let digits = rounds.iter().try_fold(0_u32, |sum, digit| {
        sum.checked_mul(256)?.checked_add(u32::from(*digit))
    })?;
    let rounds = NonZeroU32::new(digits.min(MOST_ROUNDS + 1))?;
    (rounds.get() <= MOST_ROUNDS).then(|| {
        pbkdf2::derive(hash, rounds, salt, passphrase.as_bytes(), key);
    })
}

fn open(
    algorithm: &'static Algorithm,
    key: &[u8],
    iv: &[u8],
    data: &[u8],
) -> Result<Vec<u8>, String> {
    let wrong = || "it is not decrypted by `private_key_passphrase`".to_owned();
    let iv: [u8; 16] = iv.try_into().map_err(|_| wrong())?;
    let key = UnboundCipherKey::new(algorithm, key).map_err(|_| wrong())?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| wrong())?;
    let mut data = data.to_vec();
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let opened = key.decrypt(&mut data, context).map_err(|_| wrong())?;
    Ok(opened.to_vec())
}

/// The content of the element with `tag` that `der` begins with, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        ..=0x7f => (usize::from(length), rest),
        // No key is longer than two bytes can say.
        0x81 => rest
            .split_first()
            .map(|(length, rest)| (usize::from(*length), rest))?,
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests;
