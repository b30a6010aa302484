//! Paths and their operations in an export.

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::limits::apigateway::TIMEOUT_MILLIS;
use aws_facts::openapi::METHODS;
use serde_json::{Value, json};

use super::super::super::super::operation::{Object, Refusal};
use super::super::super::state::{Integration, Method, pick, text};
use super::super::document::{Version, list, members};
use super::super::{INTEGRATION, VALIDATOR};
use super::{Export, security};

const JSON: &str = "application/json";

impl Export<'_> {
    /// All paths that have methods, and the names of the models that these use.
    pub(super) fn paths(&self) -> Result<(Object, BTreeSet<String>), Refusal> {
        let mut used = BTreeSet::new();
        let mut paths: BTreeMap<String, Object> = BTreeMap::new();
        for resource in self.definition.resources.values() {
            let path = self.definition.path(resource);
            for (member, verb) in METHODS {
                let Some(method) = resource.methods.get(verb) else {
                    continue;
                };
                let operation = self.operation(&format!("{verb} {path}"), method, &mut used)?;
                let item = paths.entry(path.clone()).or_default();
                item.insert(member.into(), operation.into());
            }
        }
        let paths = paths.into_iter();
        Ok((
            paths.map(|(path, item)| (path, item.into())).collect(),
            used,
        ))
    }

    fn operation(
        &self,
        place: &str,
        method: &Method,
        used: &mut BTreeSet<String>,
    ) -> Result<Object, Refusal> {
        let settings = &method.settings;
        let mut operation = Object::new();
        if let Some(name) = settings.get("operationName") {
            operation.insert("operationId".into(), name.clone());
        }
        if self.version == Version::V2 {
            for (member, types) in [
                ("consumes", consumes(method)),
                ("produces", produces(method)),
            ] {
                if !types.is_empty() {
                    operation.insert(member.into(), json!(types));
                }
            }
        }
        let mut parameters = self.parameters(method);
        let bodies = models(settings.get("requestModels"));
        used.extend(bodies.values().cloned());
        match (self.version, json_model(&bodies)) {
            (_, None) if !bodies.is_empty() => {
                // AWS refuses it; only the beginning of the words is documented: "Only found non-JSON body models for".
                return Err(Refusal::not_implemented(format_args!(
                    "the export of {place}, whose body models are not JSON: API Gateway refuses it"
                )));
            }
            (Version::V2, Some(model)) => parameters.push(json!({
                "in": "body", "name": model, "required": true, "schema": self.reference(model),
            })),
            (Version::V3, Some(_)) => {
                let body = json!({"content": self.content(&bodies), "required": true});
                operation.insert("requestBody".into(), body);
            }
            (_, None) => {}
        }
        if !parameters.is_empty() {
            operation.insert("parameters".into(), parameters.into());
        }
        let mut responses = Object::new();
        for (status, response) in &method.responses {
            let models = models(response.get("responseModels"));
            used.extend(models.values().cloned());
            responses.insert(
                status.clone(),
                self.response(status, response, &models).into(),
            );
        }
        operation.insert("responses".into(), responses.into());
        let security = self.security(method);
        if !security.is_empty() {
            operation.insert("security".into(), security.into());
        }
        if self.extensions.gateway {
            let id = text(settings, "requestValidatorId");
            if let Some(validator) = self.definition.request_validators.get(id) {
                operation.insert(VALIDATOR.into(), security::name_or(validator, id).into());
            }
            if let Some(integration) = &method.integration {
                operation.insert(INTEGRATION.into(), exported(integration).into());
            }
        }
        Ok(operation)
    }

    fn parameters(&self, method: &Method) -> Vec<Value> {
        let mut parameters = Vec::new();
        for (name, required) in members(method.settings.get("requestParameters")) {
            let place = name.strip_prefix("method.request.");
            let Some((place, name)) = place.and_then(|place| place.split_once('.')) else {
                continue;
            };
            let place = match place {
                "querystring" => "query",
                other => other,
            };
            let mut parameter = json!({"name": name, "in": place});
            match self.version {
                Version::V2 => {
                    parameter["required"] = required.clone();
                    parameter["type"] = "string".into();
                }
                Version::V3 => {
                    if required == true {
                        parameter["required"] = true.into();
                    }
                    parameter["schema"] = json!({"type": "string"});
                }
            }
            parameters.push(parameter);
        }
        parameters
    }

    fn response(
        &self,
        status: &str,
        response: &Object,
        models: &BTreeMap<String, String>,
    ) -> Object {
        let mut exported = Object::new();
        exported.insert("description".into(), format!("{status} response").into());
        let headers: Object = members(response.get("responseParameters"))
            .filter_map(|(name, _)| {
                let name = name.strip_prefix("method.response.header.")?;
                let kind = json!({"type": "string"});
                let header = match self.version {
                    Version::V2 => kind,
                    Version::V3 => json!({ "schema": kind }),
                };
                Some((name.to_owned(), header))
            })
            .collect();
        if !headers.is_empty() {
            exported.insert("headers".into(), headers.into());
        }
        match self.version {
            Version::V2 => {
                let model = json_model(models).or_else(|| models.values().next());
                if let Some(model) = model {
                    exported.insert("schema".into(), self.reference(model));
                }
            }
            Version::V3 => {
                exported.insert("content".into(), self.content(models).into());
            }
        }
        exported
    }

    fn content(&self, models: &BTreeMap<String, String>) -> Object {
        let content = models.iter().map(|(kind, model)| {
            let schema = json!({ "schema": self.reference(model) });
            (kind.clone(), schema)
        });
        content.collect()
    }
}

/// Models by content type.
fn models(models: Option<&Value>) -> BTreeMap<String, String> {
    members(models)
        .filter_map(|(kind, model)| Some((kind.clone(), model.as_str()?.to_owned())))
        .collect()
}

/// The model of a JSON body.
fn json_model(models: &BTreeMap<String, String>) -> Option<&String> {
    models.get(JSON).or_else(|| {
        let mut others = models.iter();
        others
            .find(|(kind, _)| kind.contains("json"))
            .map(|(_, model)| model)
    })
}

fn keys(value: Option<&Value>) -> impl Iterator<Item = String> {
    members(value).map(|(key, _)| key.clone())
}

/// Content types of the request: those of models and of mapping templates.
fn consumes(method: &Method) -> BTreeSet<String> {
    let integration = method.integration.as_ref();
    let templates = integration.and_then(|made| made.settings.get("requestTemplates"));
    keys(method.settings.get("requestModels"))
        .chain(keys(templates))
        .collect()
}

/// The same for responses.
fn produces(method: &Method) -> BTreeSet<String> {
    let models = method
        .responses
        .values()
        .map(|response| response.get("responseModels"));
    let integration = method.integration.iter();
    let templates = integration
        .flat_map(|integration| integration.responses.values())
        .map(|response| response.get("responseTemplates"));
    models.chain(templates).flat_map(keys).collect()
}

/// An integration without what is AWS's default.
fn exported(integration: &Integration) -> Object {
    let settings = &integration.settings;
    let mut exported = Object::new();
    let lower = |exported: &mut Object, member: &str| {
        if let Some(Value::String(word)) = settings.get(member) {
            exported.insert(member.into(), word.to_lowercase().into());
        }
    };
    lower(&mut exported, "type");
    exported.extend(pick(settings, &["httpMethod", "uri"]));
    if !integration.responses.is_empty() {
        let responses = integration.responses.values().map(response);
        exported.insert("responses".into(), Value::Object(responses.collect()));
    }
    exported.extend(pick(settings, &["requestParameters"]));
    if let Some(templates) = settings.get("requestTemplates") {
        exported.insert("requestTemplates".into(), filled(templates));
    }
    lower(&mut exported, "passthroughBehavior");
    exported.extend(pick(settings, &["contentHandling", "credentials"]));
    if settings.get("timeoutInMillis") != Some(&json!(TIMEOUT_MILLIS)) {
        exported.extend(pick(settings, &["timeoutInMillis"]));
    }
    if text(settings, "connectionType") == "VPC_LINK" {
        exported.extend(pick(
            settings,
            &["connectionType", "connectionId", "integrationTarget"],
        ));
    }
    // Source: columbia-it/django-jsonapi-training, docs/aws.md: both are there; the recorded exports, without keys, have neither.
    if !list(settings.get("cacheKeyParameters")).is_empty() {
        exported.extend(pick(settings, &["cacheNamespace", "cacheKeyParameters"]));
    }
    exported.extend(pick(settings, &["tlsConfig", "responseTransferMode"]));
    exported
}

/// An integration response, with its selection pattern as its key.
fn response(response: &Object) -> (String, Value) {
    let pattern = match text(response, "selectionPattern") {
        "" => "default",
        pattern => pattern,
    };
    let mut exported = pick(
        response,
        &[
            "statusCode",
            "responseParameters",
            "responseTemplates",
            "contentHandling",
        ],
    );
    if let Some(templates) = exported.get_mut("responseTemplates") {
        *templates = filled(templates);
    }
    (pattern.to_owned(), exported.into())
}

/// Templates as texts: an empty one is stored as null.
fn filled(templates: &Value) -> Value {
    let templates = members(Some(templates)).map(|(kind, template)| {
        let template = template.as_str().unwrap_or_default();
        (kind.clone(), Value::from(template))
    });
    Value::Object(templates.collect())
}
