//! Microsoft's addresses, built from the cloud and the directory only, never from anything a server said.

use catalogue::clouds::Cloud;
use url::Url;

use super::tenant::Tenant;

/// Where people sign in and consent.
pub(super) fn authorize(cloud: &Cloud, tenant: &Tenant) -> Url {
    build(cloud, &[tenant.path(), "oauth2", "v2.0", "authorize"])
}

/// Where codes, refresh tokens and credentials become tokens.
pub(super) fn token(cloud: &Cloud, tenant: &Tenant) -> Url {
    build(cloud, &[tenant.path(), "oauth2", "v2.0", "token"])
}

/// The public keys that sign id tokens.
pub(super) fn keys(cloud: &Cloud, tenant: &Tenant) -> Url {
    build(cloud, &[tenant.path(), "discovery", "v2.0", "keys"])
}

/// The directory's description; only its issuer is read, to learn the id of a directory entered by domain.
pub(super) fn discovery(cloud: &Cloud, tenant: &Tenant) -> Url {
    build(cloud, &[tenant.path(), "v2.0", ".well-known", "openid-configuration"])
}

/// Where an administrator of an organisation consents for everybody.
pub(super) fn admin_consent(cloud: &Cloud, tenant: &Tenant) -> Url {
    build(cloud, &[tenant.path(), "v2.0", "adminconsent"])
}

/// Who issues id tokens of the directory with this id.
pub(super) fn issuer(cloud: &Cloud, tenant_id: &str) -> String {
    format!("{}/{tenant_id}/v2.0", cloud.login.trim_end_matches('/'))
}

fn build(cloud: &Cloud, segments: &[&str]) -> Url {
    let mut url = Url::parse(&cloud.login).expect("the catalogue checks the addresses of every cloud");
    url.path_segments_mut()
        .expect("a sign-in address is http or https, which have paths")
        .clear()
        .extend(segments);
    url
}
