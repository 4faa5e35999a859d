//! Our client for an OpenID Connect provider of the house: its addresses as they were entered, and one trip there and back.

mod claims;
mod client;
mod discovery;
#[cfg(fuzzing)]
pub mod fuzzing;

pub use claims::Account;
pub use client::{OpenId, Registration, Trip};
pub use discovery::Addresses;

/// Why a provider does not tell who signed in, in words for an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenIdProblem {
    #[error("expected the provider's address, such as https://login.example.com, without `?` or `#`")]
    Issuer,
    #[error("the provider does not answer")]
    Unreachable,
    #[error("there is no OpenID Connect description at this address")]
    NoDescription,
    #[error("the description names another issuer than the one entered")]
    OtherIssuer,
    #[error("the description names an address that is not https")]
    Insecure,
    #[error("the provider refused the sign-in")]
    Refused,
    #[error("the provider refused the code, the client id or the secret")]
    Code,
    #[error("the provider's answer holds no id token of the expected form")]
    Malformed,
    #[error("the id token's signature or key was not accepted")]
    Signature,
    #[error("the id token is not from this provider, or not for this application")]
    NotOurs,
    #[error("the id token is too old, not valid yet, or has no readable times")]
    Time,
    #[error("the id token does not belong to this sign-in")]
    Nonce,
    #[error("the id token does not name a person")]
    Person,
    #[error("the provider did not ask the person to sign in again")]
    StaleProof,
}
