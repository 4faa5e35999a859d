//! Which permissions an operation needs: names joined by "one of" and "all of".

use std::fmt;
use std::str::FromStr;

/// A need for permissions; `Scopes::none()` needs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    Name(String),
    Any(Vec<Scopes>),
    All(Vec<Scopes>),
}

impl Scopes {
    /// Needs nothing.
    pub fn none() -> Self {
        Self::All(Vec::new())
    }

    /// Whether nothing is needed.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }

    /// Whether the granted permissions meet the need.
    pub fn allows(&self, granted: &[&str]) -> bool {
        match self {
            Self::Name(name) => granted.iter().any(|has| has.eq_ignore_ascii_case(name)),
            Self::Any(parts) => parts.iter().any(|part| part.allows(granted)),
            Self::All(parts) => parts.iter().all(|part| part.allows(granted)),
        }
    }

    /// The fewest permissions that, added to the granted ones, meet the need.
    pub fn missing(&self, granted: &[&str]) -> Vec<&str> {
        match self {
            _ if self.allows(granted) => Vec::new(),
            Self::Name(name) => vec![name],
            Self::Any(parts) => parts
                .iter()
                .map(|part| part.missing(granted))
                .min_by_key(Vec::len)
                .unwrap_or_default(),
            Self::All(parts) => {
                let mut missing: Vec<&str> = Vec::new();
                for name in parts.iter().flat_map(|part| part.missing(granted)) {
                    if !missing.contains(&name) {
                        missing.push(name);
                    }
                }
                missing
            }
        }
    }

    /// Every permission it mentions.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Name(name) => vec![name],
            Self::Any(parts) | Self::All(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }
}

/// Reads `A | B`, `A & B` and brackets; `&` binds tighter; `none` needs nothing.
impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "none" {
            return Ok(Self::none());
        }
        let mut rest = text;
        let scopes = any(&mut rest)?;
        match rest.trim_start().is_empty() {
            true => Ok(scopes),
            false => Err(format!("expected | or & before `{}`", rest.trim_start())),
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, joint) = match self {
            Self::Name(name) => return f.write_str(name),
            Self::Any(parts) => (parts, " | "),
            Self::All(parts) if parts.is_empty() => return f.write_str("none"),
            Self::All(parts) => (parts, " & "),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(joint)?;
            }
            match part {
                Self::Name(name) => f.write_str(name)?,
                part => write!(f, "({part})")?,
            }
        }
        Ok(())
    }
}

fn any(rest: &mut &str) -> Result<Scopes, String> {
    let mut parts = vec![all(rest)?];
    while take(rest, '|') {
        parts.push(all(rest)?);
    }
    Ok(only_or(parts, Scopes::Any))
}

fn all(rest: &mut &str) -> Result<Scopes, String> {
    let mut parts = vec![one(rest)?];
    while take(rest, '&') {
        parts.push(one(rest)?);
    }
    Ok(only_or(parts, Scopes::All))
}

fn one(rest: &mut &str) -> Result<Scopes, String> {
    if take(rest, '(') {
        let inner = any(rest)?;
        return match take(rest, ')') {
            true => Ok(inner),
            false => Err("expected a closing bracket".to_owned()),
        };
    }
    let text = rest.trim_start();
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .unwrap_or(text.len());
    if end == 0 {
        return Err("expected the name of a permission".to_owned());
    }
    *rest = &text[end..];
    Ok(Scopes::Name(text[..end].to_owned()))
}

fn take(rest: &mut &str, sign: char) -> bool {
    match rest.trim_start().strip_prefix(sign) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

fn only_or(mut parts: Vec<Scopes>, join: fn(Vec<Scopes>) -> Scopes) -> Scopes {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
