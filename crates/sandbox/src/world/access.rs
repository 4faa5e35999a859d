//! Who may do what: principals, workspace roles and the rights on one item.

use uuid::Uuid;

use crate::people;
use crate::people::Person;

/// A role in a workspace, from the least to the most powerful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads items.
    Viewer,
    /// Changes items.
    Contributor,
    /// Changes items and shares them.
    Member,
    /// Changes the workspace itself.
    Admin,
}

impl Role {
    /// The role of that name, in any case.
    pub fn parse(text: &str) -> Option<Role> {
        [Role::Viewer, Role::Contributor, Role::Member, Role::Admin]
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(text))
    }

    /// The role as the service writes it.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "Viewer",
            Role::Contributor => "Contributor",
            Role::Member => "Member",
            Role::Admin => "Admin",
        }
    }

    /// What the role gives on every item of the workspace.
    pub fn rights(self) -> Rights {
        match self {
            Role::Viewer => Rights::READ,
            Role::Contributor => Rights {
                read: true,
                write: true,
                reshare: false,
                explore: true,
            },
            Role::Member | Role::Admin => Rights::ALL,
        }
    }
}

/// The rights on one item. `explore` is what the portal calls Build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// See the item.
    pub read: bool,
    /// Change the item.
    pub write: bool,
    /// Hand the item on.
    pub reshare: bool,
    /// Build: query the model and build on it.
    pub explore: bool,
}

impl Rights {
    /// Nothing.
    pub const NONE: Rights = Rights {
        read: false,
        write: false,
        reshare: false,
        explore: false,
    };
    /// Only seeing.
    pub const READ: Rights = Rights {
        read: true,
        ..Rights::NONE
    };
    /// Seeing and building.
    pub const READ_EXPLORE: Rights = Rights {
        explore: true,
        ..Rights::READ
    };
    /// Everything.
    pub const ALL: Rights = Rights {
        read: true,
        write: true,
        reshare: true,
        explore: true,
    };

    /// Reads words such as `ReadReshareExplore`; `None` is nothing at all.
    pub fn parse(text: &str) -> Option<Rights> {
        let all = [false, true].into_iter();
        let mut combinations = all
            .flat_map(|write| [false, true].map(|reshare| (write, reshare)))
            .flat_map(|(write, reshare)| {
                [false, true].map(|explore| Rights {
                    read: true,
                    write,
                    reshare,
                    explore,
                })
            });
        if text.eq_ignore_ascii_case("None") {
            return Some(Rights::NONE);
        }
        combinations.find(|rights| rights.name().eq_ignore_ascii_case(text))
    }

    /// The rights as the service writes them.
    pub fn name(self) -> String {
        if !self.read {
            return "None".to_owned();
        }
        let words = [
            (self.write, "Write"),
            (self.reshare, "Reshare"),
            (self.explore, "Explore"),
        ];
        words
            .iter()
            .filter(|(held, _)| *held)
            .fold("Read".to_owned(), |text, (_, word)| text + word)
    }

    /// What either of both gives.
    pub fn and(self, other: Rights) -> Rights {
        Rights {
            read: self.read || other.read,
            write: self.write || other.write,
            reshare: self.reshare || other.reshare,
            explore: self.explore || other.explore,
        }
    }
}

/// Somebody who can be given access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person, by object id and sign-in name.
    User { oid: String, upn: String, name: String },
    /// A security group, by object id.
    Group { oid: String, name: String },
    /// A service principal, by object id.
    App { oid: String, name: String },
}

impl Principal {
    /// A seeded person as directory `tid` knows them.
    pub fn person(tid: &str, oid: &str) -> Principal {
        let known = people::find_by_oid(oid).and_then(|person| Principal::of(&person, tid));
        known.unwrap_or_else(|| Principal::User {
            oid: oid.to_owned(),
            upn: oid.to_owned(),
            name: oid.to_owned(),
        })
    }

    /// Finds one of `people` in directory `tid` by sign-in name or object id, at home or as a guest.
    pub fn find_person(people: &[Person], tid: &str, name: &str) -> Option<Principal> {
        people.iter().find_map(|person| {
            let found = Principal::of(person, tid)?;
            (found.is_named(name) || person.upn.eq_ignore_ascii_case(name)).then_some(found)
        })
    }

    /// A person as directory `tid` knows them; `None` if it does not.
    fn of(person: &Person, tid: &str) -> Option<Principal> {
        let oid = person.oid_in(tid)?.to_owned();
        let tenant = people::tenants().into_iter().find(|tenant| tenant.tid == tid);
        let domain = tenant
            .and_then(|tenant| tenant.domains.into_iter().next())
            .unwrap_or_default();
        Some(Principal::User {
            oid,
            upn: person.upn_in(tid, &domain),
            name: person.name.clone(),
        })
    }

    /// Finds a security group of Contoso by object id.
    pub fn find_group(oid: &str) -> Option<Principal> {
        let known = [
            (people::SALES_TEAM, "Sales team"),
            (people::FINANCE_TEAM, "Finance team"),
            (people::POWER_BI_PRINCIPALS, "Power BI principals"),
        ];
        let (oid, name) = known.into_iter().find(|(id, _)| id.eq_ignore_ascii_case(oid))?;
        Some(Principal::Group {
            oid: oid.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Finds a service principal of Contoso by object id.
    pub fn find_app(oid: &str) -> Option<Principal> {
        let known = oid.eq_ignore_ascii_case(people::NIGHTLY_JOB);
        known.then(|| Principal::App {
            oid: people::NIGHTLY_JOB.to_owned(),
            name: "Nightly job".to_owned(),
        })
    }

    /// Object id in the directory.
    pub fn oid(&self) -> &str {
        match self {
            Principal::User { oid, .. } | Principal::Group { oid, .. } | Principal::App { oid, .. } => oid,
        }
    }

    /// What the service puts into `identifier`.
    pub fn identifier(&self) -> &str {
        match self {
            Principal::User { upn, .. } => upn,
            Principal::Group { oid, .. } | Principal::App { oid, .. } => oid,
        }
    }

    /// Display name.
    pub fn name(&self) -> &str {
        match self {
            Principal::User { name, .. } | Principal::Group { name, .. } | Principal::App { name, .. } => name,
        }
    }

    /// What the service puts into `principalType`.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::User { .. } => "User",
            Principal::Group { .. } => "Group",
            Principal::App { .. } => "App",
        }
    }

    /// Is this `text`, as identifier, mail address or object id?
    pub fn is_named(&self, text: &str) -> bool {
        self.identifier().eq_ignore_ascii_case(text) || self.oid().eq_ignore_ascii_case(text)
    }
}

/// Who asks: one person or service principal in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The directory.
    pub tid: String,
    /// Object id there.
    pub oid: String,
    /// Sign-in name; empty for a service principal.
    pub upn: String,
    /// Object ids of the security groups.
    pub groups: Vec<String>,
    /// A service principal.
    pub app_only: bool,
}

impl Who {
    /// A seeded person of directory `tid`, with the groups the directory knows.
    pub fn person(tid: &str, oid: &str) -> Who {
        let groups = people::find_by_oid(oid).map(|person| person.groups).unwrap_or_default();
        let upn = Principal::person(tid, oid).identifier().to_owned();
        Who {
            tid: tid.to_owned(),
            oid: oid.to_owned(),
            upn,
            groups,
            app_only: false,
        }
    }

    /// Is `principal` this somebody, or a group of theirs?
    pub fn is(&self, principal: &Principal) -> bool {
        match principal {
            Principal::Group { oid, .. } => self.groups.contains(oid),
            Principal::User { oid, .. } | Principal::App { oid, .. } => *oid == self.oid,
        }
    }
}

/// A right on one item given to somebody directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub principal: Principal,
    /// What.
    pub rights: Rights,
}

/// What all the grants to `who` add up to.
pub fn granted(grants: &[Grant], who: &Who) -> Rights {
    grants
        .iter()
        .filter(|grant| who.is(&grant.principal))
        .fold(Rights::NONE, |sum, grant| sum.and(grant.rights))
}

/// One somebody with a role in a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub principal: Principal,
    /// As what.
    pub role: Role,
}

/// The capacity id that means "off every capacity".
pub const NO_CAPACITY: Uuid = Uuid::nil();
