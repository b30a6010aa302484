//! What functions may have on AWS and never have here. Clients read it, and are answered as by a function without it.

use serde_json::json;

use super::super::members::{object, one};
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::names::Named;
use super::{no_resource, not_found, page};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("ListEventSourceMappings", event_sources),
    Operation::read("ListFunctionUrlConfigs", urls),
    Operation::read("GetFunctionUrlConfig", url),
    Operation::read("GetFunctionCodeSigningConfig", code_signing),
    Operation::read("GetFunctionEventInvokeConfig", event_invocation),
    Operation::read("ListFunctionEventInvokeConfigs", event_invocations),
    Operation::read("ListProvisionedConcurrencyConfigs", provisioned),
    Operation::read("GetFunctionRecursionConfig", recursion),
    Operation::read("GetRuntimeManagementConfig", runtime_updates),
];

/// A page of a list without rows.
fn empty(call: &Call, member: &str) -> Answer {
    page(call, "", member, std::iter::empty())
}

fn event_sources(_: &Region, call: &Call) -> Answer {
    empty(call, "EventSourceMappings")
}

fn urls(region: &Region, call: &Call) -> Answer {
    Named::of(call)?.function(region, call)?;
    empty(call, "FunctionUrlConfigs")
}

fn url(_: &Region, call: &Call) -> Answer {
    Named::of(call)?;
    Err(no_resource())
}

fn code_signing(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    named.function(region, call)?;
    Ok(object("FunctionName", named.name))
}

fn event_invocation(_: &Region, call: &Call) -> Answer {
    let mut named = Named::of(call)?;
    let latest = || super::state::LATEST.to_owned();
    named.qualifier.get_or_insert_with(latest);
    let arn = named.qualified_arn(call);
    Err(not_found(format!(
        "The function {arn} doesn't have an EventInvokeConfig"
    )))
}

fn event_invocations(region: &Region, call: &Call) -> Answer {
    Named::of(call)?.function(region, call)?;
    empty(call, "FunctionEventInvokeConfigs")
}

fn provisioned(region: &Region, call: &Call) -> Answer {
    Named::of(call)?.function(region, call)?;
    empty(call, "ProvisionedConcurrencyConfigs")
}

fn recursion(region: &Region, call: &Call) -> Answer {
    Named::of(call)?.function(region, call)?;
    one("RecursiveLoop", "Terminate")
}

fn runtime_updates(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    named.configuration(region, call)?;
    Ok(Object::from_iter([
        ("UpdateRuntimeOn".to_owned(), json!("Auto")),
        ("FunctionArn".to_owned(), json!(named.qualified_arn(call))),
    ]))
}
