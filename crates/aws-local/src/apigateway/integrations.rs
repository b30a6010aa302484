//! Integrations: what a method calls, and how its responses are mapped.

use aws_facts::arns::Arn;
use aws_facts::limits::apigateway::{
    LONGEST_STREAMED_TIMEOUT_MILLIS, LONGEST_TIMEOUT_MILLIS, SHORTEST_TIMEOUT_MILLIS,
    TIMEOUT_MILLIS,
};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::mapping;
use super::methods::{self, check_verb, no_response};
use super::patch::{ADD_REMOVE, ANY, REPLACE, Rules, Takes, Words, rule};
use super::refusals::{bad_request, not_found};
use super::state::{Definition, Integration, Method, State, members, object_mut, text};
use super::{resources, vpc_links};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("PutIntegration", put),
    Operation::read("GetIntegration", get),
    Operation::change("UpdateIntegration", update),
    Operation::change("DeleteIntegration", delete),
    Operation::change("PutIntegrationResponse", put_response),
    Operation::read("GetIntegrationResponse", get_response),
    Operation::change("UpdateIntegrationResponse", update_response),
    Operation::change("DeleteIntegrationResponse", delete_response),
];

const SETTINGS: &[&str] = &[
    "type",
    "uri",
    "connectionType",
    "connectionId",
    "credentials",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "cacheNamespace",
    "cacheKeyParameters",
    "contentHandling",
    "timeoutInMillis",
    "tlsConfig",
    "responseTransferMode",
    "integrationTarget",
];

const RESPONSE_SETTINGS: &[&str] = &[
    "statusCode",
    "selectionPattern",
    "responseParameters",
    "responseTemplates",
    "contentHandling",
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/cacheKeyParameters", ADD_REMOVE, Takes::Value),
        rule("/cacheKeyParameters/{}", ANY, Takes::Member),
        rule("/cacheNamespace", REPLACE, Takes::Text),
        rule("/connectionId", REPLACE, Takes::Text),
        rule("/connectionType", REPLACE, Takes::Text),
        rule("/contentHandling", REPLACE, Takes::Text),
        // Not in AWS's table, and used by Terraform.
        rule("/credentials", REPLACE, Takes::Text),
        rule("/httpMethod", REPLACE, Takes::Text),
        rule("/integrationTarget", REPLACE, Takes::Text),
        rule("/passthroughBehavior", REPLACE, Takes::Text),
        rule("/requestParameters/{}", ANY, Takes::TextEntry),
        rule("/requestTemplates/{}", ANY, Takes::TemplateEntry),
        rule("/responseTransferMode", REPLACE, Takes::Text),
        rule("/timeoutInMillis", REPLACE, Takes::Whole),
        rule(
            "/tlsConfig/insecureSkipVerification",
            REPLACE,
            Takes::Boolean,
        ),
        rule("/uri", REPLACE, Takes::Text),
    ],
};

const RESPONSE_RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/contentHandling", REPLACE, Takes::Text),
        rule("/responseParameters/{}", ANY, Takes::TextEntry),
        rule("/responseTemplates/{}", ANY, Takes::TemplateEntry),
        rule("/selectionPattern", REPLACE, Takes::Text),
    ],
};

const PASSTHROUGH_BEHAVIORS: &[&str] = &["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];

const CONTENT_HANDLINGS: &[&str] = &["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];

fn no_integration() -> Refusal {
    not_found("Invalid Integration identifier specified")
}

/// An integration in responses, with its integration responses.
pub(super) fn describe(integration: &Integration) -> Object {
    let mut answer = integration.settings.clone();
    if !integration.responses.is_empty() {
        answer.insert("integrationResponses".into(), json!(integration.responses));
    }
    answer
}

/// The method that the call names, and its integration.
fn find<'r>(region: &'r Region, call: &Call) -> Result<(&'r Method, &'r Integration), Refusal> {
    let (_, method) = methods::find(&region.apigateway, call)?;
    let integration = method.integration.as_ref().ok_or_else(no_integration)?;
    Ok((method, integration))
}

fn find_mut<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Integration, Refusal> {
    let method = methods::find_mut(&mut region.apigateway, call)?;
    method.integration.as_mut().ok_or_else(no_integration)
}

/// Creates or replaces an integration. Replacing removes its responses.
fn put(region: &mut Region, call: &Call) -> Answer {
    let mut settings = members(call, SETTINGS);
    // The back end's verb has different names in input and output.
    if let Some(verb) = call.input.get("integrationHttpMethod") {
        settings.insert("httpMethod".into(), verb.clone());
    }
    let state = &region.apigateway;
    let (definition, method) = methods::find(state, call)?;
    let of = (definition, call.text("resourceId"), method);
    let integration = made(state, of, settings, call)?;
    let answer = describe(&integration);
    methods::find_mut(&mut region.apigateway, call)?.integration = Some(integration);
    Ok(answer)
}

/// A new integration with these settings, for a method of a resource.
pub(super) fn made(
    state: &State,
    (definition, resource, method): (&Definition, &str, &Method),
    mut settings: Object,
    call: &Call,
) -> Result<Integration, Refusal> {
    let kind = text(&settings, "type").to_owned();
    settings
        .entry("passthroughBehavior")
        .or_insert("WHEN_NO_MATCH".into());
    settings
        .entry("timeoutInMillis")
        .or_insert(TIMEOUT_MILLIS.into());
    settings.entry("cacheNamespace").or_insert(resource.into());
    settings.entry("cacheKeyParameters").or_insert(json!([]));
    if kind.starts_with("HTTP") {
        settings
            .entry("connectionType")
            .or_insert("INTERNET".into());
    }
    forget_back_end_of_mock(&mut settings);
    empty_templates_are_null(&mut settings, "requestTemplates");
    check(&settings, method, regional(&definition.settings))?;
    vpc_links::check_connection(state, &settings, call)?;
    Ok(Integration {
        settings,
        ..Integration::default()
    })
}

/// A mock calls nothing: AWS accepts a URI and a verb, and drops them.
fn forget_back_end_of_mock(settings: &mut Object) {
    if text(settings, "type") == "MOCK" {
        settings.remove("uri");
        settings.remove("httpMethod");
    }
}

fn regional(api: &Object) -> bool {
    let kind = api
        .get("endpointConfiguration")
        .and_then(|endpoint| endpoint.pointer("/types/0"));
    kind.is_some_and(|kind| kind != "EDGE")
}

/// AWS keeps an empty template as null.
fn empty_templates_are_null(settings: &mut Object, member: &str) {
    if settings.contains_key(member) {
        for template in object_mut(settings, member).values_mut() {
            if template == "" {
                *template = Value::Null;
            }
        }
    }
}

/// Validates an integration's settings after a create or an update.
fn check(settings: &Object, method: &Method, regional: bool) -> Result<(), Refusal> {
    let (kind, verb) = (text(settings, "type"), text(settings, "httpMethod"));
    match (kind, verb) {
        ("MOCK", "") => {}
        (_, "") => {
            return Err(bad_request(
                "Enumeration value for HttpMethod must be non-empty",
            ));
        }
        (_, verb) => check_verb(verb)?,
    }
    check_uri(kind, text(settings, "uri"))?;
    one_of(settings, "passthroughBehavior", PASSTHROUGH_BEHAVIORS)?;
    one_of(settings, "contentHandling", CONTENT_HANDLINGS)?;
    one_of(settings, "connectionType", &["INTERNET", "VPC_LINK"])?;
    if text(settings, "connectionType") == "VPC_LINK" && text(settings, "connectionId").is_empty() {
        return Err(bad_request(
            "Connection ID is required when the connection type is VPC_LINK",
        ));
    }
    one_of(settings, "responseTransferMode", &["BUFFERED", "STREAM"])?;
    if text(settings, "responseTransferMode") == "STREAM" && !kind.ends_with("_PROXY") {
        return Err(bad_request(
            "Response transfer mode STREAM is only supported for HTTP_PROXY and AWS_PROXY integrations",
        ));
    }
    let timeout = settings.get("timeoutInMillis").and_then(Value::as_i64);
    // As if the account's quota were raised, which an account of one's own has to ask for.
    let longest = match (regional, text(settings, "responseTransferMode")) {
        (true, "STREAM") => LONGEST_STREAMED_TIMEOUT_MILLIS,
        (true, _) => LONGEST_TIMEOUT_MILLIS,
        (false, _) => TIMEOUT_MILLIS,
    };
    if !timeout.is_some_and(|timeout| (SHORTEST_TIMEOUT_MILLIS..=longest).contains(&timeout)) {
        return Err(bad_request(format!(
            "Timeout should be between 50 ms and {longest} ms"
        )));
    }
    let Some(parameters) = settings.get("requestParameters").and_then(Value::as_object) else {
        return Ok(());
    };
    let declared = method.settings.get("requestParameters");
    mapping::check_request(parameters, declared.and_then(Value::as_object))
}

fn check_uri(kind: &str, uri: &str) -> Result<(), Refusal> {
    match kind {
        "MOCK" => Ok(()),
        "HTTP" | "HTTP_PROXY" => {
            let rest = uri
                .strip_prefix("https://")
                .or_else(|| uri.strip_prefix("http://"));
            match rest {
                Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) => Ok(()),
                _ => Err(bad_request("Invalid HTTP endpoint specified for URI")),
            }
        }
        _ => {
            // arn:aws:apigateway:{region}:{service or its subdomain}:{path|action}/{…}
            let Some(Arn {
                account: service,
                resource: target,
                ..
            }) = Arn::parse(uri)
            else {
                return Err(bad_request("Invalid ARN specified in the request"));
            };
            if !target.starts_with("path/") && !target.starts_with("action/") {
                return Err(bad_request(
                    "AWS ARN for integration must contain path or action",
                ));
            }
            let is_proxied = match service {
                "lambda" => target.starts_with("path/2015-03-31/functions/"),
                "firehose" => target.starts_with("action/"),
                _ => false,
            };
            if kind == "AWS_PROXY" && !is_proxied {
                return Err(bad_request(
                    "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
                ));
            }
            Ok(())
        }
    }
}

fn one_of(settings: &Object, member: &str, known: &[&str]) -> Result<(), Refusal> {
    let value = text(settings, member);
    if value.is_empty() || known.contains(&value) {
        return Ok(());
    }
    Err(bad_request(format!(
        "Invalid {member} specified. Valid options are {}",
        known.join(",")
    )))
}

fn get(region: &Region, call: &Call) -> Answer {
    let (_, integration) = find(region, call)?;
    Ok(describe(integration))
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let (method, integration) = find(region, call)?;
    let (definition, _) = methods::find(&region.apigateway, call)?;
    let mut settings = integration.settings.clone();
    RULES.apply_all(call, &mut settings)?;
    settings.entry("cacheKeyParameters").or_insert(json!([]));
    forget_back_end_of_mock(&mut settings);
    check(&settings, method, regional(&definition.settings))?;
    // A deleted link doesn't prevent other changes.
    if settings.get("connectionId") != integration.settings.get("connectionId") {
        vpc_links::check_connection(&region.apigateway, &settings, call)?;
    }
    let integration = find_mut(region, call)?;
    integration.settings = settings;
    Ok(describe(integration))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let method = methods::find_mut(&mut region.apigateway, call)?;
    method.integration.take().ok_or_else(no_integration)?;
    Ok(Object::new())
}

fn put_response(region: &mut Region, call: &Call) -> Answer {
    let (method, _) = find(region, call)?;
    let status = call.text("statusCode");
    let response = made_response(method, status, members(call, RESPONSE_SETTINGS))?;
    let responses = &mut find_mut(region, call)?.responses;
    responses.insert(status.into(), response.clone());
    Ok(response)
}

/// A new integration response with these settings, for a method.
pub(super) fn made_response(
    method: &Method,
    status: &str,
    mut settings: Object,
) -> Result<Object, Refusal> {
    empty_templates_are_null(&mut settings, "responseTemplates");
    check_response(&settings, method, status)?;
    Ok(settings)
}

/// The method response of the same status must declare the headers that are mapped to. Without any, AWS doesn't require a method
/// response.
fn check_response(response: &Object, method: &Method, status: &str) -> Result<(), Refusal> {
    one_of(response, "contentHandling", CONTENT_HANDLINGS)?;
    let templates = response.get("responseTemplates").and_then(Value::as_object);
    let mut types = templates.into_iter().flat_map(Object::keys);
    if let Some(wrong) = types.find(|content_type| !content_type.contains('/')) {
        return Err(bad_request(format!(
            "Validation Result: warnings : [], errors : [Invalid content type specified: {wrong}]"
        )));
    }
    let Some(parameters) = response
        .get("responseParameters")
        .and_then(Value::as_object)
    else {
        return Ok(());
    };
    let declared = method
        .responses
        .get(status)
        .and_then(|response| response.get("responseParameters"));
    mapping::check_response(parameters, declared.and_then(Value::as_object))
}

fn get_response(region: &Region, call: &Call) -> Answer {
    let (_, integration) = find(region, call)?;
    let response = integration.responses.get(call.text("statusCode"));
    response.cloned().ok_or_else(no_response)
}

fn update_response(region: &mut Region, call: &Call) -> Answer {
    let (method, integration) = find(region, call)?;
    let status = call.text("statusCode");
    let mut response = integration
        .responses
        .get(status)
        .cloned()
        .ok_or_else(no_response)?;
    RESPONSE_RULES.apply_all(call, &mut response)?;
    check_response(&response, method, status)?;
    let responses = &mut find_mut(region, call)?.responses;
    responses.insert(status.into(), response.clone());
    Ok(response)
}

/// Unlike its neighbours, it doesn't say that the method isn't there.
fn delete_response(region: &mut Region, call: &Call) -> Answer {
    let resource = resources::find_mut(&mut region.apigateway, call)?;
    let method = resource.methods.get_mut(call.text("httpMethod"));
    let integration = method.and_then(|method| method.integration.as_mut());
    integration
        .ok_or_else(no_integration)?
        .responses
        .remove(call.text("statusCode"))
        .ok_or_else(no_response)?;
    Ok(Object::new())
}
