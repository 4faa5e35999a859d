//! Matching a path against the templates of operations.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What a path gave: names and values out of it.
pub(crate) type Params = Vec<(&'static str, String)>;

/// The decoded segments of a path below `/v1.0/myorg/`; `None` if one of them is not text.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let decode = |segment: &str| percent_decode_str(segment).decode_utf8().ok().map(Cow::into_owned);
    path.trim_matches('/').split('/').map(decode).collect()
}

/// Matches segments against a template. A template that begins with `~/` stands for both forms of an operation: in a
/// workspace (`groups/{group}/…`) and without one. Case does not matter outside of `{}`.
pub(crate) fn matches(template: &'static str, segments: &[String]) -> Option<Params> {
    let Some(plain) = template.strip_prefix("~/") else {
        return matches_plain(template, segments);
    };
    match segments {
        [first, group, rest @ ..] if first.eq_ignore_ascii_case("groups") => {
            let mut params = matches_plain(plain, rest)?;
            params.push(("group", group.clone()));
            Some(params)
        }
        all => matches_plain(plain, all),
    }
}

fn matches_plain(template: &'static str, segments: &[String]) -> Option<Params> {
    let mut params = Params::new();
    let mut given = segments.iter();
    for part in template.split('/') {
        match_segment(part, given.next()?, &mut params)?;
    }
    given.next().is_none().then_some(params)
}

/// One segment: plain text, `{name}`, or a key such as `goals({goal})`.
fn match_segment(part: &'static str, given: &str, params: &mut Params) -> Option<()> {
    let Some((before, rest)) = part.split_once('{') else {
        return part.eq_ignore_ascii_case(given).then_some(());
    };
    let (name, after) = rest.split_once('}')?;
    let head = given.get(..before.len())?;
    let tail_at = given.len().checked_sub(after.len()).filter(|at| *at >= before.len())?;
    let tail = given.get(tail_at..)?;
    let value = given.get(before.len()..tail_at)?;
    if !head.eq_ignore_ascii_case(before) || !tail.eq_ignore_ascii_case(after) || value.is_empty() {
        return None;
    }
    params.push((name, value.to_owned()));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(template: &'static str, path: &str) -> Option<Params> {
        matches(template, &segments(path).unwrap())
    }

    #[test]
    fn both_forms_of_an_operation_match_one_template() {
        let template = "~/datasets/{dataset}/refreshes";
        assert_eq!(
            found(template, "datasets/d1/refreshes"),
            Some(vec![("dataset", "d1".to_owned())])
        );
        let grouped = vec![("dataset", "d1".to_owned()), ("group", "g1".to_owned())];
        assert_eq!(found(template, "Groups/g1/DATASETS/d1/Refreshes"), Some(grouped));
        assert_eq!(found(template, "groups/g1/datasets/d1"), None);
    }

    #[test]
    fn an_encoded_slash_stays_inside_its_segment() {
        let params = found("~/reports/{report}/exports/{export}", "reports/r/exports/a%2Fb%3D%3D").unwrap();
        assert!(params.contains(&("export", "a/b==".to_owned())));
    }

    #[test]
    fn keys_in_brackets_are_taken_out() {
        let params = found(
            "availableFeatures(featureName='{feature}')",
            "availableFeatures(featureName='embedTrial')",
        )
        .unwrap();
        assert_eq!(params, vec![("feature", "embedTrial".to_owned())]);
        assert_eq!(
            found("availableFeatures(featureName='{feature}')", "availableFeatures"),
            None
        );
    }
}
