//! Operations: a method, its responses and its integration for each.

use aws_facts::openapi::METHODS;
use serde_json::{Value, json};

use super::super::super::operation::{Object, Refusal};
use super::super::methods;
use super::super::state::Method;
use super::document::{Document, Version, is_true, members, text_of, texts_of};
use super::import::Import;
use super::paths::{Place, parameters, variables};
use super::security::Schemes;
use super::{INTEGRATION, VALIDATOR, integrations, models, settings};

/// The members of a parameter that OpenAPI 3.0 has.
const PARAMETER: &[&str] = &[
    "name",
    "in",
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "schema",
    "example",
    "examples",
    "content",
];

/// Makes the methods. One that the document names is replaced as a whole.
///
/// Source: API Gateway developer guide, "Use an OpenAPI file to update an existing API".
pub(super) fn import(
    import: &mut Import,
    schemes: &Schemes,
    places: &[Place],
) -> Result<(), Refusal> {
    let mut made: Vec<(&str, &str)> = Vec::new();
    for place in places {
        for (member, operation) in place.item {
            let known = METHODS.iter().find(|(name, _)| name == member);
            let (Some((member, verb)), Some(operation)) = (known, operation.as_object()) else {
                continue;
            };
            let at = (place.resource.as_str(), *verb);
            if made.contains(&at) {
                // Source: aws/serverless-application-model#3385: two paths that differ in a slash at the end.
                import.findings.error(format!(
                    "Duplicate method '{verb}' on resource at path '{}'",
                    place.path
                ));
                continue;
            }
            made.push(at);
            method(import, schemes, place, (member, verb), operation)?;
        }
    }
    Ok(())
}

fn method(
    import: &mut Import,
    schemes: &Schemes,
    place: &Place,
    (member, verb): (&str, &str),
    operation: &Object,
) -> Result<(), Refusal> {
    let document = import.document;
    let Some(mut settings) = schemes.required(&document.root, operation)? else {
        return Ok(());
    };
    if let Some(name) = operation.get("operationId").and_then(text_of) {
        settings.insert("operationName".into(), name.into());
    }
    let validator = operation
        .get(VALIDATOR)
        .or_else(|| document.root.get(VALIDATOR));
    if let Some(name) = validator.and_then(text_of) {
        // One that is not there is refused with the method.
        let id = settings::validator_id(&import.definition, &name);
        settings.insert("requestValidatorId".into(), id.unwrap_or(name).into());
    }
    let parameters = parameters(document, place.item, operation)?;
    let declared = request_parameters(import, place, member, &parameters);
    if !declared.is_empty() {
        settings.insert("requestParameters".into(), declared.into());
    }
    let bodies = request_models(import, operation, &parameters)?;
    if !bodies.is_empty() {
        settings.insert("requestModels".into(), bodies.into());
    }
    // Source: columbia-it/django-jsonapi-training, docs/aws.md.
    let path = &place.path;
    let what = format!("Unable to put method '{verb}' on resource at path '{path}'");
    let made = methods::made(&import.definition, verb, settings);
    let Some(mut made) = import.findings.made(what, made)? else {
        return Ok(());
    };
    responses(import, place, verb, operation, &mut made)?;
    if let Some(integration) = operation.get(INTEGRATION) {
        made.integration = integrations::import(import, place, verb, integration, &made)?;
    }
    if let Some(resource) = import.definition.resources.get_mut(&place.resource) {
        resource.methods.insert(verb.to_owned(), made);
    }
    Ok(())
}

/// The parameters that are no bodies, and the path's variables even if the document does not declare them.
///
/// Evidence: recorded, LocalStack `test_import_with_global_api_key_authorizer`.
fn request_parameters(
    import: &mut Import,
    place: &Place,
    member: &str,
    parameters: &[&Value],
) -> Object {
    let mut declared = Object::new();
    for parameter in parameters {
        let said = |member: &str| parameter.get(member).and_then(text_of).unwrap_or_default();
        let (name, place_of) = (said("name"), said("in"));
        if import.document.version == Version::V3 {
            // Source: a transcript of an import with `type` beside `schema`, of 2020.
            for (unexpected, _) in members(Some(parameter)) {
                if !PARAMETER.contains(&unexpected.as_str()) && !unexpected.starts_with("x-") {
                    import.findings.warn(format!(
                        "Parse issue: attribute paths.'{}'({member}).parameters.[{name}].{unexpected} is unexpected",
                        place.written
                    ));
                }
            }
        }
        let location = match place_of.as_str() {
            "query" => "querystring",
            "header" => "header",
            "path" => "path",
            "body" => continue,
            other => {
                // Source: traccar/traccar#2079, for `formData`.
                import.findings.warn(format!(
                    "Parameter type {other} for parameter {name} not supported. Ignoring."
                ));
                continue;
            }
        };
        let required = parameter.get("required").is_some_and(is_true);
        declared.insert(format!("method.request.{location}.{name}"), required.into());
    }
    for variable in variables(&place.path) {
        let name = format!("method.request.path.{variable}");
        declared.entry(name).or_insert(true.into());
    }
    declared
}

/// Models of the request's body by content type.
fn request_models(
    import: &mut Import,
    operation: &Object,
    parameters: &[&Value],
) -> Result<Object, Refusal> {
    let document = import.document;
    match document.version {
        Version::V2 => {
            let body = parameters
                .iter()
                .find(|parameter| parameter.get("in") == Some(&json!("body")));
            let schema = body.and_then(|body| body.get("schema"));
            let types = media_types(document, operation, "consumes");
            models_by_type(import, types.into_iter().map(|kind| (kind, schema)))
        }
        Version::V3 => {
            let body = operation
                .get("requestBody")
                .map(|body| document.resolved(body));
            let body = body.transpose()?;
            models_by_type(import, content(body))
        }
    }
}

/// The content types that an operation takes or answers; JSON if nothing says.
fn media_types(document: &Document, operation: &Object, member: &str) -> Vec<String> {
    let said = operation.get(member).or_else(|| document.root.get(member));
    let types = said.map(texts_of).unwrap_or_default();
    match types.is_empty() {
        true => vec!["application/json".into()],
        false => types,
    }
}

/// The schemas of a body by content type.
fn content(body: Option<&Value>) -> impl Iterator<Item = (String, Option<&Value>)> {
    members(body.and_then(|body| body.get("content")))
        .map(|(kind, media)| (kind.clone(), media.get("schema")))
}

fn models_by_type<'d>(
    import: &mut Import,
    schemas: impl Iterator<Item = (String, Option<&'d Value>)>,
) -> Result<Object, Refusal> {
    let mut by_type = Object::new();
    for (kind, schema) in schemas {
        let Some(schema) = schema else { continue };
        if let Some(model) = models::of_schema(import, schema)? {
            by_type.insert(kind, model.into());
        }
    }
    Ok(by_type)
}

/// The method responses: none for `default`, which is no status code.
fn responses(
    import: &mut Import,
    place: &Place,
    verb: &str,
    operation: &Object,
    method: &mut Method,
) -> Result<(), Refusal> {
    let document = import.document;
    for (status, response) in members(operation.get("responses")) {
        if status == "default" || status.starts_with("x-") {
            continue;
        }
        if status.len() != 3 || !status.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Refusal::not_implemented(format_args!(
                "responses for '{status}' in an import: only single status codes and 'default'"
            )));
        }
        let response = document.resolved(response)?;
        let mut settings = Object::from_iter([("statusCode".to_owned(), json!(status))]);
        let headers: Object = members(response.get("headers"))
            .map(|(name, _)| (format!("method.response.header.{name}"), false.into()))
            .collect();
        if !headers.is_empty() {
            settings.insert("responseParameters".into(), headers.into());
        }
        let bodies = match document.version {
            Version::V2 => {
                let schema = response.get("schema");
                let types = media_types(document, operation, "produces");
                models_by_type(import, types.into_iter().map(|kind| (kind, schema)))?
            }
            Version::V3 => models_by_type(import, content(Some(response)))?,
        };
        if !bodies.is_empty() {
            settings.insert("responseModels".into(), bodies.into());
        }
        let what = format!(
            "Unable to put method response '{status}' on '{verb}' for resource at path '{}'",
            place.path
        );
        let checked = methods::check_response(&import.definition, &settings);
        if import.findings.made(what, checked)?.is_some() {
            method.responses.insert(status.clone(), settings);
        }
    }
    Ok(())
}
