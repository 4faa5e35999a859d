//! Which parts of a call are secret. The catalogue marks them by their place in the body, with the member `secret` of a schema;
//! what else is one inside an address or a connection string is hidden in every text.

use serde_json::Map;
use serde_json::Value;

use crate::inside::hide_inside;
use crate::operation::Operation;

/// What stands where a secret was.
pub const HIDDEN: &str = "***";

impl Operation {
    /// The arguments of a call with every secret hidden.
    pub fn mask(&self, arguments: &Value) -> Value {
        let Value::Object(arguments) = arguments else {
            return hide_inside(arguments);
        };
        let masked = arguments.iter().map(|(name, value)| {
            let value = if name == "body" {
                self.mask_body(value)
            } else {
                hide_inside(value)
            };
            (name.clone(), value)
        });
        Value::Object(masked.collect())
    }

    /// A body with its secrets hidden.
    pub fn mask_body(&self, body: &Value) -> Value {
        let body = hide_inside(body);
        match &self.body {
            Some(schema) => mask(schema, &body),
            None => body,
        }
    }

    /// The places of the secrets in the body, such as `updateDetails[].newValue`.
    pub fn secrets(&self) -> Vec<String> {
        let fields = self.body.as_ref().map(crate::fields::secrets);
        fields.unwrap_or_default()
    }
}

/// Hides what the schema marks. A value of another shape than the schema's is followed as far as names lead.
fn mask(schema: &Value, value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        _ if schema["secret"] == true => Value::from(HIDDEN),
        Value::Object(fields) => {
            let schema = if schema["items"].is_object() {
                &schema["items"]
            } else {
                schema
            };
            let masked = fields
                .iter()
                .map(|(name, value)| (name.clone(), mask(of(schema, name), value)));
            Value::Object(masked.collect::<Map<_, _>>())
        }
        Value::Array(items) => {
            let schema = if schema["items"].is_object() {
                &schema["items"]
            } else {
                schema
            };
            Value::Array(items.iter().map(|it| mask(schema, it)).collect())
        }
        plain => plain.clone(),
    }
}

/// The schema of one field. The service reads field names in upper and lower case alike.
fn of<'a>(schema: &'a Value, name: &str) -> &'a Value {
    let properties = schema["properties"].as_object();
    let known = properties.and_then(|it| it.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
    known.map_or(&schema["additionalProperties"], |(_, schema)| schema)
}
