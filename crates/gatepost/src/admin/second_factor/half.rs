//! A sign-in that is half done: who came by Microsoft or by the house's provider, and owes the code of a second factor yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::caller::PersonId;
use crate::clock::Timestamp;
use crate::session::{self, Proof};
use crate::vault::Place;

/// Where the code is typed.
pub const ADDRESS: &str = "/sign-in/code";
const LASTS_S: i64 = 300;
const PLACE: Place<'static> = Place {
    table: "sign_in",
    column: "half",
    row: "",
    environment: "",
};

/// Who has arrived, and how.
#[derive(Debug, Serialize, Deserialize)]
pub struct Half {
    pub person: PersonId,
    pub by: Proof,
    /// A path of this gateway.
    pub return_to: String,
    until: Timestamp,
}

/// The cookie that keeps it, sealed, in the browser that arrived.
pub fn cookie(app: &App, person: &PersonId, by: Proof, return_to: &str) -> HeaderValue {
    let half = Half {
        person: person.clone(),
        by,
        return_to: return_to.to_owned(),
        until: app.clock.now().plus_seconds(LASTS_S),
    };
    let text = serde_json::to_string(&half).expect("a half sign-in is plain data");
    let sealed = URL_SAFE_NO_PAD.encode(app.vault.seal_text(PLACE, &text));
    session::set_cookie(session::HALF, &sealed, LASTS_S)
}

/// What this browser brought, if it is not over.
pub fn of(app: &App, headers: &HeaderMap) -> Option<Half> {
    let sealed = URL_SAFE_NO_PAD.decode(session::cookie(headers, session::HALF)?).ok()?;
    let text = app.vault.open_text(PLACE, &sealed).ok()?;
    let half: Half = serde_json::from_str(text.expose_secret()).ok()?;
    (app.clock.now() < half.until).then_some(half)
}
