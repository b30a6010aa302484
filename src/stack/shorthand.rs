//! Settings that are a scalar in the common case and a table otherwise: `cors = true`, `requires = "nothing"`,
//! `mock = 200`, or a list in the common case: `subnets = ["subnet-…"]`; and one or several: `origin = "*"`.
//!
//! Written by hand: an untagged enum would buffer the value and lose the place of an error inside the table.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::file::{
    AccessLogSettings, AccessLogs, Bodies, Cors, CorsSettings, FindSubnets, HeaderValue, Mock,
    Origins, Requirements, Requires, Subnets,
};
use super::template::{GatewayTemplate, Template};

/// A setting that is `true`, `false`, or a table of details, which has defaults.
macro_rules! switch_or_table {
    ($setting:ident, $details:ident, $what:literal) => {
        impl<'de> Deserialize<'de> for $setting {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct SwitchOrTable;
                impl<'de> Visitor<'de> for SwitchOrTable {
                    type Value = $setting;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("true, false or a table")
                    }

                    fn visit_bool<E: de::Error>(self, on: bool) -> Result<$setting, E> {
                        Ok(if on {
                            $setting::On($details::default())
                        } else {
                            $setting::Off
                        })
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$setting, A::Error> {
                        $details::deserialize(MapAccessDeserializer::new(map)).map($setting::On)
                    }
                }
                deserializer.deserialize_any(SwitchOrTable)
            }
        }

        impl Serialize for $setting {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::Off => serializer.serialize_bool(false),
                    Self::On(settings) => settings.serialize(serializer),
                }
            }
        }

        impl JsonSchema for $setting {
            fn schema_name() -> Cow<'static, str> {
                stringify!($setting).into()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": concat!($what, ": `true`, `false`, or the details."),
                    "anyOf": [
                        { "type": "boolean", "description": "`true` takes the defaults of the details; `false` is off." },
                        generator.subschema_for::<$details>(),
                    ],
                })
            }
        }
    };
}

switch_or_table!(Cors, CorsSettings, "Cross-origin calls");
switch_or_table!(AccessLogs, AccessLogSettings, "Access logs");

impl<'de> Deserialize<'de> for Subnets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrTable;
        impl<'de> Visitor<'de> for ListOrTable {
            type Value = Subnets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of subnet ids or a table")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, ids: A) -> Result<Subnets, A::Error> {
                BTreeSet::deserialize(SeqAccessDeserializer::new(ids)).map(Subnets::Ids)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Subnets, A::Error> {
                FindSubnets::deserialize(MapAccessDeserializer::new(map)).map(Subnets::Find)
            }
        }
        deserializer.deserialize_any(ListOrTable)
    }
}

impl JsonSchema for Subnets {
    fn schema_name() -> Cow<'static, str> {
        "Subnets".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Subnets: a list of ids, or how to find them.",
            "anyOf": [
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true, "description": "Their ids." },
                generator.subschema_for::<FindSubnets>(),
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Origins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrList;
        impl<'de> Visitor<'de> for OneOrList {
            type Value = Origins;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an origin or a list of origins")
            }

            fn visit_str<E: de::Error>(self, origin: &str) -> Result<Origins, E> {
                Ok(Origins([origin.to_owned()].into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, origins: A) -> Result<Origins, A::Error> {
                BTreeSet::deserialize(SeqAccessDeserializer::new(origins)).map(Origins)
            }
        }
        deserializer.deserialize_any(OneOrList)
    }
}

impl Serialize for Origins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.first() {
            Some(only) if self.0.len() == 1 => serializer.serialize_str(only),
            _ => self.0.serialize(serializer),
        }
    }
}

impl JsonSchema for Origins {
    fn schema_name() -> Cow<'static, str> {
        "Origins".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Origins of pages: one, or a list.",
            "anyOf": [
                { "type": "string", "description": "The one origin, or `*` for any." },
                { "type": "array", "items": { "type": "string" }, "uniqueItems": true, "description": "The origins." },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Requires {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NothingOrTable;
        impl<'de> Visitor<'de> for NothingOrTable {
            type Value = Requires;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"nothing\" or a table")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Requires, E> {
                match word {
                    "nothing" => Ok(Requires::Nothing),
                    _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Requires, A::Error> {
                Requirements::deserialize(MapAccessDeserializer::new(map)).map(Requires::These)
            }
        }
        deserializer.deserialize_any(NothingOrTable)
    }
}

impl Serialize for Requires {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_str("nothing"),
            Self::These(requirements) => requirements.serialize(serializer),
        }
    }
}

impl JsonSchema for Requires {
    fn schema_name() -> Cow<'static, str> {
        "Requires".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a caller needs: `\"nothing\"`, or the details.",
            "anyOf": [
                { "type": "string", "const": "nothing", "description": "Anyone may call." },
                generator.subschema_for::<Requirements>(),
            ],
        })
    }
}

/// A mock's answer in full.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MockAnswer {
    /// The HTTP status, 200 to 599.
    #[schemars(range(min = 200, max = 599))]
    #[schemars(example = 200)]
    status: u16,
    /// The body. Left out: none.
    #[schemars(example = &"{\"hello\": \"partner\"}")]
    body: Option<GatewayTemplate>,
}

impl<'de> Deserialize<'de> for Mock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StatusOrTable;
        impl<'de> Visitor<'de> for StatusOrTable {
            type Value = Mock;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an HTTP status or a table")
            }

            fn visit_i64<E: de::Error>(self, status: i64) -> Result<Mock, E> {
                match u16::try_from(status) {
                    Ok(status) => Ok(Mock { status, body: None }),
                    Err(_) => Err(E::invalid_value(Unexpected::Signed(status), &self)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Mock, A::Error> {
                let MockAnswer { status, body } =
                    MockAnswer::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Mock { status, body })
            }
        }
        deserializer.deserialize_any(StatusOrTable)
    }
}

impl JsonSchema for Mock {
    fn schema_name() -> Cow<'static, str> {
        "Mock".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An answer without a backend: a status, or a status and a body.",
            "anyOf": [
                { "type": "integer", "minimum": 200, "maximum": 599, "description": "The HTTP status." },
                generator.subschema_for::<MockAnswer>(),
            ],
        })
    }
}

/// Where a header's value is taken from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HeaderSource {
    /// One of API Gateway's mapping expressions: `context.NAME`, `stageVariables.NAME`, `method.request.header.NAME`,
    /// `method.request.querystring.NAME` or `method.request.path.NAME`.
    #[schemars(example = &"context.identity.sourceIp")]
    from: String,
}

impl<'de> Deserialize<'de> for HeaderValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = HeaderValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HeaderValue, E> {
                Ok(HeaderValue::Fixed(Template::new(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<HeaderValue, A::Error> {
                let source = HeaderSource::deserialize(MapAccessDeserializer::new(map))?;
                Ok(HeaderValue::From(source.from))
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

impl JsonSchema for HeaderValue {
    fn schema_name() -> Cow<'static, str> {
        "HeaderValue".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A header's value: a text, or what it is taken from.",
            "anyOf": [
                { "type": "string", "format": Template::FORMAT, "description": "Always this text." },
                generator.subschema_for::<HeaderSource>(),
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Bodies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Bodies;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bodies, E> {
                let body = GatewayTemplate::new(text);
                Ok(Bodies([("application/json".to_owned(), body)].into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Bodies, A::Error> {
                BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Bodies)
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

impl JsonSchema for Bodies {
    fn schema_name() -> Cow<'static, str> {
        "Bodies".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = |description: &str| json_schema!({ "type": "string", "format": GatewayTemplate::FORMAT, "description": description });
        json_schema!({
            "description": "A JSON body, or bodies by media type.",
            "anyOf": [
                text("The body for `application/json`."),
                {
                    "type": "object",
                    "description": "Media type = body.",
                    "additionalProperties": text("The body."),
                },
            ],
        })
    }
}
