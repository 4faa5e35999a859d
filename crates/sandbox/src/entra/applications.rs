//! Application registrations: who may ask for tokens, from where, and with which proof.

use aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY;
use aws_lc_rs::digest::SHA256;
use aws_lc_rs::digest::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use url::Url;

use crate::entra::scopes::Permission;
use crate::entra::scopes::Resource;
use crate::entra::scopes::TEN_PERMISSIONS;
use crate::people::CONTOSO;
use crate::people::NIGHTLY_JOB;
use crate::people::NIGHTLY_JOB_APP;
use crate::people::Person;

/// Client id of the seeded sample registration.
pub const SAMPLE_APP: &str = "5a4db0c5-0002-4000-8000-000000000001";
/// Client secret of the seeded registrations; public.
pub const SAMPLE_SECRET: &str = "sandbox-sample-secret";

/// Which directories' accounts an application serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Its own directory only.
    Single,
    /// Any organisation's.
    #[default]
    Multi,
}

/// The platform a redirect address is registered under; it decides how codes are redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Web,
    Spa,
    Public,
}

/// One client secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// The value the client sends.
    pub value: String,
    /// When it ends; `None` never.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// The portal's Secret ID, which people paste by mistake.
    #[serde(default)]
    pub id: String,
}

/// One uploaded certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The certificate in PEM form.
    pub pem: String,
    /// When it stops being accepted; `None` never.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// Redirect addresses by platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedirectUris {
    /// Confidential web applications.
    pub web: Vec<String>,
    /// Single-page applications.
    pub spa: Vec<String>,
    /// Mobile and desktop applications.
    pub public: Vec<String>,
}

/// An application registration; every member may be left out when registering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Application {
    /// Application (client) id; made when left empty.
    pub client_id: String,
    /// Display name.
    pub name: String,
    /// Directory the registration lives in.
    pub tid: String,
    /// Whose accounts it serves.
    pub tenants: Audience,
    /// Client secrets; several may be valid at once.
    pub secrets: Vec<Secret>,
    /// Certificates that may sign assertions.
    pub certificates: Vec<Certificate>,
    /// Where codes may be sent.
    pub redirect_uris: RedirectUris,
    /// Delegated permissions: bare names, or with the resource's address.
    pub permissions: Vec<String>,
    /// Application permissions (roles) of Power BI.
    pub roles: Vec<String>,
    /// Only assigned people may sign in.
    pub assignment_required: bool,
    /// Sign-in names, object ids or group ids that are assigned.
    pub assigned: Vec<String>,
    /// People may consent themselves; otherwise only an administrator.
    pub user_consent: bool,
    /// Sign-in is switched off.
    pub disabled: bool,
    /// Object id of the service principal in its own directory; made when left empty.
    pub principal_oid: String,
}

impl Default for Application {
    fn default() -> Application {
        Application {
            client_id: String::new(),
            name: "Unnamed application".to_owned(),
            tid: CONTOSO.to_owned(),
            tenants: Audience::Multi,
            secrets: Vec::new(),
            certificates: Vec::new(),
            redirect_uris: RedirectUris::default(),
            permissions: TEN_PERMISSIONS
                .iter()
                .copied()
                .chain(["User.Read"])
                .map(str::to_owned)
                .collect(),
            roles: Vec::new(),
            assignment_required: false,
            assigned: Vec::new(),
            user_consent: true,
            disabled: false,
            principal_oid: String::new(),
        }
    }
}

/// The seeded registrations: a sample for people, and a nightly job that acts on its own.
pub(crate) fn seeded() -> Vec<Application> {
    let secret = || Secret {
        value: SAMPLE_SECRET.to_owned(),
        expires: None,
        id: String::new(),
    };
    let sample = Application {
        client_id: SAMPLE_APP.to_owned(),
        name: "Sample gateway".to_owned(),
        secrets: vec![secret()],
        redirect_uris: RedirectUris {
            web: vec!["http://localhost/integration-callback".to_owned()],
            ..RedirectUris::default()
        },
        principal_oid: "5a4db0c5-0003-4000-8000-000000000002".to_owned(),
        ..Application::default()
    };
    let nightly_job = Application {
        client_id: NIGHTLY_JOB_APP.to_owned(),
        name: "Nightly job".to_owned(),
        tenants: Audience::Single,
        secrets: vec![secret()],
        permissions: Vec::new(),
        principal_oid: NIGHTLY_JOB.to_owned(),
        ..Application::default()
    };
    vec![sample, nightly_job]
}

impl Application {
    /// The platform `address` is registered under, if it is.
    pub(crate) fn platform_of(&self, address: &str) -> Option<Platform> {
        let uris = &self.redirect_uris;
        let is_in = |list: &[String]| list.iter().any(|registered| is_same_address(registered, address));
        if is_in(&uris.web) {
            Some(Platform::Web)
        } else if is_in(&uris.spa) {
            Some(Platform::Spa)
        } else {
            is_in(&uris.public).then_some(Platform::Public)
        }
    }

    /// Whether a person may use the application, by assignment where one is needed.
    pub(crate) fn admits(&self, person: &Person, tid: &str) -> bool {
        let is_listed = |id: &str| self.assigned.iter().any(|listed| listed.eq_ignore_ascii_case(id));
        !self.assignment_required
            || is_listed(&person.upn)
            || person.oid_in(tid).is_some_and(is_listed)
            || person.groups.iter().any(|group| is_listed(group))
    }

    /// Every redirect address, whatever its platform.
    pub(crate) fn all_redirects(&self) -> impl Iterator<Item = &String> {
        let uris = &self.redirect_uris;
        uris.web.iter().chain(&uris.spa).chain(&uris.public)
    }

    /// The registered delegated permissions that exist.
    pub(crate) fn delegated(&self) -> Vec<Permission> {
        self.permissions
            .iter()
            .filter_map(|text| Permission::read(text))
            .collect()
    }

    /// The registered delegated permissions of one resource.
    pub(crate) fn delegated_of(&self, resource: Resource) -> Vec<Permission> {
        self.delegated()
            .into_iter()
            .filter(|permission| permission.resource == resource)
            .collect()
    }

    /// The first member that makes no sense, in words.
    pub(crate) fn complaint(&self) -> Option<String> {
        if let Some(text) = self.permissions.iter().find(|text| Permission::read(text).is_none()) {
            return Some(format!("permission '{text}' does not exist"));
        }
        if let Some(address) = self.all_redirects().find(|address| !is_registrable(address)) {
            return Some(format!(
                "redirect address '{address}' must be https, or http on localhost, without a fragment"
            ));
        }
        let unreadable = self.certificates.iter().any(|certificate| certificate.der().is_none());
        unreadable.then(|| "a certificate must be given in PEM form".to_owned())
    }
}

impl Certificate {
    /// The SHA-256 and SHA-1 thumbprints as assertions name them, unpadded.
    pub(crate) fn thumbprints(&self) -> Option<[String; 2]> {
        let der = self.der()?;
        let named = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &der));
        Some([named(&SHA256), named(&SHA1_FOR_LEGACY_USE_ONLY)])
    }

    fn der(&self) -> Option<Vec<u8>> {
        let (_, rest) = self.pem.split_once("-----BEGIN CERTIFICATE-----")?;
        let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
        let body: String = body.split_whitespace().collect();
        STANDARD.decode(body).ok()
    }
}

/// Letter for letter, but for the port of a loopback host and the slash Entra adds to an address without path.
fn is_same_address(registered: &str, sent: &str) -> bool {
    if let (Some(known), Some(asked)) = (loopback(registered), loopback(sent)) {
        return known == asked;
    }
    registered == sent || (is_bare(registered) && sent.strip_suffix('/') == Some(registered.trim_end_matches('/')))
}

/// Host and path of an address on this machine; the port does not count there.
fn loopback(address: &str) -> Option<(&str, &str)> {
    let rest = address.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let path = if path == "/" { "" } else { path };
    (is_port && matches!(host, "localhost" | "127.0.0.1")).then_some((host, path))
}

fn is_bare(address: &str) -> bool {
    address
        .split_once("://")
        .is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains(['/', '?', '#']))
}

fn is_registrable(address: &str) -> bool {
    const FORBIDDEN: &[char] = &['!', '$', '\'', '(', ')', ',', ';', '*'];
    const MAX_CHARS: usize = 256;
    if MAX_CHARS < address.len() || address.contains(FORBIDDEN) {
        return false;
    }
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    let is_secure = match url.scheme() {
        "http" => matches!(url.host_str(), Some("localhost" | "127.0.0.1")),
        // Custom schemes are for mobile and desktop applications.
        scheme => !matches!(scheme, "javascript" | "data" | "file" | "vbscript"),
    };
    is_secure && url.fragment().is_none()
}
