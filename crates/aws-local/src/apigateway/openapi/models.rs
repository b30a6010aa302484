//! Models: schemas that have names, and those written where they are used.

use std::fmt::Write as _;

use aws_facts::limits::apigateway::LARGEST_MODELS;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::super::identifiers;
use super::super::super::operation::{Object, Refusal};
use super::super::models;
use super::super::state::{Definition, text};
use super::document::{Document, members, not_followed};
use super::import::Import;

/// Words of OpenAPI's schemas that are not in a model.
///
/// Source: API Gateway developer guide, "Amazon API Gateway important notes", lists them as not supported. Inferred: they are left out
/// without a word, as large public documents that have them are imported.
const LEFT_OUT: &[&str] = &[
    "default",
    "deprecated",
    "discriminator",
    "example",
    "exclusiveMinimum",
    "externalDocs",
    "nullable",
    "readOnly",
    "writeOnly",
    "xml",
];

/// Words whose value has schemas by name.
const BY_NAME: &[&str] = &[
    "properties",
    "patternProperties",
    "definitions",
    "dependencies",
];

/// Words whose value is a schema, or a list of some.
const SCHEMAS: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "items",
    "not",
    "oneOf",
];

/// Makes the models of the schemas that have names.
pub(super) fn import(import: &mut Import) -> Result<(), Refusal> {
    let document = import.document;
    let mut names = Vec::new();
    for (name, schema) in document.schemas().into_iter().flatten() {
        let named = models::check_name(name);
        names.push((name, named.clone()));
        if named.is_ok() {
            let model = model(document, import.api, name, schema)?;
            insert(&mut import.definition, name, model);
        }
    }
    // Models refer to one another in any order, and in circles.
    for (name, named) in names {
        let checked = named.and_then(|()| match import.definition.models.get(name) {
            Some(model) => models::check(&import.definition, model),
            None => Ok(()),
        });
        // Source: edx/api-manager#259, terra-money/fcd-classic#36.
        let what = format!("Unable to create model for '{name}'");
        import.findings.made(what, checked)?;
    }
    Ok(())
}

/// A model that takes the place of another one of its name keeps the id.
fn insert(definition: &mut Definition, name: &str, mut model: Object) {
    let old = definition.models.get(name);
    let id = match old {
        Some(old) => text(old, "id").to_owned(),
        None => identifiers::api_gateway_short(),
    };
    model.insert("id".into(), id.into());
    definition.models.insert(name, model);
}

fn model(document: &Document, api: &str, name: &str, schema: &Value) -> Result<Object, Refusal> {
    let translated = translated(document, api, schema)?;
    let mut model = Object::from_iter([
        ("name".to_owned(), json!(name)),
        ("contentType".to_owned(), json!("application/json")),
        ("schema".to_owned(), format!("{translated:#}").into()),
    ]);
    // Evidence: recorded, LocalStack `test_import_with_circular_models`: a description is in both places.
    if let Some(Value::String(description)) = schema.get("description") {
        model.insert("description".into(), description.as_str().into());
    }
    Ok(model)
}

/// The name of the model of a schema: the one it refers to, or a new one. `None` if the schema is empty or its model is refused.
pub(super) fn of_schema(import: &mut Import, schema: &Value) -> Result<Option<String>, Refusal> {
    let document = import.document;
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = document
            .schema_name(reference)
            .ok_or_else(|| not_followed(reference))?;
        if import.definition.models.contains(name) {
            return Ok(Some(name.to_owned()));
        }
        // Source: amazon-archives/aws-apigateway-importer#194. One that the document has was refused already.
        if !document
            .schemas()
            .is_some_and(|schemas| schemas.contains_key(name))
        {
            import
                .findings
                .warn(format!("Reference to model '{name}' not found. Ignoring."));
        }
        return Ok(None);
    }
    if schema.as_object().is_none_or(Object::is_empty) {
        return Ok(None);
    }
    // The name is reported (aws/aws-sdk#468), what its digits are is not: here they are of the schema, so that equal ones share a
    // model.
    let digest = Sha256::digest(schema.to_string());
    let mut name = "MODEL".to_owned();
    for byte in digest.iter().take(3) {
        let _ = write!(name, "{byte:02x}");
    }
    let model = model(document, import.api, &name, schema)?;
    let checked = models::check(&import.definition, &model);
    let what = format!("Unable to create model for '{name}'");
    if import.findings.made(what, checked)?.is_none() {
        return Ok(None);
    }
    insert(&mut import.definition, &name, model);
    Ok(Some(name))
}

/// A schema as a model has it: with references to models, and without the words that a model does not have.
fn translated(document: &Document, api: &str, schema: &Value) -> Result<Value, Refusal> {
    let inner = |schema: &Value| translated(document, api, schema);
    let schema = match schema {
        Value::Object(schema) => schema,
        Value::Array(schemas) => return schemas.iter().map(inner).collect(),
        other => return Ok(other.clone()),
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return match document.schema_name(reference) {
            Some(name) => Ok(json!({ "$ref": canonical(api, name) })),
            None if reference.starts_with(PLACE) => Ok(json!({ "$ref": reference })),
            None => Err(not_followed(reference)),
        };
    }
    let mut translated = Object::new();
    for (word, value) in schema {
        let value = match word.as_str() {
            word if LEFT_OUT.contains(&word) || word.starts_with("x-") => continue,
            word if SCHEMAS.contains(&word) => inner(value)?,
            word if BY_NAME.contains(&word) => {
                let schemas = members(Some(value));
                let schemas = schemas.map(|(name, schema)| Ok((name.clone(), inner(schema)?)));
                Value::Object(schemas.collect::<Result<_, Refusal>>()?)
            }
            _ => value.clone(),
        };
        translated.insert(word.clone(), value);
    }
    Ok(translated.into())
}

/// Where references to models lead.
const PLACE: &str = "https://apigateway.amazonaws.com/restapis/";

/// The reference to a model.
///
/// Evidence: recorded, LocalStack `test_import_swagger_api`.
fn canonical(api: &str, name: &str) -> String {
    format!("{PLACE}{api}/models/{name}")
}

/// AWS has a quota for all models together; nothing tells in which words it refuses more.
pub(super) fn check_size(definition: &Definition) -> Result<(), Refusal> {
    let models = definition.models.values();
    let size: usize = models
        .filter_map(|model| serde_json::from_str::<Value>(text(model, "schema")).ok())
        .map(|schema| schema.to_string().len())
        .sum();
    if size <= LARGEST_MODELS {
        return Ok(());
    }
    Err(Refusal::not_implemented(
        "an import of models of more than 400 KB, which is API Gateway's quota for an API",
    ))
}
