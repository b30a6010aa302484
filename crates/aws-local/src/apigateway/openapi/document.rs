//! Reading a document: its format, its version, and what refers to another place in it.

use aws_facts::arns::Arn;
use aws_facts::limits::apigateway::LARGEST_DOCUMENT;
use serde_json::Value;

use super::super::super::operation::{Call, Object, Refusal};
use super::super::refusals::bad_request;

/// The longest chain of references. A longer one is taken for a cycle.
const LONGEST_CHAIN: usize = 32;

/// The versions that API Gateway knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Version {
    /// OpenAPI 2.0, as Swagger.
    V2,
    /// OpenAPI 3.0.
    V3,
}

/// An OpenAPI document.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Object,
    pub(super) version: Version,
}

impl Document {
    /// Reads a body, which is JSON or YAML.
    ///
    /// Source: the words of a text without a format are recorded (LocalStack `test_import_api_bad_file`); they are reported for
    /// another version (aws/serverless-application-model#3449) and for a text (hashicorp/terraform#32281).
    pub(super) fn read(body: &[u8], call: &Call) -> Result<Self, Refusal> {
        if body.len() as u64 > LARGEST_DOCUMENT {
            // AWS refuses it; nothing tells in which words.
            return Err(Refusal::not_implemented(
                "OpenAPI documents of more than 6 MB, which API Gateway does not take",
            ));
        }
        let invalid = || bad_request("Invalid OpenAPI input.");
        let text = str::from_utf8(body).map_err(|_| invalid())?;
        let text = with_variables(text, call);
        let root = parsed(&text).ok_or_else(invalid)?;
        let is = |member: &str, wanted: &str| {
            let version = root.get(member).and_then(text_of);
            version.is_some_and(|version| {
                version == wanted || version.starts_with(&format!("{wanted}."))
            })
        };
        let version = match () {
            () if is("swagger", "2.0") => Version::V2,
            () if is("openapi", "3.0") => Version::V3,
            () => return Err(invalid()),
        };
        Ok(Self { root, version })
    }

    /// A member of the root that is an object.
    pub(super) fn object(&self, member: &str) -> Option<&Object> {
        self.root.get(member)?.as_object()
    }

    /// The schemas that have names.
    pub(super) fn schemas(&self) -> Option<&Object> {
        match self.version {
            Version::V2 => self.object("definitions"),
            Version::V3 => self.object("components")?.get("schemas")?.as_object(),
        }
    }

    /// The security schemes by name.
    pub(super) fn security_schemes(&self) -> Option<&Object> {
        match self.version {
            Version::V2 => self.object("securityDefinitions"),
            Version::V3 => self
                .object("components")?
                .get("securitySchemes")?
                .as_object(),
        }
    }

    /// The servers of an OpenAPI 3.0 document.
    pub(super) fn servers(&self) -> &[Value] {
        match self.version {
            Version::V2 => &[],
            Version::V3 => list(self.root.get("servers")),
        }
    }

    /// The name of the schema that a reference leads to.
    pub(super) fn schema_name<'r>(&self, reference: &'r str) -> Option<&'r str> {
        let place = match self.version {
            Version::V2 => "#/definitions/",
            Version::V3 => "#/components/schemas/",
        };
        let name = reference.strip_prefix(place)?;
        (!name.contains('/')).then_some(name)
    }

    /// The value itself, or what it refers to: parameters, responses and so on, but not schemas, which stay references.
    pub(super) fn resolved<'d>(&'d self, value: &'d Value) -> Result<&'d Value, Refusal> {
        let mut at = value;
        for _ in 0..LONGEST_CHAIN {
            let Some(reference) = at.get("$ref").and_then(Value::as_str) else {
                return Ok(at);
            };
            let found = reference.strip_prefix("#/").and_then(|inside| {
                let (first, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
                self.root.get(&unescaped(first))?.pointer(rest)
            });
            at = found.ok_or_else(|| not_followed(reference))?;
        }
        Err(Refusal::not_implemented(
            "a reference that leads back to itself, in an import",
        ))
    }
}

/// A part of a JSON pointer.
fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// AWS documents that references to other files are not supported, not what it answers.
pub(super) fn not_followed(reference: &str) -> Refusal {
    Refusal::not_implemented(format_args!(
        "the reference '{reference}' in an import: it leads out of the document or to nothing in it"
    ))
}

/// The document as JSON, or else as YAML. It must be an object.
fn parsed(text: &str) -> Option<Object> {
    let json = serde_json::from_str(text).ok();
    // Few lines with aliases of aliases must not become a large document.
    let yaml = || {
        let options = serde_saphyr::options! {
            duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
            budget: serde_saphyr::budget! { max_nodes: 1_000_000, max_depth: 128 },
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).ok()
    };
    match json.or_else(yaml)? {
        Value::Object(root) => Some(root),
        _ => None,
    }
}

/// The text with AWS's variables replaced.
///
/// Source: API Gateway developer guide, "AWS variables for OpenAPI import".
fn with_variables(text: &str, call: &Call) -> String {
    let any = call.arn("execute-api", "");
    let partition = Arn::parse(&any).map_or("aws", |arn| arn.partition);
    text.replace("${AWS::AccountId}", &call.account)
        .replace("${AWS::Region}", &call.region)
        .replace("${AWS::Partition}", partition)
}

/// A text, or a number or truth value as a text: YAML has them where JSON has texts, such as status codes and versions.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The items of a list; none where there is no list.
pub(super) fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The items of a list as texts.
pub(super) fn texts_of(value: &Value) -> Vec<String> {
    list(Some(value)).iter().filter_map(text_of).collect()
}

/// Whether it is true, as a truth value or as a text.
pub(super) fn is_true(value: &Value) -> bool {
    text_of(value).is_some_and(|text| text == "true")
}

/// The members of an object; none where there is no object.
pub(super) fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}
