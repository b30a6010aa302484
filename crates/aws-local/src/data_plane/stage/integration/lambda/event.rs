//! The event of a request, in payload format 1.0.

use std::net::IpAddr;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::super::super::exchange::{Exchange, Refused};
use super::super::super::refusals::configuration;
use super::super::super::variables::{Variables, extended_request_id};
use super::super::content::{is_binary, media_type};
use super::super::{headers, http};

/// Names that the event has in AWS's spelling, however they were sent. All others keep the sender's.
const CANONICAL: [(HeaderName, &str); 5] = [
    (header::ACCEPT, "Accept"),
    (header::AUTHORIZATION, "Authorization"),
    (header::CONTENT_TYPE, "Content-Type"),
    (header::HOST, "Host"),
    (header::USER_AGENT, "User-Agent"),
];

/// The event.
pub(in super::super) fn of(exchange: &Exchange<'_>) -> Result<Value, Refused> {
    let (headers, many_headers) = spelled(exchange)?;
    let query = many(
        exchange
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    let (body, is_base64) = body(exchange);
    let variables = exchange.stage.settings.get("variables");
    let variables =
        variables.filter(|variables| variables.as_object().is_some_and(|all| !all.is_empty()));
    Ok(json!({
        "resource": exchange.resource_path,
        "path": path(exchange),
        "httpMethod": exchange.verb.as_str(),
        "headers": headers,
        "multiValueHeaders": many_headers,
        "queryStringParameters": or_null(last(&query)),
        "multiValueQueryStringParameters": or_null(query),
        "pathParameters": or_null(path_parameters(&exchange.resource_path, &exchange.path_in_stage)),
        "stageVariables": variables,
        "requestContext": context(exchange),
        "body": body,
        "isBase64Encoded": is_base64,
    }))
}

/// `null` where there is nothing.
fn or_null(entries: Map<String, Value>) -> Value {
    match entries.is_empty() {
        true => Value::Null,
        false => Value::Object(entries),
    }
}

/// All values of each name, in the order in which they came.
fn many<'n>(pairs: impl Iterator<Item = (&'n str, String)>) -> Map<String, Value> {
    let mut entries = Map::new();
    for (name, value) in pairs {
        let values = entries.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    entries
}

/// The last value of each name.
fn last(many: &Map<String, Value>) -> Map<String, Value> {
    let last = |values: &Value| values.as_array().and_then(|all| all.last()).cloned();
    many.iter()
        .map(|(name, values)| (name.clone(), last(values).unwrap_or_default()))
        .collect()
}

/// The headers with one value each, and with all.
fn spelled(exchange: &Exchange<'_>) -> Result<(Value, Value), Refused> {
    let mut arrived = headers::in_event(&exchange.headers);
    let host = HeaderValue::try_from(exchange.host.as_str())
        .map_err(|_| configuration("the host is not valid in a header"))?;
    arrived.insert(header::HOST, host);
    let mut own = HeaderMap::new();
    if let Some(before) = arrived.remove("x-forwarded-for") {
        own.insert("x-forwarded-for", before);
    }
    http::forwarded(&mut own, exchange.source_ip);
    for name in ["x-forwarded-port", "x-forwarded-proto"] {
        arrived.remove(name);
    }
    let trace = match arrived.remove(headers::TRACE_ID) {
        Some(trace) => Ok(trace),
        None => http::trace_id(exchange),
    };
    let trace = trace.map_err(|_| configuration("the trace's id is not valid in a header"))?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut pairs: Vec<(String, String)> = arrived
        .iter()
        .map(|(name, value)| {
            let canonical = CANONICAL.iter().find(|(known, _)| known == name);
            let spelled = match canonical {
                Some((_, canonical)) => canonical,
                None => exchange.spelling.of(name.as_str()),
            };
            (spelled.to_owned(), text(value))
        })
        .collect();
    pairs.push(("X-Amzn-Trace-Id".to_owned(), text(&trace)));
    for (name, spelled) in [
        ("x-forwarded-for", "X-Forwarded-For"),
        ("x-forwarded-port", "X-Forwarded-Port"),
        ("x-forwarded-proto", "X-Forwarded-Proto"),
    ] {
        let values = own.get_all(name).iter();
        pairs.extend(values.map(|value| (spelled.to_owned(), text(value))));
    }
    pairs.sort_by_cached_key(|(name, _)| name.to_ascii_lowercase());
    let many = many(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    Ok((Value::Object(last(&many)), Value::Object(many)))
}

/// The path behind the stage, with one slash at its start.
fn path(exchange: &Exchange<'_>) -> String {
    format!("/{}", exchange.path_in_stage.trim_start_matches('/'))
}

/// The values of a resource's parameters as they were sent.
fn path_parameters(resource: &str, path: &str) -> Map<String, Value> {
    let path = path.trim_start_matches('/');
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut parts = path.split('/');
    let mut parameters = Map::new();
    for pattern in resource.trim_start_matches('/').split('/') {
        let name = pattern
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match name.map(|name| (name, name.strip_suffix('+'))) {
            Some((_, Some(greedy))) => {
                let rest: Vec<&str> = parts.by_ref().collect();
                parameters.insert(greedy.into(), rest.join("/").into());
            }
            Some((name, None)) => {
                parameters.insert(name.into(), parts.next().unwrap_or_default().into());
            }
            None => {
                parts.next();
            }
        }
    }
    parameters
}

/// The body, if there is one, and whether it is Base64.
fn body(exchange: &Exchange<'_>) -> (Option<String>, bool) {
    if exchange.body.is_empty() {
        return (None, false);
    }
    match is_binary(
        exchange,
        media_type(&exchange.headers, header::CONTENT_TYPE),
    ) {
        true => (Some(STANDARD.encode(&exchange.body)), true),
        false => (
            Some(String::from_utf8_lossy(&exchange.body).into_owned()),
            false,
        ),
    }
}

fn context(exchange: &Exchange<'_>) -> Value {
    let variables = Variables::of_request(exchange);
    let variable = |name: &str| variables.context(name).unwrap_or_default().into_owned();
    let mut context = json!({
        "resourceId": exchange.resource,
        "resourcePath": exchange.resource_path,
        "httpMethod": exchange.verb.as_str(),
        "extendedRequestId": extended_request_id(&exchange.request_id),
        "requestTime": variable("requestTime"),
        "path": exchange.path,
        "accountId": exchange.account,
        "protocol": variable("protocol"),
        "stage": exchange.stage_name,
        "domainPrefix": variable("domainPrefix"),
        "requestTimeEpoch": exchange.now.as_millisecond(),
        "requestId": exchange.request_id,
        "identity": identity(exchange),
        "domainName": exchange.host,
        "deploymentId": variable("deploymentId"),
        "apiId": exchange.api,
    });
    if let Some(claims) = &exchange.claims {
        let claims: Map<String, Value> = claims
            .iter()
            .map(|(name, value)| (name.clone(), claim(name, value).into()))
            .collect();
        context["authorizer"] = json!({"claims": claims});
    }
    context
}

/// A claim as a text: lists with commas, and these times as dates.
///
/// Reported, amazon-archives/amazon-cognito-identity-js#92 (an authorizer's output) and awsdocs/amazon-api-gateway-developer-guide#158.
fn claim(name: &str, value: &Value) -> String {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    match (name, value) {
        ("exp" | "iat", Value::Number(seconds)) => {
            let time = seconds
                .as_i64()
                .and_then(|at| Timestamp::from_second(at).ok());
            time.map_or_else(
                || text(value),
                |time| {
                    let time = time.to_zoned(TimeZone::UTC);
                    time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
                },
            )
        }
        (_, Value::Array(items)) => items.iter().map(text).collect::<Vec<_>>().join(","),
        (_, value) => text(value),
    }
}

fn identity(exchange: &Exchange<'_>) -> Value {
    let header = |name: &str| {
        let value = exchange.headers.get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let ip: IpAddr = exchange.source_ip;
    let mut identity = json!({
        "cognitoIdentityPoolId": null,
        "accountId": null,
        "cognitoIdentityId": null,
        "caller": null,
        "sourceIp": ip.to_string(),
        "principalOrgId": null,
        "accessKey": null,
        "cognitoAuthenticationType": null,
        "cognitoAuthenticationProvider": null,
        "userArn": null,
        "userAgent": header("user-agent"),
        "user": null,
    });
    if let Some(id) = &exchange.api_key {
        // As documented for `$context.identity`.
        identity["apiKeyId"] = json!(id);
        identity["apiKey"] = json!(header("x-api-key"));
    }
    identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_stay_encoded() {
        for (resource, path, wanted) in [
            ("/", "/", json!({})),
            ("/a", "/a", json!({})),
            ("/policies/{id}", "/policies/a%2Fb", json!({"id": "a%2Fb"})),
            (
                "/{proxy+}",
                "//proxy-value/",
                json!({"proxy": "proxy-value"}),
            ),
            (
                "/{a}/x/{rest+}",
                "/1/x/2//3",
                json!({"a": "1", "rest": "2//3"}),
            ),
        ] {
            assert_eq!(
                Value::Object(path_parameters(resource, path)),
                wanted,
                "{resource} {path}"
            );
        }
    }
}
