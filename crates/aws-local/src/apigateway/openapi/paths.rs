//! Paths: the base path, and a resource for each part of a path.

use std::collections::HashMap;

use serde_json::Value;

use super::super::super::identifiers;
use super::super::super::operation::{Call, Object, Refusal};
use super::super::resources;
use super::super::state::Definition;
use super::document::{Document, Version, list, members, text_of};
use super::import::{Import, parameter};

/// What becomes of a document's base path.
///
/// Source: API Gateway developer guide, "Set the OpenAPI basePath property".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BasePath {
    Ignored,
    /// Its parts stand before every path.
    Prepended,
    /// Its parts but the first stand before every path.
    Split,
}

impl BasePath {
    pub(super) fn requested(call: &Call) -> Result<Self, Refusal> {
        match parameter(call, "basepath") {
            None | Some("ignore") => Ok(Self::Ignored),
            Some("prepend") => Ok(Self::Prepended),
            Some("split") => Ok(Self::Split),
            Some(other) => Err(Refusal::not_implemented(format_args!(
                "'{other}' as the basepath of an import, which API Gateway does not document"
            ))),
        }
    }

    /// The parts that stand before every path.
    fn parts(self, document: &Document) -> Vec<String> {
        let base = match document.version {
            Version::V2 => document.root.get("basePath").and_then(text_of),
            Version::V3 => base_path_of_servers(document.servers()),
        };
        let parts = parts(&base.unwrap_or_default());
        match self {
            Self::Ignored => Vec::new(),
            Self::Prepended => parts,
            Self::Split => parts.into_iter().skip(1).collect(),
        }
    }
}

/// The default of the first server variable named `basePath`, or else the path of the first server.
fn base_path_of_servers(servers: &[Value]) -> Option<String> {
    let variable =
        |server: &Value, name: &str| text_of(server.get("variables")?.get(name)?.get("default")?);
    let named = servers
        .iter()
        .find_map(|server| variable(server, "basePath"));
    named.or_else(|| {
        let server = servers.first()?;
        let mut url = server.get("url")?.as_str()?.to_owned();
        for (name, _) in members(server.get("variables")) {
            let default = variable(server, name).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), &default);
        }
        match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map(|(_, path)| path.to_owned()),
            None => Some(url),
        }
    })
}

/// The parts of a path. A slash at the end makes none.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// A path of the document.
#[derive(Debug)]
pub(super) struct Place<'d> {
    /// The path as the document has it.
    pub(super) written: &'d str,
    /// The whole path, with the base path.
    pub(super) path: String,
    /// The id of its resource.
    pub(super) resource: String,
    /// The cache namespace of its integrations that name none.
    pub(super) namespace: String,
    /// What the document says there.
    pub(super) item: &'d Object,
}

/// Makes the resources of all paths. Those whose path stays keep their ids.
///
/// Evidence: recorded, LocalStack `test_import_rest_api_with_base_path_oas30`.
pub(super) fn import<'d>(
    import: &mut Import<'d>,
    base: BasePath,
) -> Result<Vec<Place<'d>>, Refusal> {
    let document = import.document;
    let base = base.parts(document);
    let old_ids = ids_by_path(import.before);
    let is_new = !import.state.rest_apis.contains(import.api);
    let mut namespaces: HashMap<String, String> = HashMap::new();
    let mut places = Vec::new();
    for (written, item) in members(document.root.get("paths")) {
        if written.starts_with("x-") {
            continue;
        }
        let Some(item) = document.resolved(item)?.as_object() else {
            continue;
        };
        let whole = base
            .iter()
            .cloned()
            .chain(parts(written))
            .collect::<Vec<_>>();
        let path = format!("/{}", whole.join("/"));
        let Some(resource) = resource(import, &path, &whole, &old_ids)? else {
            continue;
        };
        // The recorded import gives a resource that stays another namespace, the same for all its methods.
        let was_there = !is_new && old_ids.contains_key(&path);
        let namespace = match import.overwrites && was_there {
            true => namespaces
                .entry(resource.clone())
                .or_insert_with(identifiers::api_gateway_short)
                .clone(),
            false => resource.clone(),
        };
        places.push(Place {
            written,
            path,
            resource,
            namespace,
            item,
        });
    }
    Ok(places)
}

fn ids_by_path(definition: &Definition) -> HashMap<String, String> {
    let resources = definition.resources.iter();
    resources
        .map(|(id, resource)| (definition.path(resource), id.to_owned()))
        .collect()
}

/// The id of the resource at this path, made with all above it. None if that is refused.
fn resource(
    import: &mut Import,
    path: &str,
    parts: &[String],
    old_ids: &HashMap<String, String>,
) -> Result<Option<String>, Refusal> {
    let mut at = import.definition.root.clone();
    let mut so_far = String::new();
    for part in parts {
        so_far = format!("{so_far}/{part}");
        if let Some(id) = child(&import.definition, &at, part) {
            at = id;
            continue;
        }
        let old = old_ids.get(&so_far).cloned();
        let id = old.unwrap_or_else(identifiers::api_gateway_short);
        // Source: awslabs/aws-api-gateway-developer-portal#424 and aws-apigateway-importer#202.
        let what = format!("Unable to create resource at path '{path}'");
        let made = resources::add(&mut import.definition, &id, &at, part);
        if import.findings.made(what, made)?.is_none() {
            return Ok(None);
        }
        at = id;
    }
    Ok(Some(at))
}

/// The id of the resource with this part below another one.
fn child(definition: &Definition, parent: &str, part: &str) -> Option<String> {
    let mut resources = definition.resources.iter();
    let (id, _) = resources.find(|(_, resource)| {
        resource.parent.as_deref() == Some(parent) && resource.path_part == part
    })?;
    Some(id.to_owned())
}

/// The variables of a path, such as `id` and `proxy` of `/a/{id}/{proxy+}`.
pub(super) fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.strip_suffix('+').unwrap_or(name))
    })
}

/// The parameters of a path, with an operation's own in the place of those with the same name and place.
pub(super) fn parameters<'d>(
    document: &'d Document,
    item: &'d Object,
    operation: &'d Object,
) -> Result<Vec<&'d Value>, Refusal> {
    let mut parameters: Vec<&Value> = Vec::new();
    let key = |parameter: &'d Value| (parameter.get("name"), parameter.get("in"));
    for parameter in [item, operation]
        .into_iter()
        .flat_map(|of| list(of.get("parameters")))
    {
        let parameter = document.resolved(parameter)?;
        parameters.retain(|other| key(other) != key(parameter));
        parameters.push(parameter);
    }
    Ok(parameters)
}
