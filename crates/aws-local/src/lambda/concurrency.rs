//! How many calls of a function run at once, and the account's limits.

use aws_facts::limits::lambda::{
    LARGEST_ARCHIVE, LARGEST_UNPACKED, LEAST_UNRESERVED, MOST_CODE, MOST_CONCURRENT,
};
use serde_json::{Value, json};

use super::super::members::{nothing, object};
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::names::Named;
use super::{invalid, no_function};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PutFunctionConcurrency", put),
    Operation::read("GetFunctionConcurrency", get),
    Operation::change("DeleteFunctionConcurrency", delete),
    Operation::read("GetAccountSettings", account),
];

const RESERVED: &str = "ReservedConcurrentExecutions";

/// What the functions of a Region reserve, but the one with this name.
fn reserved(region: &Region, but: &str) -> u64 {
    let functions = region.lambda.functions.iter();
    let others = functions.filter(|(name, _)| *name != but);
    others
        .filter_map(|(_, function)| function.reserved_concurrency)
        .sum()
}

fn most() -> u64 {
    u64::try_from(MOST_CONCURRENT).unwrap_or_default()
}

fn put(region: &mut Region, call: &Call) -> Answer {
    let named = Named::unqualified(call)?;
    let wanted = call.input.get(RESERVED).and_then(Value::as_u64);
    let wanted = wanted.unwrap_or_default();
    let others = reserved(region, &named.name);
    let Some(function) = region.lambda.functions.get_mut(&named.name) else {
        return Err(no_function(&format!("{}:$LATEST", named.arn(call))));
    };
    let least = u64::try_from(LEAST_UNRESERVED).unwrap_or_default();
    if wanted > 0 && others.saturating_add(wanted).saturating_add(least) > most() {
        return Err(invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [{least}]."
        )));
    }
    function.reserved_concurrency = Some(wanted);
    Ok(object(RESERVED, wanted))
}

fn get(region: &Region, call: &Call) -> Answer {
    let named = Named::unqualified(call)?;
    let reserved = named.function(region, call)?.reserved_concurrency;
    Ok(object(RESERVED, json!(reserved)))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let named = Named::unqualified(call)?;
    named.function_mut(region, call)?.reserved_concurrency = None;
    nothing()
}

fn account(region: &Region, _: &Call) -> Answer {
    let functions = region.lambda.functions.values();
    let code: u64 = functions
        .flat_map(|function| function.configurations())
        .map(|one| one.code_size)
        .sum();
    let unreserved = most().saturating_sub(reserved(region, ""));
    Ok(Object::from_iter([
        (
            "AccountLimit".to_owned(),
            json!({
                "TotalCodeSize": MOST_CODE,
                "CodeSizeUnzipped": LARGEST_UNPACKED,
                "CodeSizeZipped": LARGEST_ARCHIVE,
                "ConcurrentExecutions": MOST_CONCURRENT,
                "UnreservedConcurrentExecutions": unreserved,
            }),
        ),
        (
            "AccountUsage".to_owned(),
            json!({"TotalCodeSize": code, "FunctionCount": region.lambda.functions.len()}),
        ),
    ]))
}
