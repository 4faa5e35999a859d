//! Our own OAuth scopes, from narrow to wide.

use std::collections::BTreeSet;

use catalogue::Effect;

use super::Role;

/// One scope a client may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read Power BI.
    Read,
    /// Run, create, update, delete and share; includes reading.
    Write,
    /// Administrator operations; includes writing.
    Admin,
    /// Stay signed in: refresh tokens (OpenID Connect Core §11).
    OfflineAccess,
}

impl Scope {
    /// Every scope, in the order shown to people.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Admin, Self::OfflineAccess];

    /// The scope's name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "powerbi.read",
            Self::Write => "powerbi.write",
            Self::Admin => "powerbi.admin",
            Self::OfflineAccess => "offline_access",
        }
    }

    /// Whether a person of this role may hold it.
    pub fn is_for(self, role: Role) -> bool {
        self != Self::Admin || role.may_manage()
    }

    /// The scope an operation of this effect needs.
    pub fn needed_for(effect: Effect) -> Self {
        match effect {
            Effect::Read => Self::Read,
            Effect::Admin => Self::Admin,
            Effect::Run | Effect::Create | Effect::Update | Effect::Delete | Effect::Share => Self::Write,
        }
    }
}

/// A set of scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// All scopes, as the portal has them.
    pub fn all() -> Self {
        Self(Scope::ALL.into_iter().collect())
    }

    /// Parses a space-separated list (RFC 6749 §3.3); the error is the first unknown name.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split_ascii_whitespace()
            .map(|name| {
                Scope::ALL
                    .into_iter()
                    .find(|it| it.as_str() == name)
                    .ok_or_else(|| name.to_owned())
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Parses a stored list, passing over names this version does not know.
    pub fn from_stored(text: &str) -> Self {
        Self(
            text.split_ascii_whitespace()
                .filter_map(|name| Scope::ALL.into_iter().find(|it| it.as_str() == name))
                .collect(),
        )
    }

    /// The scopes of this set that a person of this role may hold.
    ///
    /// Invariant: whatever was given to a key, token or grant, it holds no more than its person's present role.
    #[must_use]
    pub fn within(self, role: Role) -> Self {
        Self(self.0.into_iter().filter(|it| it.is_for(role)).collect())
    }

    /// What a stored list holds now, in the hands of a person of this role.
    pub fn held(stored: &str, role: Role) -> Self {
        Self::from_stored(stored).within(role)
    }

    /// Whether the set allows what `scope` allows: admin includes write, write includes read.
    pub fn allows(&self, scope: Scope) -> bool {
        let has = |it| self.0.contains(&it);
        match scope {
            Scope::Read => has(Scope::Read) || has(Scope::Write) || has(Scope::Admin),
            Scope::Write => has(Scope::Write) || has(Scope::Admin),
            Scope::Admin | Scope::OfflineAccess => has(scope),
        }
    }

    /// Whether every scope of `other` is allowed by this set.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|&it| self.allows(it))
    }

    /// The same set with one more scope.
    #[must_use]
    pub fn with(mut self, scope: Scope) -> Self {
        self.0.insert(scope);
        self
    }

    /// The scopes, narrow first.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// Whether no scope is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.iter().map(Scope::as_str).collect::<Vec<_>>().join(" "))
    }
}
