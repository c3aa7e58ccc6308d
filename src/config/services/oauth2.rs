//! `oauth2`: what is asked of the authorization server, and how the client proves who it is.

use std::collections::BTreeMap;

use ::http::Uri;
use data_encoding::{BASE64URL, HEXLOWER_PERMISSIVE};
use serde_json::{Map, Value};

use super::Reader;
use crate::config::section::Section;
use crate::data::yaml::Kind;
use crate::http::credentials::oauth2::{
    ASSERTION_TYPE, Assertion, ClientProof, Config, Grant, KeyVault, Kms, Signer, headers,
};
use crate::http::credentials::{Secret, TokenSource};

/// The keys of which one says how the client proves who it is.
const PROOFS: [&str; 6] = [
    "client_secret",
    "signing_key",
    "aws_kms",
    "azure_keyvault",
    "client_assertion",
    "client_assertion_path",
];

// === impl Reader ===

impl Reader<'_> {
    pub(super) fn oauth2(&mut self, section: &Section<'_>, keys: &Section<'_>) -> Option<Config> {
        let grant = match section.text("grant_type") {
            None | Some("client_credentials") => Grant::ClientCredentials,
            Some("jwt_bearer") => Grant::JwtBearer,
            Some(_) => {
                let message = "expected `client_credentials` or `jwt_bearer`";
                return self.wrong_key(section, "grant_type", message);
            }
        };
        let token_url: Option<Uri> = section.text("token_url").and_then(|it| it.parse().ok());
        let token_url = token_url.filter(|it| it.scheme_str() == Some("https"));
        let Some(token_url) = token_url.filter(|url| url.host().is_some()) else {
            let message = "expected a URL that begins with https://: what is asked there is secret";
            return self.wrong_key(section, "token_url", message);
        };
        let client_id = section.text("client_id").map(str::to_owned);
        let client = self.proof(section, keys)?;
        match (grant, &client) {
            (Grant::JwtBearer, ClientProof::Secret(_) | ClientProof::Assertion { .. }) => {
                let message = "expected `signing_key`, `aws_kms` or `azure_keyvault` with the grant type `jwt_bearer`";
                return self.wrong(section, message);
            }
            (_, ClientProof::Secret(_)) if client_id.is_none() => {
                return self.wrong(section, "expected `client_id` beside `client_secret`");
            }
            _ => {}
        }
        Some(Config {
            grant,
            token_url,
            client_id,
            client,
            scopes: owned(section.texts("scopes")),
            headers: self.additional_headers(&section.section("additional_headers"))?,
            parameters: self.parameters(&section.section("additional_parameters"))?,
        })
    }

    fn proof(&mut self, section: &Section<'_>, keys: &Section<'_>) -> Option<ClientProof> {
        let named = |name: &&str| section.text(name).is_some() || is_object(section, name);
        let named: Vec<&str> = PROOFS.into_iter().filter(named).collect();
        let signer = match named.as_slice() {
            ["client_secret"] => {
                let secret = section.text("client_secret").unwrap_or_default();
                return Some(ClientProof::Secret(secret.into()));
            }
            ["client_assertion"] => {
                let token = section.text("client_assertion").unwrap_or_default();
                return Some(assertion(section, TokenSource::Text(token.to_owned())));
            }
            ["client_assertion_path"] => {
                let path = section.path_buf("client_assertion_path");
                let token = TokenSource::File(path.unwrap_or_default());
                return Some(assertion(section, token));
            }
            ["signing_key"] => self.signing_key(section, keys)?,
            ["aws_kms"] => self.kms(section)?,
            ["azure_keyvault"] => self.key_vault(section)?,
            _ => {
                let message = format!("expected one of {}", PROOFS.join(", "));
                return self.wrong(section, message);
            }
        };
        if let Err(reason) = signer.check() {
            let name = named.first().copied().unwrap_or_default();
            return self.wrong_key(section, name, reason);
        }
        Some(ClientProof::Signed(Box::new(Assertion {
            signer,
            claims: self.claims(&section.section("additional_claims"))?,
            jti: section.flag("include_jti_claim"),
            thumbprint: self.thumbprint(section),
        })))
    }

    fn signing_key(&mut self, section: &Section<'_>, keys: &Section<'_>) -> Option<Signer> {
        let id = section.text("signing_key").unwrap_or_default();
        let key = keys.section(id);
        let Some(private_key) = key.text("private_key") else {
            let message =
                format!("expected the name of a key with a `private_key`: `keys.{id}` has none");
            return self.wrong_key(section, "signing_key", message);
        };
        Some(Signer::Key {
            algorithm: key.text("algorithm").unwrap_or("RS256").to_owned(),
            key: private_key.into(),
        })
    }

    fn kms(&mut self, section: &Section<'_>) -> Option<Signer> {
        let kms = section.section("aws_kms");
        let (Some(name), Some(algorithm)) = (kms.text("name"), kms.text("algorithm")) else {
            return self.wrong(&kms, "expected both `name` and `algorithm`");
        };
        let signing = section.section("aws_signing");
        if signing
            .text("service")
            .is_some_and(|service| service != "kms")
        {
            return self.wrong_key(&signing, "service", "expected `kms`");
        }
        let endpoint = match self.endpoint_variable("AWS_ENDPOINT_URL_KMS") {
            Ok(endpoint) => endpoint,
            Err(reason) => return self.wrong(&kms, reason),
        };
        Some(Signer::Kms(Kms {
            name: name.to_owned(),
            algorithm: algorithm.to_owned(),
            signing: self.aws(&signing, "kms")?,
            endpoint,
        }))
    }

    fn key_vault(&mut self, section: &Section<'_>) -> Option<Signer> {
        let vault = section.section("azure_keyvault");
        let fields = (
            vault.text("key"),
            vault.text("key_algorithm"),
            vault.text("vault"),
        );
        let (Some(key), Some(algorithm), Some(name)) = fields else {
            return self.wrong(&vault, "expected `key`, `key_algorithm` and `vault`");
        };
        let signing = section.section("azure_signing");
        if signing.text("service") != Some("keyvault") {
            return self.wrong_key(&signing, "service", "expected `keyvault`");
        }
        // The vaults of other clouds have other domains.
        let url = if name.starts_with("https://") {
            name.trim_end_matches('/').to_owned()
        } else {
            format!("https://{name}.vault.azure.net")
        };
        let identity = signing.section("azure_managed_identity");
        let resource = identity.text("resource").unwrap_or(&url);
        Some(Signer::KeyVault(KeyVault {
            key: key.to_owned(),
            version: vault.text("key_version").map(str::to_owned),
            algorithm: algorithm.to_owned(),
            api_version: vault.text("api_version").unwrap_or("7.4").to_owned(),
            identity: self.azure(&identity, resource)?,
            vault: url,
        }))
    }

    fn claims(&mut self, section: &Section<'_>) -> Option<Map<String, Value>> {
        match section.own_kind().map(json) {
            None => Some(Map::new()),
            Some(Some(Value::Object(claims))) => Some(claims),
            Some(_) => self.wrong(section, "expected claims by name, as JSON has them"),
        }
    }

    /// The thumbprint as the token's header has it, with the padding that OPA writes.
    fn thumbprint(&mut self, section: &Section<'_>) -> Option<String> {
        let text = section.text("thumbprint")?;
        match HEXLOWER_PERMISSIVE.decode(text.as_bytes()) {
            Ok(bytes) => Some(BASE64URL.encode(&bytes)),
            Err(_) => self.wrong_key(section, "thumbprint", "expected hexadecimal digits"),
        }
    }

    fn additional_headers(&mut self, section: &Section<'_>) -> Option<::http::HeaderMap> {
        let texts = section.members();
        let texts = texts.map(|(name, value)| (name, value.own_text().unwrap_or_default()));
        match headers(texts) {
            Ok(headers) => Some(headers),
            Err(name) => {
                let message = format!("`{name}` is not a header's name and value");
                self.wrong(section, message)
            }
        }
    }

    fn parameters(&mut self, section: &Section<'_>) -> Option<BTreeMap<String, Secret>> {
        let mut parameters = BTreeMap::new();
        for (name, value) in section.members() {
            let Some(text) = value.own_text() else {
                return self.wrong(&value, "expected a string");
            };
            parameters.insert(name.to_owned(), text.into());
        }
        Some(parameters)
    }
}

fn assertion(section: &Section<'_>, token: TokenSource) -> ClientProof {
    let kind = section.text("client_assertion_type");
    ClientProof::Assertion {
        token,
        kind: kind.unwrap_or(ASSERTION_TYPE).to_owned(),
    }
}

fn owned(texts: Vec<(usize, &str)>) -> Vec<String> {
    texts.into_iter().map(|(_, text)| text.to_owned()).collect()
}

fn is_object(section: &Section<'_>, name: &str) -> bool {
    matches!(section.section(name).own_kind(), Some(Kind::Object(_)))
}

/// The same value as JSON; none where it has a number that JSON has not.
fn json(kind: &Kind) -> Option<Value> {
    Some(match kind {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Number(text) => Value::Number(serde_json::from_str(text).ok()?),
        Kind::String(text) => Value::String(text.clone()),
        Kind::Array(items) => {
            let items = items.iter().map(|item| json(&item.kind));
            Value::Array(items.collect::<Option<_>>()?)
        }
        Kind::Object(entries) => {
            let members = entries.iter();
            let members = members.map(|entry| Some((entry.key.clone(), json(&entry.value.kind)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
    })
}
