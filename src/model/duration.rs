//! Durations in the stack file's format.

use std::fmt;
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;

/// A length of time as people write it: `"500ms"`, `"15m"`, `"1h 30m"`, `"30d"`. A day is 24 hours.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct HumanDuration(Duration);

impl HumanDuration {
    /// Marks a duration in the stack file's schema, before it is published.
    pub const FORMAT: &str = "human-duration";

    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// A number of seconds from AWS; a negative one is invalid.
    pub fn from_aws_seconds(seconds: i64) -> Self {
        Self::from_secs(u64::try_from(seconds).unwrap_or(0))
    }

    /// Whole seconds; a fraction is dropped.
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// Whole milliseconds; a fraction is dropped.
    pub const fn as_millis(self) -> u128 {
        self.0.as_millis()
    }

    /// Whether it is a whole number of seconds, all that Cognito and API Gateway's caches count in.
    pub const fn is_whole_seconds(self) -> bool {
        self.0.subsec_nanos() == 0
    }
}

impl std::str::FromStr for HumanDuration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let refused = || NotADuration(text.to_owned());
        let span: Span = text.parse().map_err(|_| refused())?;
        // Months and years have no fixed length, so jiff refuses them here.
        let signed = span
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .map_err(|_| refused())?;
        Duration::try_from(signed).map(Self).map_err(|_| refused())
    }
}

/// A text that is not a duration.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is not a duration such as \"500ms\", \"15m\", \"1h 30m\" or \"30d\"")]
pub struct NotADuration(String);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.as_millis();
        let (unit, name) = [
            (86_400_000, "d"),
            (3_600_000, "h"),
            (60_000, "m"),
            (1000, "s"),
        ]
        .into_iter()
        .find(|(unit, _)| milliseconds >= *unit && milliseconds.is_multiple_of(*unit))
        .unwrap_or(if milliseconds == 0 {
            (1, "s")
        } else {
            (1, "ms")
        });
        write!(f, "{}{name}", milliseconds / unit)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = HumanDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration such as \"15m\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HumanDuration, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for HumanDuration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HumanDuration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": Self::FORMAT,
            "examples": ["500ms", "15m", "1h 30m", "30d"],
            // A number with a unit, ISO 8601, or a variable.
            "pattern": r"^(\s*[0-9][0-9.]*\s*[A-Za-zµ]|P|.*\$\{)",
        })
    }
}

impl From<HumanDuration> for Value {
    fn from(duration: HumanDuration) -> Self {
        Self::Text(duration.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("15m", 900_000),
            ("1h 30m", 5_400_000),
            ("500ms", 500),
            ("30d", 2_592_000_000),
            ("0s", 0),
            ("1h30m", 5_400_000),
        ] {
            assert_eq!(
                text.parse::<HumanDuration>().unwrap().as_millis(),
                milliseconds,
                "{text}"
            );
        }
    }

    #[test]
    fn what_has_no_fixed_length_is_refused() {
        for text in ["", "15", "1 month", "2y", "-5m", "soon", "5m ago"] {
            assert!(text.parse::<HumanDuration>().is_err(), "{text}");
        }
    }

    #[test]
    fn durations_print_in_the_largest_unit_that_fits() {
        for text in ["15m", "90m", "500ms", "30d", "1h", "0s"] {
            assert_eq!(text.parse::<HumanDuration>().unwrap().to_string(), text);
        }
    }
}
