//! Making a Microsoft account a way in, and taking that back: never by connecting, and only with a fresh proof.

use axum::extract::State;
use axum::response::Response;

use super::failure::Failure;
use super::visitor::Visitor;
use crate::admin;
use crate::app::App;
use crate::caller::IntegrationId;
use crate::connections::{self, Ask, Kind};
use crate::entra::Prompt;
use crate::page::{self, Fields};

/// `POST /account/microsoft`: to Microsoft, to show which account it is.
pub(super) async fn link(State(app): State<App>, visitor: Visitor, fields: Fields) -> Result<Response, Failure> {
    let caller = &visitor.caller;
    let integration = admin::integration(&app, caller, &IntegrationId::from(fields.text("integration"))).await?;
    let ask = Ask {
        environment: caller.environment.clone(),
        integration: integration.id,
        person: Some(caller.person.clone()),
        kind: Kind::Link,
        client_request: None,
        return_to: Some("/account?done=linked".into()),
        prompt: Some(Prompt::SelectAccount),
        login_hint: None,
        claims: None,
        invitation: None,
        trace: caller.trace.clone(),
    };
    let departure = connections::begin(&app, ask).await?;
    Ok(page::redirect_with(&departure.url, departure.cookie))
}

/// `POST /account/microsoft/remove`
pub(super) async fn unlink(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    admin::remove_microsoft_sign_in(&app, &visitor.caller, &visitor.signed_in.session.hash).await?;
    Ok(page::redirect("/account?done=unlinked"))
}
