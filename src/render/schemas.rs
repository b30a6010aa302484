//! The JSON Schemas of everything that `--json` prints and `handoff` writes: one for each form, as printed by `gatestack schema`
//! and stored in `schemas/`. Objects have no members beside those of their schema.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::history::{AnyHistoryReport, AnyRollbackReport};
use super::init::InitReport;
use super::json::{FORMAT, Line, Messages, Outputs, PlanReport, object};
use super::logs::LogLine;
use super::token::AccessToken;
use super::verify::VerifyReport;
use crate::handoff;

/// A form of output with a schema.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// Its name: of the flag of `gatestack schema`, and of the file in `schemas/`.
    pub name: &'static str,
    schema: fn(&'static str) -> Schema,
}

/// Every form.
pub const ALL: &[Published] = &[
    Published {
        name: "events",
        schema: |name| {
            schema::<Line>(
                name,
                "One line of `apply --json`, `destroy --json` or `dev --json`",
            )
        },
    },
    Published {
        name: "handoff",
        schema: |name| {
            schema::<HandedOver>(
                name,
                "What `handoff` writes as JSON: a bundle, or the credentials in a store of secrets",
            )
        },
    },
    Published {
        name: "history",
        schema: |name| schema::<Answer<AnyHistoryReport>>(name, "What `history --json` prints"),
    },
    Published {
        name: "init",
        schema: |name| schema::<Answer<InitReport<'_>>>(name, "What `init --json` prints"),
    },
    Published {
        name: "logs",
        schema: |name| schema::<LogLine>(name, "One line of `logs --json`"),
    },
    Published {
        name: "output",
        schema: |name| schema::<Answer<Outputs>>(name, "What `output --json` prints"),
    },
    Published {
        name: "plan",
        schema: |name| schema::<Answer<PlanReport>>(name, "What `plan --json` prints"),
    },
    Published {
        name: "rollback",
        schema: |name| schema::<Answer<AnyRollbackReport>>(name, "What `rollback --json` prints"),
    },
    Published {
        name: "token",
        schema: |name| schema::<Answer<AccessToken<'_>>>(name, "What `token --json` prints"),
    },
    Published {
        name: "validate",
        schema: |name| {
            schema::<Messages>(
                name,
                "What `validate --json` prints, and any other command that prints one object and fails",
            )
        },
    },
    Published {
        name: "verify",
        schema: |name| schema::<Answer<VerifyReport>>(name, "What `verify --json` prints"),
    },
];

impl Published {
    /// The schema as it is printed, with a newline at the end.
    pub fn text(&self) -> String {
        object(&(self.schema)(self.name))
    }
}

/// What a command that prints one object prints.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
enum Answer<T> {
    /// What was asked for.
    Report(T),
    /// Why there is none.
    Failure(Messages),
}

/// What `handoff` writes.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
enum HandedOver<'a> {
    /// A file or an encrypted object for the partner.
    Bundle(Box<handoff::Document<'a>>),
    /// The value of a secret or a parameter.
    Stored(handoff::Facts<'a>),
}

fn schema<T: JsonSchema>(name: &str, title: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(Closed);
    let generated = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = Schema::default();
    for (key, value) in [
        (
            "$schema",
            generated.get("$schema").cloned().unwrap_or_default(),
        ),
        (
            "$id",
            format!("urn:gatestack:schema:{name}:{FORMAT}").into(),
        ),
        ("title", title.into()),
    ] {
        schema.insert(key.into(), value);
    }
    for (key, value) in generated.as_object().into_iter().flatten() {
        if schema.get(key).is_none() {
            schema.insert(key.clone(), value.clone());
        }
    }
    schema
}

/// Objects have no other members.
#[derive(Clone)]
struct Closed;

impl Transform for Closed {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut()
            && object.contains_key("properties")
        {
            object
                .entry("additionalProperties")
                .or_insert(Value::Bool(false));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_in_the_repository_are_what_schema_prints() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
        let update = std::env::var_os("GATESTACK_UPDATE_SCHEMA").is_some();
        for published in ALL {
            let path = format!("{folder}/{}.schema.json", published.name);
            let now = published.text();
            if update {
                std::fs::write(&path, &now).unwrap();
            }
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                kept == now,
                "schemas/{}.schema.json is old: GATESTACK_UPDATE_SCHEMA=1 cargo test --lib schema",
                published.name
            );
        }
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files, ALL.len(), "a file in schemas/ that nothing writes");
    }
}
