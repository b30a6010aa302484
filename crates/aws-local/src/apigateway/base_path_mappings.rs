//! Base path mappings: the API and stage for a path of a custom domain name.
//!
//! V2 calls them API mappings (`apigatewayv2.rs`) and gives them ids. V1 reads those with several levels, but doesn't make any.
//! Evidence: reported, hashicorp/terraform-provider-aws#45821, which reads `/domainnames/NAME/basepathmappings/dev%2Ftest%2Fsomething`
//! Another project's notes on its account say that `get-base-path-mappings` lists `internal/uva-integration-main`. That V1
//! neither changes nor deletes them is inferred from its refusal to make them.

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::domain_names::{find, no_domain};
use super::lists::page;
use super::patch::{Op, patches};
use super::refusals::{bad_request, conflict, not_found};
use super::state::{State, members, text};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateBasePathMapping", create).refusing(&["domainNameId"]),
    Operation::read("GetBasePathMapping", get).refusing(&["domainNameId"]),
    Operation::read("GetBasePathMappings", list).refusing(&["domainNameId"]),
    Operation::change("UpdateBasePathMapping", update).refusing(&["domainNameId"]),
    Operation::change("DeleteBasePathMapping", delete).refusing(&["domainNameId"]),
];

/// The base path of the whole domain, as AWS writes it.
pub(crate) const NONE: &str = "(none)";

/// The member of a mapping with its id, which V1 doesn't return.
pub(crate) const ID: &str = "apiMappingId";

fn no_mapping() -> Refusal {
    not_found("Invalid base path mapping identifier specified")
}

/// A mapping as V1 returns it.
fn described(mapping: &Object) -> Object {
    let mut described = mapping.clone();
    described.remove(ID);
    described
}

/// A base path as stored.
fn base_path(sent: &str) -> Result<&str, Refusal> {
    if sent.contains('/') {
        return Err(bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.",
        ));
    }
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || "$-_.+!*'()".contains(character);
    if !sent.chars().all(allowed) {
        return Err(bad_request(
            "Invalid base path specified: it can contain only letters, numbers, and one of $-_.+!*'()",
        ));
    }
    Ok(if sent.is_empty() { NONE } else { sent })
}

/// The API must exist, and the stage if one is named; without one, the next part of the path is the stage.
fn check(state: &State, mapping: &Object) -> Result<(), Refusal> {
    let (api, stage) = (text(mapping, "restApiId"), text(mapping, "stage"));
    if !state.rest_apis.contains(api) {
        return Err(bad_request("Invalid REST API identifier specified"));
    }
    if !stage.is_empty() && !state.has_stage(api, stage) {
        return Err(bad_request("Invalid stage identifier specified"));
    }
    Ok(())
}

/// Refuses to delete the target of base path mappings; `leads_there` selects the mappings.
pub(super) fn check_unmapped(
    state: &State,
    what: &str,
    name: &str,
    leads_there: impl Fn(&Object) -> bool,
) -> Result<(), Refusal> {
    let mapped: Vec<_> = state
        .domain_names
        .iter()
        .filter(|(_, domain)| domain.mappings.values().any(&leads_there))
        .map(|(domain, _)| domain)
        .collect();
    if mapped.is_empty() {
        return Ok(());
    }
    Err(bad_request(format!(
        "Deleting {what} {name} failed. Please remove all base path mappings related to the {what} in your domains: {}",
        mapped.join(", ")
    )))
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let domain = find(state, call)?;
    let base = base_path(call.text("basePath"))?;
    let mut mapping = members(call, &["restApiId", "stage"]);
    mapping.insert("basePath".into(), base.into());
    mapping.insert(ID.into(), identifiers::api_gateway_short().into());
    check(state, &mapping)?;
    if domain.mappings.contains_key(base) {
        return Err(conflict("Base path already exists for this domain name"));
    }
    let domain = state.domain_names.get_mut(call.text("domainName"));
    let mappings = &mut domain.ok_or_else(no_domain)?.mappings;
    mappings.insert(base.into(), mapping.clone());
    Ok(described(&mapping))
}

fn get(region: &Region, call: &Call) -> Answer {
    let domain = find(&region.apigateway, call)?;
    let base = match call.text("basePath") {
        levels if levels.contains('/') => levels,
        base => base_path(base)?,
    };
    let mapping = domain.mappings.get(base);
    mapping.map(described).ok_or_else(no_mapping)
}

fn list(region: &Region, call: &Call) -> Answer {
    let domain = find(&region.apigateway, call)?;
    let rows = domain
        .mappings
        .iter()
        .map(|(base, mapping)| (base.as_str(), described(mapping)));
    page(call, call.text("domainName"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let domain = find(state, call)?;
    let old_base = base_path(call.text("basePath"))?.to_owned();
    let mapping = domain.mappings.get(&old_base);
    let mut mapping = mapping.cloned().ok_or_else(no_mapping)?;
    for patch in patches(call)? {
        if patch.op != Op::Replace {
            return Err(bad_request(
                "Invalid patch operation specified. Must be one of: [replace]",
            ));
        }
        let value = patch.filled().unwrap_or_default();
        // AWS's table and AWS's examples differ in case, and AWS accepts both.
        let path = patch.path.to_lowercase();
        match path.as_str() {
            "/basepath" => mapping.insert("basePath".into(), base_path(value)?.into()),
            "/restapiid" => mapping.insert("restApiId".into(), value.into()),
            "/stage" if value.is_empty() => mapping.remove("stage"),
            "/stage" => mapping.insert("stage".into(), value.into()),
            _ => return Err(bad_request(format!("Invalid patch path {}", patch.path))),
        };
    }
    check(state, &mapping)?;
    let base = text(&mapping, "basePath").to_owned();
    if base != old_base && domain.mappings.contains_key(&base) {
        return Err(conflict("Base path already exists for this domain name"));
    }
    let domain = state.domain_names.get_mut(call.text("domainName"));
    let mappings = &mut domain.ok_or_else(no_domain)?.mappings;
    mappings.remove(&old_base);
    mappings.insert(base, mapping.clone());
    Ok(described(&mapping))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let domain = state.domain_names.get_mut(call.text("domainName"));
    let domain = domain.ok_or_else(no_domain)?;
    let base = base_path(call.text("basePath"))?;
    domain.mappings.remove(base).ok_or_else(no_mapping)?;
    Ok(Object::new())
}
