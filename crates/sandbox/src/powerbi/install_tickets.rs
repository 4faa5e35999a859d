//! Tickets with which a service principal lets others install a template app of its tenant.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::fields::Fields;
use crate::powerbi::odata;
use crate::powerbi::odata::object;
use crate::powerbi::profiles;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::reports::id_field;
use crate::world::template_apps::TemplateApp;
use crate::world::time;

/// How long a ticket lasts.
const LIFETIME_MS: i64 = time::HOUR_MS;

pub(super) fn create(call: &Call) -> Result<Answer, Refusal> {
    profiles::refuse_people(call)?;
    let fields = call.fields()?;
    // The schema wraps the details in a list, the service's own example does not; both are taken.
    let details = match fields.objects("installDetails")? {
        wrapped if wrapped.is_empty() => vec![fields],
        wrapped => wrapped,
    };
    for details in &details {
        check(call, details)?;
    }
    let mut secret = [0; 96];
    call.sandbox.fill_random(&mut secret);
    let item = object([
        ("ticket", STANDARD.encode(secret).into()),
        ("ticketId", call.sandbox.new_id().into()),
        ("expiration", time::in_seconds(call.now_ms + LIFETIME_MS).into()),
    ]);
    Ok(odata::complex(call, "InstallTicket", item))
}

/// The app must be there, belong to the caller's tenant, and have all its parameters set.
fn check(call: &Call, details: &Fields) -> Result<(), Refusal> {
    let required = |name: &'static str| {
        id_field(details, name)?.ok_or_else(|| Refusal::bad(format!("{name} is required for each app")))
    };
    let (app, owner) = (required("appId")?, required("ownerTenantId")?);
    let package_key = details.text("packageKey")?;
    let world = call.world();
    let app = world
        .template_apps
        .iter()
        .find(|known| known.id == app && known.package_key == package_key)
        .ok_or_else(Refusal::not_found)?;
    if app.tid != call.who.tid || app.tid != owner.to_string() {
        return Err(Refusal::Coded {
            status: StatusCode::UNAUTHORIZED,
            code: "ServiceAppApplicationOwnershipValidationFailed",
            message: None,
        });
    }
    if !is_configured(app, details)? {
        return Err(Refusal::code("ServiceAppInstallTicketInvalidConfiguration"));
    }
    Ok(())
}

fn is_configured(app: &TemplateApp, details: &Fields) -> Result<bool, Refusal> {
    let config = details.find_object("config")?.unwrap_or_default();
    let given = config.find_object("configuration")?.unwrap_or_default();
    for name in &app.parameters {
        if given.find_text(name)?.is_none() {
            return Ok(false);
        }
    }
    Ok(given
        .names()
        .all(|name| app.parameters.iter().any(|known| known.eq_ignore_ascii_case(name))))
}
