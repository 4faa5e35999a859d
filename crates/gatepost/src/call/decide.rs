//! Step two of the funnel: what the policies say, and whether a plan is approved.

use serde_json::json;

use super::taken::Taken;
use super::{CallError, Request};
use crate::app::{self, App};
use crate::audit::Entry;
use crate::caller::{ApprovalId, Caller, Role};
use crate::policy::{self, Decision, Permit, Plan, Question, Reason, Refused, Required};
use crate::powerbi::Body;
use crate::store::approvals::{self, Approval};
use crate::store::connections::Connection;

/// Bytes of a body that somebody can be asked to read and approve.
const MOST_PLAN_BYTES: usize = 256 * 1024;
/// Requests of one person that may wait for an answer.
const MOST_OPEN: i64 = 20;

/// A permit with what it rests on.
#[derive(Debug)]
pub(super) struct Permitted {
    pub permit: Permit,
    pub approval: Taken,
    pub plan_hash: Option<String>,
}

pub(super) async fn decide(
    app: &App,
    caller: &Caller,
    connection: &Connection,
    request: &Request,
) -> Result<Permitted, CallError> {
    let policies = app.policies.of(&app.db, &caller.environment).await?;
    let question = |approved| Question {
        caller,
        operation: request.operation,
        workspace: request.workspace(),
        item: request.item(),
        objects: &request.bound.objects,
        arguments: &request.arguments,
        tool: request.tool,
        speaks_for: &request.bound.speaks_for,
        now: app.clock.now(),
        approved,
    };
    match policy::decide(&policies, &question(false)) {
        Decision::Allow(permit) => Ok(Permitted {
            permit,
            approval: Taken::none(app),
            plan_hash: None,
        }),
        Decision::Refuse(refused) => Err(refusal(refused, request, caller.role)),
        Decision::Require(Required {
            step_up: Some(age_s), ..
        }) => Err(CallError::StepUp { age_s }),
        Decision::Require(required) => {
            let plan = plan_of(caller, connection, request)?;
            let Some(approval) = approvals::take(&app.db, &plan.hash(), app.clock.now()).await? else {
                let lost = void(app, caller, &plan).await?;
                return Err(ask(app, caller, &plan, request, required, lost).await?);
            };
            let approval = Taken::of(app, approval);
            // Decided anew with the approval: policies may have changed since it was given.
            match policy::decide(&policies, &question(true)) {
                Decision::Allow(permit) => Ok(Permitted {
                    permit,
                    approval,
                    plan_hash: Some(hex(&plan.hash())),
                }),
                Decision::Refuse(refused) => {
                    approval.settle().await;
                    Err(refusal(refused, request, caller.role))
                }
                Decision::Require(_) => {
                    approval.settle().await;
                    let why = "an approved plan still asks for approval";
                    Err(CallError::PolicyFailed(why.into()))
                }
            }
        }
    }
}

fn plan_of(caller: &Caller, connection: &Connection, request: &Request) -> Result<Plan, CallError> {
    if matches!(request.body, Body::Stream(_)) {
        return Err(CallError::ApprovalOfStream);
    }
    Plan::of(caller, &connection.id, &request.operation.id, &request.bound)
        .map_err(|error| CallError::Internal(error.to_string()))
}

/// The approval of a plan that ended because its giver was locked or demoted since. One that did not end then ends now: givers
/// are judged as they are when it is used.
async fn void(app: &App, caller: &Caller, plan: &Plan) -> Result<Option<ApprovalId>, CallError> {
    let Some(ended) = approvals::void(&app.db, &plan.hash(), app.clock.now()).await? else {
        return Ok(approvals::find_lost(&app.db, &plan.hash()).await?);
    };
    let details = json!({ "approval": ended.id, "plan": hex(&plan.hash()), "summary": ended.summary, "decided_by": ended.decided_by });
    app.audit
        .append(Entry::of("approval.void", caller, details))
        .await
        .map_err(CallError::Audit)?;
    Ok(Some(ended.id))
}

async fn ask(
    app: &App,
    caller: &Caller,
    plan: &Plan,
    request: &Request,
    required: Required,
    lost: Option<ApprovalId>,
) -> Result<CallError, CallError> {
    let now = app.clock.now();
    if plan.body.as_ref().is_some_and(|it| MOST_PLAN_BYTES < it.as_str().len()) {
        return Err(CallError::PlanTooLarge { most: MOST_PLAN_BYTES });
    }
    let is_asked = approvals::find_open(&app.db, &plan.hash(), now).await?.is_some();
    if !is_asked && MOST_OPEN <= approvals::count_open(&app.db, &caller.person, now).await? {
        let link = app.settings.url("/approvals");
        return Err(CallError::TooManyOpen { most: MOST_OPEN, link });
    }
    let id = ApprovalId(app.clock.new_id());
    let kept = app::kept_plan(&app.vault, app.catalogue, &caller.environment, &id, plan);
    let wanted = Approval {
        id,
        environment_id: caller.environment.clone(),
        person_id: caller.person.clone(),
        plan_hash: plan.hash().to_vec(),
        plan: kept.left,
        plan_sealed: Some(kept.sealed),
        summary: request.operation.summary.clone(),
        asked_through: caller.through.to_string(),
        state: "pending".into(),
        created_at: now,
        expires_at: now.plus_seconds(app.settings.approval_hours * 3600),
        decided_by: None,
        decided_at: None,
        used_at: None,
        void_why: None,
    };
    let approval = approvals::ask(&app.db, &wanted, now).await?;
    let link = app.settings.url(&format!("/approvals/{}", approval.id));
    Ok(CallError::ApprovalNeeded {
        id: approval.id,
        link,
        policies: required.policies.into_iter().map(|(_, name)| name).collect(),
        lost,
    })
}

fn refusal(refused: Refused, request: &Request, role: Role) -> CallError {
    let policies = refused.policies.into_iter().map(|(_, name)| name).collect();
    match refused.reason {
        Reason::Scope { needed } if !needed.is_for(role) => CallError::Role { needed },
        Reason::Scope { needed } => CallError::Scope { needed },
        Reason::WorkspaceNeeded => CallError::WorkspaceNeeded,
        Reason::SpeaksForOthers => CallError::SpeaksForOthers {
            whom: request.bound.speaks_for.clone(),
        },
        Reason::NoPolicy | Reason::Policy => CallError::Denied {
            policies,
            operation: request.operation.summary.clone(),
        },
        Reason::Failed => CallError::PolicyFailed("a policy could not be evaluated".into()),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the record keeps of a decision.
pub(super) fn basis(permitted: &Permitted) -> serde_json::Value {
    let policies: Vec<&str> = permitted
        .permit
        .policies()
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    json!({ "decision": "allow", "policies": policies, "policy_version": permitted.permit.version(), "approval": permitted.approval.id(), "plan_hash": permitted.plan_hash })
}
