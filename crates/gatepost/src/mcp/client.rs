//! What is known of the client behind one message: its era, its version, and what it can do.

use serde_json::Map;
use serde_json::Value;

use crate::mcp::era;
use crate::mcp::era::Era;
use crate::mcp::rpc::Message;

/// The client behind one message. Nothing here says who it is: that is the caller's part.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Client {
    pub era: Era,
    /// The revision in use.
    pub version: String,
    /// What it declared: in the message itself, or in `initialize` as far as the session keeps it.
    pub capabilities: Map<String, Value>,
}

impl Client {
    /// A client of the modern era, which declares itself in every message.
    pub(super) fn modern(message: &Message) -> Self {
        let declared = message
            .params
            .get("_meta")
            .and_then(|it| it.get(era::META_CAPABILITIES));
        Self {
            era: Era::Modern,
            version: era::MODERN.to_owned(),
            capabilities: declared.and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn is_modern(&self) -> bool {
        self.era == Era::Modern
    }

    /// Whether a capability was declared.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.get(capability).is_some_and(Value::is_object)
    }

    /// Whether an extension was declared.
    pub(super) fn has_extension(&self, name: &str) -> bool {
        let all = self.capabilities.get("extensions");
        all.and_then(|it| it.get(name)).is_some_and(Value::is_object)
    }

    /// Whether it can show a person an address: an empty `elicitation` means forms only.
    pub(super) fn takes_urls(&self) -> bool {
        takes_urls(&self.capabilities)
    }
}

/// Whether these capabilities say that addresses can be shown.
pub(super) fn takes_urls(capabilities: &Map<String, Value>) -> bool {
    let elicitation = capabilities.get("elicitation");
    elicitation.and_then(|it| it.get("url")).is_some_and(Value::is_object)
}
