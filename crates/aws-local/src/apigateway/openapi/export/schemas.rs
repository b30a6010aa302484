//! Models in an export.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::super::super::operation::{Object, Refusal};
use super::super::super::models;
use super::super::super::state::text;
use super::super::document::Version;
use super::Export;

impl Export<'_> {
    /// The schemas of these models and of all that they refer to.
    ///
    /// Inferred from published exports: every API that was not imported has the model `Error`, and none has it where no method uses it.
    pub(super) fn schemas(&self, used: &BTreeSet<String>) -> Result<Object, Refusal> {
        let mut names = used.clone();
        let mut left: Vec<String> = used.iter().cloned().collect();
        while let Some(name) = left.pop() {
            let model = self.definition.models.get(&name);
            for other in model.into_iter().flat_map(models::references) {
                if names.insert(other.to_owned()) {
                    left.push(other.to_owned());
                }
            }
        }
        let mut schemas = Object::new();
        for name in names {
            let Some(model) = self.definition.models.get(&name) else {
                continue;
            };
            let Ok(schema) = serde_json::from_str::<Value>(text(model, "schema")) else {
                continue;
            };
            schemas.insert(name, self.local(schema));
        }
        Ok(schemas)
    }

    /// Where a model of this name is in the document.
    pub(super) fn reference(&self, name: &str) -> Value {
        let place = match self.version {
            Version::V2 => "#/definitions",
            Version::V3 => "#/components/schemas",
        };
        json!({ "$ref": format!("{place}/{name}") })
    }

    /// A schema whose references lead to the document.
    fn local(&self, schema: Value) -> Value {
        match schema {
            Value::Object(members) => {
                let name = members.get("$ref").and_then(Value::as_str);
                match name.and_then(|reference| reference.rsplit('/').next()) {
                    Some(name) => self.reference(name),
                    None => members
                        .into_iter()
                        .map(|(name, value)| (name, self.local(value)))
                        .collect::<Object>()
                        .into(),
                }
            }
            Value::Array(items) => items.into_iter().map(|item| self.local(item)).collect(),
            other => other,
        }
    }
}
