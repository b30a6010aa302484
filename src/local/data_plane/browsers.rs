//! What keeps web pages from using the control plane. Any page in a browser on this machine can have requests sent here; only a page
//! that this server itself sent may have them answered. At run time an API or a pool decides that itself, as on AWS.

use http::HeaderMap;
use http::header::{HeaderName, ORIGIN};

use super::hosts::Authority;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request to the control plane is refused, if a page of another origin made a browser send it. `own` is the host it was sent
/// to, where that is a name of the server itself and not one of AWS's.
pub(super) fn refusal(headers: &HeaderMap, own: Option<&Authority>) -> Option<String> {
    let is_own = |origin: &str| own.is_some_and(|own| is_origin_of(origin, own));
    for origin in headers.get_all(ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        if !is_own(&origin) {
            return Some(format!("it comes from a web page of the origin {origin}"));
        }
    }
    for site in headers.get_all(SEC_FETCH_SITE) {
        let site = String::from_utf8_lossy(site.as_bytes());
        // `none` is what a person typed into the address bar.
        if !["same-origin", "none"].contains(&&*site) {
            return Some(format!(
                "it comes from a web page of another site (Sec-Fetch-Site: {site})"
            ));
        }
    }
    None
}

fn is_origin_of(origin: &str, own: &Authority) -> bool {
    let origin = origin.to_ascii_lowercase();
    let origin = origin.strip_prefix("http://").and_then(Authority::read);
    let port = |authority: &Authority| authority.port.unwrap_or(80);
    origin.is_some_and(|origin| origin.host == own.host && port(&origin) == port(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(HeaderName, &str)], own: &str) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), value.parse().unwrap());
        }
        refusal(&map, Authority::read(own).as_ref()).is_some()
    }

    #[test]
    fn only_a_page_of_this_server_is_answered() {
        for origin in ["http://localhost:4599", "HTTP://LocalHost:4599"] {
            assert!(!refused(&[(ORIGIN, origin)], "localhost:4599"), "{origin}");
        }
        assert!(!refused(&[(ORIGIN, "http://[::1]")], "[::1]:80"));
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://localhost",
            "http://localhost:3000",
            "http://127.0.0.1:4599",
            "https://localhost:4599",
            "http://localhost:4599.evil.example",
            "http://localhost:4599/",
            "http://me@localhost:4599",
            "file://",
            "localhost:4599",
            "chrome-extension://abc",
        ] {
            assert!(refused(&[(ORIGIN, origin)], "localhost:4599"), "{origin}");
        }
        let twice = [
            (ORIGIN, "http://localhost:4599"),
            (ORIGIN, "http://evil.example"),
        ];
        assert!(refused(&twice, "localhost:4599"));
        let no_server = refusal(
            &HeaderMap::from_iter([(ORIGIN, "http://sts.amazonaws.com".parse().unwrap())]),
            None,
        );
        assert!(no_server.is_some());
    }

    #[test]
    fn a_browser_says_where_the_page_is() {
        for site in ["cross-site", "same-site", "Cross-Site", "anything"] {
            assert!(refused(&[(SEC_FETCH_SITE, site)], "localhost"), "{site}");
        }
        for site in ["same-origin", "none"] {
            assert!(!refused(&[(SEC_FETCH_SITE, site)], "localhost"), "{site}");
        }
        assert!(!refused(&[], "localhost"));
    }
}
