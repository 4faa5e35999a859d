//! Makes what a row needs, calls its operation twice, and looks at status, shape and the record.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use catalogue::{Catalogue, Effect, Operation, Parameter, Place};
use serde_json::{Map, Value, json};

use crate::every_operation::row::{Call, Row, Table};
use crate::every_operation::seen::Seen;
use crate::every_operation::setup::{allow_everything, full_key, made_profile, register_with_every_scope};
use crate::world::World;

/// Seconds between two rows, so that no row meets what another left running, or its rate limit.
const BETWEEN_ROWS_S: i64 = 900;

/// Operations for which Microsoft's list of audited operations has no word, though they are not plain reads.
const NOT_AUDITED: [&str; 4] = [
    "users.refresh_permissions",
    "admin.get_group",
    "admin.get_scan_status",
    "admin.list_capacities",
];

/// A world in which everybody may do everything that Power BI lets them.
pub(crate) struct Runner<'t> {
    table: &'t Table,
    world: World,
    keys: HashMap<String, String>,
    /// What a service principal made before, because people cannot.
    profile: String,
    number: AtomicU64,
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
        let profile = made_profile(&world).await;
        Self {
            table,
            world,
            keys,
            profile,
            number: AtomicU64::new(0),
        }
    }

    /// Calls a row's operation, first with too few rights and then with enough.
    pub(crate) async fn run(&self, row: &Row) -> Result<(), String> {
        self.world.advance_seconds(BETWEEN_ROWS_S);
        let operation = Catalogue::builtin()
            .operation(&row.operation)
            .ok_or("no such operation")?;
        let mut scope = Scope::new();
        let call = self.prepare(row, &mut scope).await?;
        self.judge(row, operation, &call).await
    }

    async fn prepare(&self, row: &Row, scope: &mut Scope) -> Result<Call, String> {
        for name in &row.first {
            Box::pin(self.make(name, &row.who, scope)).await?;
        }
        self.resolved(&row.call, &row.who, scope).await
    }

    async fn judge(&self, row: &Row, operation: &Operation, call: &Call) -> Result<(), String> {
        let refused = self.call_on_record(&row.other, operation, call).await?;
        refused
            .expect_status(row.other_status)
            .map_err(|it| format!("as {}: {it}", row.other))?;
        if 400 <= row.other_status {
            refused.is_explained().map_err(|it| format!("as {}: {it}", row.other))?;
        }
        let answer = self.call_on_record(&row.who, operation, call).await?;
        answer
            .expect_status(row.status)
            .map_err(|it| format!("as {}: {it}", row.who))?;
        if row.status < 300 {
            answer.has_shape_of(operation)?;
            self.is_in_activity_log(operation, &answer)?;
        }
        Ok(())
    }

    /// What changed something is in Power BI's own activity log, under the request's id.
    fn is_in_activity_log(&self, operation: &Operation, answer: &Seen) -> Result<(), String> {
        if operation.effect == Effect::Read || NOT_AUDITED.contains(&operation.id.as_str()) {
            return Ok(());
        }
        let id = answer.headers.get("requestid").and_then(|it| it.to_str().ok());
        let world = self.world.sandbox.world().lock().unwrap();
        let mut events = world.activities.between(sandbox::people::CONTOSO, i64::MIN, i64::MAX);
        events
            .any(|it| Some(it.request_id.as_str()) == id)
            .then_some(())
            .ok_or_else(|| "no event in the activity log".to_owned())
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

    fn known(&self, name: &str) -> Option<&String> {
        let made = Some(&self.profile).filter(|_| name == "profile");
        made.or_else(|| self.table.known.get(name))
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
        seen(request).await
    }

    /// What people do in Microsoft's portal alone, at the sandbox's own address.
    async fn at_sandbox(&self, path: &str, call: &Call) -> Result<Seen, String> {
        let filled = call.with.iter().fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default())
        });
        let request = self.world.http.post(format!("{}{filled}", self.world.sandbox_url));
        seen(request.json(&call.body)).await
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
            let it = scope.get("it").cloned();
            let call = self.resolved(&step.arguments, who, scope).await?;
            let seen = match Catalogue::builtin().operation(&step.call) {
                Some(operation) => self.call(who, operation, &call).await?,
                None => self.at_sandbox(&step.call, &call).await?,
            };
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
            if scope.contains_key(&name) {
                continue;
            }
            match self.known(&name).cloned() {
                Some(value) => drop(scope.insert(name, value)),
                None => Box::pin(self.make(&name, who, scope)).await?,
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

async fn seen(request: reqwest::RequestBuilder) -> Result<Seen, String> {
    let answer = request.send().await.map_err(|error| error.to_string())?;
    Ok(Seen {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.bytes().await.map_err(|error| error.to_string())?.to_vec(),
    })
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
