//! A user pool's unsigned requests: the token endpoint at its domains, and the documents with its public keys.

use std::time::Instant;

use aws_facts::hosts::TOKEN_PATH;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::super::cognito::{Asked, Denied, Grant, Issued};
use super::super::identifiers;
use super::super::operation::Refusal;
use super::super::state::State;
use super::{Inner, Seen, message, no_domain, refused};

/// The pages and endpoints of a domain for sign-in.
const FOR_PEOPLE: &[&str] = &[
    "/confirmUser",
    "/confirmforgotPassword",
    "/error",
    "/forgotPassword",
    "/login",
    "/logout",
    "/oauth2/authorize",
    "/oauth2/idpresponse",
    "/oauth2/revoke",
    "/oauth2/userInfo",
    "/passkeys/add",
    "/resendcode",
    "/saml2/idpresponse",
    "/saml2/logout",
    "/signup",
];

/// The content type that OAuth prescribes for the token endpoint.
const FORM: &str = "application/x-www-form-urlencoded";

/// Why the token endpoint refuses.
struct No {
    status: StatusCode,
    /// OAuth's error code, which is all that Cognito returns.
    error: &'static str,
    /// The reason for the log.
    why: String,
}

impl No {
    fn new(error: &'static str, why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            why: why.into(),
        }
    }
}

/// The token endpoint's error responses.
enum Otherwise {
    No(No),
    Refused(Refusal),
}

impl From<No> for Otherwise {
    fn from(no: No) -> Self {
        Self::No(no)
    }
}

impl From<Refusal> for Otherwise {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Answers a request to a user pool's domain, given as its name and Region, and reports the outcome.
pub(super) fn domain(
    inner: &Inner,
    state: &State,
    (name, region): (&str, &str),
    path: &str,
    request: &Request<Bytes>,
) -> (Response<Bytes>, Option<Seen>) {
    let began = Instant::now();
    let at = inner.service.now();
    let cognito = state.regions.get(region).map(|region| &region.cognito);
    let pool = cognito.and_then(|cognito| cognito.pool_at(name, at));
    let mut client = None;
    let (mut answer, refused) = match pool {
        None => (
            no_domain(name),
            Some(format!("no pool has the domain {name} now")),
        ),
        Some(_) if FOR_PEOPLE.contains(&path) => {
            let refusal = Refusal::not_implemented(path);
            (super::refused(&refusal), Some(refusal.message))
        }
        Some(_) if path != TOKEN_PATH => {
            let why = format!("a user pool's domain has no {path}");
            (message(StatusCode::NOT_FOUND, &why), Some(why))
        }
        Some(pool) => match token(inner, state, (region, pool), request, &mut client) {
            Ok(issued) => (granted(&issued), None),
            Err(Otherwise::No(no)) => (denied(&no), Some(no.why)),
            Err(Otherwise::Refused(refusal)) => (super::refused(&refusal), Some(refusal.message)),
        },
    };
    // AWS documents that pages of any origin may call the token endpoint, and that this can't be changed.
    if pool.is_some() && path == TOKEN_PATH {
        let any = HeaderValue::from_static("*");
        let headers = answer.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    }
    let seen = Seen {
        at,
        method: request.method().to_string(),
        path: path.to_owned(),
        route: None,
        client,
        api_key: None,
        status: answer.status().as_u16(),
        refused,
        took: began.elapsed(),
    };
    (answer, Some(seen))
}

/// The token for a request. `known` is set to its client once that is authenticated.
fn token(
    inner: &Inner,
    state: &State,
    (region, pool): (&str, &str),
    request: &Request<Bytes>,
    known: &mut Option<String>,
) -> Result<Issued, Otherwise> {
    if request.method() == Method::OPTIONS {
        return Err(Refusal::not_implemented("preflights of the token endpoint").into());
    }
    let is_form = content_type(request.headers()).eq_ignore_ascii_case(FORM);
    if request.method() != Method::POST || !is_form {
        // Cognito knows no handler for such a request, and has no error code of OAuth for that.
        return Err(No {
            status: StatusCode::METHOD_NOT_ALLOWED,
            error: "invalid_request",
            why: format!("the token endpoint takes POST with {FORM} only"),
        }
        .into());
    }
    let parameters = Parameters::of(request)?;
    match parameters.get("grant_type") {
        Some("client_credentials") => {}
        Some(grant @ ("authorization_code" | "refresh_token")) => {
            return Err(Refusal::not_implemented(format_args!("the grant {grant}")).into());
        }
        Some(_) => {
            return Err(No::new("unsupported_grant_type", "it is not a grant of Cognito's").into());
        }
        None => return Err(No::new("invalid_request", "it names no grant_type").into()),
    }
    let credentials = Credentials::of(request.headers(), &parameters)?;
    let scopes = parameters.get("scope").unwrap_or_default();
    let scopes: Vec<&str> = scopes.split_ascii_whitespace().collect();

    let lacks_key = |state: &State| {
        let region = state.regions.get(region);
        region.is_some_and(|region| region.cognito.lacks_access_key(pool))
    };
    let with_key;
    let state = if lacks_key(state) {
        inner
            .service
            .change(|state| state.regions.entry(region).cognito.make_access_key(pool))?;
        with_key = inner
            .service
            .snapshot()
            .map_err(|error| super::service::broken(&error))?;
        &with_key
    } else {
        state
    };
    let gone = || No::new("invalid_client", "its user pool is gone");
    let cognito = &state.regions.get(region).ok_or_else(gone)?.cognito;
    let ask = |secret: Option<&str>| {
        let asked = Asked {
            client: &credentials.client,
            secret,
            scopes: &scopes,
        };
        let now = inner.service.now();
        cognito.token((region, pool), Grant::ClientCredentials, &asked, now)
    };
    let mut answer = Err(Denied::Secret);
    for secret in &credentials.secrets {
        answer = ask(secret.as_deref());
        if !matches!(answer, Err(Denied::Secret)) {
            break;
        }
    }
    if !matches!(answer, Err(Denied::NoClient | Denied::Secret)) {
        *known = Some(credentials.client.clone());
    }
    answer.map_err(|denied| match denied {
        Denied::NoClient => No::new("invalid_client", "its user pool has no such client").into(),
        Denied::Secret => No::new("invalid_client", "its client secret is missing or wrong").into(),
        Denied::Grant => No::new(
            "unauthorized_client",
            "its client may not use client_credentials",
        )
        .into(),
        Denied::Scope(scope) if scope.is_empty() => {
            No::new("invalid_scope", "its client has no scope left").into()
        }
        Denied::Scope(scope) => No::new(
            "invalid_scope",
            format!("its client may not have the scope {scope}"),
        )
        .into(),
        Denied::Refused(refusal) => refusal.into(),
    })
}

/// Without its parameters.
fn content_type(headers: &HeaderMap) -> &str {
    let sent = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    sent.and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// The parameters of a request, decoded. Cognito takes them from the query too.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn of(request: &Request<Bytes>) -> Result<Self, No> {
        let query = request.uri().query().unwrap_or_default();
        let parts = [request.body().as_ref(), query.as_bytes()];
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in parts.into_iter().flat_map(form_urlencoded::parse) {
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(No::new(
                    "invalid_request",
                    format!("it has more than one {name}"),
                ));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// None when it is empty, as OAuth says.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// The client and its authentication.
struct Credentials {
    client: String,
    /// The possible secrets; none if none was sent.
    secrets: Vec<Option<String>>,
}

impl Credentials {
    /// From the `Authorization` header, or else from the form.
    fn of(headers: &HeaderMap, parameters: &Parameters) -> Result<Self, No> {
        let named = parameters.get("client_id");
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            let client = named.ok_or_else(|| No::new("invalid_request", "it names no client"))?;
            return Ok(Self {
                client: client.to_owned(),
                secrets: vec![parameters.get("client_secret").map(str::to_owned)],
            });
        };
        let (client, secret) =
            authorization.to_str().ok().and_then(basic).ok_or_else(|| {
                No::new("invalid_client", "its Authorization header is not Basic")
            })?;
        if named.is_some_and(|named| named != client) {
            return Err(No::new(
                "invalid_request",
                "its header and its form name two clients",
            ));
        }
        // OAuth form-encodes both parts before they are joined; Cognito's documentation joins them as they are. A `+` in a secret
        // is a space in the one and a `+` in the other.
        let spaced = secret.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
        Ok(Self {
            client,
            secrets: vec![Some(secret), Some(decoded)],
        })
    }
}

/// Client and secret of a `Basic` header.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let (client, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((client.to_owned(), secret.to_owned()))
}

fn granted(issued: &Issued) -> Response<Bytes> {
    of_token_endpoint(
        StatusCode::OK,
        &json!({
            "access_token": issued.token,
            "expires_in": issued.expires_in,
            "token_type": "Bearer",
        }),
    )
}

fn denied(no: &No) -> Response<Bytes> {
    of_token_endpoint(no.status, &json!({"error": no.error}))
}

/// An answer with the headers that all of the token endpoint's have.
fn of_token_endpoint(status: StatusCode, body: &Value) -> Response<Bytes> {
    const HEADERS: &[(&str, &str)] = &[
        ("content-type", "application/json;charset=UTF-8"),
        (
            "cache-control",
            "no-cache, no-store, max-age=0, must-revalidate",
        ),
        ("pragma", "no-cache"),
        ("expires", "0"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    ];
    let mut answer = Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
    }
    if let Ok(id) = HeaderValue::from_str(&identifiers::uuid()) {
        headers.insert("x-amz-cognito-request-id", id);
    }
    answer
}

/// What a pool publishes of itself at its issuer.
pub(super) fn document(
    inner: &Inner,
    state: &State,
    pool: &str,
    name: &str,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    // A pool's id says its Region.
    let region = pool.split('_').next().unwrap_or_default();
    let body = match name {
        "jwks.json" if is_read => keys(inner, state, region, pool),
        "openid-configuration" if is_read => Ok(configuration(inner, state, region, pool)),
        _ => return not_understood(),
    };
    match body {
        Ok(Some(body)) => {
            let mut answer = super::json(&body);
            let headers = answer.headers_mut();
            // Cached for a day, for any origin: verifiers in browsers cache them.
            let cache = HeaderValue::from_static("public, max-age=86400");
            headers.insert(header::CACHE_CONTROL, cache);
            let any = HeaderValue::from_static("*");
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
            answer
        }
        Ok(None) => refusal_of_issuer(
            "ResourceNotFoundException",
            &format!("User pool {pool} does not exist."),
        ),
        Err(refusal) => refused(&refusal),
    }
}

/// A pool's public keys, generated at the first request.
fn keys(inner: &Inner, state: &State, region: &str, pool: &str) -> Result<Option<Value>, Refusal> {
    let Some(held) = state.regions.get(region).map(|region| &region.cognito) else {
        return Ok(None);
    };
    if !held.lacks_keys(pool) {
        return Ok(held.public_keys(pool));
    }
    inner.service.change(|state| {
        let held = &mut state.regions.entry(region).cognito;
        held.make_keys(pool)?;
        Ok(held.public_keys(pool))
    })
}

fn configuration(inner: &Inner, state: &State, region: &str, pool: &str) -> Option<Value> {
    let held = &state.regions.get(region)?.cognito;
    let issuer = held.issuer(region, pool)?;
    let base = match held.host_of(pool, region, inner.service.now()) {
        Some(host) => format!("https://{host}"),
        // Without a domain there are no such endpoints.
        None => issuer.clone(),
    };
    Some(json!({
        "authorization_endpoint": format!("{base}/oauth2/authorize"),
        "end_session_endpoint": format!("{base}/logout"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{base}/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{base}{TOKEN_PATH}"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{base}/oauth2/userInfo"),
    }))
}

/// The answer of Cognito's own endpoint to what is neither an operation nor a document.
fn not_understood() -> Response<Bytes> {
    refusal_of_issuer(
        "BadRequest",
        "The server did not understand the operation that was requested.",
    )
}

fn refusal_of_issuer(code: &str, message: &str) -> Response<Bytes> {
    let mut answer = super::json(&json!({"code": code, "message": message, "type": "client"}));
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer
}
