//! Models: JSON schemas of request and response bodies.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::table::Table;
use super::lists::page;
use super::patch::{REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, conflict, not_found};
use super::state::{Definition, Method, State, members, text};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateModel", create),
    Operation::read("GetModel", get),
    Operation::read("GetModels", list),
    Operation::change("UpdateModel", update),
    Operation::change("DeleteModel", delete),
    Operation::read("GetModelTemplate", template),
];

const RULES: Rules = Rules {
    words: Words::Listing,
    rules: &[
        rule("/description", REPLACE, Takes::Text),
        rule("/schema", REPLACE, Takes::Text),
    ],
};

/// A reference to another model of an API, in a schema.
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#""https://apigateway\.amazonaws\.com/restapis/[^/"]+/models/([^/"]+)""#)
        .expect("it is a pattern")
});

/// The models that every API is created with.
pub(super) fn defaults() -> Table<Object> {
    let mut models = Table::default();
    for (name, description, properties) in [
        ("Empty", "This is a default empty schema model", None),
        (
            "Error",
            "This is a default error schema model",
            Some(json!({"message": {"type": "string"}})),
        ),
    ] {
        let mut schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": format!("{name} Schema"),
            "type": "object",
        });
        if let Some(properties) = properties {
            schema["properties"] = properties;
        }
        let model = json!({
            "id": identifiers::api_gateway_short(),
            "name": name,
            "description": description,
            "schema": format!("{schema:#}"),
            "contentType": "application/json",
        });
        if let Value::Object(model) = model {
            models.insert(name, model);
        }
    }
    models
}

fn find<'s>(state: &'s State, call: &Call) -> Result<(&'s Definition, &'s Object), Refusal> {
    let name = call.text("modelName");
    let no_model = || not_found(format!("Invalid model name specified: {name}"));
    let api = state
        .rest_apis
        .get(call.text("restApiId"))
        .ok_or_else(no_model)?;
    let model = api.definition.models.get(name);
    Ok((&api.definition, model.ok_or_else(no_model)?))
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    let name = call.text("name");
    check_name(name)?;
    if definition.models.contains(name) {
        return Err(conflict("Model name already exists for this REST API"));
    }
    let mut model = members(call, &["name", "description", "schema", "contentType"]);
    check(definition, &model)?;
    if text(&model, "description").is_empty() {
        model.remove("description");
    }
    model.insert("id".into(), identifiers::api_gateway_short().into());
    definition.models.insert(name, model.clone());
    Ok(model)
}

pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(bad_request("Model name must be non-empty"));
    }
    let mut characters = name.chars();
    if !characters.all(|character| character.is_ascii_alphanumeric()) {
        return Err(bad_request(format!(
            "Model name must be alphanumeric: {name}"
        )));
    }
    Ok(())
}

/// The schema is required; that of a JSON body must be JSON, and refer only to models of the API.
pub(super) fn check(definition: &Definition, model: &Object) -> Result<(), Refusal> {
    let schema = text(model, "schema");
    if schema.trim().is_empty() {
        return Err(bad_request(
            "Model schema must have at least 1 property or array items defined",
        ));
    }
    if !text(model, "contentType").contains("json") {
        return Ok(());
    }
    let invalid = |error: String| {
        bad_request(format!(
            "Invalid model specified: Validation Result: warnings : [], errors : [{error}]"
        ))
    };
    match serde_json::from_str(schema) {
        Ok(Value::Object(_)) => {}
        _ => return Err(invalid("Invalid model schema specified".into())),
    }
    let own = text(model, "name");
    let unknown = references(model)
        .filter(|name| *name != own && !definition.models.contains(name))
        .map(|name| format!("Invalid model specified: {name}"))
        .collect::<Vec<_>>();
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(invalid(unknown.join(", "))),
    }
}

/// The names of the models that a model's schema refers to.
pub(super) fn references(model: &Object) -> impl Iterator<Item = &str> {
    REFERENCE
        .captures_iter(text(model, "schema"))
        .filter_map(|found| Some(found.get(1)?.as_str()))
}

fn get(region: &Region, call: &Call) -> Answer {
    let (definition, model) = find(&region.apigateway, call)?;
    let flatten = call.input.get("flatten") == Some(&Value::Bool(true));
    let mut answer = model.clone();
    if flatten && let Ok(schema) = serde_json::from_str(text(model, "schema")) {
        let mut within = vec![text(model, "name")];
        let flat = flattened(definition, schema, &mut within);
        answer.insert("schema".into(), flat.to_string().into());
    }
    Ok(answer)
}

/// A schema with its references to models resolved; recursive ones stay references.
fn flattened<'d>(definition: &'d Definition, schema: Value, within: &mut Vec<&'d str>) -> Value {
    match schema {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|reference| reference.rsplit('/').next());
            let model = name.and_then(|name| definition.models.get(name));
            let inner = model.and_then(|model| {
                let name = text(model, "name");
                let schema = serde_json::from_str(text(model, "schema")).ok()?;
                (!within.contains(&name)).then_some((name, schema))
            });
            match inner {
                Some((name, schema)) => {
                    within.push(name);
                    let flat = flattened(definition, schema, within);
                    within.pop();
                    flat
                }
                None => members
                    .into_iter()
                    .map(|(name, value)| (name, flattened(definition, value, within)))
                    .collect::<Object>()
                    .into(),
            }
        }
        Value::Array(items) => items
            .into_iter()
            .map(|item| flattened(definition, item, within))
            .collect(),
        other => other,
    }
}

fn list(region: &Region, call: &Call) -> Answer {
    let models = &region.apigateway.rest_api(call)?.definition.models;
    let rows = models.iter().map(|(name, model)| (name, model.clone()));
    page(call, call.text("restApiId"), rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let (definition, model) = find(&region.apigateway, call)?;
    let mut model = model.clone();
    RULES.apply_all(call, &mut model)?;
    check(definition, &model)?;
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition
        .models
        .insert(call.text("modelName"), model.clone());
    Ok(model)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let (definition, _) = find(&region.apigateway, call)?;
    let name = call.text("modelName");
    let names = |models: Option<&Value>| {
        let models = models.and_then(Value::as_object);
        models.is_some_and(|models| models.values().any(|model| model == name))
    };
    let in_request = |method: &Method| names(method.settings.get("requestModels"));
    let in_response = |method: &Method| {
        let mut responses = method.responses.values();
        responses.any(|response| names(response.get("responseModels")))
    };
    let another = definition
        .models
        .iter()
        .find(|(other, model)| *other != name && references(model).any(|wanted| wanted == name));
    let user = definition
        .method_that(in_request)
        .map(|method| format!("method request: {method}"))
        .or_else(|| {
            Some(format!(
                "method response: {}",
                definition.method_that(in_response)?
            ))
        })
        .or_else(|| Some(format!("model: {}", another?.0)));
    if let Some(user) = user {
        return Err(conflict(format!(
            "Cannot delete model '{name}', is referenced in {user}"
        )));
    }
    let definition = &mut region.apigateway.rest_api_mut(call)?.definition;
    definition.models.remove(name);
    Ok(Object::new())
}

/// A mapping template with an example of the model.
fn template(region: &Region, call: &Call) -> Answer {
    let (definition, model) = find(&region.apigateway, call)?;
    let schema = serde_json::from_str(text(model, "schema")).unwrap_or_default();
    let schema = flattened(definition, schema, &mut vec![text(model, "name")]);
    let example = match example(&schema) {
        Value::Object(members) if members.is_empty() => "{ }".to_owned(),
        example => format!("{example:#}"),
    };
    let template = format!("#set($inputRoot = $input.path('$'))\n{example}");
    Ok(Object::from_iter([("value".to_owned(), template.into())]))
}

fn example(schema: &Value) -> Value {
    match schema["type"].as_str() {
        Some("string") => "foo".into(),
        Some("integer") => 42.into(),
        Some("number") => 3.149.into(),
        Some("boolean") => true.into(),
        Some("null") => Value::Null,
        Some("array") => vec![example(&schema["items"])].into(),
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties
                .map(|(name, property)| (name.clone(), example(property)))
                .collect::<Object>()
                .into()
        }
    }
}
