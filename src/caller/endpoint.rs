//! URLs of a stack at a custom endpoint, where AWS's host names are paths below `/_aws/`.

use aws_facts::hosts::Host;
use url::Url;

/// AWS's URL, as it is reached at this endpoint. An invalid URL is left unchanged.
pub fn at_endpoint(address: &str, endpoint: &str) -> String {
    let Some((host, path)) = Url::parse(address)
        .ok()
        .and_then(|url| Some((url.host_str()?.to_owned(), url.path().to_owned())))
    else {
        return address.to_owned();
    };
    let service = match Host::parse(&host) {
        Some(Host::Api { id, .. }) => format!("execute-api/{id}"),
        Some(Host::PoolDomain { prefix, .. }) => format!("cognito/{prefix}"),
        Some(Host::Cognito { .. }) | None => format!("domain/{host}"),
    };
    let path = path.trim_end_matches('/');
    format!("{}/_aws/{service}{path}", endpoint.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_of_aws_are_paths() {
        let at = |address| at_endpoint(address, "http://127.0.0.1:4599/");
        for (address, path) in [
            (
                "https://a1b2.execute-api.eu-west-1.amazonaws.com/prod",
                "execute-api/a1b2/prod",
            ),
            (
                "https://x-1.auth.eu-west-1.amazoncognito.com/oauth2/token",
                "cognito/x-1/oauth2/token",
            ),
            (
                "https://auth.example.com/oauth2/token",
                "domain/auth.example.com/oauth2/token",
            ),
            ("https://api.example.com", "domain/api.example.com"),
        ] {
            assert_eq!(at(address), format!("http://127.0.0.1:4599/_aws/{path}"));
        }
    }
}
