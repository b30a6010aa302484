//! Resources: the tree of an API's paths.

use std::sync::LazyLock;

use aws_facts::limits::apigateway::MOST_RESOURCES;
use regex::Regex;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::{bad_request, conflict, limit_exceeded, not_found};
use super::state::{Definition, Resource, State};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateResource", create),
    Operation::read("GetResource", get),
    Operation::read("GetResources", list),
    Operation::change("UpdateResource", update),
    Operation::change("DeleteResource", delete),
];

/// A literal part, or a variable (`{name}`), greedy (`{name+}`) or not.
static PATH_PART: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([a-zA-Z0-9._:$@,-]+|\{[a-zA-Z0-9._:$@,-]+\+?\})$").expect("it is a pattern")
});

const RULES: Rules = Rules {
    words: Words::Listing,
    rules: &[
        rule("/parentId", REPLACE, Takes::Text),
        rule("/pathPart", REPLACE, Takes::Text),
    ],
};

pub(super) fn no_resource() -> Refusal {
    not_found("Invalid Resource identifier specified")
}

/// The resource that the call names. AWS returns the same error if the API doesn't exist.
pub(super) fn find<'s>(
    state: &'s State,
    call: &Call,
) -> Result<(&'s Definition, &'s Resource), Refusal> {
    let api = state
        .rest_apis
        .get(call.text("restApiId"))
        .ok_or_else(no_resource)?;
    let resource = api.definition.resources.get(call.text("resourceId"));
    Ok((&api.definition, resource.ok_or_else(no_resource)?))
}

/// The same, to change it.
pub(super) fn find_mut<'s>(state: &'s mut State, call: &Call) -> Result<&'s mut Resource, Refusal> {
    state
        .rest_apis
        .get_mut(call.text("restApiId"))
        .and_then(|api| api.definition.resources.get_mut(call.text("resourceId")))
        .ok_or_else(no_resource)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    let (parent, part) = (call.text("parentId"), call.text("pathPart"));
    if !definition.resources.contains(parent) {
        return Err(no_resource());
    }
    let id = identifiers::api_gateway_short();
    let resource = add(definition, &id, parent, part)?;
    Ok(describe(definition, &id, &resource, false))
}

/// Adds a resource with this id below an existing one.
pub(super) fn add(
    definition: &mut Definition,
    id: &str,
    parent: &str,
    part: &str,
) -> Result<Resource, Refusal> {
    fits(definition, None, parent, part)?;
    if definition.resources.len() >= MOST_RESOURCES {
        return Err(limit_exceeded(
            "Maximum number of Resources for this API has been reached. Please contact AWS if you need additional Resources.",
        ));
    }
    let resource = Resource {
        parent: Some(parent.into()),
        path_part: part.into(),
        ..Resource::default()
    };
    definition.resources.insert(id, resource.clone());
    Ok(resource)
}

/// Whether a resource (`own`, if it exists already) may have this part below this parent.
fn fits(
    definition: &Definition,
    own: Option<&str>,
    parent: &str,
    part: &str,
) -> Result<(), Refusal> {
    if !PATH_PART.is_match(part) {
        return Err(bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        ));
    }
    let above = definition.resources.get(parent).ok_or_else(no_resource)?;
    if above.path_part.ends_with("+}") {
        return Err(bad_request(format!(
            "Cannot create a child of a resource with a greedy path variable: {}",
            above.path_part
        )));
    }
    let siblings = || {
        definition
            .resources
            .iter()
            .filter(|(id, _)| own != Some(*id))
            .map(|(_, resource)| resource)
            .filter(|resource| resource.parent.as_deref() == Some(parent))
    };
    if siblings().any(|sibling| sibling.path_part == part) {
        return Err(conflict(format!(
            "Another resource with the same parent already has this name: {part}"
        )));
    }
    if part.starts_with('{')
        && let Some(sibling) = siblings().find(|sibling| sibling.path_part.starts_with('{'))
    {
        return Err(bad_request(format!(
            "A sibling ({}) of this resource already has a variable path part -- only one is allowed",
            sibling.path_part
        )));
    }
    Ok(())
}

/// A resource in responses: its methods by verb, in full only if requested.
fn describe(
    definition: &Definition,
    id: &str,
    resource: &Resource,
    methods_in_full: bool,
) -> Object {
    let mut answer = Object::from_iter([
        ("id".to_owned(), json!(id)),
        ("path".to_owned(), json!(definition.path(resource))),
    ]);
    if let Some(parent) = &resource.parent {
        answer.insert("parentId".into(), json!(parent));
        answer.insert("pathPart".into(), json!(resource.path_part));
    }
    if !resource.methods.is_empty() {
        let methods: Object = resource
            .methods
            .iter()
            .map(|(verb, method)| {
                let method = match methods_in_full {
                    true => super::methods::describe(method),
                    false => Object::new(),
                };
                (verb.clone(), Value::Object(method))
            })
            .collect();
        answer.insert("resourceMethods".into(), methods.into());
    }
    answer
}

fn embeds_methods(call: &Call) -> bool {
    let embed = call.input.get("embed").and_then(Value::as_array);
    embed.is_some_and(|embed| embed.iter().any(|what| what == "methods"))
}

fn get(region: &Region, call: &Call) -> Answer {
    let (definition, resource) = find(&region.apigateway, call)?;
    Ok(describe(
        definition,
        call.text("resourceId"),
        resource,
        embeds_methods(call),
    ))
}

fn list(region: &Region, call: &Call) -> Answer {
    let definition = &region.apigateway.rest_api(call)?.definition;
    let embeds = embeds_methods(call);
    let rows = definition
        .resources
        .iter()
        .map(|(id, resource)| (id, describe(definition, id, resource, embeds)));
    page(call, call.text("restApiId"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    find(state, call)?;
    let id = call.text("resourceId");
    for patch in patches(call)? {
        // Only to refuse what isn't in the table: a resource has no settings.
        RULES.apply(&patch, &mut Object::new())?;
        let definition = &mut state.rest_api_mut(call)?.definition;
        let resource = definition.resources.get(id).ok_or_else(no_resource)?;
        let Some(parent) = resource.parent.clone() else {
            return Err(bad_request(format!(
                "Root resource cannot update its {}.",
                patch.parts.join("/")
            )));
        };
        let (parent, part) = match (patch.parts()[..].first(), patch.filled()) {
            (Some(&"parentId"), to) => (
                to.unwrap_or_default().to_owned(),
                resource.path_part.clone(),
            ),
            (_, to) => (parent, to.unwrap_or_default().to_owned()),
        };
        if !definition.resources.contains(&parent) {
            return Err(no_resource());
        }
        if is_below(definition, &parent, id) {
            return Err(bad_request("Resources cannot be cyclical."));
        }
        fits(definition, Some(id), &parent, &part)?;
        let has_children = definition
            .resources
            .values()
            .any(|other| other.parent.as_deref() == Some(id));
        if part.ends_with("+}") && has_children {
            return Err(bad_request(format!(
                "Cannot create a child of a resource with a greedy path variable: {part}"
            )));
        }
        if let Some(resource) = definition.resources.get_mut(id) {
            resource.parent = Some(parent);
            resource.path_part = part;
        }
    }
    let (definition, resource) = find(state, call)?;
    Ok(describe(definition, id, resource, false))
}

/// Whether `id` is `above` or below it.
fn is_below(definition: &Definition, id: &str, above: &str) -> bool {
    let mut at = Some(id);
    while let Some(id) = at {
        if id == above {
            return true;
        }
        at = definition
            .resources
            .get(id)
            .and_then(|resource| resource.parent.as_deref());
    }
    false
}

/// Everything below the resource is deleted with it.
fn delete(region: &mut Region, call: &Call) -> Answer {
    let (definition, _) = find(&region.apigateway, call)?;
    let id = call.text("resourceId");
    if id == definition.root {
        return Err(bad_request("Root resource cannot be deleted."));
    }
    let doomed: Vec<String> = definition
        .resources
        .iter()
        .filter(|(other, _)| is_below(definition, other, id))
        .map(|(id, _)| id.to_owned())
        .collect();
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition
        .resources
        .retain(|id, _| !doomed.iter().any(|doomed| doomed == id));
    Ok(Object::new())
}
