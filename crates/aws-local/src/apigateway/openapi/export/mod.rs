//! `GetExport`: what a stage serves, as an OpenAPI document.
//!
//! Evidence: recorded, LocalStack `test_export_swagger_openapi` and `test_export_oas30_openapi`, for all that is not said otherwise. The
//! paths and all names are in the order of the alphabet, which no client can rely on at AWS either.

mod operations;
mod schemas;
mod security;

use aws_facts::hosts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::super::operation::{Answer, Call, Object, Refusal};
use super::super::super::state::Region;
use super::super::deployments::no_deployment;
use super::super::stages;
use super::super::state::{Definition, pick, text};
use super::document::{Version, list};
use super::{
    API_KEY_SOURCE, BINARY_MEDIA_TYPES, ENDPOINT_ACCESS_MODE, ENDPOINT_CONFIGURATION,
    GATEWAY_RESPONSES, MINIMUM_COMPRESSION_SIZE, POLICY, SECURITY_POLICY, VALIDATORS,
};

/// What is exported, and how.
struct Export<'e> {
    definition: &'e Definition,
    version: Version,
    extensions: Extensions,
}

/// Which extensions an export has.
///
/// Source: API Gateway's API reference, "GetExport": `integrations` is the same as `apigateway`. Inferred: `apigateway` has authorizers too,
/// as the console's exports, which are made with it.
#[derive(Clone, Copy, Debug, Default)]
struct Extensions {
    /// All but what authorizers need.
    gateway: bool,
    authorizers: bool,
}

impl Extensions {
    fn requested(call: &Call) -> Result<Self, Refusal> {
        let parameters = call.input.get("parameters");
        let requested = parameters.and_then(|parameters| parameters.get("extensions")?.as_str());
        let mut extensions = Self::default();
        for extension in requested.unwrap_or_default().split(',').map(str::trim) {
            match extension {
                "" => {}
                "apigateway" => (extensions.gateway, extensions.authorizers) = (true, true),
                "integrations" => extensions.gateway = true,
                "authorizers" => extensions.authorizers = true,
                other => {
                    return Err(Refusal::not_implemented(format_args!(
                        "the extension '{other}' of an export"
                    )));
                }
            }
        }
        Ok(extensions)
    }
}

pub(super) fn export(region: &Region, call: &Call) -> Answer {
    let state = &region.apigateway;
    let api = state.rest_api(call)?;
    let stage = stages::find(state, call)?;
    let deployment = api.deployments.get(text(&stage.settings, "deploymentId"));
    let definition = &deployment.ok_or_else(no_deployment)?.snapshot;
    let kind = call.text("exportType");
    let version = match kind {
        "swagger" => Version::V2,
        "oas30" => Version::V3,
        other => {
            return Err(Refusal::not_implemented(format_args!(
                "the export type '{other}', which API Gateway does not document"
            )));
        }
    };
    let format = accepted(call)?;
    let export = Export {
        definition,
        version,
        extensions: Extensions::requested(call)?,
    };
    // Inferred: the date of an API without a version is that of the API, which stays the same.
    let created = Timestamp::from_second(api.created as i64).unwrap_or_default();
    let said = text(&definition.settings, "version");
    let number = match said {
        "" => created.to_string(),
        said => said.to_owned(),
    };
    let document = Value::Object(export.document(call, &number)?);
    let (body, ending) = match format {
        Format::Json => (format!("{document:#}"), "json"),
        Format::Yaml => (yaml(&document)?, "yaml"),
    };
    let disposition = format!("attachment; filename=\"{kind}_{number}.{ending}\"");
    Ok(Object::from_iter([
        ("contentType".to_owned(), json!("application/octet-stream")),
        ("contentDisposition".to_owned(), disposition.into()),
        ("body".to_owned(), STANDARD.encode(body).into()),
    ]))
}

enum Format {
    Json,
    Yaml,
}

fn accepted(call: &Call) -> Result<Format, Refusal> {
    match call.text("accepts") {
        // A client that names nothing sends the last one by itself.
        "" | "application/json" | "*/*" => Ok(Format::Json),
        "application/yaml" => Ok(Format::Yaml),
        other => Err(Refusal::not_implemented(format_args!(
            "an export as '{other}': only application/json and application/yaml"
        ))),
    }
}

/// A text of any kind stays a text in YAML too.
fn yaml(document: &Value) -> Result<String, Refusal> {
    let options = serde_saphyr::ser_options! { quote_all: true, yaml_12: true };
    serde_saphyr::to_string_with_options(document, options)
        .map_err(|error| Refusal::new(500, "InternalFailure", error.to_string()))
}

impl Export<'_> {
    fn document(&self, call: &Call, number: &str) -> Result<Object, Refusal> {
        let settings = &self.definition.settings;
        let mut info = Object::new();
        info.insert("title".into(), text(settings, "name").into());
        if let Some(description) = settings.get("description") {
            info.insert("description".into(), description.clone());
        }
        info.insert("version".into(), number.into());
        let host = hosts::execute_api(call.text("restApiId"), &call.region);
        let (paths, models) = self.paths()?;
        let schemas = self.schemas(&models)?;
        let schemes = self.security_schemes();
        let mut document = Object::new();
        match self.version {
            Version::V2 => {
                document.insert("swagger".into(), "2.0".into());
                document.insert("info".into(), info.into());
                document.insert("host".into(), host.into());
                let base = format!("/{}", call.text("stageName"));
                document.insert("basePath".into(), base.into());
                document.insert("schemes".into(), json!(["https"]));
                document.insert("paths".into(), paths.into());
                for (member, value) in [("securityDefinitions", schemes), ("definitions", schemas)]
                {
                    if !value.is_empty() {
                        document.insert(member.into(), value.into());
                    }
                }
                if let Some(endpoint) = self.endpoint() {
                    document.insert(ENDPOINT_CONFIGURATION.into(), endpoint.into());
                }
            }
            Version::V3 => {
                document.insert("openapi".into(), "3.0.1".into());
                document.insert("info".into(), info.into());
                let mut server = json!({
                    "url": format!("https://{host}/{{basePath}}"),
                    "variables": {"basePath": {"default": call.text("stageName")}},
                });
                if let Some(endpoint) = self.endpoint() {
                    server[ENDPOINT_CONFIGURATION] = endpoint.into();
                }
                document.insert("servers".into(), json!([server]));
                document.insert("paths".into(), paths.into());
                let mut components = Object::new();
                for (member, value) in [("schemas", schemas), ("securitySchemes", schemes)] {
                    if !value.is_empty() {
                        components.insert(member.into(), value.into());
                    }
                }
                document.insert("components".into(), components.into());
            }
        }
        if self.extensions.gateway {
            self.add_root_extensions(&mut document);
        }
        Ok(document)
    }

    /// What `x-amazon-apigateway-endpoint-configuration` says, if it says anything. The endpoint type is not exported.
    ///
    /// Source: API Gateway developer guide, "x-amazon-apigateway-endpoint-configuration object".
    fn endpoint(&self) -> Option<Object> {
        if !self.extensions.gateway {
            return None;
        }
        let settings = &self.definition.settings;
        let mut endpoint = Object::new();
        if settings.get("disableExecuteApiEndpoint") == Some(&json!(true)) {
            endpoint.insert("disableExecuteApiEndpoint".into(), true.into());
        }
        let configuration = settings.get("endpointConfiguration");
        let ids = configuration.and_then(|configuration| configuration.get("vpcEndpointIds"));
        if let Some(ids) = ids.filter(|ids| !list(Some(ids)).is_empty()) {
            endpoint.insert("vpcEndpointIds".into(), ids.clone());
        }
        (!endpoint.is_empty()).then_some(endpoint)
    }

    /// Binary media types are recorded; the others are inferred from what the developer guide says of each extension.
    fn add_root_extensions(&self, document: &mut Object) {
        let definition = self.definition;
        let settings = &definition.settings;
        let key_source = settings
            .get("apiKeySource")
            .filter(|source| *source != "HEADER");
        let policy = settings.get("policy").and_then(Value::as_str);
        // An API has its policy with every quote escaped once more.
        let policy: Option<Value> =
            policy.and_then(|policy| serde_json::from_str(&policy.replace("\\\"", "\"")).ok());
        let validators: Object = definition
            .request_validators
            .iter()
            .map(|(id, validator)| {
                let says = pick(
                    validator,
                    &["validateRequestParameters", "validateRequestBody"],
                );
                (security::name_or(validator, id), says.into())
            })
            .collect();
        let responses: Object = definition
            .gateway_responses
            .iter()
            .map(|(kind, response)| (kind.to_owned(), gateway_response(response).into()))
            .collect();
        let some = |object: Object| (!object.is_empty()).then_some(Value::Object(object));
        for (extension, value) in [
            (VALIDATORS, some(validators)),
            (GATEWAY_RESPONSES, some(responses)),
            (POLICY, policy),
            (API_KEY_SOURCE, key_source.cloned()),
            (
                BINARY_MEDIA_TYPES,
                settings.get("binaryMediaTypes").cloned(),
            ),
            (
                MINIMUM_COMPRESSION_SIZE,
                settings.get("minimumCompressionSize").cloned(),
            ),
            (SECURITY_POLICY, settings.get("securityPolicy").cloned()),
            (
                ENDPOINT_ACCESS_MODE,
                settings.get("endpointAccessMode").cloned(),
            ),
        ] {
            if let Some(value) = value {
                document.insert(extension.into(), value);
            }
        }
    }
}

/// What a gateway response says. What is empty is not exported.
fn gateway_response(response: &Object) -> Object {
    let members = ["statusCode", "responseParameters", "responseTemplates"];
    let mut says = pick(response, &members);
    says.retain(|_, value| value.as_object().is_none_or(|value| !value.is_empty()));
    says
}
