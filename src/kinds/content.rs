//! The digest of everything below an API: equal digests mean that a deployment shows what is configured.
//!
//! AWS has no such digest. It covers everything in a deployment, whether gatestack created it or not, with paths and names
//! instead of ids, and with maps and sets in a fixed order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use aws_sdk_apigateway::types::{
    Authorizer, ConnectionType, GatewayResponse, Integration, IntegrationResponse, Method,
    MethodResponse, Model, RequestValidator, Resource, RestApi,
};
use serde_json::{Value, json};

use crate::aws::{AwsError, Reader};
use crate::model;

/// The digest of what is configured below an API: 64 hexadecimal digits.
///
/// # Errors
/// A read failed.
pub(super) async fn digest(reader: &Reader, api: &str) -> Result<String, AwsError> {
    let Configured {
        apis,
        resources,
        authorizers,
        models,
        validators,
        gateway_responses,
    } = read(reader, api).await?;
    let names = Names::new(&authorizers, &validators);
    let content = json!({
        "api": apis.iter().find(|candidate| candidate.id.as_deref() == Some(api)).map(settings),
        "paths": by_name(&*resources, |resource| (text(&resource.path), path(resource, &names))),
        "authorizers": by_name(&*authorizers, |authorizer| (text(&authorizer.name), authorizer_content(authorizer))),
        "models": by_name(&*models, |model| (text(&model.name), json!([model.content_type, model.schema]))),
        "gateway_responses": by_name(
            gateway_responses.iter().filter(|response| !response.default_response),
            |response| {
                let kind = response.response_type.as_ref().map_or("", |kind| kind.as_str()).to_owned();
                let content = json!({
                    "status": response.status_code,
                    "parameters": sorted(response.response_parameters.as_ref()),
                    "templates": sorted(response.response_templates.as_ref()),
                });
                (kind, content)
            },
        ),
    });
    Ok(model::digest(content.to_string().as_bytes()))
}

/// Everything in a deployment of an API.
pub(super) struct Configured {
    apis: Arc<Vec<RestApi>>,
    resources: Arc<Vec<Resource>>,
    authorizers: Arc<Vec<Authorizer>>,
    models: Arc<Vec<Model>>,
    validators: Arc<Vec<RequestValidator>>,
    gateway_responses: Arc<Vec<GatewayResponse>>,
}

/// Reads everything that a deployment of this API would contain.
///
/// # Errors
/// A read failed.
pub(super) async fn read(reader: &Reader, api: &str) -> Result<Configured, AwsError> {
    // Boxed: the SDK's futures are large.
    let (apis, resources, authorizers, models, validators, gateway_responses) = tokio::try_join!(
        Box::pin(reader.rest_apis()),
        Box::pin(reader.resources(api)),
        Box::pin(reader.authorizers(api)),
        Box::pin(reader.models(api)),
        Box::pin(reader.request_validators(api)),
        Box::pin(reader.gateway_responses(api)),
    )?;
    Ok(Configured {
        apis,
        resources,
        authorizers,
        models,
        validators,
        gateway_responses,
    })
}

/// The ids of the VPC links of an API's methods, without those in stage variables, which depend on the stage, not on a
/// deployment.
///
/// # Errors
/// A read failed.
pub(super) async fn links(reader: &Reader, api: &str) -> Result<BTreeSet<String>, AwsError> {
    let resources = reader.resources(api).await?;
    let methods = resources
        .iter()
        .flat_map(|resource| resource.resource_methods.iter().flatten());
    let integrations = methods.filter_map(|(_, method)| method.method_integration.as_ref());
    let linked = integrations.filter(|live| live.connection_type == Some(ConnectionType::VpcLink));
    Ok(linked
        .filter_map(|live| live.connection_id.clone())
        .filter(|id| !id.contains("${"))
        .collect())
}

/// The methods of an API, as `GET /policies`, each with the ARN of the function or alias that API Gateway invokes for it with the
/// permission of the function. ARNs with stage variables depend on the stage, not on a deployment.
///
/// # Errors
/// A read failed.
pub(super) async fn invoked(
    reader: &Reader,
    api: &str,
) -> Result<BTreeMap<String, Option<String>>, AwsError> {
    let resources = reader.resources(api).await?;
    let methods = resources.iter().flat_map(|resource| {
        let path = resource.path.as_deref().unwrap_or_default();
        let methods = resource.resource_methods.iter().flatten();
        methods.map(move |(verb, method)| {
            let integration = method.method_integration.as_ref();
            let function = integration.and_then(function).map(str::to_owned);
            (format!("{verb} {path}"), function)
        })
    });
    Ok(methods.collect())
}

/// The ARN in the URI of an integration that invokes a function, without a role.
fn function(live: &Integration) -> Option<&str> {
    let uri = live.uri.as_deref().filter(|_| live.credentials.is_none())?;
    let (_, path) = uri.split_once(":lambda:path/")?;
    let (_, function) = path.split_once("/functions/")?;
    let (function, _) = function.rsplit_once('/')?;
    Some(function).filter(|function| !function.contains("${"))
}

/// The names for ids in a method.
struct Names<'a> {
    authorizers: BTreeMap<&'a str, &'a str>,
    validators: BTreeMap<&'a str, Value>,
}

impl<'a> Names<'a> {
    fn new(authorizers: &'a [Authorizer], validators: &'a [RequestValidator]) -> Self {
        Self {
            authorizers: authorizers
                .iter()
                .filter_map(|authorizer| {
                    Some((authorizer.id.as_deref()?, authorizer.name.as_deref()?))
                })
                .collect(),
            // Validators may share a name, so their settings are used.
            validators: validators
                .iter()
                .filter_map(|validator| {
                    let checks = json!({
                        "body": validator.validate_request_body,
                        "parameters": validator.validate_request_parameters,
                    });
                    Some((validator.id.as_deref()?, checks))
                })
                .collect(),
        }
    }

    fn authorizer<'b>(&'b self, id: &'b str) -> &'b str {
        self.authorizers.get(id).copied().unwrap_or(id)
    }

    fn validator(&self, id: &str) -> Value {
        self.validators
            .get(id)
            .cloned()
            .unwrap_or_else(|| json!(id))
    }
}

fn settings(api: &RestApi) -> Value {
    let endpoint = api.endpoint_configuration.as_ref();
    let types = endpoint.and_then(|endpoint| endpoint.types.as_ref());
    let mut settings = json!({
        "binary_media_types": set(api.binary_media_types.as_deref()),
        "minimum_compression_size": api.minimum_compression_size,
        "policy": api.policy,
        "api_key_source": api.api_key_source.as_ref().map(|source| source.as_str()),
        "disable_execute_api_endpoint": api.disable_execute_api_endpoint,
        "endpoint_types": types.into_iter().flatten().map(|kind| kind.as_str()).collect::<BTreeSet<_>>(),
        "vpc_endpoints": set(endpoint.and_then(|endpoint| endpoint.vpc_endpoint_ids.as_deref())),
    });
    // Only where there is one, so that the digests of deployments from before these policies stay.
    let policy = api.security_policy.as_ref().map(|policy| policy.as_str());
    if let Some(policy) = policy.filter(|policy| policy.starts_with("SecurityPolicy_")) {
        let mode = api.endpoint_access_mode.as_ref().map(|mode| mode.as_str());
        settings["security_policy"] = json!([policy, mode]);
    }
    settings
}

fn authorizer_content(authorizer: &Authorizer) -> Value {
    json!({
        "type": authorizer.r#type.as_ref().map(|kind| kind.as_str()),
        "providers": set(authorizer.provider_arns.as_deref()),
        "auth_type": authorizer.auth_type,
        "uri": authorizer.authorizer_uri,
        "credentials": authorizer.authorizer_credentials,
        "identity_source": authorizer.identity_source,
        "identity_validation": authorizer.identity_validation_expression,
        "ttl": authorizer.authorizer_result_ttl_in_seconds,
    })
}

fn path(resource: &Resource, names: &Names<'_>) -> Value {
    let own_id = resource.id.as_deref();
    by_name(
        resource.resource_methods.iter().flatten(),
        |(verb, live)| (verb.clone(), method(live, own_id, names)),
    )
}

fn method(live: &Method, own_id: Option<&str>, names: &Names<'_>) -> Value {
    json!({
        "authorization": live.authorization_type,
        "authorizer": live.authorizer_id.as_deref().map(|id| names.authorizer(id)),
        "scopes": set(live.authorization_scopes.as_deref()),
        "api_key": live.api_key_required.unwrap_or_default(),
        "validator": live.request_validator_id.as_deref().map(|id| names.validator(id)),
        "parameters": sorted(live.request_parameters.as_ref()),
        "models": sorted(live.request_models.as_ref()),
        "operation_name": live.operation_name,
        "responses": by_name(live.method_responses.iter().flatten(), |(status, response)| {
            (status.clone(), method_response(response))
        }),
        "integration": live.method_integration.as_ref().map(|live| integration(live, own_id)),
    })
}

fn method_response(response: &MethodResponse) -> Value {
    json!({
        "parameters": sorted(response.response_parameters.as_ref()),
        "models": sorted(response.response_models.as_ref()),
    })
}

fn integration(live: &Integration, own_id: Option<&str>) -> Value {
    json!({
        "type": live.r#type.as_ref().map(|kind| kind.as_str()),
        "method": live.http_method,
        "uri": live.uri,
        "connection_type": live.connection_type.as_ref().map(|kind| kind.as_str()),
        "connection": live.connection_id,
        "target": live.integration_target,
        "credentials": live.credentials,
        "parameters": sorted(live.request_parameters.as_ref()),
        "templates": sorted(live.request_templates.as_ref()),
        "passthrough": live.passthrough_behavior,
        "content_handling": live.content_handling.as_ref().map(|handling| handling.as_str()),
        "timeout": live.timeout_in_millis,
        // AWS fills in the resource's id, which changes if the resource is created again.
        "cache_namespace": live.cache_namespace.as_deref().filter(|namespace| Some(*namespace) != own_id),
        "cache_keys": set(live.cache_key_parameters.as_deref()),
        "insecure": live.tls_config.as_ref().map(|tls| tls.insecure_skip_verification),
        "transfer": live.response_transfer_mode.as_ref().map(|mode| mode.as_str()),
        "responses": by_name(live.integration_responses.iter().flatten(), |(status, response)| {
            (status.clone(), integration_response(response))
        }),
    })
}

fn integration_response(response: &IntegrationResponse) -> Value {
    json!({
        "selection": response.selection_pattern,
        "parameters": sorted(response.response_parameters.as_ref()),
        "templates": sorted(response.response_templates.as_ref()),
        "content_handling": response.content_handling.as_ref().map(|handling| handling.as_str()),
    })
}

fn by_name<T>(items: impl IntoIterator<Item = T>, entry: impl Fn(T) -> (String, Value)) -> Value {
    let sorted: BTreeMap<String, Value> = items.into_iter().map(entry).collect();
    Value::Object(sorted.into_iter().collect())
}

fn sorted<V: serde::Serialize>(map: Option<&HashMap<String, V>>) -> BTreeMap<&String, &V> {
    map.into_iter().flatten().collect()
}

fn set(items: Option<&[String]>) -> BTreeSet<&String> {
    items.into_iter().flatten().collect()
}

fn text(value: &Option<String>) -> String {
    value.clone().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(id: &str, method: aws_sdk_apigateway::types::builders::MethodBuilder) -> Resource {
        Resource::builder()
            .id(id)
            .path("/policies")
            .resource_methods("GET", method.build())
            .build()
    }

    fn proxy(namespace: &str) -> Integration {
        Integration::builder()
            .uri("http://api.aws.com/policies")
            .cache_namespace(namespace)
            .build()
    }

    #[test]
    fn ids_that_a_new_resource_would_not_keep_are_left_out() {
        let authorizer = |id: &str| vec![Authorizer::builder().id(id).name("cognito").build()];
        let content = |id: &str, authorizer_id: &str| {
            let authorizers = authorizer(authorizer_id);
            let live = resource(
                id,
                Method::builder()
                    .authorizer_id(authorizer_id)
                    .method_integration(proxy(id)),
            );
            path(&live, &Names::new(&authorizers, &[]))
        };
        assert_eq!(content("one111", "aaaaaa"), content("two222", "bbbbbb"));
    }

    #[test]
    fn who_gets_in_and_where_calls_go_are_in() {
        let names = Names::new(&[], &[]);
        let plain = path(
            &resource("a", Method::builder().method_integration(proxy("a"))),
            &names,
        );
        let key = path(
            &resource(
                "a",
                Method::builder()
                    .api_key_required(true)
                    .method_integration(proxy("a")),
            ),
            &names,
        );
        let other_namespace = path(
            &resource("a", Method::builder().method_integration(proxy("shared"))),
            &names,
        );
        assert_ne!(plain, key);
        assert_ne!(plain, other_namespace);
    }

    #[test]
    fn order_does_not_matter() {
        let method = |scopes: &[&str]| {
            Method::builder().set_authorization_scopes(Some(
                scopes.iter().map(|scope| (*scope).into()).collect(),
            ))
        };
        let names = Names::new(&[], &[]);
        assert_eq!(
            path(&resource("a", method(&["x/read", "x/write"])), &names),
            path(&resource("a", method(&["x/write", "x/read"])), &names)
        );
    }
}
