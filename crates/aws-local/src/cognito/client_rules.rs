//! Cognito's rules for an app client's settings.

use aws_facts::limits::cognito::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS};
use serde_json::Value;
use url::{Host, Url};

use super::super::operation::{Call, Object, Refusal};
use super::{Pool, invalid, not_in_tier, resource_server, texts};

/// Scopes that every pool has.
const STANDARD_SCOPES: &[&str] = &[
    "phone",
    "email",
    "openid",
    "profile",
    "aws.cognito.signin.user.admin",
];

/// Attributes that no client may write.
const NEVER_WRITABLE: &[&str] = &["sub", "email_verified", "phone_number_verified"];

/// Checks the settings of a client of this pool.
pub(super) fn check(
    pool: &Pool,
    call: &Call,
    settings: &Object,
    has_secret: bool,
) -> Result<(), Refusal> {
    auth_flows(pool, settings, has_secret)?;
    oauth(pool, settings, has_secret)?;
    urls(settings)?;
    attributes(pool, call, settings)?;
    identity_providers(pool, call, settings)?;
    token_validity(settings)?;
    analytics(settings)?;
    if settings.get("EnablePropagateAdditionalUserContextData") == Some(&Value::Bool(true))
        && !has_secret
    {
        return Err(invalid(
            "EnablePropagateAdditionalUserContextData can only be activated for a client that has a client secret.",
        ));
    }
    Ok(())
}

fn auth_flows(pool: &Pool, settings: &Object, has_secret: bool) -> Result<(), Refusal> {
    let flows = texts(settings, "ExplicitAuthFlows");
    let new = flows
        .iter()
        .filter(|flow| flow.starts_with("ALLOW_"))
        .count();
    if new != 0 && new != flows.len() {
        return Err(invalid(
            "ExplicitAuthFlows with the prefix ALLOW_ can't be used along with values without it.",
        ));
    }
    if pool.tier == "LITE" && flows.contains(&"ALLOW_USER_AUTH") {
        return Err(not_in_tier("Choice-based sign-in", &pool.tier));
    }
    let machine = flows.contains(&"ALLOW_CLIENT_TOKEN_AUTH");
    if machine && flows.len() > 1 {
        return Err(invalid(
            "ALLOW_CLIENT_TOKEN_AUTH can't be used along with other authentication flows.",
        ));
    }
    if machine && !has_secret {
        return Err(invalid(
            "ALLOW_CLIENT_TOKEN_AUTH can only be activated for a client that has a client secret.",
        ));
    }
    let rotates = settings
        .get("RefreshTokenRotation")
        .is_some_and(|rotation| rotation["Feature"] == "ENABLED");
    if rotates && flows.contains(&"ALLOW_REFRESH_TOKEN_AUTH") {
        return Err(invalid(
            "Refresh token rotation can't be enabled together with ALLOW_REFRESH_TOKEN_AUTH.",
        ));
    }
    Ok(())
}

fn oauth(pool: &Pool, settings: &Object, has_secret: bool) -> Result<(), Refusal> {
    let refused = |message: String| Refusal::new(400, "InvalidOAuthFlowException", message);
    let flows = texts(settings, "AllowedOAuthFlows");
    let scopes = texts(settings, "AllowedOAuthScopes");
    let enabled = settings.get("AllowedOAuthFlowsUserPoolClient") == Some(&Value::Bool(true));
    if enabled && (flows.is_empty() || scopes.is_empty()) {
        return Err(invalid(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        ));
    }
    let machine = flows.contains(&"client_credentials");
    if machine && flows.len() > 1 {
        return Err(refused(
            "client_credentials flow can not be selected along with code flow or implicit flow."
                .into(),
        ));
    }
    if machine && !has_secret {
        return Err(refused(
            "client_credentials flow can not be selected if client does not have a client secret."
                .into(),
        ));
    }
    if enabled && !machine && texts(settings, "CallbackURLs").is_empty() {
        return Err(refused(
            "CallbackUrls can not be empty when code flow or implicit flow is selected".into(),
        ));
    }
    for scope in scopes {
        if !STANDARD_SCOPES.contains(&scope) && !resource_server::has_scope(pool, scope) {
            return Err(Refusal::new(
                400,
                "ScopeDoesNotExistException",
                format!("Invalid scope requested: {scope}"),
            ));
        }
        if machine && STANDARD_SCOPES.contains(&scope) {
            return Err(refused(format!(
                "{scope} is not supported with client_credentials flow."
            )));
        }
    }
    Ok(())
}

fn urls(settings: &Object) -> Result<(), Refusal> {
    let callbacks = texts(settings, "CallbackURLs");
    for text in callbacks
        .iter()
        .copied()
        .chain(texts(settings, "LogoutURLs"))
    {
        let url = Url::parse(text)
            .map_err(|_| invalid(format!("{text} is not a valid absolute URI.")))?;
        if text.contains('#') {
            return Err(invalid(format!("{text} cannot contain a fragment.")));
        }
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !local {
            return Err(invalid(format!("{text} cannot use the HTTP protocol.")));
        }
    }
    match settings.get("DefaultRedirectURI").and_then(Value::as_str) {
        Some(default) if !callbacks.contains(&default) => Err(invalid(format!(
            "The default redirect URI {default} is not in the callback URIs list."
        ))),
        _ => Ok(()),
    }
}

fn attributes(pool: &Pool, call: &Call, settings: &Object) -> Result<(), Refusal> {
    let doing = if call.operation == "CreateUserPoolClient" {
        "creating"
    } else {
        "updating"
    };
    let known = |name: &str| {
        pool.schema
            .iter()
            .any(|attribute| attribute.get("Name").is_some_and(|known| known == name))
    };
    if !texts(settings, "ReadAttributes").into_iter().all(known) {
        return Err(invalid(format!(
            "Invalid read attributes specified while {doing} a client"
        )));
    }
    if !texts(settings, "WriteAttributes")
        .into_iter()
        .all(|name| known(name) && !NEVER_WRITABLE.contains(&name))
    {
        return Err(invalid(format!(
            "Invalid write attributes specified while {doing} a client"
        )));
    }
    Ok(())
}

/// The pool's own directory, and its identity providers.
fn identity_providers(pool: &Pool, call: &Call, settings: &Object) -> Result<(), Refusal> {
    match texts(settings, "SupportedIdentityProviders")
        .into_iter()
        .find(|name| *name != "COGNITO" && !pool.identity_providers.contains(name))
    {
        Some(name) => Err(invalid(format!(
            "The provider {name} does not exist for User Pool {}.",
            call.text("UserPoolId")
        ))),
        None => Ok(()),
    }
}

/// A kind of token as a client's settings name it, with the unit of its validity when none is given.
pub(super) type Token = (&'static str, &'static str);

pub(super) const ACCESS_TOKEN: Token = ("AccessToken", "hours");
const ID_TOKEN: Token = ("IdToken", "hours");
const REFRESH_TOKEN: Token = ("RefreshToken", "days");

/// How long a client's tokens of this kind are valid, in seconds; none if not set.
pub(super) fn validity(settings: &Object, (token, default_unit): Token) -> Option<u64> {
    let number = settings.get(&format!("{token}Validity"))?.as_u64()?;
    let unit = settings
        .get("TokenValidityUnits")
        .and_then(|units| units[token].as_str())
        .unwrap_or(default_unit);
    let seconds_of_unit = match unit {
        "seconds" => 1,
        "minutes" => 60,
        "hours" => 3600,
        _ => 24 * 3600,
    };
    Some(number.saturating_mul(seconds_of_unit))
}

fn token_validity(settings: &Object) -> Result<(), Refusal> {
    let refresh = validity(settings, REFRESH_TOKEN);
    let within = |seconds: Option<u64>, (least, greatest): (u64, u64)| {
        seconds.is_none_or(|s| least <= s && s <= greatest)
    };
    for token in [ACCESS_TOKEN, ID_TOKEN] {
        let token = validity(settings, token);
        // A refreshed token may not be valid longer than its refresh token.
        if !within(token, ACCESS_TOKEN_SECONDS)
            || token.is_some_and(|token| refresh.is_some_and(|refresh| token > refresh))
        {
            return Err(invalid("Invalid range for token validity."));
        }
    }
    if within(refresh, REFRESH_TOKEN_SECONDS) {
        Ok(())
    } else {
        Err(invalid("Invalid range for token validity."))
    }
}

fn analytics(settings: &Object) -> Result<(), Refusal> {
    let Some(config) = settings
        .get("AnalyticsConfiguration")
        .and_then(Value::as_object)
    else {
        return Ok(());
    };
    let by_id = ["ApplicationId", "RoleArn", "ExternalId"];
    let by_arn = config.contains_key("ApplicationArn");
    let given = by_id
        .iter()
        .filter(|member| config.contains_key(**member))
        .count();
    let valid = if by_arn {
        !config.contains_key("ApplicationId") && !config.contains_key("ExternalId")
    } else {
        given == by_id.len()
    };
    if valid {
        return Ok(());
    }
    Err(invalid(
        "Invalid analytics configuration given, either <application arn> or <application id, role arn, external id> are valid",
    ))
}
