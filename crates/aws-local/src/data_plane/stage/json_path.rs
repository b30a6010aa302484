//! The part of JSONPath that mappings and templates use to pick one value: names, quoted names and indexes behind `$`.

use serde_json::Value;

/// A path that asks for more than one place: wildcards, slices, filters, `..`, functions.
#[derive(Debug, PartialEq)]
pub(super) struct NotHere;

/// The value at a path such as `$.policies[0]['holder name']`; none where there is nothing.
///
/// # Errors
/// The path is not of this part of JSONPath.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Result<Option<&'v Value>, NotHere> {
    let mut rest = path.trim().strip_prefix('$').ok_or(NotHere)?;
    let mut found = Some(value);
    while !rest.is_empty() {
        let (step, behind) = step(rest)?;
        rest = behind;
        found = found.and_then(|value| match step {
            Step::Name(name) => value.get(name),
            Step::Index(index) => value.get(index),
        });
    }
    Ok(found)
}

enum Step<'p> {
    Name(&'p str),
    Index(usize),
}

/// The first step of a path, and the path behind it.
fn step(path: &str) -> Result<(Step<'_>, &str), NotHere> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let plain = !name.is_empty() && !name.contains(['*', '(', ')', '?', '@', ' ']);
        return plain.then_some((Step::Name(name), rest)).ok_or(NotHere);
    }
    let (inner, rest) = path
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .ok_or(NotHere)?;
    let quoted = ['\'', '"'].into_iter().find_map(|quote| {
        inner
            .strip_prefix(quote)
            .and_then(|inner| inner.strip_suffix(quote))
            .filter(|name| !name.contains(quote))
    });
    let step = match quoted {
        Some(name) => Step::Name(name),
        None => Step::Index(inner.parse().map_err(|_| NotHere)?),
    };
    Ok((step, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_one_value() {
        let value = json!({"pets": [{"id": 1, "full name": "Rex"}], "none": null});
        let found = |path| at(&value, path).map(|found| found.cloned());
        assert_eq!(found("$"), Ok(Some(value.clone())));
        assert_eq!(found("$.pets[0].id"), Ok(Some(json!(1))));
        assert_eq!(found("$['pets'][0]['full name']"), Ok(Some(json!("Rex"))));
        assert_eq!(found("$.none"), Ok(Some(json!(null))));
        assert_eq!(found("$.pets[7].id"), Ok(None));
        assert_eq!(found("$.nobody.id"), Ok(None));
    }

    #[test]
    fn what_asks_for_several_is_not_here() {
        let value = json!({"a": [1, 2]});
        for path in [
            "a",
            "",
            "$..a",
            "$.*",
            "$.a[*]",
            "$.a[0:1]",
            "$.a[?(@.b)]",
            "$.a[-1]",
            "$.a.length()",
            "$.a[0",
        ] {
            assert_eq!(at(&value, path), Err(NotHere), "{path}");
        }
    }
}
