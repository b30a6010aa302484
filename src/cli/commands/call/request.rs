//! A request's arguments, and the request itself.

use std::path::Path;
use std::str::FromStr;

use anyhow::Context as _;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use url::Url;

use crate::caller::API_KEY_HEADER;
use crate::error::{Error, Fault, FaultKind};
use crate::files;
use crate::model::Secret;

/// Ten times API Gateway's limit, so that its own error can be seen.
const LARGEST_BODY: u64 = 100 << 20;

/// A body: here, in a file, or on the standard input.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Text(String),
    File(String),
    Stdin,
}

/// A header of `-H`.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: HeaderName,
    /// None removes a default header.
    pub(super) value: Option<HeaderValue>,
}

/// The parts of a request.
pub(super) struct Parts<'a> {
    pub(super) method: &'a Method,
    pub(super) url: Url,
    pub(super) headers: &'a [Header],
    pub(super) body: Option<Bytes>,
    /// The header's name, and the token.
    pub(super) token: Option<(&'a str, &'a Secret)>,
    pub(super) api_key: Option<&'a Secret>,
}

impl FromStr for Data {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('@') {
            Some("-") => Self::Stdin,
            Some(file) => Self::File(file.to_owned()),
            None => Self::Text(text.to_owned()),
        })
    }
}

impl Data {
    pub(super) fn reads_stdin(&self) -> bool {
        matches!(self, Self::Stdin)
    }

    /// # Errors
    /// The file or the standard input can't be read.
    pub(super) fn read(&self) -> Result<Bytes, Error> {
        let read = match self {
            Self::Text(text) => return Ok(Bytes::from(text.clone())),
            Self::File(file) => files::read(Path::new(file), LARGEST_BODY)
                .with_context(|| format!("can't read the body from {file}")),
            Self::Stdin => files::limited(std::io::stdin(), LARGEST_BODY)
                .context("can't read the body from the standard input"),
        };
        read.map(Bytes::from).map_err(|error| {
            Fault::io(error)
                .hint("name a regular file; `@-` reads the standard input")
                .into()
        })
    }
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |_| format!("`{text}` is not a header: write 'NAME: VALUE'");
        // As in curl: a colon without a value removes a header, a semicolon sends an empty one.
        let (name, value) = match (text.split_once(':'), text.strip_suffix(';')) {
            (Some((name, value)), _) => {
                (name, Some(value.trim()).filter(|value| !value.is_empty()))
            }
            (None, Some(name)) => (name, Some("")),
            (None, None) => return Err(wrong(())),
        };
        let value = value.map(|value| HeaderValue::from_str(value).map_err(|_| wrong(())));
        Ok(Self {
            name: name.trim().parse().map_err(|_| wrong(()))?,
            value: value.transpose()?,
        })
    }
}

impl Header {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.as_str().eq_ignore_ascii_case(name)
    }

    pub(super) fn has_value(&self) -> bool {
        self.value.is_some()
    }
}

/// A method, in capitals as HTTP has them.
pub(super) fn method(text: &str) -> Result<Method, String> {
    let method = text.to_ascii_uppercase();
    Method::from_bytes(method.as_bytes()).map_err(|_| "a method is a word such as GET".into())
}

/// A path below the stage.
pub(super) fn path(text: &str) -> Result<String, String> {
    if text.starts_with('/') {
        Ok(text.to_owned())
    } else {
        Err("the path after the stage begins with `/`, as in /policies?x=1".into())
    }
}

/// The URL of a path below the stage, percent-encoded where necessary.
///
/// # Errors
/// They make no URL.
pub(super) fn invoked(invoke_url: &str, path: &str) -> Result<Url, Error> {
    Url::parse(&format!("{invoke_url}{path}")).map_err(|error| {
        let what = format!("{invoke_url}{path} is not a URL: {error}");
        Fault::new(FaultKind::Unanswered, what).into()
    })
}

impl Parts<'_> {
    /// The request.
    ///
    /// # Errors
    /// A credential that is invalid in a header, or an invalid URL.
    pub(super) fn request(self) -> Result<Request<Bytes>, Error> {
        let unfit = |what: &str| {
            Fault::new(
                FaultKind::Unanswered,
                format!("{what} can't be sent in a request"),
            )
        };
        let mut headers = HeaderMap::new();
        if self.body.is_some() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
        }
        // Given ones replace the default ones, and may repeat.
        for given in self.headers {
            headers.remove(&given.name);
        }
        for Header { name, value } in self.headers {
            if let Some(value) = value {
                headers.append(name.clone(), value.clone());
            }
        }
        let mut secret = |name: &str, value: String| -> Result<(), Fault> {
            let name: HeaderName = name.parse().map_err(|_| unfit("the authorizer's header"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| unfit("a credential"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
            Ok(())
        };
        if let Some((name, token)) = self.token {
            secret(name, format!("Bearer {}", token.expose()))?;
        }
        if let Some(key) = self.api_key {
            secret(API_KEY_HEADER, key.expose().to_owned())?;
        }
        let mut request = Request::new(self.body.unwrap_or_default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.as_str().parse().map_err(|_| unfit("the path"))?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[&str], body: Option<&str>) -> HeaderMap {
        let headers: Vec<Header> = headers.iter().map(|text| text.parse().unwrap()).collect();
        let parts = Parts {
            method: &Method::GET,
            url: invoked("https://a.example/prod", "/a b?c={d}").unwrap(),
            headers: &headers,
            body: body.map(|body| Bytes::from(body.to_owned())),
            token: None,
            api_key: Some(&Secret::new("k3y")),
        };
        let request = parts.request().unwrap();
        assert_eq!(request.uri().path(), "/prod/a%20b");
        request.headers().clone()
    }

    #[test]
    fn a_body_is_json_unless_somebody_says_otherwise() {
        assert!(!sent(&[], None).contains_key("content-type"));
        assert_eq!(sent(&[], Some("{}"))["content-type"], "application/json");
        assert_eq!(
            sent(&["content-type: text/csv"], Some("1,2"))["content-type"],
            "text/csv"
        );
        assert!(!sent(&["Content-Type:"], Some("x")).contains_key("content-type"));
    }

    #[test]
    fn headers_are_as_curl_has_them() {
        let headers = sent(&["X-A: 1", "x-a:2", "X-Empty;"], None);
        let all: Vec<_> = headers.get_all("x-a").iter().collect();
        assert_eq!(all, ["1", "2"]);
        assert_eq!(headers["x-empty"], "");
        assert!(headers["x-api-key"].is_sensitive());
        assert!("no header".parse::<Header>().is_err());
        assert!("a b: c".parse::<Header>().is_err());
    }

    #[test]
    fn a_path_begins_behind_the_stage() {
        assert!(path("policies").is_err());
        assert!(path("https://a.example/policies").is_err());
        assert_eq!(method("get"), Ok(Method::GET));
        assert!(method("G T").is_err());
    }
}
