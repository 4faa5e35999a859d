//! The compiled policies of one environment at one version, cut into slices once.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::str::FromStr as _;

use catalogue::Catalogue;
use catalogue::Effect;
use catalogue::Operation;
use cedar_policy::ActionConstraint;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy::PrincipalConstraint;
use cedar_policy::ResourceConstraint;

use crate::caller::Caller;
use crate::caller::PolicyId;
use crate::policy::parse;
use crate::policy::parse::Part;
use crate::policy::question;
use crate::policy::question::Who;
use crate::policy::rule::Action;
use crate::policy::rule::Form;
use crate::policy::rule::Invalid;
use crate::policy::rule::Rule;
use crate::policy::rule::Source;
use crate::policy::target;

/// The policies of one environment at one version.
#[derive(Debug, Default)]
pub struct Policies {
    version: i64,
    mention_workspaces: bool,
    entries: Vec<Entry>,
    /// By effect and by whom the policies are about; `None` is everybody.
    slices: HashMap<(Effect, Option<Who>), Slice>,
}

/// Cedar's cost grows with the number of policies, so a call meets only those that can concern it.
#[derive(Debug, Default)]
pub(super) struct Slice {
    pub permits: PolicySet,
    pub forbids: PolicySet,
    pub requirements: PolicySet,
    pub reads_arguments: bool,
    entries: Vec<usize>,
}

/// One Cedar policy and what is known of it before any call.
#[derive(Debug)]
pub(super) struct Entry {
    rule: PolicyId,
    name: String,
    pub part: Part,
    pub mentions_workspace: bool,
    reads_arguments: bool,
    /// Whether this permit allows calls that speak for somebody else.
    pub speaks_for_others: bool,
    actions: Option<BTreeSet<String>>,
    who: Option<Vec<Who>>,
    clients: Option<Vec<String>>,
    /// Whether nothing but operation, person and client decides if it applies.
    is_plain: bool,
}

/// Whether a policy applies to some call of a caller, before its arguments are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Applies {
    Never,
    Perhaps,
    Always,
}

impl Policies {
    /// Compiles the enabled rules, or lists everything wrong with them.
    pub fn compile(version: i64, rules: &[Rule]) -> Result<Self, Vec<Invalid>> {
        let mut policies = Self {
            version,
            ..Self::default()
        };
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for rule in rules.iter().filter(|it| it.is_enabled()) {
            if !seen.insert(&rule.id) {
                let message = "expected each policy once".to_owned();
                problems.push(Invalid {
                    policy: rule.id.clone(),
                    name: rule.name.clone(),
                    message,
                    at: None,
                });
                continue;
            }
            match parse::parse(rule) {
                Ok(parsed) => parsed
                    .into_iter()
                    .for_each(|(policy, part)| policies.add(rule, &policy, part)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(policies)
        } else {
            Err(problems)
        }
    }

    /// The version of the rules; it grows with every change.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether any enabled policy speaks of a workspace.
    pub fn mention_workspaces(&self) -> bool {
        self.mention_workspaces
    }

    /// What a new environment starts with.
    pub fn defaults() -> Vec<Form> {
        vec![
            Form::about("Reading is allowed", Action::Allow, &[Effect::Read]),
            Form::about(
                "Running, creating and updating need approval",
                Action::Approval,
                &[Effect::Run, Effect::Create, Effect::Update],
            ),
            Form::about(
                "Deleting, sharing and administration are denied",
                Action::Deny,
                &[Effect::Delete, Effect::Share, Effect::Admin],
            ),
        ]
    }

    /// The slices that a call of this caller meets.
    pub(super) fn slices(&self, caller: &Caller, effect: Effect) -> Vec<&Slice> {
        let who = Who::all_of(caller).into_iter().map(Some);
        who.chain([None])
            .filter_map(|who| self.slices.get(&(effect, who)))
            .collect()
    }

    /// The policies that a call of this caller meets, in no order.
    pub(super) fn entries(&self, caller: &Caller, effect: Effect) -> impl Iterator<Item = &Entry> {
        self.slices(caller, effect)
            .into_iter()
            .flat_map(|slice| &slice.entries)
            .map(|at| &self.entries[*at])
    }

    /// The policy that stands behind a Cedar id.
    pub(super) fn entry(&self, id: &cedar_policy::PolicyId) -> Option<&Entry> {
        let text: &str = id.as_ref();
        self.entries.get(text.parse::<usize>().ok()?)
    }

    /// Id and name of the rules behind these Cedar ids, in the order of the rules.
    pub(super) fn names<'a>(
        &self,
        ids: impl IntoIterator<Item = &'a cedar_policy::PolicyId>,
    ) -> Vec<(PolicyId, String)> {
        let at: BTreeSet<usize> = ids
            .into_iter()
            .filter_map(|id| AsRef::<str>::as_ref(id).parse().ok())
            .collect();
        let mut names: Vec<(PolicyId, String)> = Vec::new();
        for entry in at.into_iter().filter_map(|at| self.entries.get(at)) {
            if names.last().is_none_or(|(last, _)| *last != entry.rule) {
                names.push(entry.named());
            }
        }
        names
    }

    fn add(&mut self, rule: &Rule, policy: &Policy, part: Part) {
        let at = self.entries.len();
        let entry = Entry::of(rule, policy, part);
        self.mention_workspaces |= entry.mentions_workspace;
        let policy = policy.new_id(cedar_policy::PolicyId::new(at.to_string()));
        let who = entry
            .who
            .as_ref()
            .map_or_else(|| vec![None], |all| all.iter().cloned().map(Some).collect());
        for effect in entry.effects() {
            for who in &who {
                self.slices
                    .entry((effect, who.clone()))
                    .or_default()
                    .add(at, &policy, &entry);
            }
        }
        self.entries.push(entry);
    }
}

impl Slice {
    fn add(&mut self, at: usize, policy: &Policy, entry: &Entry) {
        let set = match entry.part {
            Part::Permit => &mut self.permits,
            Part::Forbid => &mut self.forbids,
            Part::RequireStepUp { .. } | Part::RequireApproval => &mut self.requirements,
        };
        // A form may list a person twice.
        if set.policy(policy.id()).is_none() {
            set.add(policy.clone()).expect("the id is a fresh number");
            self.entries.push(at);
            self.reads_arguments |= entry.reads_arguments;
        }
    }
}

impl Entry {
    fn of(rule: &Rule, policy: &Policy, part: Part) -> Self {
        let text = policy.to_string().to_ascii_lowercase();
        let entry = Self {
            rule: rule.id.clone(),
            name: rule.name.clone(),
            part,
            mentions_workspace: text.contains("workspace") || text.contains("groupid"),
            reads_arguments: text.contains("arguments"),
            speaks_for_others: parse::speaks_for_others(policy),
            actions: actions(&policy.action_constraint()),
            who: who(&policy.principal_constraint()),
            clients: None,
            is_plain: !policy.has_non_scope_constraint() && policy.resource_constraint() == ResourceConstraint::Any,
        };
        match &rule.source {
            Source::Cedar(_) => entry,
            Source::Form(form) => entry.known_from(form),
        }
    }

    /// A form tells more than the text made from it, whose conditions are not read again.
    fn known_from(mut self, form: &Form) -> Self {
        let people = form.people.iter().map(|it| Who::Person(it.0.clone()));
        let groups = form.groups.iter().map(|it| Who::Group(it.0.clone()));
        let who: Vec<_> = people.chain(groups).collect();
        self.who = (!who.is_empty()).then_some(who);
        self.clients = (!form.clients.is_empty()).then(|| form.clients.clone());
        self.mentions_workspace = !form.workspaces.is_empty();
        self.reads_arguments = false;
        self.is_plain = form.workspaces.is_empty() && matches!(self.part, Part::Permit | Part::Forbid);
        self
    }

    /// Id and name of the rule.
    pub(super) fn named(&self) -> (PolicyId, String) {
        (self.rule.clone(), self.name.clone())
    }

    /// Whether this policy applies to calls of `operation` by `caller`.
    pub(super) fn applies(&self, caller: &Caller, operation: &Operation) -> Applies {
        let is_action = self.actions.as_ref().is_none_or(|all| all.contains(&operation.id));
        let is_who = self
            .who
            .as_ref()
            .is_none_or(|all| Who::all_of(caller).iter().any(|it| all.contains(it)));
        let client = question::client(&caller.through).0;
        let is_client = self
            .clients
            .as_ref()
            .is_none_or(|all| all.iter().any(|it| it == client));
        match (is_action && is_who && is_client, self.is_plain) {
            (false, _) => Applies::Never,
            (true, false) => Applies::Perhaps,
            (true, true) => Applies::Always,
        }
    }

    fn effects(&self) -> BTreeSet<Effect> {
        let Some(actions) = &self.actions else {
            return Effect::ALL.iter().copied().collect();
        };
        actions
            .iter()
            .filter_map(|id| Catalogue::builtin().operation(id))
            .map(|it| it.effect)
            .collect()
    }
}

/// The ids of the operations a policy's scope allows; `None` is every operation.
fn actions(constraint: &ActionConstraint) -> Option<BTreeSet<String>> {
    let named = match constraint {
        ActionConstraint::Any => return None,
        ActionConstraint::In(all) => all.clone(),
        ActionConstraint::Eq(only) => vec![only.clone()],
    };
    let mut ids = BTreeSet::new();
    for uid in named {
        let id = uid.id().unescaped();
        match Effect::from_str(id) {
            Ok(effect) => ids.extend(BY_EFFECT.get(&effect).into_iter().flatten().cloned()),
            Err(_) => drop(ids.insert(id.to_owned())),
        }
    }
    Some(ids)
}

static BY_EFFECT: std::sync::LazyLock<BTreeMap<Effect, Vec<String>>> = std::sync::LazyLock::new(|| {
    let mut by_effect: BTreeMap<Effect, Vec<String>> = BTreeMap::new();
    for operation in Catalogue::builtin().operations() {
        by_effect
            .entry(operation.effect)
            .or_default()
            .push(operation.id.clone());
    }
    by_effect
});

/// Whom a policy's scope names; `None` is everybody.
fn who(constraint: &PrincipalConstraint) -> Option<Vec<Who>> {
    match constraint {
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
        PrincipalConstraint::In(uid) | PrincipalConstraint::Eq(uid) | PrincipalConstraint::IsIn(_, uid) => {
            // Something else than a person or a set of people: the policy names nobody, but Cedar has the last word.
            Who::named_by(uid).map(|it| vec![it])
        }
    }
}

/// Whether some call of this operation could be allowed to the caller, at once or after a requirement is met.
///
/// Scopes are left out on purpose: a client learns of a scope it lacks by the challenge it gets for the call.
pub fn may_ever(policies: &Policies, caller: &Caller, operation: &Operation) -> bool {
    let mut is_permitted = false;
    for entry in policies.entries(caller, operation.effect) {
        match (entry.part, entry.applies(caller, operation)) {
            (_, Applies::Never) => {}
            (Part::Permit, _) => is_permitted = true,
            (Part::Forbid, Applies::Always) => return false,
            (_, _) if entry.mentions_workspace && target::hides_workspace(operation) => return false,
            (_, _) => {}
        }
    }
    is_permitted
}
