//! `x-amazon-apigateway-integration`: where the calls of an operation go.

use std::sync::LazyLock;

use regex::Regex;

use super::fault::Place;
use super::files::{At, Files};
use super::tree::Value;

/// An integration of the document.
#[derive(Clone, Debug)]
pub struct Integration {
    /// Its place.
    pub place: Place,
    /// Where calls go, or what it has that a route can't have, in words, with its place.
    pub backend: Result<Backend, (String, Place)>,
}

/// Where the calls of an operation go.
#[derive(Clone, Debug, PartialEq)]
pub enum Backend {
    /// To a URL.
    Http {
        /// The URL.
        url: String,
        /// Its place.
        place: Place,
        /// Headers for the backend.
        headers: Vec<Header>,
        /// How many milliseconds it may take, with the place.
        timeout: Option<(u64, Place)>,
    },
    /// To a Lambda function.
    Function {
        /// Its ARN.
        arn: String,
        /// The place of the integration's URI.
        place: Place,
        /// How many milliseconds it may take, with the place.
        timeout: Option<(u64, Place)>,
    },
    /// An answer without a backend.
    Mock {
        /// The status.
        status: u16,
        /// The body.
        body: Option<String>,
        /// The integration's place.
        place: Place,
    },
}

/// A header for a backend.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// API Gateway's mapping expression.
    pub expression: String,
    /// The expression's place.
    pub place: Place,
}

/// Members of every integration that are read, or that a route does without.
const OF_ALL: [&str; 9] = [
    "type",
    "uri",
    "httpMethod",
    "passthroughBehavior",
    "payloadFormatVersion",
    "cacheNamespace",
    "requestTemplates",
    "responses",
    "timeoutInMillis",
];

/// The integration of an operation.
pub(super) fn of(files: &Files<'_>, operation: At, method: &str) -> Option<Integration> {
    let member = files.member(operation, "x-amazon-apigateway-integration")?;
    let of = Of {
        files,
        at: member.value,
        place: member.place.clone(),
        method,
    };
    Some(Integration {
        place: member.place,
        backend: of.backend(),
    })
}

struct Of<'f> {
    files: &'f Files<'f>,
    at: At,
    place: Place,
    method: &'f str,
}

impl Of<'_> {
    fn backend(&self) -> Result<Backend, (String, Place)> {
        let Some((kind, place)) = self.text("type") else {
            return Err(("it has no `type`".into(), self.place.clone()));
        };
        match kind.to_lowercase().as_str() {
            "http_proxy" => self.http(),
            "aws_proxy" => self.function(),
            "mock" => self.mock(),
            _ => Err((format!("it has the type `{kind}`"), place)),
        }
    }

    fn http(&self) -> Result<Backend, (String, Place)> {
        if let Some((kind, place)) = self.text("connectionType")
            && !kind.eq_ignore_ascii_case("internet")
        {
            return Err((format!("it has the connection type `{kind}`"), place));
        }
        self.nothing_else(&["connectionType", "requestParameters"])?;
        if let Some((method, place)) = self.text("httpMethod")
            && !method.eq_ignore_ascii_case(self.method)
        {
            let what =
                format!("it calls the backend by {method}, and a route calls it by its own method");
            return Err((what, place));
        }
        let Some((url, place)) = self.text("uri") else {
            return Err(("it has no `uri`".into(), self.place.clone()));
        };
        let mut headers = Vec::new();
        let mappings = self.files.member(self.at, "requestParameters");
        for mapping in mappings
            .iter()
            .flat_map(|all| self.files.members(all.value))
        {
            let expression = self.files.text(mapping.value).unwrap_or_default();
            let name = mapping.key.strip_prefix("integration.request.");
            match name.and_then(|name| name.split_once('.')) {
                Some(("header", name)) => headers.push(Header {
                    name: name.to_owned(),
                    expression: expression.to_owned(),
                    place: self.files.place(mapping.value),
                }),
                // A route maps the parameters of its path by itself.
                Some(("path", name)) if expression == format!("method.request.path.{name}") => {}
                _ => return Err((format!("it maps `{}`", mapping.key), mapping.place)),
            }
        }
        Ok(Backend::Http {
            url,
            place,
            headers,
            timeout: self.timeout()?,
        })
    }

    fn function(&self) -> Result<Backend, (String, Place)> {
        static ARN: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r":lambda:path/[0-9-]+/functions/(.+)/invocations$")
                .expect("the pattern is constant")
        });
        self.nothing_else(&["connectionType"])?;
        let Some((uri, place)) = self.text("uri") else {
            return Err(("it has no `uri`".into(), self.place.clone()));
        };
        match ARN.captures(&uri) {
            Some(found) => Ok(Backend::Function {
                arn: found[1].to_owned(),
                place,
                timeout: self.timeout()?,
            }),
            None => Err(("it calls another service than Lambda".into(), place)),
        }
    }

    fn mock(&self) -> Result<Backend, (String, Place)> {
        static STATUS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"^\s*\{\s*"?statusCode"?\s*:\s*"?([1-5][0-9]{2})"?\s*\}\s*$"#)
                .expect("the pattern is constant")
        });
        let files = self.files;
        self.nothing_else(&["connectionType"])?;
        let template = files.member(self.at, "requestTemplates");
        let template = template.and_then(|all| files.member(all.value, "application/json"));
        let status = template.as_ref().and_then(|template| {
            let found = STATUS.captures(files.text(template.value)?)?;
            found[1].parse::<u16>().ok()
        });
        let Some(status) = status else {
            let place = template.map_or_else(|| self.place.clone(), |template| template.place);
            return Err((
                "its request template is not `{\"statusCode\": …}`".into(),
                place,
            ));
        };
        let responses = files.member(self.at, "responses");
        let mut responses = responses.iter().flat_map(|all| files.members(all.value));
        let body = match (responses.next(), responses.next()) {
            (None, _) => None,
            (Some(one), None) => self.body(one.value, status, &one.place)?,
            (Some(_), Some(second)) => {
                return Err(("it has several answers".into(), second.place));
            }
        };
        Ok(Backend::Mock {
            status,
            body,
            place: self.place.clone(),
        })
    }

    /// The body of a mock's answer.
    fn body(
        &self,
        answer: At,
        status: u16,
        place: &Place,
    ) -> Result<Option<String>, (String, Place)> {
        let files = self.files;
        let mut body = None;
        for member in files.members(answer) {
            match member.key {
                "statusCode" if files.text(member.value) == Some(&status.to_string()) => {}
                "statusCode" => {
                    let what = "its answer has another status than its request template";
                    return Err((what.into(), member.place));
                }
                "responseTemplates" => {
                    for template in files.members(member.value) {
                        let text = files.text(template.value).unwrap_or_default();
                        if template.key != "application/json" {
                            let what = format!("its body has the media type `{}`", template.key);
                            return Err((what, template.place));
                        }
                        if text.contains(['$', '#']) {
                            return Err(("its body is a template".into(), template.place));
                        }
                        body = Some(text.to_owned()).filter(|text| !text.is_empty());
                    }
                }
                _ if self.is_empty(member.value) => {}
                key => return Err((format!("its answer has `{key}`"), member.place)),
            }
        }
        match files.member(answer, "statusCode") {
            Some(_) => Ok(body),
            None => Err(("its answer has no `statusCode`".into(), place.clone())),
        }
    }

    fn timeout(&self) -> Result<Option<(u64, Place)>, (String, Place)> {
        match self.text("timeoutInMillis") {
            None => Ok(None),
            Some((text, place)) => match text.parse() {
                Ok(milliseconds) => Ok(Some((milliseconds, place))),
                Err(_) => Err((format!("its `timeoutInMillis` is `{text}`"), place)),
            },
        }
    }

    /// Refuses what a route can't have.
    fn nothing_else(&self, read: &[&str]) -> Result<(), (String, Place)> {
        let mut members = self.files.members(self.at);
        let other = members.find(|member| {
            !OF_ALL.contains(&member.key)
                && !read.contains(&member.key)
                && !member.key.starts_with("x-")
                && !self.is_empty(member.value)
        });
        match other {
            Some(member) => Err((format!("it has `{}`", member.key), member.place)),
            None => Ok(()),
        }
    }

    fn is_empty(&self, at: At) -> bool {
        match self.files.value(at) {
            Value::Scalar { .. } => self.files.text(at).is_none(),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }

    fn text(&self, key: &str) -> Option<(String, Place)> {
        let member = self.files.member(self.at, key)?;
        let text = self.files.text(member.value)?;
        Some((text.to_owned(), self.files.place(member.value)))
    }
}
