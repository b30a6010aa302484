//! The services' models: operations, their wire format, and the types of their members.
//!
//! They are botocore's, reduced by `tests/tools/reduce_models.py` (see NOTICE). Every operation is listed; only those that the local AWS
//! has keep their shapes.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;

/// One service's model.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// How the service talks.
    pub metadata: Metadata,
    /// Its operations by name, including those the local AWS lacks.
    pub operations: BTreeMap<String, OperationModel>,
    shapes: HashMap<String, Shape>,
}

/// How a service talks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The protocol family.
    pub protocol: Protocol,
    /// The version in `application/x-amz-json-…`.
    #[serde(default)]
    pub json_version: String,
    /// The prefix of the operation's name in `X-Amz-Target`.
    #[serde(default)]
    pub target_prefix: String,
    /// The member of a JSON error with AWS's words: the spelling that all of the model's exceptions share, or else the usual one.
    #[serde(default = "usual_message")]
    pub error_message: String,
    /// The members of a JSON error beside AWS's words, by its code, where the model's exceptions differ. Empty elsewhere.
    #[serde(default)]
    pub errors: HashMap<String, ErrorMembers>,
    /// The namespace of XML responses.
    #[serde(default)]
    pub xml_namespace: String,
}

/// The members of an error in JSON.
#[derive(Clone, Debug, Deserialize)]
pub struct ErrorMembers {
    /// The member with AWS's words.
    pub message: String,
    /// Whether it says whose fault it is.
    pub typed: bool,
}

fn usual_message() -> String {
    "message".into()
}

/// A family of wire protocols.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub enum Protocol {
    /// JSON bodies, the operation in `X-Amz-Target`.
    #[serde(rename = "json")]
    Json,
    /// Methods and paths, JSON bodies.
    #[serde(rename = "rest-json")]
    RestJson,
    /// A form in, XML out.
    #[serde(rename = "query")]
    Query,
    /// A form in, XML out, with EC2's own names and lists.
    #[serde(rename = "ec2")]
    Ec2,
    /// Methods and paths, XML bodies.
    #[serde(rename = "rest-xml")]
    RestXml,
}

/// One operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationModel {
    /// Its method, path and status.
    pub http: Http,
    /// The input's shape; absent when it takes none.
    pub input: Option<String>,
    /// The output's shape; absent if it has none.
    pub output: Option<String>,
    /// The filters that its documentation names, but those of tags.
    #[serde(default)]
    pub filters: Vec<String>,
    /// The XML element around the output.
    pub result_wrapper: Option<String>,
    /// Whether the shapes were kept, because a table had the operation when the model was reduced.
    #[serde(default)]
    pub implemented: bool,
}

/// An operation's place in HTTP.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Http {
    /// The method.
    pub method: String,
    /// The path with its labels, and any fixed query.
    pub request_uri: String,
    /// The status of a success; 200 when the model does not say.
    #[serde(default = "ok")]
    pub response_code: u16,
}

fn ok() -> u16 {
    200
}

/// A type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// What it is.
    pub r#type: Type,
    /// A structure's members.
    pub members: BTreeMap<String, Member>,
    /// The members that must be there.
    pub required: Vec<String>,
    /// The member that is the whole body.
    pub payload: Option<String>,
    /// A list's members.
    pub member: Option<Member>,
    /// A map's keys.
    pub key: Option<Member>,
    /// A map's values.
    pub value: Option<Member>,
    /// The least length or number.
    pub min: Option<f64>,
    /// The greatest length or number.
    pub max: Option<f64>,
    /// What a text must match as a whole.
    pub pattern: Option<String>,
    /// The texts there are.
    pub r#enum: Vec<String>,
    /// Free-form JSON.
    pub document: bool,
    /// Not to be shown in messages.
    pub sensitive: bool,
    /// Without an element around the list.
    pub flattened: bool,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Shape {
    /// The pattern, ready to match a whole text. None when there is none.
    pub fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let pattern = without_look_ahead(self.pattern.as_ref()?);
            Regex::new(&format!(r"\A(?:{pattern})\z")).ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

/// Some patterns, such as ACM's of domain names, look ahead or behind, which `regex` lacks; these parts are equivalent.
fn without_look_ahead(pattern: &str) -> String {
    pattern
        .replace(
            "(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
            "[0-9]*[a-zA-Z-_][a-zA-Z0-9-_]*",
        )
        .replace(
            r"((?!^\d+$)^[0-9a-zA-Z-_]+$)",
            "[0-9]*[a-zA-Z-_][0-9a-zA-Z-_]*",
        )
        .replace(
            r"[0-9A-Za-z\.\-_]*(?<!\.)",
            r"[0-9A-Za-z\.\-_]*[0-9A-Za-z\-_]",
        )
        .replace(
            "(?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9]",
            "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
        )
        .replace(
            "(?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9]",
            "[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]",
        )
}

/// What a shape is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Named members.
    #[default]
    Structure,
    /// A list.
    List,
    /// A map of texts to values.
    Map,
    /// A text.
    String,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A number of 32 bits.
    Float,
    /// A number of 64 bits.
    Double,
    /// True or false.
    Boolean,
    /// Bytes, as base64 text.
    Blob,
    /// A time, as epoch seconds.
    Timestamp,
}

/// A reference to a shape, and where the value is on the wire.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Member {
    /// The shape's name.
    pub shape: String,
    /// Where in HTTP; the body when absent.
    pub location: Option<Location>,
    /// Its name on the wire, where that is not the member's own.
    pub location_name: Option<String>,
    /// Its name in EC2's protocol, if it doesn't follow from the others.
    pub query_name: Option<String>,
}

impl Member {
    /// The name on the wire of a member that the model calls `name`.
    pub fn wire<'a>(&'a self, name: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(name)
    }

    /// The name in a form of EC2's protocol: a name of its own, or the other with a capital.
    pub fn ec2_wire(&self, name: &str) -> String {
        if let Some(name) = &self.query_name {
            return name.clone();
        }
        let mut letters = self.wire(name).chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    }
}

/// A place in HTTP outside the body.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// A label of the path.
    Uri,
    /// The query.
    QueryString,
    /// A header.
    Header,
    /// The status of an answer.
    #[serde(rename = "statusCode")]
    StatusCode,
}

impl Model {
    /// The model in a file of `models/`.
    ///
    /// # Panics
    /// If the text is not a model; the files are part of the program, and a test reads them all.
    pub(super) fn parse(text: &str) -> Self {
        serde_json::from_str(text).expect("the built-in models are models")
    }

    /// The shape with this name.
    ///
    /// # Panics
    /// When there is none; a test walks all references.
    pub fn shape(&self, name: &str) -> &Shape {
        self.shapes
            .get(name)
            .unwrap_or_else(|| panic!("the model has a shape {name}"))
    }

    /// The shape that a member refers to.
    pub fn target(&self, member: &Member) -> &Shape {
        self.shape(&member.shape)
    }

    /// The shapes, for tests over all of them.
    #[cfg(test)]
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.shapes
            .iter()
            .map(|(name, shape)| (name.as_str(), shape))
    }
}
