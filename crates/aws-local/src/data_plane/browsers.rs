//! Refuses requests of web pages to the control plane. Any page in a browser on this machine can send requests here. This server
//! has no pages of its own; a response of an API may come from any backend, though to a browser it is a page of this server. At
//! run time the API or pool configures which pages may call it.

use http::HeaderMap;
use http::header::{HeaderName, ORIGIN, REFERER};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Why a request to the control plane is refused, if a page made a browser send it. No AWS client sends any of these headers.
/// `Sec-Fetch-Mode` is not used: Node's `fetch` sends it too, and browsers send it only together with `Sec-Fetch-Site`.
pub(super) fn refusal(headers: &HeaderMap) -> Option<String> {
    if let Some(origin) = headers.get(ORIGIN) {
        let origin = String::from_utf8_lossy(origin.as_bytes());
        return Some(format!("it comes from a web page (Origin: {origin})"));
    }
    for site in headers.get_all(SEC_FETCH_SITE) {
        let site = String::from_utf8_lossy(site.as_bytes());
        // `none` is a URL typed into the address bar.
        if site != "none" {
            return Some(format!("it comes from a web page (Sec-Fetch-Site: {site})"));
        }
    }
    // The only one of these headers that an older browser sends with a same-origin GET.
    headers
        .contains_key(REFERER)
        .then(|| "it comes from a web page (it has a header Referer)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(HeaderName, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), value.parse().unwrap());
        }
        refusal(&map).is_some()
    }

    #[test]
    fn no_page_is_answered_whatever_its_origin() {
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://localhost:4599",
            "http://127.0.0.1:4599",
            "file://",
            "chrome-extension://abc",
        ] {
            assert!(refused(&[(ORIGIN, origin)]), "{origin}");
        }
        for site in ["same-origin", "cross-site", "same-site", "None", "anything"] {
            assert!(refused(&[(SEC_FETCH_SITE, site)]), "{site}");
            let twice = [(SEC_FETCH_SITE, "none"), (SEC_FETCH_SITE, site)];
            assert!(refused(&twice), "{site}");
        }
        assert!(refused(&[(REFERER, "http://localhost:4599/page")]));
    }

    #[test]
    fn a_person_and_a_program_are_no_page() {
        assert!(!refused(&[]));
        assert!(!refused(&[(SEC_FETCH_SITE, "none")]));
        let of_node = HeaderName::from_static("sec-fetch-mode");
        assert!(!refused(&[(of_node, "cors")]));
    }
}
