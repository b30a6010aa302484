//! Tags: what they may hold, and how API Gateway's are read and written.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use crate::aws::{AwsError, Operation, Writer};
use crate::model::Value;

/// Tags as AWS lists them.
pub(super) fn live(tags: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    tags.into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Tags as a create call takes them.
pub(super) fn sent(tags: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    Some(tags.clone().into_iter().collect())
}

/// Tags as a diff compares them.
pub(super) fn value(tags: &BTreeMap<String, String>) -> Value {
    Value::map(tags)
}

/// Writes the wanted tags that differ, in one call; others are somebody else's and stay.
pub(super) async fn write(
    writer: &Writer,
    arn: &str,
    want: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    let differ: HashMap<String, String> = want
        .iter()
        .filter(|(key, value)| live.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if differ.is_empty() {
        return Ok(());
    }
    let request = writer
        .apigateway()
        .tag_resource()
        .resource_arn(arn)
        .set_tags(Some(differ));
    writer
        .call(Operation::apigateway("TagResource"), request.send())
        .await?;
    Ok(())
}

/// A text as a tag's key or value. AWS's tags hold letters, digits, spaces and `_.:/=+-@`; everything else, and `=`
/// itself, is written `=` and two hexadecimal digits a byte.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.:/+-@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "={byte:02x}").expect("a string takes every text");
        }
    }
    escaped
}

/// The text that was escaped; `None` when nothing was.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('=') {
        bytes.extend_from_slice(plain.as_bytes());
        bytes.push(u8::from_str_radix(escaped.get(..2)?, 16).ok()?);
        rest = &escaped[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}
