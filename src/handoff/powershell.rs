//! The same calls in PowerShell, which comes with Windows. Secrets are read from the file with the credentials.

use super::curl::EXAMPLE_VALUE;
use super::{Access, CREDENTIALS, Call};
use crate::caller::API_KEY_HEADER;

/// Reads the credentials, gets a token where the call needs one, and makes the call.
pub(super) fn lines(access: &Access, call: &Call) -> Vec<String> {
    let mut lines = vec![
        // Otherwise it would continue without a token.
        "$ErrorActionPreference = \"Stop\"".to_owned(),
        format!("$access = Get-Content -Raw {CREDENTIALS} | ConvertFrom-Json"),
    ];
    let token = call.needs_token() && access.token_url.is_some();
    if token {
        lines.extend([
            "$pair = [Text.Encoding]::UTF8.GetBytes(\"$($access.client_id):$($access.client_secret)\")".to_owned(),
            "$basic = \"Basic \" + [Convert]::ToBase64String($pair)".to_owned(),
            "$answer = Invoke-RestMethod -Method Post -Uri $access.token_url -Headers @{ Authorization = $basic } -Body @{ \
             grant_type = \"client_credentials\" }"
                .to_owned(),
        ]);
    }
    let mut headers = Vec::new();
    if token {
        headers.push(format!(
            "\"{}\" = \"Bearer $($answer.access_token)\"",
            access.token_header
        ));
    }
    if call.api_key {
        headers.push(format!("\"{API_KEY_HEADER}\" = $access.api_key"));
    }
    let mut words = vec!["Invoke-RestMethod".to_owned()];
    words.push(format!("-Method {}", capitalized(call.request_method())));
    let path = call.path_with(|_| EXAMPLE_VALUE.to_owned());
    words.push(format!("-Uri \"$($access.invoke_url){path}\""));
    if !headers.is_empty() {
        words.push(format!("-Headers @{{ {} }}", headers.join("; ")));
    }
    if call.has_body() {
        words.push("-ContentType \"application/json\" -Body \"{}\"".to_owned());
    }
    lines.push(words.join(" "));
    lines
}

fn capitalized(method: &str) -> String {
    let (first, rest) = method.split_at(1);
    first.to_owned() + &rest.to_lowercase()
}
