//! Version 4a: signed by a key of its own, which follows from the secret one, for every region at once.

use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use data_encoding::HEXLOWER;

use super::{Added, Credentials, Request, added, canonical, date_and_time, to_sign};

const ALGORITHM: &str = "AWS4-ECDSA-P256-SHA256";

/// How often a number is looked for; that the second is needed is as likely as a collision of hashes.
const TRIES: u8 = 254;

/// The order of the curve's group less two, which is the most that a number may be before one is added.
const MOST: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
];

/// The headers to add, the signature among them; none where no key follows from the secret one.
#[must_use]
pub fn sign_for_all_regions(request: &Request<'_>) -> Option<Added> {
    let Credentials {
        access_key,
        service,
        ..
    } = request.credentials;
    let (date, time) = date_and_time(request.time_ns);
    let mut added = added(request, &time);
    added.insert("x-amz-region-set", "*".to_owned());
    let (canonical, names) = canonical(request, &added);
    let scope = format!("{date}/{service}/aws4_request");
    let to_sign = to_sign(ALGORITHM, &time, &scope, &canonical);
    let pair = pair(request.credentials)?;
    let signature = pair.sign(&SystemRandom::new(), to_sign.as_bytes()).ok()?;
    let signature = HEXLOWER.encode(signature.as_ref());
    let proof = format!(
        "{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    added.insert("Authorization", proof);
    Some(added)
}

fn pair(credentials: &Credentials<'_>) -> Option<EcdsaKeyPair> {
    let secret = secret(credentials)?;
    let point = agreement::PrivateKey::from_private_key(&ECDH_P256, &secret).ok()?;
    let point = point.compute_public_key().ok()?;
    let signing = &ECDSA_P256_SHA256_ASN1_SIGNING;
    EcdsaKeyPair::from_private_key_and_public_key(signing, &secret, point.as_ref()).ok()
}

/// The number that signs: what is derived from the secret key (NIST SP 800-108, in counter mode), and one.
fn secret(credentials: &Credentials<'_>) -> Option<[u8; 32]> {
    let input = format!("AWS4A{}", credentials.secret_key);
    let key = hmac::Key::new(HMAC_SHA256, input.as_bytes());
    (1..=TRIES).find_map(|counter| {
        let mut fixed = Vec::from(1_u32.to_be_bytes());
        fixed.extend(ALGORITHM.as_bytes());
        fixed.push(0);
        fixed.extend(credentials.access_key.as_bytes());
        fixed.push(counter);
        fixed.extend(256_u32.to_be_bytes());
        let derived: [u8; 32] = hmac::sign(&key, &fixed).as_ref().try_into().ok()?;
        (derived <= MOST).then(|| plus_one(derived))
    })
}

fn plus_one(mut number: [u8; 32]) -> [u8; 32] {
    for byte in number.iter_mut().rev() {
        let (next, carried) = byte.overflowing_add(1);
        *byte = next;
        if !carried {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, KeyPair as _, UnparsedPublicKey};

    use super::*;

    const CREDENTIALS: Credentials<'_> = Credentials {
        access_key: "AKISORANDOMAASORANDOM",
        secret_key: "q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom",
        session_token: "",
        region: "",
        service: "service",
    };

    /// The key that Amazon publishes for its example credentials.
    #[test]
    fn the_key_is_the_published_one() {
        let pair = pair(&CREDENTIALS).unwrap();
        let point = HEXLOWER.encode(pair.public_key().as_ref());
        let x = "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb";
        let y = "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0";
        assert_eq!(point, format!("04{x}{y}"));
    }

    #[test]
    fn the_signature_is_the_derived_keys_over_the_canonical_request() {
        let headers = BTreeMap::new();
        let added = sign_for_all_regions(&Request {
            method: "GET",
            host: "example.amazonaws.com",
            path: "/",
            query: "",
            headers: &headers,
            payload: &super::super::payload_hash(b""),
            credentials: &CREDENTIALS,
            time_ns: 1_440_938_160_000_000_000,
        })
        .unwrap();
        assert_eq!(added["x-amz-region-set"], "*");
        assert_eq!(added["x-amz-date"], "20150830T123600Z");
        let proof = &added["Authorization"];
        let (head, signature) = proof.split_once("Signature=").unwrap();
        assert_eq!(
            head,
            "AWS4-ECDSA-P256-SHA256 Credential=AKISORANDOMAASORANDOM/20150830/service/aws4_request, \
             SignedHeaders=host;x-amz-date;x-amz-region-set, "
        );
        let canonical = "GET\n/\n\nhost:example.amazonaws.com\nx-amz-date:20150830T123600Z\nx-amz-region-set:*\n\n\
             host;x-amz-date;x-amz-region-set\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let signed = to_sign(
            ALGORITHM,
            "20150830T123600Z",
            "20150830/service/aws4_request",
            canonical,
        );
        let pair = pair(&CREDENTIALS).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref());
        let signature = HEXLOWER.decode(signature.as_bytes()).unwrap();
        key.verify(signed.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn one_is_added_with_its_carry() {
        let mut number = [0; 32];
        number[31] = 255;
        let mut expected = [0; 32];
        expected[30] = 1;
        assert_eq!(plus_one(number), expected);
    }
}
