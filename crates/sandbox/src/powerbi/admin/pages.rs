//! Lists that go on behind a continuation token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::powerbi::answer::Answer;
use crate::powerbi::call::Call;
use crate::powerbi::refusal::Refusal;

/// Entries of one page of a list that is cut by number.
const PER_PAGE: usize = 100;

/// A parameter that the service wants in single quotes; it takes it without them too.
pub(super) fn unquoted<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    let text = call.query(name)?.trim();
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    Some(inner.unwrap_or(text))
}

/// What a continuation token says, if there is one.
pub(super) fn continued(call: &Call) -> Result<Option<String>, Refusal> {
    let Some(token) = unquoted(call, "continuationToken").filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let refused = || Refusal::bad("continuationToken was not given out by this service");
    // The token is percent-encoded as it is handed out; some clients encode it once more, others undo it.
    let mut token = token.to_owned();
    while token.contains('%') {
        token = match percent_decode_str(&token).decode_utf8().map_err(|_| refused())? {
            decoded if decoded == token => return Err(refused()),
            decoded => decoded.into_owned(),
        };
    }
    let bytes = STANDARD.decode(token).map_err(|_| refused())?;
    String::from_utf8(bytes).map(Some).map_err(|_| refused())
}

/// An answer with one page, and where it goes on.
pub(super) fn page(call: &Call, path: &str, mut fields: Map<String, Value>, next: Option<&str>) -> Answer {
    let token = next.map(|next| utf8_percent_encode(&STANDARD.encode(next), NON_ALPHANUMERIC).to_string());
    let uri = token
        .as_ref()
        .map(|token| call.own_url(&format!("{path}?continuationToken='{token}'")));
    fields.insert("continuationUri".to_owned(), json!(uri));
    fields.insert("continuationToken".to_owned(), json!(token));
    Answer::json(&Value::Object(fields))
}

/// A list that is cut by number.
pub(super) struct List<'l> {
    /// Its path below `/v1.0/myorg`; a token belongs to one path alone.
    pub(super) path: &'l str,
    /// The field that holds the entries.
    pub(super) field: &'l str,
    /// Its context, where the service gives one.
    pub(super) context: Option<String>,
}

/// Where a list goes on: how many entries were given out, and what the first call asked for.
pub(super) fn place(call: &Call, path: &str) -> Result<Option<(usize, String)>, Refusal> {
    let Some(text) = continued(call)? else {
        return Ok(None);
    };
    let mut parts = text.splitn(3, ',');
    let (number, home, asked) = (parts.next(), parts.next(), parts.next());
    let number = number
        .and_then(|number| number.parse().ok())
        .filter(|_| home == Some(path));
    let place = number.zip(asked.map(str::to_owned));
    place
        .map(Some)
        .ok_or_else(|| Refusal::bad("continuationToken belongs to another list"))
}

/// One page of a list; `asked` is what the pages to come are told of the first call.
pub(super) fn cut(call: &Call, list: List<'_>, asked: &str, items: Vec<Map<String, Value>>) -> Result<Answer, Refusal> {
    let List { path, field, context } = list;
    let skip = place(call, path)?.map_or(0, |(skip, _)| skip);
    let end = skip.saturating_add(PER_PAGE);
    let next = (end < items.len()).then(|| format!("{end},{path},{asked}"));
    let items: Vec<Value> = items.into_iter().skip(skip).take(PER_PAGE).map(Value::Object).collect();
    let mut fields = Map::new();
    if let Some(context) = context {
        fields.insert("@odata.context".to_owned(), context.into());
    }
    fields.insert(field.to_owned(), items.into());
    Ok(page(call, path, fields, next.as_deref()))
}
