//! The frame around a page: navigation, and the line that says what was just done.

use super::visitor::{Place, Visitor};
use crate::caller::Role;
use crate::clock::Timestamp;
use crate::page::{self, Link, Notice, Page, Part, Viewer};

/// The layout for this visitor.
pub(super) fn page(visitor: &Visitor, at: &Place<'_>, now: Timestamp) -> Page {
    let manages = visitor.caller.role.may_manage();
    let name = &visitor.caller.person_name;
    Page {
        title: at.title.to_owned(),
        section: at.section,
        csrf: visitor.csrf.clone(),
        notice: visitor.notice.clone(),
        person: Some(Viewer {
            name: name.clone(),
            initials: page::initials(name),
            role_name: role_name(visitor.caller.role),
            manages,
        }),
        environment: visitor.environment.name.clone(),
        nav: parts(manages, visitor.waiting),
        now,
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn parts(manages: bool, waiting: i64) -> Vec<Part> {
    let link = |path, title, section, icon| Link {
        path,
        title,
        section,
        icon,
        count: 0,
    };
    let mut mine = vec![
        link("/connections", "My connections", "connections", "link"),
        link("/agents", "My agents", "agents", "agent"),
        link("/connect-an-agent", "Connect an agent", "connect_agent", "terminal"),
    ];
    let approvals = Link {
        count: waiting,
        ..link("/approvals", "Approvals", "approvals", "hand")
    };
    let shared = [
        link("/activity", "Activity", "activity", "list"),
        link("/keys", "API keys", "keys", "key"),
    ];
    let overview = Part {
        title: "",
        links: vec![link("/", "Overview", "overview", "home")],
    };
    if !manages {
        mine.push(approvals);
        mine.extend(shared);
        return vec![
            overview,
            Part {
                title: "You",
                links: mine,
            },
        ];
    }
    let mut environment = vec![
        link("/integrations", "Integrations", "integrations", "plug"),
        link("/policies", "Policies", "policies", "shield"),
        approvals,
    ];
    environment.extend(shared);
    environment.extend([
        link("/clients", "Clients", "clients", "agent"),
        link("/people", "People", "people", "people"),
        link("/groups", "Groups", "groups", "group"),
        link("/settings", "Settings", "settings", "gear"),
    ]);
    vec![
        overview,
        Part {
            title: "You",
            links: mine,
        },
        Part {
            title: "Environment",
            links: environment,
        },
    ]
}

/// A role as people read it.
pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Person => "Person",
        Role::Administrator => "Administrator",
        Role::Owner => "Owner",
    }
}

/// What `?done=…` says. Only these words exist, so that a link cannot put text of its own on a page.
const DONE: &[(&str, &str, &str)] = &[
    (
        "integration-saved",
        "good",
        "The integration is saved. Test it, then connect your own account.",
    ),
    (
        "integration-odd",
        "warn",
        "The integration is saved, but the secret does not look like one of today; check that the whole Value was copied.",
    ),
    (
        "integration-deleted",
        "good",
        "The integration and its connections are deleted.",
    ),
    ("connected", "good", "Your Power BI account is connected."),
    (
        "disconnected",
        "good",
        "The connection's tokens are destroyed here. To withdraw your consent at Microsoft too, open myapps.microsoft.com.",
    ),
    ("revoked", "good", "Revoked. It stops working at once."),
    ("policy-saved", "good", "The policy is saved and holds from now on."),
    ("policy-deleted", "good", "The policy is deleted and no longer holds."),
    ("decided", "good", "Your decision is on record."),
    (
        "person-added",
        "good",
        "The administrator can now sign in with e-mail and password.",
    ),
    ("saved", "good", "Saved."),
    ("deleted", "good", "Deleted."),
    (
        "linked",
        "good",
        "You can sign in with this Microsoft account now. Nothing was connected by that.",
    ),
    (
        "unlinked",
        "good",
        "That Microsoft account is no way in any more. What is connected stays connected.",
    ),
    ("sessions-ended", "good", "The sessions are ended."),
    (
        "password-changed",
        "good",
        "Your password is changed. Your other browsers are signed out.",
    ),
];

/// The line for a query string, if it asks for a known one.
pub(super) fn notice(query: &str) -> Option<Notice> {
    let mut asked = url::form_urlencoded::parse(query.as_bytes());
    let done = asked.find_map(|(name, value)| match &*name {
        "done" => Some(value),
        // The way back from Microsoft names the connection it made.
        "connected" => Some("connected".into()),
        _ => None,
    })?;
    DONE.iter()
        .find(|(word, ..)| *word == done)
        .map(|(_, kind, text)| Notice {
            kind,
            text: (*text).to_owned(),
        })
}
