//! The seeded people of the pretend directories: Contoso, and Fabrikam whose guest visits Contoso.

use serde::Deserialize;
use serde::Serialize;

/// Directory (tenant) id of Contoso, the tenant most things happen in.
pub const CONTOSO: &str = "5a4db0c5-0000-4000-8000-00000000c001";
/// Directory (tenant) id of Fabrikam, the other organisation.
pub const FABRIKAM: &str = "5a4db0c5-0000-4000-8000-00000000fab1";
/// The tenant of personal Microsoft accounts; the id is Microsoft's.
pub const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Object id of Ada, administrator of Contoso.
pub const ADA: &str = "5a4db0c5-0001-4000-8000-000000000001";
/// Object id of Bo, who builds models and reports.
pub const BO: &str = "5a4db0c5-0001-4000-8000-000000000002";
/// Object id of Cy, who explores data with the Build right.
pub const CY: &str = "5a4db0c5-0001-4000-8000-000000000003";
/// Object id of Di, who only reads.
pub const DI: &str = "5a4db0c5-0001-4000-8000-000000000004";
/// Object id of Eve, who reads through an app only.
pub const EVE: &str = "5a4db0c5-0001-4000-8000-000000000005";
/// Object id of Flo, who has no workspace at all.
pub const FLO: &str = "5a4db0c5-0001-4000-8000-000000000006";
/// Object id of Gus in Fabrikam, his home.
pub const GUS: &str = "5a4db0c5-0001-4000-8000-000000000007";
/// Object id of Gus's guest object in Contoso.
pub const GUS_AS_GUEST: &str = "5a4db0c5-0001-4000-8000-0000000000a7";
/// Object id of Hal, whose account is disabled.
pub const HAL: &str = "5a4db0c5-0001-4000-8000-000000000008";
/// Object id of Ivy, who must prove a second factor.
pub const IVY: &str = "5a4db0c5-0001-4000-8000-000000000009";
/// Object id of Joy, who has a personal account.
pub const JOY: &str = "5a4db0c5-0001-4000-8000-000000000010";
/// Object id of Kim, administrator of Fabrikam.
pub const KIM: &str = "5a4db0c5-0001-4000-8000-000000000011";

/// Object id of the seeded service principal in Contoso.
pub const NIGHTLY_JOB: &str = "5a4db0c5-0003-4000-8000-000000000001";
/// Application id of the seeded service principal.
pub const NIGHTLY_JOB_APP: &str = "5a4db0c5-0002-4000-8000-000000000002";

/// Security group of everyone in Contoso's sales.
pub const SALES_TEAM: &str = "5a4db0c5-0004-4000-8000-000000000001";
/// Security group of everyone in Contoso's finance.
pub const FINANCE_TEAM: &str = "5a4db0c5-0004-4000-8000-000000000002";
/// Security group whose service principals may use the Power BI API.
pub const POWER_BI_PRINCIPALS: &str = "5a4db0c5-0004-4000-8000-000000000003";

/// One organisation's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// Directory id.
    pub tid: String,
    /// Display name.
    pub name: String,
    /// Verified domains; the first is the primary one.
    pub domains: Vec<String>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Home directory.
    pub tid: String,
    /// Object id in the home directory.
    pub oid: String,
    /// Sign-in name.
    pub upn: String,
    /// Display name.
    pub name: String,
    /// Object ids of security groups.
    pub groups: Vec<String>,
    /// Objects of this person in other directories.
    pub guest_in: Vec<Guest>,
    /// May consent for the whole directory, and is a Fabric administrator.
    pub is_admin: bool,
    /// The account is switched off.
    pub disabled: bool,
    /// A second factor is asked for: at sign-in, and at every refresh of a grant made without one.
    pub needs_second_factor: bool,
}

/// A person's object in a directory that is not their home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// The directory visited.
    pub tid: String,
    /// Object id there.
    pub oid: String,
}

impl Person {
    /// A plain, enabled member of a directory.
    pub fn new(tid: &str, oid: &str, upn: &str, name: &str) -> Person {
        Person {
            tid: tid.to_owned(),
            oid: oid.to_owned(),
            upn: upn.to_owned(),
            name: name.to_owned(),
            groups: Vec::new(),
            guest_in: Vec::new(),
            is_admin: false,
            disabled: false,
            needs_second_factor: false,
        }
    }

    /// A personal Microsoft account rather than one of an organisation.
    pub fn is_personal(&self) -> bool {
        self.tid == CONSUMERS
    }

    /// What sets this account apart, in a few words; empty for a plain member.
    pub fn note(&self) -> &'static str {
        match self {
            _ if self.is_personal() => "personal account",
            _ if self.disabled => "disabled",
            _ if self.needs_second_factor => "second factor",
            _ if !self.guest_in.is_empty() => "guest elsewhere",
            _ if self.is_admin => "administrator",
            _ => "",
        }
    }

    /// This person's object id in directory `tid`: at home, or as a guest.
    pub fn oid_in(&self, tid: &str) -> Option<&str> {
        if self.tid == tid {
            return Some(&self.oid);
        }
        self.guest_in
            .iter()
            .find(|guest| guest.tid == tid)
            .map(|guest| guest.oid.as_str())
    }

    /// The sign-in name as directory `tid` writes it; a guest's carries the `#EXT#` mark.
    pub fn upn_in(&self, tid: &str, primary_domain: &str) -> String {
        if self.tid == tid || self.guest_in.iter().all(|guest| guest.tid != tid) {
            return self.upn.clone();
        }
        format!("{}#EXT#@{primary_domain}", self.upn.replace('@', "_"))
    }
}

/// The seeded directories.
pub fn tenants() -> Vec<Tenant> {
    let tenant = |tid: &str, name: &str, domains: &[&str]| Tenant {
        tid: tid.to_owned(),
        name: name.to_owned(),
        domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
    };
    vec![
        tenant(CONTOSO, "Contoso", &["contoso.test", "contoso.onmicrosoft.test"]),
        tenant(FABRIKAM, "Fabrikam", &["fabrikam.test"]),
        tenant(CONSUMERS, "Personal accounts", &["outlook.test"]),
    ]
}

/// The seeded people, as they are before anything happens.
pub fn people() -> Vec<Person> {
    let contoso = |oid, upn, name, groups: &[&str]| Person {
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        ..Person::new(CONTOSO, oid, upn, name)
    };
    let guest = Guest {
        tid: CONTOSO.to_owned(),
        oid: GUS_AS_GUEST.to_owned(),
    };
    vec![
        Person {
            is_admin: true,
            ..contoso(ADA, "ada@contoso.test", "Ada Admin", &[])
        },
        contoso(BO, "bo@contoso.test", "Bo Builder", &[SALES_TEAM]),
        contoso(CY, "cy@contoso.test", "Cy Curious", &[SALES_TEAM]),
        contoso(DI, "di@contoso.test", "Di Reader", &[FINANCE_TEAM]),
        contoso(EVE, "eve@contoso.test", "Eve Appleby", &[]),
        contoso(FLO, "flo@contoso.test", "Flo Newcomer", &[]),
        Person {
            guest_in: vec![guest],
            ..Person::new(FABRIKAM, GUS, "gus@fabrikam.test", "Gus Guest")
        },
        Person {
            disabled: true,
            ..contoso(HAL, "hal@contoso.test", "Hal Gone", &[])
        },
        Person {
            needs_second_factor: true,
            ..contoso(IVY, "ivy@contoso.test", "Ivy Factor", &[])
        },
        Person::new(CONSUMERS, JOY, "joy@outlook.test", "Joy Private"),
        Person {
            is_admin: true,
            ..Person::new(FABRIKAM, KIM, "kim@fabrikam.test", "Kim Keeper")
        },
    ]
}

/// Finds a seeded person by sign-in name, whatever its case.
pub fn find_by_upn(upn: &str) -> Option<Person> {
    people().into_iter().find(|person| person.upn.eq_ignore_ascii_case(upn))
}

/// Finds a seeded person by object id, at home or as a guest.
pub fn find_by_oid(oid: &str) -> Option<Person> {
    people()
        .into_iter()
        .find(|person| person.oid == oid || person.guest_in.iter().any(|guest| guest.oid == oid))
}
