//! The same calls as command lines. Secrets are variables in them, so they can be shared and leave nothing in a shell's history.

use super::{Access, Call};

/// The sample value of a path parameter.
pub(super) const EXAMPLE_VALUE: &str = "1";

/// Puts an access token into `ACCESS_TOKEN`, or prints the response and leaves it empty. None if no token is needed or there is
/// no token endpoint.
pub(super) fn token(access: &Access) -> Option<Vec<String>> {
    access.token_url.as_ref()?;
    let lines = [
        "ANSWER=$(curl -sS --user \"$CLIENT_ID:$CLIENT_SECRET\" --data grant_type=client_credentials \"$TOKEN_URL\")",
        "ACCESS_TOKEN=$(printf '%s' \"$ANSWER\" | sed -n 's/.*\"access_token\" *: *\"\\([^\"]*\\)\".*/\\1/p')",
        "[ -n \"$ACCESS_TOKEN\" ] || printf 'no token: %s\\n' \"$ANSWER\" >&2",
    ];
    Some(lines.map(str::to_owned).to_vec())
}

/// Calls a route and shows the response with its headers.
pub(super) fn call(access: &Access, call: &Call) -> String {
    let mut words = vec!["curl -i".to_owned()];
    match call.request_method() {
        "GET" => {}
        "HEAD" => words.push("--head".into()),
        method => words.push(format!("-X {method}")),
    }
    if call.needs_token() {
        let header = &access.token_header;
        // Without a token the shell stops here.
        words.push(format!(
            "-H \"{header}: Bearer ${{ACCESS_TOKEN:?no token}}\""
        ));
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
