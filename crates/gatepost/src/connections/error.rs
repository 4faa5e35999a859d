//! Why a connection does not come about, in words for the person in the browser.

use super::invited::Over;
use crate::audit::Unavailable;
use crate::entra::{CallbackProblem, EntraError, IdentityProblem, Unusable};
use crate::store;
use crate::vault::KeyId;

/// What went wrong between the consent here and the connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the answer from Microsoft cannot be read: {0}")]
    Callback(#[from] CallbackProblem),
    #[error("this sign-in is unknown, too old or was already used")]
    UnknownFlow,
    #[error("too many sign-ins that nobody began come from this address")]
    TooManyStrays { seconds: u64 },
    #[error("too many sign-ins are begun from this address")]
    TooManyDepartures { seconds: u64 },
    #[error("this sign-in was begun in another browser")]
    OtherBrowser,
    #[error("this sign-in was begun by somebody else")]
    OtherPerson,
    #[error("Microsoft refused: {0}")]
    Microsoft(Box<EntraError>),
    #[error("who signed in cannot be told: {0}")]
    Identity(#[from] IdentityProblem),
    #[error("this Microsoft account belongs to another person here")]
    AccountOfAnother { account: String },
    #[error("this Microsoft account is connected here, which lets nobody in")]
    OnlyConnected { account: String },
    #[error("this person signs in with a Microsoft account already")]
    LinkedAlready,
    #[error("this connection is of another Microsoft account")]
    OtherAccount { connected: String, now: String },
    #[error("this Microsoft account may not join this environment")]
    NotAdmitted { account: String },
    #[error("this invitation is for another account")]
    OtherInvited { account: String, invited: String },
    #[error("this invitation is over")]
    InvitationOver(Over),
    #[error("this person is locked")]
    Locked,
    #[error("the integration cannot be used: {0}")]
    Unusable(#[from] Unusable),
    #[error("there is no such integration")]
    NoIntegration,
    #[error("{0}")]
    Audit(#[from] Unavailable),
    #[error("{0}")]
    Store(#[from] store::Error),
    #[error("the sealed part of this sign-in does not open")]
    Sealed,
    #[error("the integration was changed while this sign-in was under way")]
    Moved,
    #[error("this process does not hold vault key {0}; give it the key")]
    UnknownKey(KeyId),
}

/// AADSTS90094: only an administrator may consent to what is asked for.
const ONLY_AN_ADMINISTRATOR: u32 = 90_094;

/// A failure in words: what happened, and what to do about it and by whom.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Told {
    /// A short word for tests, logs and the audit log.
    pub code: &'static str,
    pub status: u16,
    pub title: String,
    pub text: String,
    pub how: String,
    /// What Microsoft's support asks for.
    pub trace_id: Option<String>,
}

impl ConnectError {
    /// When to come back, where that helps.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::TooManyStrays { seconds } | Self::TooManyDepartures { seconds } => Some(*seconds),
            _ => None,
        }
    }

    /// Whether nothing under way in this browser is concerned: anybody can make such requests without end.
    pub fn is_stray(&self) -> bool {
        matches!(self, Self::Callback(_) | Self::UnknownFlow | Self::OtherBrowser)
    }

    /// The failure in words.
    pub fn told(&self) -> Told {
        let told = |code, status, title: &str, text: String, how: &str| Told {
            code,
            status,
            title: title.to_owned(),
            text,
            how: how.to_owned(),
            trace_id: None,
        };
        let again = "Go back and connect again.";
        match self {
            Self::Callback(problem) => told("callback_malformed", 400, "That link is not complete", format!("{problem}."), again),
            Self::UnknownFlow => told("flow_unknown", 400, "This sign-in is over", "It is unknown, older than ten minutes, or was already used.".into(), again),
            Self::TooManyStrays { seconds } => told(
                "too_many_strays", 429, "Too many sign-ins that nobody began",
                format!("Many links from this address lead to sign-ins that are unknown or over. For {seconds} more seconds only a sign-in that is under way counts."),
                "Begin anew: connect again in this browser.",
            ),
            Self::TooManyDepartures { seconds } => told(
                "too_many_departures", 429, "Too many sign-ins from one address",
                "Very many sign-ins were begun from your network within a minute, so this one was not.".into(),
                &format!("Try again in {seconds} seconds. If everybody comes through one proxy, an administrator names it in trusted_proxies; if it is a network of your own, in known_networks."),
            ),
            Self::OtherBrowser => told(
                "callback_browser_mismatch", 403, "This sign-in was begun in another browser",
                "A sign-in at Microsoft counts only in the browser in which you agreed to it here. If somebody sent you this link, do not use it.".into(),
                "If you began it yourself, connect again in this browser.",
            ),
            Self::OtherPerson => told(
                "callback_user_mismatch", 403, "This sign-in was begun by somebody else",
                "You are signed in here as a different person than the one who began it, so nothing was connected.".into(),
                "Sign in here as the right person and connect again.",
            ),
            Self::Microsoft(error) => microsoft(error),
            Self::Identity(problem) => told("identity_invalid", 502, "Microsoft's answer was not accepted", format!("{problem}."), "Try again. If it stays, ask your administrator to check the gateway's clock and the integration."),
            Self::AccountOfAnother { account } => told(
                "account_of_another", 409, "This Microsoft account belongs to another person here",
                format!("{account} is already the account of another person of this environment, so it was not connected to you."),
                "Sign in with that account, or connect a different one.",
            ),
            Self::OnlyConnected { account } => told(
                "account_only_connected", 403, "This account is connected, and no way in",
                format!("{account} is the Microsoft account that somebody here connected to reach Power BI. That alone signs nobody in."),
                "Sign in the way you usually do. Under Account you can then make this Microsoft account a way in as well.",
            ),
            Self::LinkedAlready => told(
                "linked_already", 409, "You sign in with a Microsoft account already",
                "One Microsoft account at a time is a way in. Nothing was changed.".into(),
                "Remove the present one under Account first.",
            ),
            Self::OtherAccount { connected, now } => told(
                "account_differs", 409, "That is a different Microsoft account",
                format!("You are connected as {connected}, and now signed in at Microsoft as {now}. Nothing was changed."),
                "To use the other account, disconnect first, then connect again.",
            ),
            Self::NotAdmitted { account } => told(
                "not_admitted", 403, "This account may not join",
                format!("{account} signed in at Microsoft, but this environment does not admit accounts of that organisation."),
                "Ask an administrator of the gateway to add your organisation under Settings.",
            ),
            Self::OtherInvited { account, invited } => told(
                "invitation_of_another", 403, "This invitation is for another account",
                format!("{account} signed in at Microsoft, but {invited} was invited."),
                "Open the link again and sign in with the account that was invited, or ask for an invitation of your own.",
            ),
            Self::InvitationOver(why) => told("invitation_over", 403, "This invitation is over", why.text().into(), "Ask whoever invited you for a new one."),
            Self::Locked => told("locked", 403, "You are locked out", "An administrator has locked this person.".into(), "Ask an administrator of the gateway."),
            Self::Unusable(problem) => told("integration_unusable", 409, "The integration cannot be used", format!("{problem}."), "An administrator can mend it under Integrations."),
            Self::NoIntegration => told("integration_unknown", 404, "There is no such integration", "It may have been deleted.".into(), "An administrator can add one under Integrations."),
            Self::Audit(_) => told("audit_unavailable", 503, "The gateway cannot keep its record", "Nothing was sent to Microsoft, because the audit log cannot be written.".into(), "Try again in a minute, or tell an administrator."),
            Self::Moved => told(
                "integration_moved", 409, "The integration was changed meanwhile",
                "While you were at Microsoft, an administrator entered another registration. What you brought back was for the one before, so it was not used and nothing was connected.".into(),
                again,
            ),
            Self::UnknownKey(_) => told("vault_key_missing", 503, "This gateway lacks a key", format!("{self}."), "Tell whoever runs the gateway, then try again."),
            Self::Store(_) => told("database_unavailable", 503, "The gateway's database does not answer", "Nothing is lost.".into(), "Try again in a few seconds, or tell an administrator."),
            Self::Sealed => told("internal", 500, "Something went wrong here", "The gateway's database did not answer as expected.".into(), "Try again, or tell an administrator."),
        }
    }
}

fn microsoft(error: &EntraError) -> Told {
    let explanation = error.explanation();
    let code = error
        .codes
        .first()
        .map(|it| format!(" (AADSTS{it})"))
        .unwrap_or_default();
    let denied = &*error.error == "access_denied";
    let (code_here, status, title) = match denied {
        true if error.codes.contains(&ONLY_AN_ADMINISTRATOR) => ("needs_administrator", 403, "Not connected"),
        true => ("declined", 403, "Not connected"),
        false => ("microsoft_refused", 502, "Microsoft refused the sign-in"),
    };
    Told {
        code: code_here,
        status,
        title: title.into(),
        text: format!("{}{code}", explanation.cause),
        how: explanation.tell,
        trace_id: error.trace_id.as_deref().map(str::to_owned),
    }
}
