//! A live route. Settings about access or the integration that the file can't express become a value that differs from everything
//! the file can express.

use std::collections::{BTreeMap, HashMap};

use aws_facts::arns;
use aws_sdk_apigateway::types::{ConnectionType, ContentHandlingStrategy, IntegrationType, Method};

use super::path::{carried, parameters};
use super::{
    Answer, HeaderValue, INVOKE, Integration, MEDIA_TYPE, Props, REQUEST_HEADER, RESPONSE_HEADER,
    TIMEOUT, mock,
};
use crate::kinds::header;
use crate::model::Text;

/// A method with a Cognito authorizer.
pub(super) const COGNITO: &str = "COGNITO_USER_POOLS";
/// A public method.
pub(super) const NONE: &str = "NONE";

/// The default timeout of an integration, in milliseconds.
const DEFAULT_TIMEOUT: i32 = TIMEOUT.as_millis() as i32;
const WHEN_NO_MATCH: &str = "WHEN_NO_MATCH";

/// A method with its integration and its responses.
pub(super) fn props(api: &str, path: &str, verb: &str, method: &Method) -> Props {
    let integration = match (oddity(path, method), integration(path, verb, method)) {
        (None, integration) => integration,
        (Some(oddity), Integration::Http { url, .. }) => Integration::Other(format!(
            "http to {} with {oddity}",
            crate::kinds::literal(&url)
        )),
        (Some(oddity), Integration::Function { function, .. }) => Integration::Other(format!(
            "the function {} with {oddity}",
            crate::kinds::literal(&function)
        )),
        (Some(oddity), Integration::Mock(_)) => Integration::Other(format!("mock with {oddity}")),
        (Some(oddity), Integration::Other(words)) => {
            Integration::Other(format!("{words} with {oddity}"))
        }
    };
    Props {
        api: api.into(),
        method: verb.to_owned(),
        path: path.to_owned(),
        integration,
        authorizer: authorizer(method),
        scopes: method
            .authorization_scopes
            .iter()
            .flatten()
            .map(|scope| scope.as_str().into())
            .collect(),
        api_key: method.api_key_required.unwrap_or_default(),
    }
}

fn authorizer(method: &Method) -> Option<Text> {
    let id = method.authorizer_id.as_deref().unwrap_or_default();
    match method.authorization_type.as_deref().unwrap_or(NONE) {
        NONE => None,
        COGNITO if !id.is_empty() => Some(id.into()),
        // With a prefix before the id, another type never equals a wanted authorizer.
        other => Some(format!("{other} {id}").trim_end().into()),
    }
}

/// A method's requirements that the file can't express.
fn oddity(path: &str, method: &Method) -> Option<String> {
    if method
        .request_validator_id
        .as_deref()
        .is_some_and(|id| !id.is_empty())
    {
        return Some("a request validator".into());
    }
    let own = parameters(path);
    let mut required: Vec<&str> = method
        .request_parameters
        .iter()
        .flatten()
        .filter(|(name, required)| {
            **required
                && !name
                    .strip_prefix("method.request.path.")
                    .is_some_and(|name| own.contains(name))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    required.sort_unstable();
    (!required.is_empty()).then(|| format!("the required {}", required.join(", ")))
}

fn integration(path: &str, verb: &str, method: &Method) -> Integration {
    let Some(live) = &method.method_integration else {
        return Integration::Other("none yet".into());
    };
    let words = match &live.r#type {
        Some(IntegrationType::HttpProxy) => match proxy(path, verb, live) {
            Ok(integration) => return integration,
            Err(oddity) => format!(
                "http to {} with {oddity}",
                live.uri.as_deref().unwrap_or("nowhere")
            ),
        },
        Some(IntegrationType::AwsProxy) => match function(live) {
            Ok(integration) => return integration,
            Err(oddity) => format!("{} with {oddity}", live.uri.as_deref().unwrap_or("nowhere")),
        },
        Some(IntegrationType::Mock) => match answer(method, live) {
            Ok(answer) => return Integration::Mock(answer),
            Err(oddity) => format!("mock with {oddity}"),
        },
        Some(other) => format!(
            "{} to {}",
            other.as_str(),
            live.uri.as_deref().unwrap_or("nowhere")
        ),
        None => "of no type".into(),
    };
    Integration::Other(words)
}

type LiveIntegration = aws_sdk_apigateway::types::Integration;

fn proxy(path: &str, verb: &str, live: &LiveIntegration) -> Result<Integration, String> {
    let uri = live.uri.as_deref().unwrap_or_default();
    if live.http_method.as_deref() != Some(verb) {
        return Err(format!(
            "the method {}",
            live.http_method.as_deref().unwrap_or("missing")
        ));
    }
    let link = match &live.connection_type {
        None | Some(ConnectionType::Internet) => None,
        Some(ConnectionType::VpcLink) => live.connection_id.as_deref().map(Text::from),
        Some(other) => return Err(format!("the connection {}", other.as_str())),
    };
    // With a newer VPC link (v2), the integration names the load balancer.
    if live
        .integration_target
        .as_deref()
        .is_some_and(|target| !target.is_empty())
    {
        return Err("a target behind its VPC link".into());
    }
    if live
        .tls_config
        .as_ref()
        .is_some_and(|tls| tls.insecure_skip_verification)
    {
        return Err("its certificate unchecked".into());
    }
    if live
        .response_transfer_mode
        .as_ref()
        .is_some_and(|mode| mode.as_str() != "BUFFERED")
    {
        return Err("streamed answers".into());
    }
    common(live)?;
    if live.content_handling.is_some() {
        return Err("converted bodies".into());
    }
    let send_headers = parameters_carried(path, uri, live.request_parameters.as_ref())?;
    Ok(Integration::Http {
        url: uri.into(),
        link,
        timeout_milliseconds: timeout(live),
        send_headers,
    })
}

/// The function that an integration invokes.
fn function(live: &LiveIntegration) -> Result<Integration, String> {
    let uri = live.uri.as_deref().unwrap_or_default();
    let function = uri
        .split_once("/functions/")
        .and_then(|(_, rest)| rest.strip_suffix("/invocations"))
        .filter(|function| arns::invocation(function) == uri)
        .ok_or("a URI that invokes no function")?;
    if live.http_method.as_deref() != Some(INVOKE) {
        return Err(format!(
            "the method {}",
            live.http_method.as_deref().unwrap_or("missing")
        ));
    }
    if let Some(mode) = &live.response_transfer_mode
        && mode.as_str() != "BUFFERED"
    {
        return Err("streamed answers".into());
    }
    common(live)?;
    if live.content_handling.is_some() {
        return Err("converted bodies".into());
    }
    Ok(Integration::Function {
        function: function.into(),
        timeout_milliseconds: timeout(live),
    })
}

fn timeout(live: &LiveIntegration) -> i32 {
    match live.timeout_in_millis {
        0 => DEFAULT_TIMEOUT,
        milliseconds => milliseconds,
    }
}

/// The headers among an integration's mappings. The others have to carry the path's parameters, and nothing else.
fn parameters_carried(
    path: &str,
    uri: &str,
    live: Option<&HashMap<String, String>>,
) -> Result<BTreeMap<String, HeaderValue>, String> {
    let expected: HashMap<String, String> = carried(path, uri).into_iter().collect();
    let none = HashMap::new();
    let live = live.unwrap_or(&none);
    if let Some(missing) = expected.keys().find(|name| !live.contains_key(*name)) {
        return Err(format!("{missing} not carried through"));
    }
    // A path parameter that the URL doesn't contain changes nothing.
    let own = parameters(path);
    let idle = |name: &str, value: &str| {
        name.strip_prefix("integration.request.path.")
            .is_some_and(|name| {
                own.contains(name) && value == format!("method.request.path.{name}")
            })
    };
    let mut other: Vec<String> = live
        .iter()
        .filter(|(name, value)| {
            let header = name.strip_prefix(REQUEST_HEADER);
            header.is_none() && expected.get(*name) != Some(value) && !idle(name, value)
        })
        .map(|(name, value)| format!("{name} set to {value}"))
        .collect();
    other.sort();
    if !other.is_empty() {
        return Err(other.join(", "));
    }
    let headers = live.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix(REQUEST_HEADER)?;
        Some((name.to_owned(), HeaderValue::of(value)))
    });
    Ok(headers.collect())
}

/// Settings of integrations that gatestack never writes.
fn common(live: &LiveIntegration) -> Result<(), String> {
    if live
        .credentials
        .as_deref()
        .is_some_and(|credentials| !credentials.is_empty())
    {
        return Err("credentials of AWS".into());
    }
    if live
        .cache_key_parameters
        .as_ref()
        .is_some_and(|keys| !keys.is_empty())
    {
        return Err("cache keys".into());
    }
    match live.passthrough_behavior.as_deref() {
        Some(behavior) if !behavior.eq_ignore_ascii_case(WHEN_NO_MATCH) => {
            Err(format!("the passthrough behavior {behavior}"))
        }
        _ => Ok(()),
    }
}

fn answer(method: &Method, live: &LiveIntegration) -> Result<Answer, String> {
    common(live)?;
    let templates = live.request_templates.as_ref();
    let template = templates
        .filter(|templates| templates.len() == 1)
        .and_then(|templates| templates.get(MEDIA_TYPE));
    let status = template
        .and_then(|template| mock::status(template))
        .ok_or("a request template of its own")?;
    let converts_to_text = live.content_handling == Some(ContentHandlingStrategy::ConvertToText);
    if live.content_handling.is_some() && !converts_to_text {
        return Err("converted bodies".into());
    }
    let code = status.to_string();
    let declared = method
        .method_responses
        .as_ref()
        .is_some_and(|responses| responses.contains_key(&code));
    let responses = live.integration_responses.as_ref();
    let response = responses
        .and_then(|responses| responses.get(&code))
        .filter(|_| declared)
        .ok_or("no answer yet")?;
    if responses.is_some_and(|responses| responses.len() > 1) {
        return Err("several answers".into());
    }
    if response
        .selection_pattern
        .as_deref()
        .is_some_and(|pattern| !pattern.is_empty())
    {
        return Err("an answer chosen by a pattern".into());
    }
    if response.content_handling.is_some() {
        return Err("a converted answer".into());
    }
    let none = HashMap::new();
    let parameters = response.response_parameters.as_ref().unwrap_or(&none);
    let templates = response.response_templates.as_ref();
    if templates
        .is_some_and(|templates| templates.keys().any(|media_type| media_type != MEDIA_TYPE))
    {
        return Err("answers of several media types".into());
    }
    // AWS returns null for an empty template.
    let template = templates
        .and_then(|templates| templates.get(MEDIA_TYPE))
        .map_or("", String::as_str);
    let (origins, body) = mock::answer(template).ok_or("a computed body")?;
    Ok(Answer {
        status,
        headers: header::headers(RESPONSE_HEADER, parameters),
        origins,
        body: body.into(),
        converts_to_text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_apigateway::types::builders::{IntegrationBuilder, MethodBuilder};
    use aws_sdk_apigateway::types::{IntegrationResponse, MethodResponse, TlsConfig};

    const PATH: &str = "/policies/{id}";

    fn guarded() -> MethodBuilder {
        Method::builder()
            .authorization_type(COGNITO)
            .authorizer_id("abc123")
            .authorization_scopes("xxx-api/read")
            .api_key_required(true)
            .request_parameters("method.request.path.id", true)
    }

    fn to_backend() -> IntegrationBuilder {
        LiveIntegration::builder()
            .r#type(IntegrationType::HttpProxy)
            .http_method("GET")
            .uri("http://api.aws.com/policies/{id}")
            .connection_type(ConnectionType::Internet)
            .passthrough_behavior("WHEN_NO_MATCH")
            .timeout_in_millis(29_000)
            .cache_namespace("res123")
            .request_parameters("integration.request.path.id", "method.request.path.id")
    }

    fn read(method: MethodBuilder, integration: IntegrationBuilder) -> Props {
        props(
            "api1",
            PATH,
            "GET",
            &method.method_integration(integration.build()).build(),
        )
    }

    fn is_other(props: &Props) -> bool {
        matches!(props.integration, Integration::Other(_))
    }

    #[test]
    fn a_guarded_proxy_is_read_as_the_file_says_it() {
        let wanted = Props {
            api: "api1".into(),
            method: "GET".into(),
            path: PATH.into(),
            integration: Integration::Http {
                url: "http://api.aws.com/policies/{id}".into(),
                link: None,
                timeout_milliseconds: 29_000,
                send_headers: BTreeMap::new(),
            },
            authorizer: Some("abc123".into()),
            scopes: ["xxx-api/read".into()].into(),
            api_key: true,
        };
        assert_eq!(read(guarded(), to_backend()), wanted);
    }

    #[test]
    fn a_proxy_through_a_link_is_read_with_the_links_id() {
        let through = to_backend()
            .connection_type(ConnectionType::VpcLink)
            .connection_id("link");
        let Integration::Http { link, .. } = read(guarded(), through).integration else {
            panic!("a file can say so");
        };
        assert_eq!(link, Some("link".into()));
    }

    #[test]
    fn headers_for_the_backend_are_read_with_their_texts_and_sources() {
        let sending = to_backend()
            .request_parameters("integration.request.header.X-Role", "'admin'")
            .request_parameters("integration.request.header.X-Id", "context.requestId");
        let Integration::Http { send_headers, .. } = read(guarded(), sending).integration else {
            panic!("a file can say so");
        };
        let mapped = HeaderValue::Mapped {
            from: "context.requestId".into(),
        };
        let expected = [
            ("X-Id".to_owned(), mapped),
            ("X-Role".to_owned(), HeaderValue::Fixed("admin".into())),
        ];
        assert_eq!(send_headers, expected.into());
    }

    #[test]
    fn whatever_changes_where_calls_go_is_other() {
        let odd = [
            to_backend().http_method("POST"),
            to_backend()
                .connection_type(ConnectionType::VpcLink)
                .connection_id("link")
                .integration_target(
                    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/a/b",
                ),
            to_backend().r#type(IntegrationType::Http),
            to_backend().r#type(IntegrationType::AwsProxy),
            to_backend().tls_config(
                TlsConfig::builder()
                    .insecure_skip_verification(true)
                    .build(),
            ),
            to_backend().request_parameters("integration.request.querystring.role", "'admin'"),
            to_backend().request_parameters("integration.request.path.id", "'1'"),
            to_backend().set_request_parameters(None),
            to_backend().credentials("arn:aws:iam::123456789012:role/x"),
            to_backend().passthrough_behavior("NEVER"),
        ];
        for integration in odd {
            let described = format!("{integration:?}");
            assert!(is_other(&read(guarded(), integration)), "{described}");
        }
        assert!(
            is_other(&props("api1", PATH, "GET", &guarded().build())),
            "no integration yet"
        );
    }

    #[test]
    fn whatever_changes_who_gets_in_differs() {
        let usual = read(guarded(), to_backend());
        assert_ne!(
            read(guarded().authorization_type("CUSTOM"), to_backend()),
            usual
        );
        assert_ne!(
            read(guarded().authorization_type("AWS_IAM"), to_backend()),
            usual
        );
        assert_ne!(
            read(guarded().authorization_type("NONE"), to_backend()),
            usual
        );
        assert_ne!(
            read(
                guarded().authorization_scopes("xxx-api/write"),
                to_backend()
            ),
            usual
        );
        assert!(is_other(&read(
            guarded().request_validator_id("val123"),
            to_backend()
        )));
        assert!(is_other(&read(
            guarded().request_parameters("method.request.header.X", true),
            to_backend()
        )));
        assert_eq!(
            read(
                guarded().request_parameters("method.request.header.X", false),
                to_backend()
            ),
            usual
        );
    }

    fn preflight(response: IntegrationResponse) -> Method {
        let integration = LiveIntegration::builder()
            .r#type(IntegrationType::Mock)
            .request_templates(MEDIA_TYPE, "{\"statusCode\": 204}")
            .integration_responses("204", response)
            .build();
        Method::builder()
            .authorization_type("NONE")
            .method_responses("204", MethodResponse::builder().status_code("204").build())
            .method_integration(integration)
            .build()
    }

    #[test]
    fn a_mock_is_read_as_the_file_says_it_and_a_half_made_one_is_not() {
        let response = IntegrationResponse::builder()
            .response_parameters("method.response.header.Access-Control-Allow-Origin", "'*'")
            .build();
        let method = preflight(response);
        let answer = Answer {
            status: 204,
            headers: [("Access-Control-Allow-Origin".to_owned(), "*".to_owned())].into(),
            origins: Default::default(),
            body: "".into(),
            converts_to_text: false,
        };
        let read = |method: &Method| props("api1", "/", "OPTIONS", method);
        assert_eq!(read(&method).integration, Integration::Mock(answer));

        let mut half = method;
        half.method_responses = None;
        assert!(is_other(&read(&half)));
        let computed = IntegrationResponse::builder()
            .response_templates(MEDIA_TYPE, "$context.requestId")
            .build();
        assert!(is_other(&read(&preflight(computed))));
        let chosen = IntegrationResponse::builder()
            .selection_pattern("5..")
            .build();
        assert!(is_other(&read(&preflight(chosen))));
    }
}
