//! `sso_credentials`: keys for whoever has signed in by `aws sso login`. The tokens that it left in files are read, and
//! renewed in memory.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::HEXLOWER;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Uri};
use serde::Deserialize;
use serde_json::json;

use super::profile::{read, value};
use super::{Keys, Obtained, endpoint, sts};
use crate::http::client::{Question, Transport};
use crate::http::credentials::{ask, form, header};

const PORTAL: &str = "the portal of single sign-on (`sso_credentials`)";
const OIDC: &str = "the token service of single sign-on (`sso_credentials`)";
const TOKEN: HeaderName = HeaderName::from_static("x-amz-sso_bearer_token");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// How long before its end a token is renewed.
const MARGIN: Duration = Duration::from_mins(1);

/// `sso_credentials`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sso {
    /// `path`, or what stands for it: the file of profiles.
    pub path: PathBuf,
    /// The folder of the tokens.
    pub cache: PathBuf,
    /// `profile`, or what stands for it.
    pub profile: String,
    /// The region that is signed for.
    pub region: String,
    /// The portal, where it is not at its address.
    pub portal: Option<Uri>,
    /// The token service, where it is not at its address.
    pub oidc: Option<Uri>,
}

/// What the profile says.
struct Login {
    account: String,
    role: String,
    region: String,
    /// What the file of the token is named after.
    name: String,
}

/// A token as `aws sso login` leaves it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    #[serde(rename = "accessToken")]
    access: String,
    expires_at: String,
    #[serde(default, rename = "refreshToken")]
    refresh: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    client_secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Renewed {
    access_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    role_credentials: RoleCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: String,
    session_token: String,
    /// Milliseconds since 1970.
    expiration: u64,
}

// === impl Sso ===

impl Sso {
    pub(super) async fn obtain(&self, transport: &Transport) -> Result<Obtained<Keys>, String> {
        let login = self.login().await?;
        let token = self.token(&login, transport).await?;
        let portal = match &self.portal {
            Some(portal) => portal.clone(),
            None => endpoint("portal.sso", &login.region, super::DOMAIN)?,
        };
        let query = form::query([
            ("account_id", login.account.as_str()),
            ("role_name", &login.role),
        ]);
        let url = format!("{portal}federation/credentials?{query}");
        let url = url.parse().map_err(|_| format!("{PORTAL} has no URL"))?;
        let mut question = Question::new(Method::GET, url);
        let token = header(&token, "the sign-on token")?;
        question.headers.insert(TOKEN, token);
        let answer = ask(transport, question, PORTAL).await?;
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|_| format!("{PORTAL} answered without keys"))?;
        let keys = answer.role_credentials;
        let end = UNIX_EPOCH + Duration::from_millis(keys.expiration);
        let left = end.duration_since(SystemTime::now());
        Ok(Obtained {
            value: Keys {
                access_key: keys.access_key_id,
                secret_key: keys.secret_access_key.into(),
                session_token: keys.session_token.into(),
                region: self.region.clone(),
            },
            lifetime: left.unwrap_or_default(),
        })
    }

    async fn login(&self) -> Result<Login, String> {
        let file = read(&self.path).await?;
        let section = if self.profile == "default" {
            "default".to_owned()
        } else {
            format!("profile {}", self.profile)
        };
        let session = value(&file, &section, "sso_session");
        let session_section = format!("sso-session {}", session.unwrap_or_default());
        let either = |key: &str| {
            let inside = session.and_then(|_| value(&file, &session_section, key));
            inside
                .or_else(|| value(&file, &section, key))
                .map(str::to_owned)
        };
        let needed = |key: &str| {
            let path = self.path.display();
            let missing = || format!("`{path}` has no `{key}` for `{section}`");
            either(key)
                .filter(|value| !value.is_empty())
                .ok_or_else(missing)
        };
        Ok(Login {
            account: needed("sso_account_id")?,
            role: needed("sso_role_name")?,
            region: needed("sso_region")?,
            name: match session {
                Some(session) => session.to_owned(),
                None => needed("sso_start_url")?,
            },
        })
    }

    /// The token that is good now: the one in the file, or what it is renewed to.
    async fn token(&self, login: &Login, transport: &Transport) -> Result<String, String> {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, login.name.as_bytes());
        let file = self
            .cache
            .join(format!("{}.json", HEXLOWER.encode(hash.as_ref())));
        let text = read(&file).await?;
        let unreadable = |_| format!("`{}` holds no sign-on token", file.display());
        let token: Token = serde_json::from_str(&text).map_err(unreadable)?;
        if sts::until(&token.expires_at) > MARGIN {
            return Ok(token.access);
        }
        let (Some(refresh), Some(id), Some(secret)) =
            (token.refresh, token.client_id, token.client_secret)
        else {
            let profile = &self.profile;
            return Err(format!(
                "the sign-on of the profile `{profile}` has ended; run `aws sso login --profile {profile}`"
            ));
        };
        let url = match &self.oidc {
            Some(url) => url.clone(),
            None => endpoint("oidc", &login.region, super::DOMAIN)?,
        };
        let url = format!("{url}token");
        let url = url.parse().map_err(|_| format!("{OIDC} has no URL"))?;
        let mut question = Question::new(Method::POST, url);
        question.headers.insert(CONTENT_TYPE, JSON);
        let body = json!({
            "clientId": id,
            "clientSecret": secret,
            "grantType": "refresh_token",
            "refreshToken": refresh,
        });
        question.body = body.to_string().into();
        let answer = ask(transport, question, OIDC).await?;
        let renewed: Renewed = serde_json::from_slice(&answer)
            .map_err(|_| format!("{OIDC} answered without a token"))?;
        Ok(renewed.access_token)
    }
}
