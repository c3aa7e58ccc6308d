//! JSON Web Keys (RFC 7517, 7518, 8037): read from JSON, made into what verifies or signs.
//!
//! A set is read whole or not at all, as in OPA: one key that cannot be read refuses the others too. What a key says
//! of its use is heeded: one that is for encryption verifies nothing.

use super::algorithm::{Algorithm, Curve};
use super::failed;
use super::keys::{Key, Material, trim};
use crate::builtins::Error;
use crate::builtins::crypto::certificate::Certificate;
use crate::builtins::encoding::{base64, base64_any};
use crate::value::{Object, Value, json};

/// A key as it was read.
pub(super) struct Jwk {
    kid: String,
    alg: String,
    /// Whether `use` and `key_ops` let it verify.
    verifies: bool,
    pub(super) form: Form,
}

/// What a kind of key is made of.
pub(super) enum Form {
    /// `oct`: a shared secret.
    Secret(Vec<u8>),
    /// `RSA`.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
        private: Option<RsaPrivate>,
    },
    /// `EC`: the uncompressed point, and the private number at full length.
    Ec {
        curve: Curve,
        point: Vec<u8>,
        d: Option<Vec<u8>>,
    },
    /// `OKP` of Ed25519.
    Ed25519 { x: Vec<u8>, d: Option<Vec<u8>> },
    /// `OKP` of X25519: of no use for tokens.
    X25519 { private: bool },
}

/// The private numbers of an RSA key; the last three can be computed from the others.
pub(super) struct RsaPrivate {
    pub(super) d: Vec<u8>,
    pub(super) p: Vec<u8>,
    pub(super) q: Vec<u8>,
    pub(super) dp: Option<Vec<u8>>,
    pub(super) dq: Option<Vec<u8>>,
    pub(super) qi: Option<Vec<u8>>,
}

/// The members of one key's JSON.
struct Members<'v>(&'v Object);

/// How many keys a set may have.
const MOST_KEYS: usize = 1000;

/// Other algorithms than those of tokens that a key may name; with an unknown name it is refused.
const OTHER_ALGORITHMS: &str = " none ES256K Ed25519 Ed448 RSA1_5 RSA-OAEP RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 dir \
    A128KW A192KW A256KW A128GCMKW A192GCMKW A256GCMKW ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW ECDH-ES+A256KW \
    PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW A128GCM A192GCM A256GCM A128CBC-HS256 A192CBC-HS384 \
    A256CBC-HS512 ";

/// Reads a key or a set of keys.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Jwk>, Error> {
    let value = match json::parse(text) {
        Ok(value) => value,
        Err(error) => {
            // What follows a key is not looked at, as in OPA; a set must stand alone.
            let key = text
                .get(..error.offset)
                .and_then(|key| json::parse(key).ok());
            let wrong = || failed(format!("neither PEM nor a JWK (set): {error}"));
            return Ok(vec![Jwk::read(&key.ok_or_else(wrong)?)?]);
        }
    };
    let Some(keys) = value.get_str("keys") else {
        return Ok(vec![Jwk::read(&value)?]);
    };
    match keys {
        Value::Array(keys) if keys.len() <= MOST_KEYS => keys.iter().map(Jwk::read).collect(),
        Value::Array(_) => Err(failed(format!("more than {MOST_KEYS} keys in a JWK set"))),
        _ => Err(failed("keys of a JWK set: must be a list")),
    }
}

// === impl Jwk ===

impl Jwk {
    fn read(value: &Value) -> Result<Self, Error> {
        let Value::Object(object) = value else {
            return Err(failed("a JWK must be an object"));
        };
        let members = Members(object);
        members.unused()?;
        let alg = members.text("alg")?;
        let known = |alg: &str| {
            OTHER_ALGORITHMS
                .split_whitespace()
                .any(|other| other == alg)
        };
        if let Some(alg) = &alg
            && Algorithm::named(alg).is_none()
            && !known(alg)
        {
            return Err(failed(format!("unknown algorithm of a JWK: {alg}")));
        }
        let form = match members.text("kty")?.as_deref() {
            Some("oct") => Form::Secret(members.number("k")?),
            Some("RSA") => members.rsa()?,
            Some("EC") => members.ec()?,
            Some("OKP") => members.okp()?,
            kty => {
                let kty = kty.unwrap_or_default();
                return Err(failed(format!("unknown kind of JWK: {kty:?}")));
            }
        };
        Ok(Self {
            kid: members.text("kid")?.unwrap_or_default(),
            verifies: members.verifies(alg.as_deref().unwrap_or_default())?,
            alg: alg.unwrap_or_default(),
            form,
        })
    }

    /// Whether it is a shared secret.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.form, Form::Secret(_))
    }

    /// What verifies tokens; `None` for a key that is for something else.
    pub(super) fn verifier(&self) -> Result<Option<Key>, Error> {
        let material = match &self.form {
            Form::Secret(bytes) => Material::Secret(bytes.as_slice().into()),
            Form::Rsa { n, e, .. } => Material::rsa(n, e)?,
            Form::Ec { curve, point, .. } => Material::ec(*curve, point)?,
            Form::Ed25519 { x, .. } => Material::ed25519(x)?,
            Form::X25519 { .. } => Material::Other,
        };
        let algorithm = Algorithm::named(&self.alg);
        let for_another = !self.alg.is_empty() && algorithm.is_none();
        if for_another || !self.verifies {
            return Ok(None);
        }
        Ok(Some(Key {
            kid: self.kid.clone(),
            algorithm,
            private: self.is_private(),
            material,
        }))
    }

    fn is_private(&self) -> bool {
        match &self.form {
            Form::Secret(_) => false,
            Form::Rsa { private, .. } => private.is_some(),
            Form::Ec { d, .. } | Form::Ed25519 { d, .. } => d.is_some(),
            Form::X25519 { private } => *private,
        }
    }
}

// === impl Members ===

impl Members<'_> {
    /// A text; `null` counts as an empty one.
    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.0.get_str(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(String::new())),
            Some(Value::String(text)) => Ok(Some(text.to_string())),
            Some(_) => Err(failed(format!("{name} of a JWK: must be a string"))),
        }
    }

    /// Bytes in any of the four ways to write base64.
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let bytes = base64_any(&text);
        let bytes = bytes.map_err(|_| failed(format!("{name} of a JWK: must be base64")))?;
        Ok(Some(bytes))
    }

    /// Bytes that must be there and not empty.
    fn number(&self, name: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.bytes(name)?.filter(|bytes| !bytes.is_empty());
        bytes.ok_or_else(|| failed(format!("{name} of a JWK is missing")))
    }

    /// Bytes that must be there and not empty where the key is private.
    fn private(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let there = self.0.get_str(name).is_some();
        there.then(|| self.number(name)).transpose()
    }

    fn rsa(&self) -> Result<Form, Error> {
        let (n, e) = (self.number("n")?, self.number("e")?);
        let private = match self.private("d")? {
            None => None,
            Some(d) => Some(RsaPrivate {
                d,
                p: self.number("p")?,
                q: self.number("q")?,
                dp: self.bytes("dp")?,
                dq: self.bytes("dq")?,
                qi: self.bytes("qi")?,
            }),
        };
        Ok(Form::Rsa { n, e, private })
    }

    fn ec(&self) -> Result<Form, Error> {
        let curve = self.text("crv")?.unwrap_or_default();
        let curve = Curve::named(&curve);
        let curve = curve.ok_or_else(|| failed("crv of a JWK: unknown curve"))?;
        let coordinate = |name: &str| padded(&self.number(name)?, curve.size());
        let mut point = vec![4];
        point.extend(coordinate("x")?);
        point.extend(coordinate("y")?);
        let d = self.private("d")?;
        let d = d.map(|d| padded(&d, curve.size())).transpose()?;
        Ok(Form::Ec { curve, point, d })
    }

    fn okp(&self) -> Result<Form, Error> {
        let (x, d) = (self.number("x")?, self.private("d")?);
        let long = |bytes: &Vec<u8>| bytes.len() == 32;
        if !long(&x) || !d.as_ref().is_none_or(long) {
            return Err(failed("x or d of a JWK: wrong length"));
        }
        match self.text("crv")?.as_deref() {
            Some("Ed25519") => Ok(Form::Ed25519 { x, d }),
            Some("X25519") => {
                let private = d.is_some();
                Ok(Form::X25519 { private })
            }
            _ => Err(failed("crv of a JWK: unknown curve")),
        }
    }

    /// Whether `use` and `key_ops` let it verify; RFC 7517, 4.2 and 4.3. Where `use` says encryption and `alg` names
    /// an algorithm of signatures, as some issuers write, the latter counts.
    fn verifies(&self, alg: &str) -> Result<bool, Error> {
        let usage = self.text("use")?;
        let encrypts = usage.as_deref() == Some("enc") && Algorithm::named(alg).is_none();
        let operations = match self.0.get_str("key_ops") {
            None | Some(Value::Null) => return Ok(!encrypts),
            Some(Value::Array(operations)) => operations,
            Some(_) => return Err(failed("key_ops of a JWK: must be a list")),
        };
        let mut verify = operations.is_empty();
        for operation in operations {
            match operation {
                Value::String(name) => verify |= &**name == "verify",
                _ => return Err(failed("key_ops of a JWK: must be a list of strings")),
            }
        }
        Ok(verify && !encrypts)
    }

    /// What is not used must be right all the same.
    fn unused(&self) -> Result<(), Error> {
        for name in ["x5t", "x5t#S256", "x5u"] {
            self.text(name)?;
        }
        let certificates = match self.0.get_str("x5c") {
            None => return Ok(()),
            Some(Value::Array(certificates)) => certificates,
            Some(_) => return Err(failed("x5c of a JWK: must be a list")),
        };
        let certificate = |value: &Value| {
            let digits: Option<String> = value.as_str().map(|t| t.split_whitespace().collect());
            let der = digits.and_then(|digits| base64(&digits).ok());
            der.is_some_and(|der| Certificate::parse(&der).is_ok())
        };
        if certificates.iter().all(certificate) {
            return Ok(());
        }
        Err(failed("x5c of a JWK: must be a list of certificates"))
    }
}

/// A number at full length.
fn padded(number: &[u8], size: usize) -> Result<Vec<u8>, Error> {
    let number = trim(number);
    let zeros = size.checked_sub(number.len());
    let zeros = zeros.ok_or_else(|| failed("a number of a JWK is too long for its curve"))?;
    let mut padded = vec![0; zeros];
    padded.extend(number);
    Ok(padded)
}
