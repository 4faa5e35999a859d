//! `whoami`: who the gateway takes the caller for, how Power BI is connected, and what is allowed.

use catalogue::Effect;
use serde_json::{Map, Value};

use super::context::Context;
use super::fault::Fault;
use super::memory::{Eyes, Listed, memory};
use super::outcome::Said;
use super::text::short;
use super::tool::{Emits, Hints, Tool};
use crate::call::{self, CallError};
use crate::caller::{Scope, Through};
use crate::connections;
use crate::policy::may_ever;
use crate::store::connections::{Connection, State};
use crate::store::environments;

pub(super) const TOOL: Tool = Tool {
    name: "whoami",
    title: "Who am I",
    description: "Tells for whom calls are made, through which client, which Microsoft account is connected and whether the connection works, and what the policies allow. Call it first when something is refused.",
    input: r#"{
  "type": "object",
  "properties": {},
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints {
        open_world: false,
        ..Hints::READS
    },
    operations: Emits::Listed(&[]),
    needs: &[],
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, _: &Map<String, Value>) -> Result<Said, Fault> {
    let (app, caller) = (context.app, context.caller);
    let environment = environments::find(&app.db, &caller.environment)
        .await
        .map_err(CallError::Store)?;
    let environment = environment.map_or_else(|| "unknown".into(), |it| it.name);
    let mut lines = vec![
        format!("person: {}", short(&caller.person_name, 120)),
        format!("environment: {}", short(&environment, 120)),
        format!("through: {}", through(&caller.through)),
        format!("scopes of the token: {}", caller.scopes),
    ];
    match call::connection_of(app, caller).await {
        Ok(connection) => lines.extend(of_connection(app.settings.url("/connections").as_str(), &connection)),
        Err(CallError::NotConnected { link, reason }) => {
            lines.push(format!("Power BI: not connected ({reason})"));
            lines.push(format!(
                "what to do: the person opens {link} in a browser and connects their Microsoft account"
            ));
        }
        Err(error) => return Err(error.into()),
    }
    lines.push("policies:".into());
    lines.push(of_policies(context));
    Ok(lines.join("\n").into())
}

fn through(through: &Through) -> String {
    match through {
        Through::Portal => "the portal".into(),
        Through::Client { name, .. } => format!("client {}", short(name, 120)),
        Through::ApiKey { name, .. } => format!("API key {}", short(name, 120)),
        Through::Job { name } => format!("job {name}"),
    }
}

fn of_connection(link: &str, connection: &Connection) -> Vec<String> {
    let mut lines = vec![format!(
        "Power BI: {} as {} ({}), tenant {}",
        connection.state().as_str().replace('_', " "),
        short(&connection.account_name, 120),
        short(&connection.account_username, 120),
        connection.tenant_id
    )];
    if let Some(reason) = connection
        .reason
        .as_ref()
        .filter(|_| connection.state() != State::Connected)
    {
        lines.push(format!("reason: {}", short(reason, 400)));
    }
    if connection.state() == State::NeedsReconnect {
        lines.push(format!(
            "what to do: the person opens {link} in a browser and connects again"
        ));
    }
    let missing = connections::missing(&connection.scopes);
    if missing.is_empty() {
        lines.push("permissions: all that the gateway asks for".into());
    } else {
        lines.push(format!("permissions missing: {}", missing.join(", ")));
        lines.push(format!(
            "what to do: an administrator of the organisation consents to them in Microsoft Entra; then the person connects again at {link}. Without them calls that need them are refused"
        ));
    }
    lines
}

/// What the policies say of each effect. They are asked about every operation, so it is written once for a caller and a policy version.
fn of_policies(context: &Context<'_>) -> String {
    let key = (
        Listed::Effects,
        Eyes::of(context.app, context.caller, &context.policies),
    );
    let lines = memory().list_or(key, || {
        let lines: Vec<_> = Effect::ALL.iter().map(|effect| of_effect(context, *effect)).collect();
        lines.join("\n").into()
    });
    String::from_utf8_lossy(&lines).into_owned()
}

/// What the policies say of all operations of one effect, before any arguments are known.
fn of_effect(context: &Context<'_>, effect: Effect) -> String {
    let all = context
        .app
        .catalogue
        .operations()
        .iter()
        .filter(|it| it.effect == effect);
    let (mut allowed, mut count) = (0, 0);
    for operation in all {
        count += 1;
        allowed += usize::from(may_ever(&context.policies, context.caller, operation));
    }
    let words = match allowed {
        0 => "denied".to_owned(),
        _ if allowed == count => "possible".to_owned(),
        _ => format!("possible for {allowed} of {count} operations"),
    };
    let scope = Scope::needed_for(effect);
    let lacking = match context.caller.scopes.allows(scope) || allowed == 0 {
        true => String::new(),
        false => format!(", but the token lacks {}", scope.as_str()),
    };
    let approval = match (effect, allowed) {
        (_, 0) | (Effect::Read, _) => "",
        _ => " (an approval may be asked for)",
    };
    format!("- {}: {words}{approval}{lacking}", effect.as_str())
}
