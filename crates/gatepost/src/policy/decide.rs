//! What the policies say of one call.

use std::collections::BTreeSet;

use cedar_policy::AuthorizationError;
use cedar_policy::Authorizer;
use cedar_policy::Entities;
use cedar_policy::PolicySet;
use cedar_policy::Request;

use crate::caller::EnvironmentId;
use crate::caller::PersonId;
use crate::caller::PolicyId;
use crate::caller::Scope;
use crate::policy::parse::Part;
use crate::policy::question::Asked;
use crate::policy::question::Question;
use crate::policy::set::Applies;
use crate::policy::set::Entry;
use crate::policy::set::Policies;
use crate::policy::set::Slice;
use crate::policy::target;

/// The answer to a [`Question`].
#[derive(Debug)]
pub enum Decision {
    Allow(Permit),
    Refuse(Refused),
    Require(Required),
}

/// The right to make one call.
///
/// Invariant: only `decide` makes one, so nothing that needs a permit happens without a decision.
#[derive(Debug)]
pub struct Permit {
    environment: EnvironmentId,
    person: PersonId,
    operation: String,
    version: i64,
    policies: Vec<(PolicyId, String)>,
}

impl Permit {
    /// The environment whose policies decided.
    pub fn environment(&self) -> &EnvironmentId {
        &self.environment
    }

    /// The person the call is made for.
    pub fn person(&self) -> &PersonId {
        &self.person
    }

    /// The id of the permitted operation.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The version of the policies that decided.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Id and name of the policies that allow the call.
    pub fn policies(&self) -> &[(PolicyId, String)] {
        &self.policies
    }
}

/// A call that must not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub reason: Reason,
    /// Id and name of the policies that refuse it.
    pub policies: Vec<(PolicyId, String)>,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The token or key lacks this scope.
    Scope { needed: Scope },
    /// No policy allows it.
    NoPolicy,
    /// It speaks for somebody else, and no policy that would allow it otherwise allows that.
    SpeaksForOthers,
    /// A policy denies it.
    Policy,
    /// A policy speaks of workspaces, and the call does not tell the workspace of an item: of the one in its path,
    /// where the form that begins with `/groups/{id}/` would, or of one in its body.
    WorkspaceNeeded,
    /// A policy could not be evaluated.
    Failed,
}

/// A call that may be made once this is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// The person must have proved who they are within so many seconds.
    pub step_up: Option<u32>,
    /// A person must approve exactly this call.
    pub approval: bool,
    /// Id and name of the policies that require it.
    pub policies: Vec<(PolicyId, String)>,
}

/// Decides one call: any deny wins, requirements add up, and nothing is allowed without a policy.
pub fn decide(policies: &Policies, question: &Question<'_>) -> Decision {
    let needed = Scope::needed_for(question.operation.effect);
    if !question.caller.scopes.allows(needed) {
        return refuse(Reason::Scope { needed }, vec![]);
    }
    if question.operation.is_in_workspace() && question.workspace.is_none() {
        return refuse(Reason::Failed, vec![]);
    }
    if let Some(refused) = workspace_needed(policies, question) {
        return Decision::Refuse(refused);
    }
    let slices = policies.slices(question.caller, question.operation.effect);
    let reads_arguments = slices.iter().any(|it| it.reads_arguments);
    let Ok(asked) = Asked::new(question, &target::targets(question), reads_arguments) else {
        return refuse(Reason::Failed, vec![]);
    };
    let found = Found::of(&slices, &asked, |permit| {
        // Invariant: a permit covers speaking for others only if it says so.
        question.speaks_for.is_empty() || policies.entry(permit).is_some_and(|it| it.speaks_for_others)
    });
    conclude(policies, question, found)
}

fn conclude(policies: &Policies, question: &Question<'_>, found: Found) -> Decision {
    if !found.denied.is_empty() {
        return refuse(Reason::Policy, policies.names(&found.denied));
    }
    if !found.failed.is_empty() {
        return refuse(Reason::Failed, policies.names(&found.failed));
    }
    if !found.is_permitted {
        let would_help = !speaking_of_workspaces(policies, question).is_empty();
        let reason = match would_help {
            _ if found.is_silent => Reason::SpeaksForOthers,
            true => Reason::WorkspaceNeeded,
            false => Reason::NoPolicy,
        };
        return refuse(reason, vec![]);
    }
    if found.required.is_empty() {
        return Decision::Allow(Permit {
            environment: question.caller.environment.clone(),
            person: question.caller.person.clone(),
            operation: question.operation.id.clone(),
            version: policies.version(),
            policies: policies.names(&found.permitted),
        });
    }
    Decision::Require(required(policies, &found.required))
}

/// A policy that forbids or requires something in a workspace cannot judge a call that hides its workspace.
fn workspace_needed(policies: &Policies, question: &Question<'_>) -> Option<Refused> {
    let entries = speaking_of_workspaces(policies, question);
    let mut named: Vec<_> = entries
        .into_iter()
        .filter(|it| it.part != Part::Permit)
        .map(Entry::named)
        .collect();
    named.sort();
    named.dedup();
    (!named.is_empty()).then_some(Refused {
        reason: Reason::WorkspaceNeeded,
        policies: named,
    })
}

/// Where a call hides its workspace: the policies about it that may turn on the workspace.
fn speaking_of_workspaces<'a>(policies: &'a Policies, question: &Question<'_>) -> Vec<&'a Entry> {
    if !policies.mention_workspaces() || !target::is_workspace_unknown(question) {
        return vec![];
    }
    let entries = policies.entries(question.caller, question.operation.effect);
    entries
        .filter(|it| it.mentions_workspace && it.applies(question.caller, question.operation) != Applies::Never)
        .collect()
}

fn required(policies: &Policies, ids: &BTreeSet<cedar_policy::PolicyId>) -> Required {
    let mut all = Required {
        step_up: None,
        approval: false,
        policies: policies.names(ids),
    };
    for part in ids.iter().filter_map(|id| policies.entry(id)).map(|it| it.part) {
        match part {
            Part::RequireApproval => all.approval = true,
            Part::RequireStepUp { max_age_s } => {
                all.step_up = Some(all.step_up.map_or(max_age_s, |it| it.min(max_age_s)))
            }
            Part::Permit | Part::Forbid => {}
        }
    }
    all
}

fn refuse(reason: Reason, policies: Vec<(PolicyId, String)>) -> Decision {
    Decision::Refuse(Refused { reason, policies })
}

/// What Cedar found, over all targets and slices.
#[derive(Default)]
struct Found {
    denied: BTreeSet<cedar_policy::PolicyId>,
    required: BTreeSet<cedar_policy::PolicyId>,
    permitted: BTreeSet<cedar_policy::PolicyId>,
    /// Policies other than permits that could not be evaluated.
    failed: BTreeSet<cedar_policy::PolicyId>,
    /// Whether every target is permitted.
    is_permitted: bool,
    /// Whether a permit applied that does not say it allows speaking for others, where the call does.
    is_silent: bool,
}

impl Found {
    fn of(slices: &[&Slice], asked: &Asked, counts: impl Fn(&cedar_policy::PolicyId) -> bool) -> Self {
        let mut found = Self {
            is_permitted: !asked.requests.is_empty(),
            ..Self::default()
        };
        for request in &asked.requests {
            let mut is_permitted = false;
            for slice in slices {
                found
                    .failed
                    .extend(satisfied(&slice.forbids, request, &asked.entities, &mut found.denied));
                found.failed.extend(satisfied(
                    &slice.requirements,
                    request,
                    &asked.entities,
                    &mut found.required,
                ));
                let mut permits = BTreeSet::new();
                // Invariant: an error in a permit only takes that permit away.
                satisfied(&slice.permits, request, &asked.entities, &mut permits);
                let applying = permits.len();
                permits.retain(&counts);
                found.is_silent |= permits.len() < applying;
                is_permitted |= !permits.is_empty();
                found.permitted.append(&mut permits);
            }
            found.is_permitted &= is_permitted;
        }
        found
    }
}

/// Adds the policies of `set` that apply, and gives those that failed. The policies of a set are all permits or all
/// forbids, so that Cedar's reasons are exactly the ones that apply.
fn satisfied(
    set: &PolicySet,
    request: &Request,
    entities: &Entities,
    applying: &mut BTreeSet<cedar_policy::PolicyId>,
) -> Vec<cedar_policy::PolicyId> {
    if set.is_empty() {
        return vec![];
    }
    let response = Authorizer::new().is_authorized(request, set, entities);
    applying.extend(response.diagnostics().reason().cloned());
    let failed = |error: &AuthorizationError| match error {
        AuthorizationError::PolicyEvaluationError(error) => error.policy_id().clone(),
    };
    response.diagnostics().errors().map(failed).collect()
}
