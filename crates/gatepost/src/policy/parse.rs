//! From a rule to checked Cedar policies, or what is wrong with it and where.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use catalogue::Effect;
use cedar_policy::ActionConstraint;
use cedar_policy::EntityUid;
use cedar_policy::Policy;
use cedar_policy::PolicySet;
use cedar_policy::ValidationMode;
use cedar_policy::ValidationWarning;
use miette::Diagnostic;

use crate::policy::form;
use crate::policy::rule::Invalid;
use crate::policy::rule::Position;
use crate::policy::rule::Rule;
use crate::policy::rule::Source;
use crate::policy::schema;
use crate::policy::schema::Type;
use crate::policy::target;

/// Far more than people write; the parser's time grows with it.
const TEXT_MAX_BYTES: usize = 64 * 1024;
/// The parser and the validator work by recursion.
const NESTING_MAX: usize = 32;

/// What one Cedar policy adds to a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Permit,
    Forbid,
    RequireStepUp { max_age_s: u32 },
    RequireApproval,
}

/// The Cedar text of a rule: written from a form, or as it is.
pub fn to_cedar(rule: &Rule) -> Result<String, Invalid> {
    match &rule.source {
        Source::Cedar(text) => Ok(text.clone()),
        Source::Form(form) => match form::problem(form) {
            Some(message) => Err(invalid(rule, message, None)),
            None => Ok(form::text(&rule.name, form)),
        },
    }
}

/// Whether a rule can be used: it parses, and it speaks only of what the schema has.
pub fn check(rule: &Rule) -> Result<(), Invalid> {
    parse(rule).map(drop)
}

/// The policies of a rule, parsed and checked.
pub(super) fn parse(rule: &Rule) -> Result<Vec<(Policy, Part)>, Invalid> {
    let text = to_cedar(rule)?;
    check_size(rule, &text)?;
    let set = PolicySet::from_str(&text).map_err(|errors| {
        let first = errors.iter().next();
        let message = first.map_or_else(|| errors.to_string(), described);
        let at = first.and_then(|it| position(&text, it));
        invalid(rule, message, at)
    })?;
    if set.num_of_templates() != 0 {
        return Err(invalid(
            rule,
            "expected no `?principal` or `?resource`: a rule names whom it is about".to_owned(),
            None,
        ));
    }
    // What a form gives fits the schema by the way it is made; validating it again would cost most of a start.
    if matches!(rule.source, Source::Cedar(_)) {
        validate(rule, &text, &set)?;
    }
    let mut policies: Vec<_> = set.policies().collect();
    if policies.is_empty() {
        return Err(invalid(
            rule,
            "expected at least one policy, such as `permit (principal, action, resource);`".to_owned(),
            None,
        ));
    }
    // Cedar names the policies of a text policy0, policy1, …; sorted by length first they stand as written.
    policies.sort_by_key(|it| (it.id().to_string().len(), it.id().to_string()));
    policies
        .into_iter()
        .map(|policy| Ok((canonical(rule, policy)?, part(rule, policy)?)))
        .collect()
}

fn check_size(rule: &Rule, text: &str) -> Result<(), Invalid> {
    if TEXT_MAX_BYTES < text.len() {
        return Err(invalid(
            rule,
            format!("expected at most {TEXT_MAX_BYTES} bytes of Cedar text"),
            None,
        ));
    }
    let (mut open, mut repeated) = (0_usize, 0_usize);
    for (at, word) in words(text) {
        match word {
            "(" | "[" | "{" => open += 1,
            ")" | "]" | "}" => open = open.saturating_sub(1),
            "if" | "!" | "-" => repeated += 1,
            ";" => repeated = 0,
            _ => {}
        }
        if NESTING_MAX < open || NESTING_MAX < repeated {
            let message =
                format!("expected at most {NESTING_MAX} levels of brackets and uses of if, ! and - in a policy");
            return Err(invalid(rule, message, Some(Position::of_byte(text, at))));
        }
    }
    Ok(())
}

/// The words and signs of a text with their places, passing over what stands in quotes.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let at = rest + text[rest..].find(|c: char| !c.is_whitespace())?;
        let tail = &text[at..];
        let length = match tail.as_bytes()[0] {
            b'"' => quoted_length(tail),
            it if it.is_ascii_alphanumeric() || it == b'_' => tail
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(tail.len()),
            _ => tail.chars().next().map_or(1, char::len_utf8),
        };
        rest = at + length;
        Some((at, &tail[..length]))
    })
}

fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn validate(rule: &Rule, text: &str, set: &PolicySet) -> Result<(), Invalid> {
    let result = schema::validator().validate(set, ValidationMode::Strict);
    let error = result
        .validation_errors()
        .map(|it| (position(text, it), described(it)))
        .min();
    if let Some((at, message)) = error {
        return Err(invalid(rule, message, at));
    }
    let is_hidden = |it: &&ValidationWarning| {
        matches!(
            it,
            ValidationWarning::BidiCharsInString(_) | ValidationWarning::BidiCharsInIdentifier(_)
        )
    };
    match result.validation_warnings().find(is_hidden) {
        Some(warning) => {
            let message = "expected no characters that change the direction of writing".to_owned();
            Err(invalid(rule, message, position(text, warning)))
        }
        None => Ok(()),
    }
}

/// What a policy is for, from its effect and its annotations.
fn part(rule: &Rule, policy: &Policy) -> Result<Part, Invalid> {
    if let ActionConstraint::Eq(action) = policy.action_constraint()
        && Effect::from_str(action.id().unescaped()).is_ok()
    {
        // Such a policy would never apply: every call is an operation, which is *in* its effect.
        return Err(invalid(
            rule,
            format!("expected `action in {action}`: an effect is a group of operations"),
            None,
        ));
    }
    let max_age_s = match policy.annotation("max_age").map(str::parse) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(_)) => {
            return Err(invalid(
                rule,
                "expected @max_age to be a number of seconds".to_owned(),
                None,
            ));
        }
    };
    check_speaking(rule, policy)?;
    match (policy.effect(), policy.annotation("require"), max_age_s) {
        (cedar_policy::Effect::Permit, None, None) => Ok(Part::Permit),
        (cedar_policy::Effect::Forbid, None, None) => Ok(Part::Forbid),
        (cedar_policy::Effect::Forbid, Some("approval"), None) => Ok(Part::RequireApproval),
        (cedar_policy::Effect::Forbid, Some("step_up"), age) => Ok(Part::RequireStepUp {
            max_age_s: age.unwrap_or(form::DEFAULT_AUTHENTICATION_AGE_S),
        }),
        (cedar_policy::Effect::Permit, Some(_), _) => Err(invalid(
            rule,
            "expected @require on a forbid, whose `unless` says how it is met".to_owned(),
            None,
        )),
        (cedar_policy::Effect::Forbid, Some("approval"), Some(_)) | (_, None, Some(_)) => Err(invalid(
            rule,
            "expected @max_age only beside @require(\"step_up\")".to_owned(),
            None,
        )),
        (cedar_policy::Effect::Forbid, Some(other), _) => Err(invalid(
            rule,
            format!("expected @require(\"step_up\") or @require(\"approval\"), not `{other}`"),
            None,
        )),
    }
}

/// Whether a permit also allows calls that speak for somebody else than their caller.
pub(super) fn speaks_for_others(policy: &Policy) -> bool {
    policy.annotation(form::SPEAKS_FOR) == Some("others")
}

fn check_speaking(rule: &Rule, policy: &Policy) -> Result<(), Invalid> {
    match (policy.annotation(form::SPEAKS_FOR), policy.effect()) {
        (None, _) | (Some("others"), cedar_policy::Effect::Permit) => Ok(()),
        _ => Err(invalid(
            rule,
            "expected @speaks_for(\"others\") on a permit, and nothing else in it".to_owned(),
            None,
        )),
    }
}

/// The policy with its ids of workspaces and items in the spelling in which calls name them.
///
/// Invariant: a deny that spells an id in capitals or braces still denies.
fn canonical(rule: &Rule, policy: &Policy) -> Result<Policy, Invalid> {
    let mut respelled: BTreeMap<EntityUid, EntityUid> = BTreeMap::new();
    for uid in policy.entity_literals() {
        if let Some(kind @ (Type::Workspace | Type::Item)) = Type::of(&uid) {
            let spelling = target::canonical_id(uid.id().unescaped());
            if spelling != uid.id().unescaped() {
                respelled.insert(uid, kind.uid(&spelling));
            }
        }
    }
    if respelled.is_empty() {
        return Ok(policy.clone());
    }
    policy
        .sub_entity_literals(respelled)
        .map_err(|error| invalid(rule, error.to_string(), None))
}

fn invalid(rule: &Rule, message: String, at: Option<Position>) -> Invalid {
    Invalid {
        policy: rule.id.clone(),
        name: rule.name.clone(),
        message,
        at,
    }
}

/// The message of a Cedar error with its causes, on one line.
fn described(error: &(impl Diagnostic + ?Sized)) -> String {
    let mut text = error.to_string();
    if let Some(help) = error.help() {
        text.push_str(&format!(" ({help})"));
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // The numbers that Cedar gives to policies, and which of 289 actions failed first, mean nothing to the writer.
    without(&without(&text, "for policy `policy", "`, "), " for Action::\"", "\"")
}

/// The text without its first passage from `start` to `end`.
fn without(text: &str, start: &str, end: &str) -> String {
    match text
        .split_once(start)
        .map(|(before, rest)| (before, rest.split_once(end)))
    {
        Some((before, Some((_, after)))) => format!("{before}{after}"),
        _ => text.to_owned(),
    }
}

fn position(text: &str, error: &(impl Diagnostic + ?Sized)) -> Option<Position> {
    error
        .labels()?
        .map(|label| Position::of_byte(text, label.offset()))
        .min()
}
