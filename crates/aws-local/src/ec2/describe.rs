//! What all of EC2's lists share: ids, filters with wildcards, pages.
//!
//! A filter checks the rows of the response, so a list only needs a table of filter names and paths.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Refusal};
use super::super::{paging, registry};
use super::{Kind, invalid, objects, optional, refused, texts};

pub(super) struct Listing {
    /// The answer's member.
    pub(super) member: &'static str,
    /// The row's member with its id.
    pub(super) id: &'static str,
    /// The input's member with the requested ids; empty if it has none.
    pub(super) ids: &'static str,
    /// What the ids are of.
    pub(super) kind: Kind,
    /// The filters by name, with their paths in a row. Every list with tags has filters for them.
    pub(super) filters: &'static [(&'static str, &'static str)],
}

/// A page of the requested rows under the list's member, sorted by id.
pub(super) fn list(call: &Call, listing: &Listing, rows: Vec<Object>) -> Answer {
    let rows = found(call, listing, rows)?;
    page(call, listing.member, keyed(listing.id, rows), 1000)
}

/// Each row with its id.
fn keyed(id: &str, rows: Vec<Object>) -> Vec<(String, Object)> {
    rows.into_iter()
        .map(|row| (optional(&row, id).unwrap_or_default().to_owned(), row))
        .collect()
}

/// The rows that have the ids and pass the filters that the call names.
///
/// # Errors
/// If an id or a filter is unknown.
pub(super) fn found(
    call: &Call,
    listing: &Listing,
    mut rows: Vec<Object>,
) -> Result<Vec<Object>, Refusal> {
    let ids = texts(&call.input, listing.ids);
    let has = |row: &Object, id: &str| optional(row, listing.id) == Some(id);
    let absent: Vec<&str> = ids
        .iter()
        .copied()
        .filter(|id| !rows.iter().any(|row| has(row, id)))
        .collect();
    if let Some(refusal) = listing.kind.all_absent(&absent) {
        return Err(refusal);
    }
    if !ids.is_empty() {
        rows.retain(|row| ids.iter().any(|id| has(row, id)));
    }
    filter(call, listing.filters, rows)
}

/// The rows that pass the call's filters.
pub(super) fn filter(
    call: &Call,
    known: &[(&str, &str)],
    mut rows: Vec<Object>,
) -> Result<Vec<Object>, Refusal> {
    for filter in objects(&call.input, "Filters").filter_map(Value::as_object) {
        let name = optional(filter, "Name").unwrap_or_default();
        let wanted = texts(filter, "Values");
        let paths: Vec<&str> = known
            .iter()
            .filter(|(filter, _)| *filter == name)
            .map(|(_, path)| *path)
            .collect();
        let of_tags = name.starts_with("tag:") || ["tag-key", "tag-value"].contains(&name);
        if paths.is_empty() && !of_tags {
            return Err(match registry::has_filter("ec2", call.operation, name) {
                true => Refusal::not_implemented(format_args!(
                    "the filter {name} of ec2:{}",
                    call.operation
                )),
                false => invalid(format!("The filter '{name}' is invalid")),
            });
        }
        rows.retain(|row| {
            let values = values(row, name, &paths);
            wanted
                .iter()
                .any(|wanted| values.iter().any(|value| matches(wanted, value)))
        });
    }
    Ok(rows)
}

/// The values of a row for the filter with this name.
fn values(row: &Object, name: &str, paths: &[&str]) -> Vec<String> {
    let of_tags = |member| tags(row).filter_map(move |tag| text(&tag[member]));
    match name {
        "tag-key" => of_tags("Key").collect(),
        "tag-value" => of_tags("Value").collect(),
        name => match name.strip_prefix("tag:") {
            Some(key) => {
                let tags = tags(row).filter(|tag| tag["Key"] == key);
                tags.filter_map(|tag| text(&tag["Value"])).collect()
            }
            None => {
                let mut values = Vec::new();
                for path in paths {
                    gather(row, path, &mut values);
                }
                values
            }
        },
    }
}

fn tags(row: &Object) -> impl Iterator<Item = &Value> {
    ["Tags", "TagSet"]
        .iter()
        .flat_map(|member| objects(row, member))
}

/// The texts at a dotted path, in every item of the lists on the way.
fn gather(row: &Object, path: &str, values: &mut Vec<String>) {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(value) = row.get(first) else {
        return;
    };
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    for item in items {
        match item {
            Value::Object(below) if !rest.is_empty() => gather(below, rest, values),
            item => values.extend(text(item)),
        }
    }
}

/// A value in a filter's format. Times, which are the only numbers of this size, are formatted as in responses.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(one) => Some(one.to_string()),
        Value::Number(number) => match number.as_f64() {
            Some(seconds) if seconds > 1e9 && number.is_f64() => {
                let time = Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()?;
                Some(format!("{time:.3}"))
            }
            _ => Some(number.to_string()),
        },
        _ => None,
    }
}

/// Whether a value matches a filter: `*` is any characters, `?` one, `\` escapes.
fn matches(wanted: &str, value: &str) -> bool {
    let mut letters = wanted.chars();
    match letters.next() {
        None => value.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            value
                .char_indices()
                .map(|(at, _)| at)
                .chain([value.len()])
                .any(|at| matches(rest, &value[at..]))
        }
        Some(first) => {
            let (first, any) = match first {
                '?' => ('?', true),
                '\\' => (letters.next().unwrap_or('\\'), false),
                first => (first, false),
            };
            let mut of_value = value.chars();
            of_value.next().is_some_and(|letter| any || letter == first)
                && matches(letters.as_str(), of_value.as_str())
        }
    }
}

/// The lists with a minimum page size of five that AWS's model does not have; for the others it does.
const NO_SMALL_PAGES: [&str; 2] = ["DescribeInstances", "DescribeTags"];

/// A page of rows under `member`, with the members `MaxResults` and `NextToken` that EC2's lists share.
pub(super) fn page<T: Into<Value>>(
    call: &Call,
    member: &str,
    rows: Vec<(String, T)>,
    greatest: u64,
) -> Answer {
    let asked = call.input.get("MaxResults").and_then(Value::as_u64);
    let size = asked.unwrap_or(u64::MAX);
    if asked.is_some_and(|size| size > greatest) {
        return Err(invalid(format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value less than or equal to {greatest}."
        )));
    }
    if asked.is_some_and(|size| size < 5) && NO_SMALL_PAGES.contains(&call.operation) {
        return Err(invalid(format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value greater than 5."
        )));
    }
    let keys: Vec<String> = rows.iter().map(|(key, _)| key.clone()).collect();
    let values = rows.into_iter().map(|(_, row)| row.into());
    let (rows, next): (Vec<Value>, _) = paging::page(
        call.operation,
        keys.iter().map(String::as_str).zip(values),
        usize::try_from(size).unwrap_or(usize::MAX),
        optional(&call.input, "NextToken").filter(|token| !token.is_empty()),
    )
    .map_err(|paging::InvalidToken| refused("InvalidNextToken", "The token is not valid."))?;
    Ok(Object::from_iter([
        (member.to_owned(), json!(rows)),
        ("NextToken".to_owned(), json!(next)),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_know_wildcards() {
        for (wanted, value) in [
            ("private", "private"),
            ("pri*", "private"),
            ("*", ""),
            ("*vat*", "private"),
            ("p?ivate", "private"),
            (r"a\*b", "a*b"),
        ] {
            assert!(matches(wanted, value), "{wanted} {value}");
        }
        for (wanted, value) in [
            ("private", "Private"),
            ("pri?", "private"),
            ("", "private"),
            (r"a\*b", "axb"),
        ] {
            assert!(!matches(wanted, value), "{wanted} {value}");
        }
    }

    #[test]
    fn values_are_gathered_out_of_lists() {
        let Value::Object(row) =
            json!({"A": [{"B": {"C": "x"}}, {"B": {"C": true}}], "At": 1763726400.5})
        else {
            unreachable!()
        };
        let mut values = Vec::new();
        gather(&row, "A.B.C", &mut values);
        gather(&row, "At", &mut values);
        assert_eq!(values, ["x", "true", "2025-11-21T12:00:00.500Z"]);
    }
}
