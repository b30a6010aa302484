//! A caller's access as a Postman collection (format 2.1) and the environment with its variables. Newman runs the collection from
//! top to bottom: the token first, then what reads, path by path.

use serde::Serialize;

use super::curl::EXAMPLE_VALUE;
use super::{Access, Call};
use crate::caller::{API_KEY_HEADER, Credentials};
use crate::model::Secret;

/// Postman's schema URL of the format.
const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

/// Identifies a collection's file.
const COLLECTION_MARK: &str = "schema.getpostman.com/json/collection/";
/// Identifies an environment's file.
const ENVIRONMENT_MARK: &str = "_postman_variable_scope";

/// After the token request: it succeeded, and the token is stored for the others.
const KEEPS_THE_TOKEN: &[&str] = &[
    "pm.test('a token is given', () => pm.response.to.have.status(200));",
    "pm.environment.set('access_token', pm.response.json().access_token);",
];

/// After every other request: it was admitted, whatever the service's status.
const IS_ADMITTED: &[&str] = &[
    "pm.test('the call is admitted', () => pm.expect(pm.response.code).to.not.be.oneOf([401, 403]));",
];

#[derive(Serialize)]
struct Collection {
    info: Info,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth>,
    item: Vec<Item>,
}

#[derive(Serialize)]
struct Info {
    name: String,
    description: String,
    schema: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item {
    Request {
        name: String,
        request: Box<Request>,
        event: Vec<Event>,
    },
    Folder {
        name: String,
        item: Vec<Item>,
    },
}

#[derive(Serialize)]
struct Request {
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<Auth>,
    header: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Body>,
    url: Url,
}

/// A request's authentication; by default the collection's.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Auth {
    #[serde(rename = "noauth")]
    Nobody,
    Basic {
        basic: Vec<Typed>,
    },
    Bearer {
        bearer: Vec<Typed>,
    },
    ApiKey {
        apikey: Vec<Typed>,
    },
}

#[derive(Serialize)]
struct Typed {
    key: &'static str,
    value: String,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Pair {
    key: String,
    value: String,
}

#[derive(Serialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
enum Body {
    UrlEncoded {
        urlencoded: Vec<Pair>,
    },
    Raw {
        raw: &'static str,
        options: RawOptions,
    },
}

#[derive(Serialize)]
struct RawOptions {
    raw: Language,
}

#[derive(Serialize)]
struct Language {
    language: &'static str,
}

#[derive(Serialize)]
struct Url {
    raw: String,
    host: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variable: Vec<Pair>,
}

#[derive(Serialize)]
struct Event {
    listen: &'static str,
    script: Script,
}

#[derive(Serialize)]
struct Script {
    r#type: &'static str,
    exec: &'static [&'static str],
}

#[derive(Serialize)]
pub(super) struct Environment<'a> {
    name: String,
    values: Vec<Variable<'a>>,
    #[serde(rename = "_postman_variable_scope")]
    scope: &'static str,
}

#[derive(Serialize)]
struct Variable<'a> {
    key: &'static str,
    value: &'a str,
    r#type: &'static str,
    enabled: bool,
}

/// The collection.
pub fn collection(access: &Access) -> serde_json::Value {
    let needs_token = access.calls.iter().any(Call::needs_token);
    let mut item: Vec<Item> = access.token_url.iter().map(|_| token(access)).collect();
    for call in &access.calls {
        let request = request(access, call);
        match item.last_mut() {
            Some(Item::Folder { name, item }) if *name == call.path => item.push(request),
            _ => item.push(Item::Folder {
                name: call.path.clone(),
                item: vec![request],
            }),
        }
    }
    let collection = Collection {
        info: Info {
            name: title(access),
            description: match &access.caller {
                Some(caller) => format!("What {caller} may call."),
                None => format!("What the callers of {} may call.", access.stack),
            },
            schema: SCHEMA,
        },
        auth: needs_token.then(|| shown_token(access)),
        item,
    };
    serde_json::to_value(collection).expect("texts and lists of texts are JSON")
}

fn title(access: &Access) -> String {
    match &access.caller {
        Some(caller) => format!("{}: {caller}", access.stack),
        None => access.stack.clone(),
    }
}

/// The environment, in JSON. Without credentials its secrets are empty.
pub fn environment(access: &Access, credentials: Option<&Credentials>) -> Secret {
    let shown = environment_of(access, credentials);
    Secret::new(json(&shown))
}

/// The environment as a part of something else.
pub(super) fn environment_of<'a>(
    access: &'a Access,
    credentials: Option<&'a Credentials>,
) -> Environment<'a> {
    let open = |key, value: Option<&'a str>| Variable {
        key,
        value: value.unwrap_or_default(),
        r#type: "default",
        enabled: true,
    };
    let secret = |key, value: Option<&'a Secret>| Variable {
        r#type: "secret",
        ..open(key, value.map(Secret::expose))
    };
    let mut values = vec![open("invoke_url", Some(&access.invoke_url))];
    if access.has_client {
        values.extend([
            open("token_url", access.token_url.as_deref()),
            open("client_id", access.client_id.as_deref()),
            secret(
                "client_secret",
                credentials.and_then(|it| it.client_secret.as_ref()),
            ),
            secret("access_token", None),
        ]);
    }
    if access.has_api_key {
        values.push(secret(
            "api_key",
            credentials.and_then(|it| it.api_key.as_ref()),
        ));
    }
    Environment {
        name: title(access),
        values,
        scope: "environment",
    }
}

/// Whether a text is a collection or environment, which may be overwritten.
pub fn is_one(text: &str) -> bool {
    // Only at the top level: a bundle contains both, and more that must not be lost.
    let Ok(document) = serde_json::from_str::<serde_json::Value>(text) else {
        return false;
    };
    let schema = document["info"]["schema"].as_str().unwrap_or_default();
    schema.contains(COLLECTION_MARK) || !document[ENVIRONMENT_MARK].is_null()
}

/// A value in a file.
pub fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value);
    text.expect("texts and lists of texts are JSON") + "\n"
}

fn token(access: &Access) -> Item {
    let mut form = vec![Pair {
        key: "grant_type".into(),
        value: "client_credentials".into(),
    }];
    // For one caller; others may have other scopes, and a request without any gets all of them.
    if access.caller.is_some() && !access.scopes.is_empty() {
        form.push(Pair {
            key: "scope".into(),
            value: access.scope(),
        });
    }
    let request = Request {
        method: "POST".into(),
        auth: Some(Auth::Basic {
            basic: vec![
                typed("username", "{{client_id}}"),
                typed("password", "{{client_secret}}"),
            ],
        }),
        header: Vec::new(),
        body: Some(Body::UrlEncoded { urlencoded: form }),
        url: Url {
            raw: "{{token_url}}".into(),
            host: vec!["{{token_url}}".into()],
            path: Vec::new(),
            variable: Vec::new(),
        },
    };
    Item::Request {
        name: "Get a token".into(),
        request: Box::new(request),
        event: vec![test(KEEPS_THE_TOKEN)],
    }
}

/// The token in the authorizer's header.
fn shown_token(access: &Access) -> Auth {
    if access.token_header == "Authorization" {
        return Auth::Bearer {
            bearer: vec![typed("token", "{{access_token}}")],
        };
    }
    Auth::ApiKey {
        apikey: vec![
            typed("key", &access.token_header),
            typed("value", "Bearer {{access_token}}"),
            typed("in", "header"),
        ],
    }
}

fn request(access: &Access, call: &Call) -> Item {
    let key = call.api_key.then(|| Pair {
        key: API_KEY_HEADER.into(),
        value: "{{api_key}}".into(),
    });
    let parameters = call.parameters();
    let path = call.path_with(|name| format!(":{name}"));
    let segments = path.trim_start_matches('/').split('/');
    let has_token = access.calls.iter().any(Call::needs_token);
    let request = Request {
        method: call.request_method().to_owned(),
        auth: (has_token && !call.needs_token()).then_some(Auth::Nobody),
        header: key.into_iter().collect(),
        body: call.has_body().then_some(Body::Raw {
            raw: "{}",
            options: RawOptions {
                raw: Language { language: "json" },
            },
        }),
        url: Url {
            raw: format!("{{{{invoke_url}}}}{path}"),
            host: vec!["{{invoke_url}}".into()],
            path: segments.map(str::to_owned).collect(),
            variable: parameters
                .into_iter()
                .map(|(name, _)| Pair {
                    key: name.to_owned(),
                    value: EXAMPLE_VALUE.into(),
                })
                .collect(),
        },
    };
    Item::Request {
        name: format!("{} {}", call.request_method(), call.path),
        request: Box::new(request),
        event: vec![test(IS_ADMITTED)],
    }
}

fn typed(key: &'static str, value: &str) -> Typed {
    Typed {
        key,
        value: value.to_owned(),
        r#type: "string",
    }
}

fn test(exec: &'static [&'static str]) -> Event {
    Event {
        listen: "test",
        script: Script {
            r#type: "text/javascript",
            exec,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::testing::{access, credentials};

    #[test]
    fn a_partners_collection_and_environment() {
        let access = access();
        insta::assert_snapshot!("postman_collection", json(&collection(&access)));
        let filled = environment(&access, Some(&credentials()));
        insta::assert_snapshot!("postman_environment", filled.expose());
        let empty = environment(&access, None);
        assert!(!empty.expose().contains("made-up-client-secret"));
        assert!(!empty.expose().contains("made-up-api-key-value"));
        for text in [json(&collection(&access)).as_str(), empty.expose()] {
            assert!(is_one(text));
        }
        // What a handed-out document has inside it makes it none of Postman's.
        let bundle = format!("{{\"postman_environment\": {}}}", empty.expose());
        assert!(!is_one(&bundle));
        assert!(!is_one("{}") && !is_one("# notes on schema.getpostman.com/json/collection/"));
    }

    #[test]
    fn another_header_carries_the_token_too() {
        let mut access = access();
        access.token_header = "X-Token".into();
        let collection = collection(&access);
        assert_eq!(collection["auth"]["type"], "apikey");
        assert_eq!(collection["auth"]["apikey"][0]["value"], "X-Token");
    }

    #[test]
    fn who_has_no_client_is_asked_for_no_token() {
        let mut access = access();
        access.token_url = None;
        access.has_client = false;
        access.calls.retain(|call| !call.needs_token());
        let collection = collection(&access);
        assert_eq!(collection["item"].as_array().map(Vec::len), Some(1));
        assert!(collection.get("auth").is_none());
        let environment = environment(&access, None);
        assert!(!environment.expose().contains("client_id"));
    }
}
