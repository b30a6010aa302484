//! The OpenAPI 3.0 description of a caller's routes.

use std::collections::BTreeSet;

use openapiv3::{
    APIKeyLocation, ClientCredentialsOAuth2Flow, Components, Info, MediaType, OAuth2Flows,
    ObjectType, OpenAPI, Operation, Parameter, ParameterData, ParameterSchemaOrContent, PathItem,
    PathStyle, ReferenceOr, RequestBody, Response, Responses, Schema, SchemaData, SchemaKind,
    SecurityRequirement, SecurityScheme, Server, StatusCode, StringType, Type,
};

use super::{Access, Call};
use crate::caller::API_KEY_HEADER;

/// The security scheme of tokens.
const TOKEN: &str = "token";
/// The security scheme of API keys.
const API_KEY: &str = "api_key";
/// The media type of API Gateway's own responses.
const JSON: &str = "application/json";

/// OpenAPI's methods for an `ANY` route.
const ANY: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// API Gateway's own errors: component, status, meaning.
const REFUSALS: [(&str, u16, &str); 3] = [
    (
        "Unauthorized",
        401,
        "The token is missing, has expired, or has none of the scopes.",
    ),
    (
        "Forbidden",
        403,
        "The API key is missing, disabled, or on no usage plan of this API.",
    ),
    (
        "TooManyRequests",
        429,
        "More requests than the usage plan allows, at once or in its period.",
    ),
];

/// A caller's access as OpenAPI 3.0: routes, authentication, servers.
pub fn openapi(access: &Access) -> OpenAPI {
    let mut ids = BTreeSet::new();
    let mut document = OpenAPI {
        openapi: "3.0.3".into(),
        info: Info {
            title: access.api.clone(),
            description: access
                .caller
                .as_ref()
                .map(|caller| format!("What {caller} may call.")),
            version: access.stage.clone(),
            ..Info::default()
        },
        servers: vec![Server {
            url: access.invoke_url.clone(),
            ..Server::default()
        }],
        components: Some(components(access)),
        ..OpenAPI::default()
    };
    for call in &access.calls {
        // In OpenAPI a parameter is one segment, so the plus is removed.
        let path = call.path.replace("+}", "}");
        let item = document
            .paths
            .paths
            .entry(path)
            .or_insert_with(|| ReferenceOr::Item(PathItem::default()));
        let ReferenceOr::Item(item) = item else {
            continue;
        };
        let methods = match call.method.as_str() {
            "ANY" => &ANY[..],
            method => &[method][..],
        };
        for method in methods {
            // A method of its own goes before ANY, as it does for API Gateway.
            let place = place(item, method);
            if let Some(place) = place.filter(|place| place.is_none() || call.method != "ANY") {
                *place = Some(operation(method, call, &mut ids));
            }
        }
    }
    document
}

fn place<'i>(item: &'i mut PathItem, method: &str) -> Option<&'i mut Option<Operation>> {
    Some(match method {
        "GET" => &mut item.get,
        "HEAD" => &mut item.head,
        "OPTIONS" => &mut item.options,
        "POST" => &mut item.post,
        "PUT" => &mut item.put,
        "PATCH" => &mut item.patch,
        "DELETE" => &mut item.delete,
        _ => return None,
    })
}

fn operation(method: &str, call: &Call, ids: &mut BTreeSet<String>) -> Operation {
    let mut responses = Responses {
        default: Some(ReferenceOr::Item(Response {
            description: "What the service answers.".into(),
            ..Response::default()
        })),
        ..Responses::default()
    };
    for (name, status, _) in REFUSALS {
        let met = match status {
            401 => call.needs_token(),
            403 => call.api_key,
            _ => true,
        };
        if met {
            let reference = ReferenceOr::ref_(&format!("#/components/responses/{name}"));
            responses
                .responses
                .insert(StatusCode::Code(status), reference);
        }
    }
    let has_body = matches!(method, "POST" | "PUT" | "PATCH");
    Operation {
        operation_id: Some(operation_id(method, call, ids)),
        parameters: call
            .parameters()
            .into_iter()
            .map(|(name, takes_rest)| ReferenceOr::Item(parameter(name, takes_rest)))
            .collect(),
        request_body: has_body.then(|| {
            ReferenceOr::Item(RequestBody {
                content: [(JSON.to_owned(), MediaType::default())]
                    .into_iter()
                    .collect(),
                ..RequestBody::default()
            })
        }),
        responses,
        security: Some(security(call)),
        ..Operation::default()
    }
}

/// Any one of the scopes is enough, so each is an alternative, together with the other requirements.
fn security(call: &Call) -> Vec<SecurityRequirement> {
    let key = call.api_key.then(|| (API_KEY.to_owned(), Vec::new()));
    let tokens = call
        .scopes
        .iter()
        .map(|scope| (TOKEN.to_owned(), vec![scope.clone()]));
    let ways: Vec<SecurityRequirement> = tokens
        .map(|token| std::iter::once(token).chain(key.clone()).collect())
        .collect();
    match (ways.is_empty(), key) {
        (true, Some(key)) => vec![std::iter::once(key).collect()],
        _ => ways,
    }
}

fn parameter(name: &str, takes_rest: bool) -> Parameter {
    let text = Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(Type::String(StringType::default())),
    };
    Parameter::Path {
        parameter_data: ParameterData {
            name: name.to_owned(),
            description: takes_rest
                .then(|| "The rest of the path, with any slashes in it.".to_owned()),
            required: true,
            deprecated: None,
            format: ParameterSchemaOrContent::Schema(ReferenceOr::Item(text)),
            example: None,
            examples: Default::default(),
            explode: None,
            extensions: Default::default(),
        },
        style: PathStyle::default(),
    }
}

/// A name for generated code: `getPoliciesById`.
fn operation_id(method: &str, call: &Call, ids: &mut BTreeSet<String>) -> String {
    let words = |text: &str| -> String {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .filter_map(|word| {
                let mut letters = word.chars();
                let first = letters.next()?.to_ascii_uppercase();
                Some(format!("{first}{}", letters.as_str()))
            })
            .collect()
    };
    let mut id = method.to_ascii_lowercase();
    for part in call.path.split('/').filter(|part| !part.is_empty()) {
        if part.starts_with('{') {
            id.push_str("By");
        }
        id.push_str(&words(part));
    }
    if call.path == "/" {
        id.push_str("Root");
    }
    // Two paths can differ in nothing that a name can have.
    let unique = (1..)
        .map(|number| match number {
            1 => id.clone(),
            number => format!("{id}{number}"),
        })
        .find(|id| !ids.contains(id))
        .unwrap_or_default();
    ids.insert(unique.clone());
    unique
}

fn components(access: &Access) -> Components {
    let mut components = Components::default();
    let needs_token = access.calls.iter().any(Call::needs_token);
    let needs_key = access.calls.iter().any(|call| call.api_key);
    if let Some(token_url) = access.token_url.as_ref().filter(|_| needs_token) {
        let flow = ClientCredentialsOAuth2Flow {
            refresh_url: None,
            token_url: token_url.clone(),
            scopes: access
                .scopes
                .iter()
                .map(|(scope, description)| (scope.clone(), description.clone()))
                .collect(),
            extensions: Default::default(),
        };
        let header = &access.token_header;
        let scheme = SecurityScheme::OAuth2 {
            flows: OAuth2Flows {
                client_credentials: Some(flow),
                ..OAuth2Flows::default()
            },
            description: (header != "Authorization")
                .then(|| format!("The token goes into the header {header}.")),
            extensions: Default::default(),
        };
        let schemes = &mut components.security_schemes;
        schemes.insert(TOKEN.into(), ReferenceOr::Item(scheme));
    }
    if needs_key {
        let scheme = SecurityScheme::APIKey {
            location: APIKeyLocation::Header,
            name: API_KEY_HEADER.into(),
            description: None,
            extensions: Default::default(),
        };
        let schemes = &mut components.security_schemes;
        schemes.insert(API_KEY.into(), ReferenceOr::Item(scheme));
    }
    for (name, status, description) in REFUSALS {
        let met = match status {
            401 => needs_token,
            403 => needs_key,
            _ => true,
        };
        if met {
            let responses = &mut components.responses;
            responses.insert(name.into(), ReferenceOr::Item(refusal(description)));
        }
    }
    components
}

/// API Gateway's own responses: one message.
fn refusal(description: &str) -> Response {
    let text = Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(Type::String(StringType::default())),
    };
    let message = ("message".to_owned(), ReferenceOr::Item(Box::new(text)));
    let schema = Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(Type::Object(ObjectType {
            properties: std::iter::once(message).collect(),
            ..ObjectType::default()
        })),
    };
    let body = MediaType {
        schema: Some(ReferenceOr::Item(schema)),
        ..MediaType::default()
    };
    Response {
        description: description.into(),
        content: [(JSON.to_owned(), body)].into_iter().collect(),
        ..Response::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::testing::access;

    #[test]
    fn the_description_of_a_partners_access() {
        let document = openapi(&access());
        let text = serde_json::to_string_pretty(&document).unwrap();
        insta::assert_snapshot!("openapi", text);
        assert_eq!(serde_json::from_str::<OpenAPI>(&text).unwrap(), document);
    }

    #[test]
    fn names_of_operations_are_unique() {
        let call = |path: &str| Call {
            method: "GET".into(),
            path: path.into(),
            scopes: BTreeSet::new(),
            api_key: false,
        };
        let mut ids = BTreeSet::new();
        let mut id = |path| operation_id("GET", &call(path), &mut ids);
        assert_eq!(id("/"), "getRoot");
        assert_eq!(id("/a-b/{id}"), "getABById");
        assert_eq!(id("/a_b/{id}"), "getABById2");
        assert_eq!(id("/files/{rest+}"), "getFilesByRest");
    }

    #[test]
    fn what_nobody_needs_is_not_described() {
        let mut access = access();
        access.calls.retain(|call| !call.needs_token());
        let text = serde_json::to_string(&openapi(&access)).unwrap();
        assert!(!text.contains("securitySchemes") && !text.contains("Unauthorized"));
        assert!(text.contains("\"security\":[]") && text.contains("429"));
    }
}
