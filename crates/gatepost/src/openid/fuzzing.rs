//! What the fuzz targets call of this module; built for them alone.

use serde_json::{Map, Value};

use super::claims::{self, Expected};
use super::{Account, OpenIdProblem};

/// The account of claims whose signature was checked, for the client `ours` at `https://issuer.example` at second 1000.
pub fn account(claims: &Map<String, Value>, is_proof: bool) -> Result<Account, OpenIdProblem> {
    let expected = Expected {
        issuer: "https://issuer.example",
        client_id: "ours",
        nonce: "n",
        is_proof,
        now_s: 1000,
    };
    claims::check(claims, &expected)
}
