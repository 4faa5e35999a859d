//! The overview: what works, what was called, what to do next.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::chart;
use super::failure::Failure;
use super::visitor::{Place, Visitor};
use crate::admin;
use crate::app::App;
use crate::clock::Timestamp;
use crate::entra;
use crate::store::connections::{self, Connection, State as ConnectionState};
use crate::store::integrations::{self, Integration};
use crate::store::{audit_hours, grants};

const DAY_MS: i64 = 24 * 3_600_000;

/// `GET /`
pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Failure> {
    let (caller, now) = (&visitor.caller, app.clock.now());
    let manages = caller.role.may_manage();
    let integrations = integrations::list(&app.db, &caller.environment).await?;
    let mine = connections::of_person(&app.db, &caller.person).await?;
    let (living, broken) = connected_now(&app, &visitor, &mine).await?;
    let agents = grants::count_of_person(&app.db, &caller.person).await?;
    let person = (!manages).then_some(caller.person.0.as_str());
    let since = Timestamp((now.0 - DAY_MS).div_euclid(3_600_000) * 3_600_000);
    let counted = audit_hours::by_hour(&app.db, &caller.environment, person, &chart::KINDS, since).await?;
    let connected = mine.iter().any(|it| it.state() == ConnectionState::Connected);
    let details = json!({
        "chart": chart::chart(&counted, now),
        "alerts": alerts(&app, &integrations, &mine, manages),
        "steps": steps(manages, !integrations.is_empty(), connected, 0 < agents),
        "connections": living,
        "broken_connections": broken,
        "agents": agents,
        "uncounted": audit_hours::left(&app.db).await?,
        "waiting": visitor.waiting,
        "manages": manages,
        "integrations": integrations.iter().map(|it| json!({ "id": it.id, "name": it.name, "state": it.state, "tenant": it.tenant })).collect::<Vec<_>>(),
        "mine": mine.iter().map(|it| json!({ "account": it.account_username, "state": it.state })).collect::<Vec<_>>(),
    });
    visitor.show(
        &app,
        Place {
            template: "overview.html",
            title: "Overview",
            section: "overview",
        },
        details,
    )
}

/// How many connections are not disconnected, and how many of them need their person: of the environment for those who
/// manage it, of oneself for others.
async fn connected_now(app: &App, visitor: &Visitor, mine: &[Connection]) -> Result<(i64, i64), Failure> {
    let environment = &visitor.caller.environment;
    if visitor.caller.role.may_manage() {
        let now = app.clock.now();
        let living = connections::count(&app.db, environment, "living", now).await?;
        let broken = connections::count(&app.db, environment, "needs_reconnect", now).await?;
        return Ok((living, broken));
    }
    let number = |is: &dyn Fn(ConnectionState) -> bool| {
        i64::try_from(mine.iter().filter(|it| is(it.state())).count()).unwrap_or(i64::MAX)
    };
    Ok((
        number(&|it| it != ConnectionState::Revoked),
        number(&|it| it == ConnectionState::NeedsReconnect),
    ))
}

/// What needs somebody, the worst first.
fn alerts(app: &App, integrations: &[Integration], mine: &[Connection], manages: bool) -> Vec<Value> {
    let (mut alerts, now) = (Vec::new(), app.clock.now());
    for it in integrations.iter().filter(|_| manages) {
        let href = format!("/integrations/{}", it.id);
        if let Err(problem) = entra::cloud_of(&app.clouds, &it.cloud) {
            let text = format!("The integration {} is not used: {problem}.", it.name);
            alerts.push(json!({ "kind": "bad", "text": text, "href": href, "link": "Choose a cloud" }));
        }
        if it.state == "broken" {
            let reason = it.state_reason.clone().unwrap_or_default();
            alerts.push(json!({ "kind": "bad", "text": format!("Microsoft refuses the integration {}. {reason}", it.name), "href": href, "link": "Mend it" }));
        }
        if let Some((kind, text)) = admin::secret_notice(it.secret_expires_at, now) {
            alerts.push(json!({ "kind": kind, "text": format!("{}: {text}", it.name), "href": href, "link": "Enter a new one" }));
        }
    }
    for it in mine.iter().filter(|it| it.state() == ConnectionState::NeedsReconnect) {
        let text = format!(
            "Your connection as {} needs you to sign in at Microsoft again.",
            it.account_username
        );
        alerts.push(json!({ "kind": "bad", "text": text, "href": "/connections", "link": "Reconnect" }));
    }
    alerts.sort_by_key(|it| it["kind"] != "bad");
    alerts
}

/// The way from an empty gateway to the first call; empty once everything is done.
fn steps(manages: bool, has_integration: bool, connected: bool, has_agent: bool) -> Vec<Value> {
    let step = |done: bool, title: &str, text: &str, href: &str, link: &str| json!({ "done": done, "title": title, "text": text, "href": href, "link": link });
    let mut steps = Vec::new();
    if manages {
        let text = "Register an application in Microsoft Entra ID and enter its Client ID and secret here.";
        steps.push(step(
            has_integration,
            "Add the Power BI integration",
            text,
            "/integrations/new",
            "Add integration",
        ));
    }
    let waits = !manages && !has_integration;
    let text = if waits {
        "An administrator has to add the Power BI integration first."
    } else {
        "Sign in at Microsoft once; agents then work as you, within the policies."
    };
    steps.push(step(
        connected,
        "Connect your Power BI account",
        text,
        if has_integration { "/connections" } else { "" },
        "Connect",
    ));
    steps.push(step(
        has_agent,
        "Connect an agent",
        "Give Claude, ChatGPT, Cursor or another MCP client the gateway's address.",
        "/connect-an-agent",
        "See how",
    ));
    if has_integration && connected && has_agent {
        Vec::new()
    } else {
        steps
    }
}
