//! A method's authorizer.
//!
//! AWS caches an authorizer's result by token. A Cognito authorizer's result follows from the token alone, and its expiry is
//! always checked, so nothing is cached here. AWS doesn't ask Cognito whether a token was revoked or its app client deleted: a
//! token is valid until it expires.

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use super::super::super::apigateway::text;
use super::super::super::operation::Object;
use super::super::super::state::State;
use super::super::tokens::{self, BadToken};
use super::exchange::{Exchange, Refused};

/// The start of an identity source that is a header, the only kind that a Cognito authorizer has.
const HEADER: &str = "method.request.header.";

/// Checks the token, and puts its claims into the exchange once it is valid.
pub(super) fn authorize(exchange: &mut Exchange<'_>) -> Result<(), Refused> {
    match text(&exchange.method.settings, "authorizationType") {
        "NONE" | "" => Ok(()),
        "COGNITO_USER_POOLS" => with_cognito(exchange),
        "CUSTOM" => Err(Refused::not_implemented("Lambda authorizers")),
        other => Err(Refused::not_implemented(format_args!(
            "methods with authorizationType {other}"
        ))),
    }
}

/// The app client of the valid token.
pub(super) fn client(exchange: &Exchange<'_>) -> Option<String> {
    let claims = exchange.claims.as_ref()?;
    // An access token has `client_id`, an ID token `aud`.
    let client = claims.get("client_id").or_else(|| claims.get("aud"))?;
    Some(client.as_str()?.to_owned())
}

fn unauthorized(why: impl Into<String>) -> Refused {
    Refused::new("UNAUTHORIZED", "UnauthorizedException", "Unauthorized", why)
}

fn with_cognito(exchange: &mut Exchange<'_>) -> Result<(), Refused> {
    let settings = &exchange.method.settings;
    let authorizer = exchange
        .definition
        .authorizers
        .get(text(settings, "authorizerId"))
        .ok_or_else(|| {
            Refused::new(
                "AUTHORIZER_CONFIGURATION_ERROR",
                "AuthorizerConfigurationException",
                "Internal server error",
                "the method's authorizer is not in the deployment",
            )
        })?;
    let source = text(authorizer, "identitySource");
    let header = source.strip_prefix(HEADER).unwrap_or(source);
    let token = exchange
        .headers
        .get(header)
        .map(|value| value.to_str().unwrap_or_default());
    let token = without_scheme(token.unwrap_or_default());
    if token.is_empty() {
        return Err(unauthorized(format!(
            "no token was sent in the header {header}"
        )));
    }
    let claims = verified(exchange.state, authorizer, token, exchange.now)?;
    let scopes = texts(settings.get("authorizationScopes"));
    let verdict = check_audience(authorizer, &claims).and_then(|()| check_use(&scopes, &claims));
    exchange.claims = Some(claims);
    verdict
}

/// A token may come with or without its scheme.
fn without_scheme(header: &str) -> &str {
    let header = header.trim();
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header,
    }
}

fn texts(list: Option<&Value>) -> Vec<&str> {
    let list = list.and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The claims of a token that one of the authorizer's user pools signed and that has not expired.
fn verified(
    state: &State,
    authorizer: &Object,
    token: &str,
    now: Timestamp,
) -> Result<Object, Refused> {
    let pools = texts(authorizer.get("providerARNs"));
    let name = text(authorizer, "name");
    tokens::verify(state, token, &pools, now).map_err(|bad| match bad {
        BadToken::Malformed => unauthorized("the token is not a JSON Web Token"),
        BadToken::UnknownIssuer => unauthorized(format!(
            "the token is not of a user pool of the authorizer {name}"
        )),
        BadToken::BadSignature => unauthorized("the token's signature is wrong"),
        // Not EXPIRED_TOKEN, which is about the session tokens of AWS's own credentials.
        BadToken::Expired => Refused {
            message: "The incoming token has expired".into(),
            ..unauthorized("the token has expired")
        },
    })
}

/// A validation expression is matched against the token's audience.
fn check_audience(authorizer: &Object, claims: &Object) -> Result<(), Refused> {
    let expression = text(authorizer, "identityValidationExpression");
    if expression.is_empty() {
        return Ok(());
    }
    let whole = Regex::new(&format!("^(?:{expression})$")).map_err(|_| {
        Refused::not_implemented(format_args!(
            "the identityValidationExpression {expression}"
        ))
    })?;
    if whole.is_match(text(claims, "aud")) {
        return Ok(());
    }
    Err(unauthorized(format!(
        "the token's audience does not match {expression}"
    )))
}

/// A method with scopes wants an access token with any of them, a method without wants an ID token.
fn check_use(scopes: &[&str], claims: &Object) -> Result<(), Refused> {
    let is_access = text(claims, "token_use") == "access";
    match (scopes.is_empty(), is_access) {
        (true, false) => Ok(()),
        (true, true) => Err(unauthorized(
            "the method has no scopes, so it takes ID tokens, and this is an access token",
        )),
        (false, false) => Err(unauthorized(
            "the method has scopes, so it takes access tokens, and this is an ID token",
        )),
        (false, true) => {
            let mut granted = text(claims, "scope").split(' ');
            if granted.any(|scope| scopes.contains(&scope)) {
                return Ok(());
            }
            Err(unauthorized(match scopes {
                [scope] => format!("the token does not have the scope {scope}"),
                scopes => format!("the token has none of the scopes {}", scopes.join(", ")),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            _ => unreachable!(),
        }
    }

    #[test]
    fn scopes_on_the_method_decide_which_token_it_takes() {
        let id = object(json!({"token_use": "id", "aud": "web"}));
        let access = object(json!({"token_use": "access", "scope": "a/read a/write"}));
        assert_eq!(check_use(&[], &id), Ok(()));
        assert_eq!(check_use(&["a/write"], &access), Ok(()));
        assert_eq!(check_use(&["a/none", "a/read"], &access), Ok(()));
        for (scopes, claims) in [
            (&[][..], &access),
            (&["a/read"], &id),
            // A scope counts as a whole only.
            (&["a/rea"], &access),
            (&["a/read a/write"], &access),
        ] {
            let refused = check_use(scopes, claims).unwrap_err();
            assert_eq!(refused.kind, "UNAUTHORIZED", "{scopes:?}");
        }
    }

    #[test]
    fn an_audience_must_match_as_a_whole() {
        let claims = object(json!({"aud": "web1"}));
        let check = |expression: &str| {
            let authorizer = object(json!({"identityValidationExpression": expression}));
            check_audience(&authorizer, &claims).map_err(|refused| refused.kind)
        };
        assert_eq!(check("web1|web2"), Ok(()));
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("web"), Err("UNAUTHORIZED"));
        assert_eq!(check("(?=web).*"), Err("NOT_IMPLEMENTED"));
    }
}
