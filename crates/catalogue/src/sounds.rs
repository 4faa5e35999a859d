//! Names that sound like those of a secret, where no schema says what is one.

use percent_encoding::percent_decode_str;

/// Names that hold one of these are of a secret wherever they stand.
const PLAIN: [&str; 21] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "signature",
    "credential",
    "assertion",
    "authorization",
    "bearer",
    "apikey",
    "accountkey",
    "accesskey",
    "sharedkey",
    "privatekey",
    "masterkey",
    "storagekey",
    "subscriptionkey",
    "functionskey",
    "functionkey",
    "authkey",
];
/// Words that are one whole name of a secret.
const WHOLE: [&str; 2] = ["pwd", "sig"];
/// And those that only are one in an address or a connection string.
const THERE: [&str; 7] = ["code", "key", "sas", "pass", "auth", "jwt", "pat"];
/// What tells of a secret without being it.
const ABOUT: [&str; 8] = ["type", "name", "mode", "expiry", "lifetime", "uri", "url", "endpoint"];
/// Numbers of pages.
const PAGES: [&str; 4] = ["continuationtoken", "skiptoken", "nexttoken", "pagetoken"];
/// Names of several words, as connection strings have them.
const SEVERAL: [&str; 18] = [
    "accesskey",
    "accesstoken",
    "accountkey",
    "apikey",
    "authtoken",
    "bearertoken",
    "clientsecret",
    "personalaccesstoken",
    "privatekey",
    "privatekeypassphrase",
    "proxypassword",
    "refreshtoken",
    "secretaccesskey",
    "secretkey",
    "securitytoken",
    "sharedaccesskey",
    "sharedaccesssignature",
    "userpassword",
];

/// Whether a name is one of a secret wherever it stands.
pub(crate) fn plainly(name: &str) -> bool {
    let name = plain(name);
    let is_about = ABOUT.iter().any(|it| name.ends_with(it)) || PAGES.contains(&name.as_str());
    WHOLE.contains(&name.as_str()) || !is_about && PLAIN.iter().any(|it| name.contains(it))
}

/// Whether a name is one of a secret in the query of an address or in a connection string.
pub(crate) fn possibly(name: &str) -> bool {
    plainly(name) || THERE.contains(&plain(name).as_str())
}

/// Whether a name of several words is one of a secret. Text that only holds such a word is none.
pub(crate) fn in_words(name: &str) -> bool {
    SEVERAL.contains(&plain(name).as_str())
}

fn plain(name: &str) -> String {
    let name = percent_decode_str(name).decode_utf8_lossy().to_lowercase();
    name.chars().filter(|it| it.is_alphanumeric()).collect()
}
