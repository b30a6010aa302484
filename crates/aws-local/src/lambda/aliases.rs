//! Aliases: names for versions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::identifiers;
use super::super::members::{nothing, optional};
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::names::{self, Named};
use super::state::{Alias, Function, LATEST};
use super::{check_revision, conflict, invalid, no_function, not_found, page};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateAlias", create),
    Operation::read("GetAlias", get),
    Operation::change("UpdateAlias", update),
    Operation::change("DeleteAlias", delete),
    Operation::read("ListAliases", list),
];

fn arn(call: &Call, named: &Named, alias: &str) -> String {
    names::arn(call, &named.name, Some(alias))
}

fn shown(call: &Call, named: &Named, name: &str, alias: &Alias) -> Object {
    let all = [
        ("AliasArn", json!(arn(call, named, name))),
        ("Name", json!(name)),
        ("FunctionVersion", json!(alias.version)),
        ("Description", json!(alias.description)),
        ("RevisionId", json!(alias.revision)),
    ];
    let mut shown = Object::from_iter(all.map(|(name, value)| (name.to_owned(), value)));
    if !alias.weights.is_empty() {
        let weights = json!({"AdditionalVersionWeights": alias.weights});
        shown.insert("RoutingConfig".into(), weights);
    }
    shown
}

/// The shares that a call sends; none if it sends none.
fn weights(call: &Call) -> Result<Option<BTreeMap<String, f64>>, Refusal> {
    let Some(sent) = call.input.get("RoutingConfig") else {
        return Ok(None);
    };
    let weights = sent["AdditionalVersionWeights"].as_object();
    let weights: BTreeMap<String, f64> = weights
        .into_iter()
        .flatten()
        .map(|(version, share)| (version.clone(), share.as_f64().unwrap_or_default()))
        .collect();
    if weights.len() > 1 {
        return Err(invalid(
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ));
    }
    Ok(Some(weights))
}

/// Refuses an alias of versions that are not there or don't go together.
fn check(call: &Call, named: &Named, function: &Function, alias: &Alias) -> Result<(), Refusal> {
    let missing = |version: &str| no_function(&names::arn(call, &named.name, Some(version)));
    for version in std::iter::once(&alias.version).chain(alias.weights.keys()) {
        let there = version == LATEST
            || version
                .parse()
                .is_ok_and(|number: u64| function.versions.contains_key(&number));
        if !there {
            return Err(missing(version));
        }
        if version == LATEST && !alias.weights.is_empty() {
            return Err(invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        }
    }
    if alias.weights.contains_key(&alias.version) {
        let version = &alias.version;
        return Err(invalid(format!(
            "Invalid function version {version}. Function version {version} is already included in routing configuration."
        )));
    }
    Ok(())
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let alias = Alias {
        version: call.text("FunctionVersion").into(),
        description: call.text("Description").into(),
        weights: weights(call)?.unwrap_or_default(),
        revision: identifiers::uuid(),
    };
    let name = call.text("Name");
    let function = region.lambda.functions.get_mut(&named.name);
    let function = function.ok_or_else(|| {
        // AWS looks for the version.
        no_function(&names::arn(call, &named.name, Some(&alias.version)))
    })?;
    check(call, &named, function, &alias)?;
    if function.aliases.contains_key(name) {
        let arn = arn(call, &named, name);
        return Err(conflict(format!("Alias already exists: {arn}")));
    }
    let answer = shown(call, &named, name, &alias);
    function.aliases.insert(name.into(), alias);
    Ok(answer)
}

/// The refusal of an alias that is not there.
pub(super) fn missing(arn: &str) -> Refusal {
    not_found(format!("Cannot find alias arn: {arn}"))
}

fn get(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let name = call.text("Name");
    let function = region.lambda.functions.get(&named.name);
    let alias = function.and_then(|function| function.aliases.get(name));
    let alias = alias.ok_or_else(|| missing(&arn(call, &named, name)))?;
    Ok(shown(call, &named, name, alias))
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let name = call.text("Name");
    let missing = || not_found(format!("Alias not found: {}", arn(call, &named, name)));
    let function = region.lambda.functions.get_mut(&named.name);
    let function = function.ok_or_else(missing)?;
    let mut alias = function.aliases.get(name).ok_or_else(missing)?.clone();
    check_revision(call, &alias.revision, "GetFunction/GetAlias")?;
    if let Some(version) = optional(&call.input, "FunctionVersion") {
        alias.version = version.into();
    }
    if let Some(description) = optional(&call.input, "Description") {
        alias.description = description.into();
    }
    if let Some(weights) = weights(call)? {
        alias.weights = weights;
    }
    check(call, &named, function, &alias)?;
    alias.revision = identifiers::uuid();
    let answer = shown(call, &named, name, &alias);
    function.aliases.insert(name.into(), alias);
    Ok(answer)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let name = call.text("Name");
    let function = named.function_mut(region, call)?;
    // One that is not there is deleted already.
    if function.aliases.remove(name).is_some() {
        function.policies.remove(name);
    }
    nothing()
}

fn list(region: &Region, call: &Call) -> Answer {
    let named = Named::of(call)?;
    let function = named.function(region, call)?;
    let version = optional(&call.input, "FunctionVersion");
    let aliases = function.aliases.iter();
    let rows = aliases
        .filter(|(_, alias)| version.is_none_or(|version| alias.version == version))
        .map(|(name, alias)| {
            let row = Value::from(shown(call, &named, name, alias));
            (name.as_str(), row)
        });
    page(call, &named.name, "Aliases", rows)
}
