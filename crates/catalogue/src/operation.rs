//! One Power BI REST operation: what it is called, what it takes, what it answers and what it does.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

use crate::fields;
use crate::fields::Field;
use crate::parameter::Parameter;
use crate::parameter::Place;
use crate::scopes::Scopes;
use crate::template::Template;

/// One REST operation of Power BI.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Our own id, e.g. `datasets.refresh_in_group`.
    pub id: String,
    /// Microsoft's id, e.g. `Datasets_RefreshDatasetInGroup`.
    pub microsoft_id: String,
    /// The group it is listed under; also the name of its file.
    pub group: String,
    pub method: Method,
    pub path: Template,
    /// One line on what it does.
    pub summary: String,
    /// What is worth knowing before calling it.
    pub hints: Vec<String>,
    pub parameters: Vec<Parameter>,
    /// JSON Schema 2020-12 of the request body, without references.
    pub body: Option<serde_json::Value>,
    pub body_required: bool,
    /// How large a JSON body may be.
    pub body_bound: BodyBound,
    /// Whether a file may be sent as `multipart/form-data` in place of a JSON body.
    pub multipart: bool,
    pub answer: Answer,
    /// JSON Schema 2020-12 of a JSON answer, without references. Objects may hold more than it names, and what it does not
    /// require may be missing or null.
    pub answer_schema: Option<serde_json::Value>,
    pub paging: Paging,
    pub scopes: Scopes,
    pub effect: Effect,
    /// Whether it removes or overwrites something that cannot simply be brought back.
    pub destructive: bool,
    /// The argument that makes it so although `destructive` is not set.
    pub destructive_if: Option<Condition>,
    pub long_running: Option<LongRunning>,
    /// The same operation in the other form: on My workspace, or in a named workspace.
    pub twin: Option<String>,
    /// The service's limits, as sentences.
    pub limits: Vec<String>,
    pub rate: Option<Rate>,
    pub principals: Principals,
    pub status: Status,
    /// The kind of the object its path names, if it names one.
    pub item: Option<ItemKind>,
}

impl Operation {
    /// The parameter that holds the id of the object the path names.
    pub fn item_parameter(&self) -> Option<&Parameter> {
        let kind = self.item?;
        self.parameters
            .iter()
            .rev()
            .find(|parameter| parameter.place == Place::Path && ItemKind::named_by(&parameter.name) == Some(kind))
    }

    /// Whether the path runs inside a named workspace.
    pub fn is_in_workspace(&self) -> bool {
        self.parameter("groupId").is_some()
    }

    /// The parameter of this name, upper and lower case being the same.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    /// The fields of its body, flat.
    pub fn body_fields(&self) -> Vec<Field> {
        self.body.as_ref().map(fields::of_schema).unwrap_or_default()
    }

    /// The fields of its JSON answer, flat.
    pub fn answer_fields(&self) -> Vec<Field> {
        self.answer_schema.as_ref().map(fields::of_schema).unwrap_or_default()
    }
}

/// An enum whose members have one fixed word each, in data files, JSON and messages alike.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$member_doc])* #[serde(rename = $word)] $member,)+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$member),+];

            /// The word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|word| word.as_str() == text)
                    .ok_or_else(|| {
                        let words: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                        format!("expected one of {}", words.join(", "))
                    })
            }
        }
    };
}

words! {
    /// What an operation does, from the most harmless up.
    Effect {
        Read = "read",
        Run = "run",
        Create = "create",
        Update = "update",
        Delete = "delete",
        Share = "share",
        Admin = "admin",
    }
}

words! {
    /// The HTTP method of an operation.
    Method {
        Get = "GET",
        Post = "POST",
        Put = "PUT",
        Patch = "PATCH",
        Delete = "DELETE",
    }
}

words! {
    /// What a successful answer holds.
    Answer {
        Json = "json",
        /// A file.
        Binary = "binary",
        Empty = "empty",
        /// One or more Arrow IPC streams, one after the other.
        Arrow = "arrow",
    }
}

words! {
    /// How a long list is fetched in parts.
    Paging {
        None = "none",
        /// `$top` and `$skip`.
        TopSkip = "top_skip",
        /// `$top` alone: only the newest can be had.
        Top = "top",
        /// `$top`, then the address in `@odata.nextLink`.
        NextLink = "next_link",
        /// The `continuationToken` of the answer before.
        Continuation = "continuation",
    }
}

words! {
    /// How finished Microsoft calls it.
    Status {
        Ga = "ga",
        Preview = "preview",
        Deprecated = "deprecated",
    }
}

words! {
    /// Whether a service principal may call it.
    Principals {
        /// Yes, and so may its profiles.
        Allowed = "allowed",
        /// Yes, but not on models with row-level security or single sign-on.
        NotOnSecuredModels = "not_on_secured_models",
        /// Yes, where the tenant lets principals read admin data.
        AdminRead = "admin_read",
        /// No: a Fabric administrator in person.
        AdministratorsOnly = "administrators_only",
        /// No: a principal has no My workspace.
        MyWorkspace = "my_workspace",
        Refused = "refused",
        /// Nobody else may.
        Only = "only",
        NotStated = "not_stated",
    }
}

words! {
    /// The kinds of Power BI objects that a path can name.
    ItemKind {
        Workspace = "workspace",
        Dataset = "dataset",
        Report = "report",
        Dashboard = "dashboard",
        Tile = "tile",
        Dataflow = "dataflow",
        App = "app",
        Capacity = "capacity",
        Gateway = "gateway",
        Datasource = "datasource",
        Pipeline = "pipeline",
        Import = "import",
        Scorecard = "scorecard",
        Goal = "goal",
        Profile = "profile",
    }
}

impl ItemKind {
    /// The kind of object whose id a path parameter of this name holds.
    pub fn named_by(parameter: &str) -> Option<Self> {
        Some(match parameter {
            "groupId" => Self::Workspace,
            "datasetId" => Self::Dataset,
            "reportId" => Self::Report,
            "dashboardId" => Self::Dashboard,
            "tileId" => Self::Tile,
            "dataflowId" | "gen1DataflowId" => Self::Dataflow,
            "appId" => Self::App,
            "capacityId" => Self::Capacity,
            "gatewayId" => Self::Gateway,
            "datasourceId" => Self::Datasource,
            "pipelineId" => Self::Pipeline,
            "importId" => Self::Import,
            "scorecardId" => Self::Scorecard,
            "goalId" => Self::Goal,
            "profileId" => Self::Profile,
            _ => return None,
        })
    }
}

/// An argument having one of some values.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A parameter's name, or a field of the body such as `body.type`.
    pub argument: String,
    /// The values that meet it, upper and lower case being the same.
    pub is: Vec<String>,
}

/// How much a JSON body may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyBound {
    pub kibibytes: usize,
    /// Values in it, lists and objects counted too.
    pub values: usize,
}

impl Default for BodyBound {
    /// Far more than any body but one of data needs.
    fn default() -> Self {
        Self {
            kibibytes: 1024,
            values: 50_000,
        }
    }
}

impl BodyBound {
    pub fn bytes(self) -> usize {
        self.kibibytes * 1024
    }
}

/// Operations that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The first part of the ids of its operations.
    pub id: String,
    /// What people read.
    pub title: String,
}

/// How work that outlasts its request is followed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongRunning {
    /// The operation that tells how far it is.
    pub poll: String,
    /// The words of the answer that mean it is over.
    pub done: Vec<String>,
    /// The operation that gives the result once it is over.
    pub result: Option<String>,
}

/// How often the service lets an operation be called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Its name in the data files.
    #[serde(skip)]
    pub class: String,
    /// Each of them holds.
    pub windows: Vec<Window>,
    pub per: Per,
    /// Whether all operations of the class draw on one budget.
    #[serde(default)]
    pub shared: bool,
}

/// So many calls in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    pub calls: u32,
    pub seconds: u32,
}

words! {
    /// Whose calls are counted together.
    Per {
        User = "user",
        Tenant = "tenant",
        Dataset = "dataset",
    }
}
