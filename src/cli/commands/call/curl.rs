//! `--print-curl`: the command line, and how its variables are set.

use url::Url;

use super::request::Data;
use super::{Args, Shown};
use crate::caller::{API_KEY_HEADER, Known};
use crate::engine::{Calling, Invocation, LOCAL_STATE, repeated};
use crate::model::shell_word;
use crate::render::curl::{Body, Curl, Worth, command_line};

/// The default endpoint of `local serve`.
const LOCAL: &str = "http://127.0.0.1:4599";

impl Args {
    pub(super) fn curl(
        &self,
        invocation: &Invocation,
        calling: &Calling,
        known: &Known,
        shown: &Shown,
        url: Url,
    ) -> String {
        let endpoint = match &invocation.endpoint_url {
            Some(endpoint) => Some(endpoint.as_str()),
            None if invocation.local => Some(LOCAL),
            None => None,
        };
        let mut comments = Vec::new();
        let mut headers = Vec::new();
        if invocation.local {
            let state = invocation.folder().join(LOCAL_STATE);
            let state = shell_word(&state.display().to_string());
            comments.push(format!("gatestack local serve --state {state} &"));
        }
        if shown.token {
            let mut words = vec![shell_word(&known.address)];
            words.extend(repeated("--scope", &self.scopes));
            let token = invocation.command_line("token", &words);
            comments.push(format!("GATESTACK_TOKEN=$({token})"));
            let header = calling.view.authorizer_header.clone();
            headers.push((header, Worth::Variable("Bearer ", "GATESTACK_TOKEN")));
        }
        if let (true, Some(id)) = (shown.key, known.api_key_id()) {
            let region = &calling.session.desired.context.region;
            let mut aws = vec!["aws".to_owned()];
            let mut flag =
                |name: &str, value: &str| aws.extend([name.to_owned(), shell_word(value)]);
            if let Some(profile) = &invocation.profile {
                flag("--profile", profile);
            }
            if let Some(endpoint) = endpoint {
                flag("--endpoint-url", endpoint);
            }
            flag("--region", region);
            let aws = aws.join(" ");
            comments.push(format!(
                "GATESTACK_API_KEY=$({aws} apigateway get-api-key --api-key {id} --include-value --query value --output text)"
            ));
            headers.push((
                API_KEY_HEADER.to_owned(),
                Worth::Variable("", "GATESTACK_API_KEY"),
            ));
        }
        let json =
            self.data.is_some() && !self.headers.iter().any(|header| header.is("content-type"));
        if json {
            headers.push((
                "Content-Type".into(),
                Worth::Text("application/json".into()),
            ));
        }
        for header in &self.headers {
            if let Some(value) = &header.value {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                headers.push((header.name.to_string(), Worth::Text(text)));
            }
        }
        let url = match endpoint {
            Some(endpoint) => {
                // A custom endpoint routes requests by `Host`.
                let host = url.host_str().unwrap_or_default().to_owned();
                headers.insert(0, ("Host".into(), Worth::Text(host)));
                let rest = &url[url::Position::BeforePath..];
                format!("{}{rest}", endpoint.trim_end_matches('/'))
            }
            None => url.to_string(),
        };
        command_line(&Curl {
            comments,
            method: self.method.to_string(),
            url,
            headers,
            body: self.data.as_ref().map(|data| match data {
                Data::Text(text) => Body::Text(text.clone()),
                Data::File(file) => Body::File(file.clone()),
                Data::Stdin => Body::File("-".into()),
            }),
            flags: if self.include { vec!["-i"] } else { Vec::new() },
        })
    }
}
