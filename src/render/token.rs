//! The only secret that is printed, on request: an access token.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::json::{self, FORMAT};
use crate::caller::Token;

/// An access token, in the members of OAuth's own answer and two more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AccessToken")]
pub(super) struct AccessToken<'a> {
    /// The version of this format.
    format_version: &'a str,
    /// The token.
    access_token: &'a str,
    /// How it is shown: `Bearer`.
    token_type: &'a str,
    /// For how many seconds it is valid from now on.
    expires_in: u64,
    /// When it expires.
    #[schemars(with = "String", extend("format" = "date-time"))]
    expires_at: Timestamp,
    /// Its scopes, apart by spaces.
    scope: String,
}

/// Only the token, for `$(…)`.
pub(crate) fn text(token: &Token) -> String {
    format!("{}\n", token.value.expose())
}

/// The token, and what was told of it, as one JSON object. OAuth's own answer is a part of it.
pub(crate) fn object(token: &Token, given: Timestamp) -> String {
    let scopes: Vec<&str> = token.scopes.iter().map(String::as_str).collect();
    json::object(&AccessToken {
        format_version: FORMAT,
        access_token: token.value.expose(),
        token_type: "Bearer",
        expires_in: token.expires_in.as_secs(),
        expires_at: whole_seconds(given + token.expires_in),
        scope: scopes.join(" "),
    })
}

/// In epoch seconds, as in a token's claims.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Secret;

    #[test]
    fn a_token_as_it_is_and_as_data() {
        let token = Token {
            value: Secret::new("t0ken"),
            expires_in: Duration::from_secs(3600),
            scopes: ["claims/read".to_owned(), "claims/write".to_owned()].into(),
        };
        assert_eq!(text(&token), "t0ken\n");
        insta::assert_snapshot!(object(&token, Timestamp::UNIX_EPOCH), @r#"
        {
          "format_version": "1.0",
          "access_token": "t0ken",
          "token_type": "Bearer",
          "expires_in": 3600,
          "expires_at": "1970-01-01T01:00:00Z",
          "scope": "claims/read claims/write"
        }
        "#);
    }
}
