//! The path of an operation: fixed words and places for values, matched and rendered by segment.

use std::borrow::Cow;
use std::fmt;

use crate::segment;

/// A path such as `/v1.0/myorg/groups/{groupId}/scorecards({scorecardId})`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
}

/// One segment: a fixed word, or a value between two fixed texts, either of which may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Word(String),
    Value {
        before: String,
        name: String,
        after: String,
        is_quoted: bool,
    },
}

impl Template {
    /// Reads a template, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rest = text.strip_prefix('/').ok_or("expected a path that starts with /")?;
        let segments: Result<Vec<_>, _> = rest.split('/').map(Segment::parse).collect();
        let template = Self {
            text: text.to_owned(),
            segments: segments?,
        };
        let mut names = template.names();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("expected each parameter once".to_owned());
        }
        Ok(template)
    }

    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its values, from left to right.
    pub fn names(&self) -> Vec<&str> {
        self.segments.iter().filter_map(Segment::name).collect()
    }

    /// How many segments every path of this template has.
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// Its values in a path of decoded segments, or nothing if a fixed part differs.
    pub(crate) fn values<'a>(&'a self, path: &[Cow<'_, str>]) -> Option<Vec<(&'a str, String)>> {
        if path.len() != self.segments.len() {
            return None;
        }
        let mut values = Vec::new();
        for (segment, text) in self.segments.iter().zip(path) {
            match segment {
                Segment::Word(word) if word.eq_ignore_ascii_case(text) => {}
                Segment::Word(_) => return None,
                Segment::Value { name, .. } => values.push((name.as_str(), segment.value(text)?)),
            }
        }
        Some(values)
    }

    /// The path with these values in their places, percent-encoded.
    ///
    /// Invariant: the path has the template's segment count, whatever the values hold.
    pub fn render(&self, values: &[(String, String)]) -> String {
        let mut path = String::with_capacity(self.text.len() + 36 * values.len());
        for segment in &self.segments {
            path.push('/');
            match segment {
                Segment::Word(word) => path.push_str(word),
                Segment::Value {
                    before,
                    name,
                    after,
                    is_quoted,
                } => {
                    let value = values
                        .iter()
                        .find(|(known, _)| known == name)
                        .map_or("", |(_, value)| value.as_str());
                    path.push_str(before);
                    match is_quoted {
                        true => path.push_str(&segment::encode(&value.replace('\'', "''"))),
                        false => path.push_str(&segment::encode(value)),
                    }
                    path.push_str(after);
                }
            }
        }
        path
    }

    /// Sorts templates so that of two that match one path, the more exact comes first.
    pub(crate) fn exactness(&self) -> impl Ord + use<> {
        let ranks: Vec<u8> = self.segments.iter().map(Segment::rank).collect();
        (ranks, self.text.clone())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Segment {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((before, rest)) = text.split_once('{') else {
            return match text.is_empty() || text.contains('}') {
                true => Err(format!("expected a word or one {{value}}, not `{text}`")),
                false => Ok(Self::Word(text.to_owned())),
            };
        };
        let Some((name, after)) = rest.split_once('}') else {
            return Err(format!("expected a closing brace in `{text}`"));
        };
        if name.is_empty() || after.contains(['{', '}']) {
            return Err(format!("expected one named value in `{text}`"));
        }
        Ok(Self::Value {
            before: before.to_owned(),
            name: name.to_owned(),
            after: after.to_owned(),
            is_quoted: before.ends_with('\'') && after.starts_with('\''),
        })
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Word(_) => None,
            Self::Value { name, .. } => Some(name),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Word(_) => 0,
            Self::Value { before, .. } if !before.is_empty() => 1,
            Self::Value { .. } => 2,
        }
    }

    /// The value inside a decoded segment, if the fixed texts around it agree.
    fn value(&self, text: &str) -> Option<String> {
        let Self::Value {
            before,
            after,
            is_quoted,
            ..
        } = self
        else {
            return None;
        };
        let start = text.get(..before.len())?;
        let end_at = text.len().checked_sub(after.len()).filter(|end| *end >= before.len())?;
        let (value, end) = (text.get(before.len()..end_at)?, text.get(end_at..)?);
        if !start.eq_ignore_ascii_case(before) || !end.eq_ignore_ascii_case(after) {
            return None;
        }
        match is_quoted {
            true => Some(value.replace("''", "'")),
            false => Some(value.to_owned()),
        }
    }
}
