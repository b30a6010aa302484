//! Sizes in the stack file's format.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number of bytes, as a number or as people write it: `1024`, `"1KB"`, `"10MB"`. A kilobyte has 1,024 bytes, as in AWS's limits:
/// its 10 MB are 10,485,760 bytes.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ByteSize(u64);

/// The units, the largest first, each with its bytes.
const UNITS: [(&str, u64); 3] = [("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)];

impl ByteSize {
    /// Marks a size in the stack file's schema, before it is published.
    pub const FORMAT: &str = "byte-size";

    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl std::str::FromStr for ByteSize {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        let read = || {
            let (number, unit) = UNITS
                .iter()
                .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
            let number: u64 = number.trim_end().parse().ok()?;
            number.checked_mul(*unit)
        };
        read().map(Self).ok_or_else(|| NotASize(text.to_owned()))
    }
}

/// A text that is not a size.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not a size such as \"512B\", \"1KB\" or \"10MB\"")]
pub struct NotASize(String);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = UNITS
            .into_iter()
            .find(|(_, unit)| self.0 > 0 && self.0.is_multiple_of(*unit))
            .unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, or a size such as \"1KB\"")
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                let bytes = u64::try_from(bytes);
                bytes
                    .map(ByteSize)
                    .map_err(|_| E::custom("a size is not negative"))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

impl JsonSchema for ByteSize {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                {
                    "type": "string",
                    "format": Self::FORMAT,
                    "description": "A number with a unit: `B`, `KB` or `MB`.",
                    "examples": ["512B", "1KB", "10MB"],
                    "pattern": r"^([0-9]+ *(B|KB|MB)$|.*\$\{)",
                },
                { "type": "integer", "minimum": 0, "description": "A number of bytes." },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0B", 0),
            ("512B", 512),
            ("1KB", 1024),
            ("1 KB", 1024),
            ("10MB", 10_485_760),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap().bytes(), bytes, "{text}");
        }
        for text in [
            "",
            "1",
            "KB",
            "1kb",
            "1.5KB",
            "-1B",
            "1GB",
            "99999999999999MB",
        ] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_print_in_the_largest_unit_that_fits() {
        for text in ["0B", "1000B", "1KB", "10MB"] {
            assert_eq!(text.parse::<ByteSize>().unwrap().to_string(), text);
        }
    }
}
