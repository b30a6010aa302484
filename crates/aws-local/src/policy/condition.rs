//! Conditions.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;

use super::pattern::Pattern;
use super::{Context, Unknown, each};

/// How a value of the request is compared with one of the policy.
type Matches = fn(wanted: &str, value: &str, context: &Context) -> bool;

/// An operator without its prefix and suffix.
struct Operator {
    matches: Matches,
    /// Whether it holds where no value matches.
    negated: bool,
}

/// How the values of a key with several are taken together.
#[derive(Clone, Copy, PartialEq)]
enum Over {
    One,
    Any,
    All,
}

/// Whether all conditions of a statement hold.
pub(super) fn all_hold(conditions: &Value, context: &Context) -> Result<bool, Unknown> {
    let mut all = true;
    for (name, keys) in conditions.as_object().into_iter().flatten() {
        let condition = Condition::of(name)?;
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            let wanted: Vec<String> = each(wanted).map(text).collect();
            all &= condition.holds(&wanted, context.get(key), context);
        }
    }
    Ok(all)
}

/// JSON's booleans and numbers are texts, too.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

enum Condition {
    /// Whether the key is missing.
    Null,
    Compare {
        over: Over,
        operator: Operator,
        if_exists: bool,
    },
}

impl Condition {
    fn of(name: &str) -> Result<Self, Unknown> {
        let unknown = || Unknown(format!("the condition operator {name}"));
        let (over, rest) = match name.split_once(':') {
            None => (Over::One, name),
            Some(("ForAnyValue", rest)) => (Over::Any, rest),
            Some(("ForAllValues", rest)) => (Over::All, rest),
            Some(_) => return Err(unknown()),
        };
        if rest == "Null" {
            return Ok(Self::Null);
        }
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        Ok(Self::Compare {
            over,
            operator: operator(rest).ok_or_else(unknown)?,
            if_exists,
        })
    }

    fn holds(&self, wanted: &[String], values: Option<&[String]>, context: &Context) -> bool {
        let (over, operator, if_exists) = match self {
            Self::Null => {
                return wanted
                    .iter()
                    .any(|wanted| (wanted == "true") == values.is_none());
            }
            Self::Compare {
                over,
                operator,
                if_exists,
            } => (*over, operator, *if_exists),
        };
        let Some(values) = values else {
            // What isn't there is not equal to anything, and all of nothing match.
            return if_exists || over == Over::All || (over == Over::One && operator.negated);
        };
        let one = |value: &String| {
            let matches = |wanted: &String| (operator.matches)(wanted, value, context);
            wanted.iter().any(matches) != operator.negated
        };
        match over {
            Over::Any => values.iter().any(one),
            Over::All => values.iter().all(one),
            // Keys with several values are for the two above.
            Over::One if operator.negated => values.iter().all(one),
            Over::One => values.iter().any(one),
        }
    }
}

fn operator(name: &str) -> Option<Operator> {
    let plain = |matches: Matches| Some((matches, false));
    let negated = |matches: Matches| Some((matches, true));
    let (matches, negated) = match name {
        "StringEquals" => plain(equal),
        "StringNotEquals" => negated(equal),
        "StringEqualsIgnoreCase" => plain(|wanted, value, context| {
            equal(&wanted.to_lowercase(), &value.to_lowercase(), context)
        }),
        "StringNotEqualsIgnoreCase" => negated(|wanted, value, context| {
            equal(&wanted.to_lowercase(), &value.to_lowercase(), context)
        }),
        "StringLike" => plain(like),
        "StringNotLike" => negated(like),
        "ArnEquals" | "ArnLike" => plain(arn_like),
        "ArnNotEquals" | "ArnNotLike" => negated(arn_like),
        "NumericEquals" => plain(|wanted, value, _| numbers(wanted, value, |a, b| a == b)),
        "NumericNotEquals" => negated(|wanted, value, _| numbers(wanted, value, |a, b| a == b)),
        "NumericLessThan" => plain(|wanted, value, _| numbers(wanted, value, |a, b| a < b)),
        "NumericLessThanEquals" => plain(|wanted, value, _| numbers(wanted, value, |a, b| a <= b)),
        "NumericGreaterThan" => plain(|wanted, value, _| numbers(wanted, value, |a, b| a > b)),
        "NumericGreaterThanEquals" => {
            plain(|wanted, value, _| numbers(wanted, value, |a, b| a >= b))
        }
        "DateEquals" => plain(|wanted, value, _| dates(wanted, value, |a, b| a == b)),
        "DateNotEquals" => negated(|wanted, value, _| dates(wanted, value, |a, b| a == b)),
        "DateLessThan" => plain(|wanted, value, _| dates(wanted, value, |a, b| a < b)),
        "DateLessThanEquals" => plain(|wanted, value, _| dates(wanted, value, |a, b| a <= b)),
        "DateGreaterThan" => plain(|wanted, value, _| dates(wanted, value, |a, b| a > b)),
        "DateGreaterThanEquals" => plain(|wanted, value, _| dates(wanted, value, |a, b| a >= b)),
        "Bool" => plain(|wanted, value, _| wanted.eq_ignore_ascii_case(value)),
        "BinaryEquals" => plain(|wanted, value, _| wanted == value),
        "IpAddress" => plain(|wanted, value, _| in_network(wanted, value)),
        "NotIpAddress" => negated(|wanted, value, _| in_network(wanted, value)),
        _ => return None,
    }?;
    Some(Operator { matches, negated })
}

/// Equal once variables are replaced. `*` and `?` stand for themselves.
fn equal(wanted: &str, value: &str, context: &Context) -> bool {
    if !wanted.contains("${") {
        return wanted == value;
    }
    // Wildcards that are written as such are no wildcards here.
    let literal: String = wanted
        .split_inclusive('}')
        .map(|part| match part.split_once("${") {
            Some((before, variable)) => format!("{}${{{variable}", escaped(before)),
            None => escaped(part),
        })
        .collect();
    like(&literal, value, context)
}

fn escaped(text: &str) -> String {
    text.replace('*', "${*}").replace('?', "${?}")
}

fn like(wanted: &str, value: &str, context: &Context) -> bool {
    let pattern = Pattern::with_variables(wanted, context);
    pattern.is_some_and(|pattern| pattern.matches(value))
}

fn arn_like(wanted: &str, value: &str, context: &Context) -> bool {
    let pattern = Pattern::with_variables(wanted, context);
    pattern.is_some_and(|pattern| pattern.matches_arn(value))
}

fn numbers(wanted: &str, value: &str, compare: fn(f64, f64) -> bool) -> bool {
    match (value.parse(), wanted.parse()) {
        (Ok(value), Ok(wanted)) => compare(value, wanted),
        _ => false,
    }
}

fn dates(wanted: &str, value: &str, compare: fn(Timestamp, Timestamp) -> bool) -> bool {
    match (date(value), date(wanted)) {
        (Some(value), Some(wanted)) => compare(value, wanted),
        _ => false,
    }
}

/// A date in ISO 8601, or in epoch seconds.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    text.parse().ok().or_else(|| {
        let day: jiff::civil::Date = text.parse().ok()?;
        let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(midnight.timestamp())
    })
}

/// Whether an address is in a network such as `203.0.113.0/24`, or is the one address that is written.
fn in_network(network: &str, address: &str) -> bool {
    let (network, length) = match network.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (network, Some(u32::MAX)),
    };
    let (Ok(network), Ok(address), Some(length)) = (network.parse(), address.parse(), length)
    else {
        return false;
    };
    let (network, address, bits) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (
            u128::from(network.to_bits()),
            u128::from(address.to_bits()),
            32,
        ),
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let host = bits - length.min(bits);
    network.checked_shr(host).unwrap_or(0) == address.checked_shr(host).unwrap_or(0)
}
