//! The same calls as command lines. Secrets stand in them as variables, so they can be shown to anybody and leave nothing in a
//! shell's history.

use super::{Access, Call};

/// What stands for a path parameter.
pub(super) const EXAMPLE_VALUE: &str = "1";

/// Puts an access token into `ACCESS_TOKEN`. None where no token is needed or there is no token endpoint.
pub(super) fn token(access: &Access) -> Option<String> {
    access.token_url.as_ref()?;
    Some(
        "ACCESS_TOKEN=$(curl -sS --user \"$CLIENT_ID:$CLIENT_SECRET\" --data grant_type=client_credentials \"$TOKEN_URL\" \
         | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
            .to_owned(),
    )
}

/// Calls a route and shows the answer with its headers.
pub(super) fn call(access: &Access, call: &Call) -> String {
    let mut words = vec!["curl -i".to_owned()];
    match call.request_method() {
        "GET" => {}
        "HEAD" => words.push("--head".into()),
        method => words.push(format!("-X {method}")),
    }
    if call.needs_token() {
        let header = &access.token_header;
        words.push(format!("-H \"{header}: Bearer $ACCESS_TOKEN\""));
    }
    if call.api_key {
        words.push("-H \"x-api-key: $API_KEY\"".into());
    }
    if call.has_body() {
        words.push("-H \"Content-Type: application/json\" -d '{}'".into());
    }
    let path = call.path_with(|_| EXAMPLE_VALUE.to_owned());
    words.push(format!("\"$INVOKE_URL{path}\""));
    words.join(" ")
}
