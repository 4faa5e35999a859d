//! The kinds of entries in groups, as people look for them.

/// A group of kinds.
#[derive(Debug)]
pub struct Group {
    /// The word in the address of Activity.
    pub word: &'static str,
    pub title: &'static str,
    pub kinds: &'static [&'static str],
}

/// Every group. A kind may be in several; each is in one at least.
pub const GROUPS: &[Group] = &[
    Group {
        word: "call.",
        title: "Calls to Power BI",
        kinds: &["call.opened", "call.closed", "call.streamed", "call.refused"],
    },
    Group {
        word: "call.refused",
        title: "Refused calls",
        kinds: &["call.refused", "request.refused"],
    },
    Group {
        word: "sign_in",
        title: "Sign-ins",
        kinds: &[
            "sign_in",
            "sign_in.failed",
            "sign_in.linked",
            "sign_in.unlinked",
            "proof.failed",
            "session.ended",
            "second_factor.added",
            "second_factor.removed",
            "second_factor.reset",
        ],
    },
    Group {
        word: "connection.",
        title: "Connections",
        kinds: &[
            "connection.begun",
            "connection.connected",
            "connection.refused",
            "connection.disconnected",
            "connection.kept_alive",
        ],
    },
    Group {
        word: "grant.",
        title: "Agents and clients",
        kinds: &[
            "grant.revoked",
            "client.registered",
            "client.entered",
            "client.consented",
            "client.secret_rotated",
            "client.locked",
            "client.unlocked",
            "client.grants_revoked",
            "client.revoked",
            "client.deleted",
            "client.code_reuse",
            "client.refresh_reuse",
        ],
    },
    Group {
        word: "approval.",
        title: "Approvals",
        kinds: &[
            "approval.approved",
            "approval.refused",
            "approval.taken_back",
            "approval.void",
        ],
    },
    Group {
        word: "policy.",
        title: "Policies",
        kinds: &[
            "policy.created",
            "policy.changed",
            "policy.enabled",
            "policy.disabled",
            "policy.deleted",
        ],
    },
    Group {
        word: "integration.",
        title: "Integrations",
        kinds: &[
            "integration.created",
            "integration.changed",
            "integration.tested",
            "integration.deleted",
        ],
    },
    Group {
        word: "person.",
        title: "People",
        kinds: &[
            "person.added",
            "person.joined",
            "person.invited",
            "person.invitation_withdrawn",
            "person.role_changed",
            "person.locked",
            "person.unlocked",
            "person.sessions_ended",
            "person.grants_revoked",
            "person.password_changed",
        ],
    },
    Group {
        word: "group.",
        title: "Groups",
        kinds: &[
            "group.created",
            "group.deleted",
            "group.member_added",
            "group.member_removed",
        ],
    },
    Group {
        word: "api_key.",
        title: "API keys",
        kinds: &["api_key.created", "api_key.revoked"],
    },
    Group {
        word: "environment.",
        title: "Settings",
        kinds: &[
            "environment.renamed",
            "environment.admission_changed",
            "sign_in_provider.saved",
            "sign_in_provider.deleted",
            "setup.completed",
            "installation.restored",
        ],
    },
    Group {
        word: "audit.",
        title: "Exports and the log itself",
        kinds: &["audit.exported", "audit.gap_acknowledged"],
    },
];

/// The kinds a word of the address means: those of a group, or the one kind of this name. Empty for no word.
pub fn named(word: &str) -> Vec<&str> {
    match GROUPS.iter().find(|it| it.word == word) {
        Some(group) => group.kinds.to_vec(),
        None if word.is_empty() => Vec::new(),
        None => vec![word],
    }
}
