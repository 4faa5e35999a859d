//! The Directory (tenant) ID field of an integration: what may be typed there and what is sent to Microsoft.

/// The directory of personal Microsoft accounts, which cannot use Power BI.
const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const ANY_ORGANIZATION: &str = "organizations";

/// A directory, or any organisation's directory.
///
/// Invariant: the path is `organizations`, a lower-case GUID or a lower-case DNS name, so it is one path segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    typed: String,
    path: String,
}

/// Why a typed directory is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantProblem {
    #[error(
        "this is the directory of personal Microsoft accounts, which cannot use Power BI; enter your organisation's Directory (tenant) ID or leave the field empty"
    )]
    Personal,
    #[error(
        "expected a Directory (tenant) ID such as 00000000-aaaa-bbbb-cccc-000000000000, a domain such as contoso.com, or nothing"
    )]
    Malformed,
    #[error(
        "this address does not name a directory; copy the Directory (tenant) ID from the Overview page of the app registration"
    )]
    Address,
}

impl Tenant {
    /// Reads what an administrator typed; nothing and `common` mean any organisation.
    pub fn parse(typed: &str) -> Result<Self, TenantProblem> {
        let typed = typed.trim();
        let named = match typed.contains("://") {
            true => segment_of(typed).ok_or(TenantProblem::Address)?,
            false => typed.to_owned(),
        };
        let named = named.trim_matches(['{', '}']).to_ascii_lowercase();
        let path = match named.as_str() {
            "" | "common" | ANY_ORGANIZATION => ANY_ORGANIZATION.to_owned(),
            "consumers" | PERSONAL_ACCOUNTS => return Err(TenantProblem::Personal),
            _ if is_guid(&named) || is_domain(&named) => named,
            _ => return Err(TenantProblem::Malformed),
        };
        Ok(Self {
            typed: typed.to_owned(),
            path,
        })
    }

    /// Any organisation's directory.
    pub fn any_organization() -> Self {
        Self {
            typed: String::new(),
            path: ANY_ORGANIZATION.to_owned(),
        }
    }

    /// What was typed, for display.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The path segment sent to Microsoft.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether people of every organisation may sign in.
    pub fn is_any_organization(&self) -> bool {
        self.path == ANY_ORGANIZATION
    }

    /// The directory's id, if it was entered as one.
    pub fn guid(&self) -> Option<&str> {
        is_guid(&self.path).then_some(self.path.as_str())
    }
}

impl std::fmt::Display for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)
    }
}

/// Whether `text` is a GUID of a real directory or person: 8-4-4-4-12 hexadecimal digits, not all zero.
pub(super) fn is_guid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|it| it.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))
        && text.bytes().any(|b| b != b'0' && b != b'-')
}

/// Whether `id` is the directory of personal Microsoft accounts.
pub(super) fn is_personal(id: &str) -> bool {
    id.eq_ignore_ascii_case(PERSONAL_ACCOUNTS)
}

/// Whether `text` is a lower-case DNS name of at least two labels, and not an IP address.
fn is_domain(text: &str) -> bool {
    let label = |it: &str| {
        (1..=63).contains(&it.len())
            && it
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    let last_is_a_name = text
        .rsplit('.')
        .next()
        .is_some_and(|it| it.bytes().any(|b| b.is_ascii_lowercase()));
    text.len() <= 253 && text.contains('.') && text.split('.').all(label) && last_is_a_name
}

/// The directory in a pasted sign-in or token-service address.
fn segment_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    let host = url.host_str()?;
    let signs_in =
        host.starts_with("login.") || host == "sts.windows.net" || ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    let segment = url.path_segments()?.next()?;
    (signs_in && !segment.is_empty()).then(|| segment.to_owned())
}
