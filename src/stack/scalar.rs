//! Values of the stack file that TOML has no type for: variables of several types.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// A variable's value. Where `"${var.NAME}"` is the whole string, the value keeps its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Var {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// A number with a fraction.
    Float(f64),
}

impl<'de> Deserialize<'de> for Var {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Var;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, an integer, a number or a boolean")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Var, E> {
                Ok(Var::String(value.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Var, E> {
                Ok(Var::Integer(value))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Var, E> {
                Ok(Var::Boolean(value))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Var, E> {
                Ok(Var::Float(value))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

impl JsonSchema for Var {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Var".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The variable's value. Left out: `${var.NAME}` is an error.",
            "type": ["string", "integer", "number", "boolean"],
            "examples": [10],
        })
    }
}
