//! Texts of the file that may contain `${…}`: the field's type shows it, and the raw text can't be used as the value by mistake.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::interpolate::{Piece, pieces};

/// A text that may hold references such as `${account.id}`.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Template(String);

/// A text in which API Gateway reads stage variables beside: `${stageVariables.NAME}` goes to AWS as it stands.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct GatewayTemplate(Template);

impl Template {
    /// What marks one in the file's schema, as long as that is not published.
    pub const FORMAT: &str = "template";

    /// The text in the file, with variables replaced.
    pub fn new(written: impl Into<String>) -> Self {
        Self(written.into())
    }

    /// The same, for messages about the file. Only `expand` resolves it.
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// Text and references.
    pub fn pieces(&self) -> Vec<Piece> {
        pieces(&self.0)
    }

    /// A text with this one in it.
    pub fn within(&self, text: impl FnOnce(&str) -> String) -> Self {
        Self(text(&self.0))
    }
}

impl GatewayTemplate {
    /// What marks one in the file's schema, as long as that is not published.
    pub const FORMAT: &str = "gateway-template";

    /// The text in the file, with variables replaced.
    pub fn new(written: impl Into<String>) -> Self {
        Self(Template::new(written))
    }
}

impl Deref for GatewayTemplate {
    type Target = Template;

    fn deref(&self) -> &Template {
        &self.0
    }
}

impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": Self::FORMAT })
    }
}

impl JsonSchema for GatewayTemplate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "GatewayTemplate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": Self::FORMAT })
    }
}
