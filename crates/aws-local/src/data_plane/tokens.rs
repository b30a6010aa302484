//! Token validation: well-formed, issued and signed by one of these pools, not expired.

use aws_facts::arns::Arn;
use jiff::Timestamp;
use serde_json::Value;

use super::super::operation::Object;
use super::super::state::State;

/// Why a token is invalid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BadToken {
    /// No token at all, or one without a member that every token has.
    Malformed,
    /// It is from another pool, or from elsewhere.
    UnknownIssuer,
    /// The signature is not the pool's.
    BadSignature,
    /// It was good.
    Expired,
}

/// The claims of a valid token. `pools` are ARNs of user pools.
pub(super) fn verify(
    state: &State,
    token: &str,
    pools: &[&str],
    now: Timestamp,
) -> Result<Object, BadToken> {
    let malformed = |_| BadToken::Malformed;
    let header = jsonwebtoken::decode_header(token).map_err(malformed)?;
    let claims: Object =
        jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(malformed)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let issuer = text("iss").ok_or(BadToken::Malformed)?;
    let expires = claims.get("exp").and_then(Value::as_i64);
    let expires = expires.ok_or(BadToken::Malformed)?;
    let key = header.kid.as_deref().ok_or(BadToken::Malformed)?;

    let mut named = pools.iter().filter_map(|arn| {
        let (region, id) = pool(arn)?;
        let held = state.regions.get(region)?;
        let is_issuer = held.cognito.issuer(region, id).as_deref() == Some(issuer);
        is_issuer.then_some((held, id))
    });
    let (region, id) = named.next().ok_or(BadToken::UnknownIssuer)?;
    if !region.cognito.signed(id, key, token) {
        return Err(BadToken::BadSignature);
    }
    if expires <= now.as_second() {
        return Err(BadToken::Expired);
    }
    Ok(claims)
}

/// Region and id from `arn:aws:cognito-idp:{region}:{account}:userpool/{id}`.
fn pool(arn: &str) -> Option<(&str, &str)> {
    let parts = Arn::parse(arn)?;
    Some((parts.region, parts.resource.strip_prefix("userpool/")?))
}
