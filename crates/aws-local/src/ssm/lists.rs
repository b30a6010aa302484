//! Lists of parameters: those below a path, and all of them without their values.

use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::paging;
use super::super::state::Region;
use super::{arn, invalid, is_public, shown, tier};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("GetParametersByPath", by_path).refusing(&["ParameterFilters"]),
    Operation::read("DescribeParameters", describe).refusing(&[
        "Filters",
        "ParameterFilters",
        "Shared",
    ]),
];

/// A page of rows by name.
fn page<'r>(call: &Call, rows: impl Iterator<Item = (&'r str, Object)>, size: u64) -> Answer {
    let asked = call.input.get("MaxResults").and_then(Value::as_u64);
    let size = usize::try_from(asked.unwrap_or(size)).unwrap_or(usize::MAX);
    let token = call.input.get("NextToken").and_then(Value::as_str);
    let wrong_token = |paging::InvalidToken| {
        Refusal::new(400, "InvalidNextToken", "The specified token isn't valid.")
    };
    let (rows, next) = paging::page(call.operation, rows, size, token).map_err(wrong_token)?;
    let mut answer = Object::from_iter([("Parameters".to_owned(), json!(rows))]);
    answer.extend(next.map(|next| ("NextToken".to_owned(), json!(next))));
    Ok(answer)
}

fn by_path(region: &Region, call: &Call) -> Answer {
    let path = call.text("Path");
    if !path.starts_with('/') {
        return Err(invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It \
             can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . \
             (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward \
             slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_.",
        ));
    }
    if is_public(&format!("{path}/")) {
        return Err(Refusal::not_implemented(format_args!(
            "the public parameters below {path}"
        )));
    }
    let recursive = call.input.get("Recursive") == Some(&Value::Bool(true));
    let folder = format!("{}/", path.trim_end_matches('/'));
    let below = |name: &str| {
        let slash = if name.starts_with('/') { "" } else { "/" };
        let name = format!("{slash}{name}");
        let rest = name.strip_prefix(&folder);
        rest.is_some_and(|rest| recursive || !rest.contains('/'))
    };
    let names = region.ssm.parameters.iter().filter(|(name, _)| below(name));
    let rows = names.map(|(name, _)| Ok((name, shown(region, call, name)?)));
    let rows = rows.collect::<Result<Vec<_>, Refusal>>()?;
    page(call, rows.into_iter(), 10)
}

fn describe(region: &Region, call: &Call) -> Answer {
    let rows = region.ssm.parameters.iter().map(|(name, parameter)| {
        let row = Object::from_iter([
            ("Name".to_owned(), json!(name)),
            ("ARN".to_owned(), json!(arn(call, &call.account, name))),
            ("Type".to_owned(), json!(parameter.r#type)),
            ("LastModifiedDate".to_owned(), json!(parameter.modified)),
            ("Description".to_owned(), json!(parameter.description)),
            ("Version".to_owned(), json!(parameter.version)),
            ("Tier".to_owned(), json!(tier(parameter.advanced))),
            ("Policies".to_owned(), json!([])),
            ("DataType".to_owned(), json!(parameter.data_type)),
        ]);
        (name, row)
    });
    page(call, rows, 10)
}
