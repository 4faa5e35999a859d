//! Makes what a row needs, calls its operation twice, and looks at status, shape and the record.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use catalogue::{Answer, Catalogue, Operation, Parameter, Place};
use gatepost::admin;
use gatepost::caller::{Caller, PersonId, Role, ScopeSet};
use gatepost::policy::{Action, Form, Source};
use reqwest::header::HeaderMap;
use serde_json::{Map, Value, json};

use crate::every_operation::row::{Call, Row, Table};
use crate::world::{SECRET, World};

/// Seconds between two rows, so that no row meets what another left running, or its rate limit.
const BETWEEN_ROWS_S: i64 = 900;

/// What came of a row.
pub(crate) enum Outcome {
    Answered,
    /// The sandbox says that it does not do this.
    NotDone,
}

/// A world in which everybody may do everything that Power BI lets them.
pub(crate) struct Runner<'t> {
    table: &'t Table,
    world: World,
    keys: HashMap<String, String>,
    number: AtomicU64,
}

/// An answer with everything that is looked at.
pub(crate) struct Seen {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// The values that one row's names stand for.
type Scope = HashMap<String, String>;

impl<'t> Runner<'t> {
    pub(crate) async fn start(table: &'t Table) -> Self {
        let world = World::new().await;
        allow_everything(&world).await;
        register_with_every_scope(&world).await;
        let mut keys = HashMap::new();
        for name in ["ada", "bo", "eve", "flo"] {
            let guest = world.connect(&format!("{name}@contoso.test")).await;
            keys.insert(name.to_owned(), full_key(&world, &guest.person).await);
        }
        Self {
            table,
            world,
            keys,
            number: AtomicU64::new(0),
        }
    }

    /// Calls a row's operation, first with too few rights and then with enough.
    pub(crate) async fn run(&self, row: &Row) -> Result<Outcome, String> {
        self.world.advance_seconds(BETWEEN_ROWS_S);
        let operation = Catalogue::builtin()
            .operation(&row.operation)
            .ok_or("no such operation")?;
        let mut scope = Scope::new();
        match self.prepare(row, &mut scope).await {
            Ok(call) => self.judge(row, operation, &call).await,
            Err(failed) if failed.contains("NotDoneBySandbox") => Ok(Outcome::NotDone),
            Err(failed) => Err(failed),
        }
    }

    async fn prepare(&self, row: &Row, scope: &mut Scope) -> Result<Call, String> {
        for name in &row.first {
            Box::pin(self.make(name, &row.who, scope)).await?;
        }
        self.resolved(&row.call, &row.who, scope).await
    }

    async fn judge(&self, row: &Row, operation: &Operation, call: &Call) -> Result<Outcome, String> {
        let refused = self.call_on_record(&row.other, operation, call).await?;
        if refused.is_not_done() {
            return Ok(Outcome::NotDone);
        }
        refused
            .expect_status(row.other_status)
            .map_err(|it| format!("as {}: {it}", row.other))?;
        if 400 <= row.other_status {
            refused.is_explained().map_err(|it| format!("as {}: {it}", row.other))?;
        }
        let answer = self.call_on_record(&row.who, operation, call).await?;
        if answer.is_not_done() {
            return Ok(Outcome::NotDone);
        }
        answer
            .expect_status(row.status)
            .map_err(|it| format!("as {}: {it}", row.who))?;
        if row.status < 300 {
            answer.has_shape_of(operation)?;
        }
        Ok(Outcome::Answered)
    }

    /// One call, which must leave one entry before and one after.
    async fn call_on_record(&self, who: &str, operation: &Operation, call: &Call) -> Result<Seen, String> {
        let before = self.last_entry().await;
        let seen = self.call(who, operation, call).await?;
        let rows = gatepost::store::audit::after(&self.world.app.db, before, 100)
            .await
            .unwrap();
        let entries: Vec<Value> = rows.iter().map(|it| serde_json::from_str(&it.entry).unwrap()).collect();
        let of = |kind: &str| entries.iter().filter(|it| it["kind"] == kind).collect::<Vec<_>>();
        let (opened, closed) = (of("call.opened"), of("call.closed"));
        let ([opened], [closed]) = (&opened[..], &closed[..]) else {
            return Err(format!(
                "{who}: expected one entry before and one after, found {entries:?}; {seen}"
            ));
        };
        let is_right = opened["details"]["operation"] == operation.id.as_str()
            && closed["details"]["opened"] == opened["seq"]
            && closed["details"]["status"] == seen.status
            && closed["details"]["request_id"].is_string();
        is_right
            .then_some(seen)
            .ok_or_else(|| format!("{who}: the record says {opened} and {closed}"))
    }

    async fn last_entry(&self) -> i64 {
        gatepost::store::audit::head(&self.world.app.db)
            .await
            .unwrap()
            .map_or(0, |it| it.seq)
    }

    async fn call(&self, who: &str, operation: &Operation, call: &Call) -> Result<Seen, String> {
        let url = format!("{}/powerbi{}", self.world.url, path_of(operation, &call.with)?);
        let number = self.number.fetch_add(1, Ordering::Relaxed).to_string();
        let method = reqwest::Method::from_bytes(operation.method.as_str().as_bytes()).unwrap();
        let mut request = self.world.http.request(method, url).bearer_auth(&self.keys[who]);
        if let Some(mut body) = call.body.clone() {
            put_in(&mut body, &|text| text.replace("{n}", &number));
            request = request.json(&body);
        }
        if let Some(file) = call.upload.as_ref().map(|it| it.replace("{n}", &number)) {
            let body = format!(
                "--gate\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n{file}\r\n--gate--\r\n"
            );
            request = request
                .header("content-type", "multipart/form-data; boundary=gate")
                .body(body);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        Ok(Seen {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.map_err(|error| error.to_string())?.to_vec(),
        })
    }

    /// Makes the fresh thing of this name, once per row.
    async fn make(&self, name: &str, who: &str, scope: &mut Scope) -> Result<(), String> {
        let steps = self
            .table
            .fresh
            .get(name)
            .ok_or_else(|| format!("nothing is called ${name}"))?;
        scope.remove("it");
        for step in steps {
            let operation = Catalogue::builtin()
                .operation(&step.call)
                .ok_or_else(|| step.call.clone())?;
            let it = scope.get("it").cloned();
            let call = self.resolved(&step.arguments, who, scope).await?;
            let seen = self.call(who, operation, &call).await?;
            if 300 <= seen.status {
                return Err(format!("${name}, {}: {seen}", step.call));
            }
            match &step.take {
                Some(place) => scope.insert("it".to_owned(), seen.taken(place)?),
                // Making what the arguments name may have put its own value here.
                None => it.and_then(|it| scope.insert("it".to_owned(), it)),
            };
            self.world.advance_seconds(step.wait);
        }
        let value = scope.remove("it").unwrap_or_default();
        scope.insert(name.to_owned(), value);
        Ok(())
    }

    async fn resolved(&self, call: &Call, who: &str, scope: &mut Scope) -> Result<Call, String> {
        let mut whole = json!({"with": call.with, "body": call.body, "upload": call.upload});
        let mut names = Vec::new();
        names_in(&whole, &mut names);
        let it = scope.get("it").cloned();
        for name in names {
            if !scope.contains_key(&name) {
                match self.table.known.get(&name) {
                    Some(value) => drop(scope.insert(name, value.clone())),
                    None => Box::pin(self.make(&name, who, scope)).await?,
                }
            }
        }
        if let Some(it) = it {
            scope.insert("it".to_owned(), it);
        }
        put_in(&mut whole, &|text| match text.strip_prefix('$') {
            Some(name) => scope.get(name).cloned().unwrap_or_default(),
            None => text.to_owned(),
        });
        serde_json::from_value(whole).map_err(|error| error.to_string())
    }
}

/// The names after `$` in every text.
fn names_in(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => names.extend(text.strip_prefix('$').map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|it| names_in(it, names)),
        Value::Object(members) => members.values().for_each(|it| names_in(it, names)),
        _ => {}
    }
}

fn put_in(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|it| put_in(it, change)),
        Value::Object(members) => members.values_mut().for_each(|it| put_in(it, change)),
        _ => {}
    }
}

/// The path and query as a client of Power BI writes them.
fn path_of(operation: &Operation, with: &Map<String, Value>) -> Result<String, String> {
    let (mut path, mut query) = (operation.path.as_str().to_owned(), Vec::new());
    for (name, value) in with {
        let parameter = operation.parameters.iter().find(|it| it.name == *name);
        let parameter = parameter.ok_or_else(|| format!("{name} is no parameter"))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match parameter.place {
            Place::Path => path = path.replace(&format!("{{{name}}}"), &encoded(&text)),
            Place::Query => query.push(format!("{}={}", encoded(name), encoded(&quoted(parameter, &text)))),
        }
    }
    if path.contains('{') {
        return Err(format!("a value is missing in {path}"));
    }
    Ok(if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    })
}

fn quoted(parameter: &Parameter, text: &str) -> String {
    if parameter.quoted {
        format!("'{text}'")
    } else {
        text.to_owned()
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Seen {
    fn expect_status(&self, status: u16) -> Result<(), String> {
        (self.status == status)
            .then_some(())
            .ok_or_else(|| format!("expected {status}, found {self}"))
    }

    fn is_not_done(&self) -> bool {
        self.status == 501 && String::from_utf8_lossy(&self.body).contains("NotDoneBySandbox")
    }

    /// A refusal of Microsoft's keeps its id and is explained in headers of ours.
    fn is_explained(&self) -> Result<(), String> {
        let has = |name: &str| self.headers.get(name).is_some_and(|it| !it.is_empty());
        let code = self.headers.get("gatepost-error").and_then(|it| it.to_str().ok());
        let is_theirs = code.is_some_and(|it| it.starts_with("power_bi_"));
        (is_theirs && has("gatepost-hint") && has("gatepost-trace") && has("requestid"))
            .then_some(())
            .ok_or_else(|| format!("the refusal is not explained: {:?}", self.headers))
    }

    fn has_shape_of(&self, operation: &Operation) -> Result<(), String> {
        let kind = self
            .headers
            .get("content-type")
            .and_then(|it| it.to_str().ok())
            .unwrap_or_default();
        let is_good = match operation.answer {
            Answer::Json => {
                let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
                kind.starts_with("application/json") && (body.is_object() || body.is_array())
            }
            Answer::Empty => self.body.is_empty(),
            Answer::Binary => !self.body.is_empty() && !kind.starts_with("application/json; odata"),
            Answer::Arrow => !self.body.is_empty() && kind.starts_with("application/vnd.apache.arrow"),
        };
        is_good
            .then_some(())
            .ok_or_else(|| format!("expected an answer that is {}, found {self}", operation.answer))
    }

    fn taken(&self, place: &str) -> Result<String, String> {
        if let Some(header) = place.strip_prefix('@') {
            let found = self.headers.get(header).and_then(|it| it.to_str().ok());
            return found
                .map(str::to_owned)
                .ok_or_else(|| format!("no header {header}: {self}"));
        }
        let body: Value = serde_json::from_slice(&self.body).map_err(|_| format!("no JSON: {self}"))?;
        let found = body.pointer(&format!("/{}", place.replace('.', "/")));
        found
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| format!("no {place}: {self}"))
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = String::from_utf8_lossy(&self.body);
        let info = self
            .headers
            .get("x-powerbi-error-info")
            .or(self.headers.get("gatepost-error"));
        write!(
            f,
            "{} {} {info:?}",
            self.status,
            text.chars().take(300).collect::<String>()
        )
    }
}

async fn allow_everything(world: &World) {
    let form = Form {
        name: "everything".into(),
        enabled: true,
        action: Action::Allow,
        effects: vec![],
        operations: vec![],
        people: vec![],
        groups: vec![],
        clients: vec![],
        workspaces: vec![],
        max_authentication_age_s: None,
    };
    for rule in gatepost::store::policies::list(&world.app.db, &world.environment)
        .await
        .unwrap()
    {
        admin::delete_policy(&world.app, &world.owner_caller(), &rule.id)
            .await
            .unwrap();
    }
    let input = admin::PolicyInput {
        name: "everything".into(),
        enabled: true,
        source: Source::Form(form),
    };
    admin::create_policy(&world.app, &world.owner_caller(), input)
        .await
        .unwrap();
}

/// A key with every scope a key can have.
async fn full_key(world: &World, person: &PersonId) -> String {
    let caller = Caller {
        person: person.clone(),
        role: Role::Administrator,
        ..world.owner_caller()
    };
    let scopes = ScopeSet::parse("powerbi.read powerbi.write powerbi.admin").unwrap();
    let input = admin::KeyInput {
        name: "everything".into(),
        is_application: false,
        scopes,
        days: None,
    };
    let made = admin::create_key(&world.app, &caller, &input).await.unwrap();
    secrecy::ExposeSecret::expose_secret(&made.key).to_owned()
}

/// The application of a tenant that grants everything, so that only the person's own rights count.
async fn register_with_every_scope(world: &World) {
    let application = json!({
        "name": "Gatepost with every scope",
        "tid": sandbox::people::CONTOSO,
        "tenants": "single",
        "secrets": [{ "value": SECRET }],
        "redirect_uris": { "web": [format!("{}/integration-callback", world.url)] },
        "permissions": catalogue::scopes::all().iter().map(|it| it.name.as_str()).collect::<Vec<_>>(),
        "user_consent": true,
    });
    let answer = world
        .http
        .post(format!("{}/sandbox/apps", world.sandbox_url))
        .json(&application)
        .send()
        .await
        .unwrap();
    let registered: Value = answer.json().await.unwrap();
    let consent = json!({ "client_id": registered["client_id"] });
    let consents = format!("{}/sandbox/consents", world.sandbox_url);
    assert!(
        world
            .http
            .post(consents)
            .json(&consent)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let input = admin::IntegrationInput {
        client_id: registered["client_id"].as_str().unwrap().to_owned(),
        ..world.integration_input()
    };
    admin::save_integration(&world.app, &world.owner_caller(), &world.integration, &input)
        .await
        .unwrap();
}
