//! Tags: their characters, and how each service reads and writes them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use crate::aws::{AwsError, Operation, Writer};
use crate::model::Value;

/// Tags from a list.
pub(super) fn live(tags: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    tags.into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Tags for a create call.
pub(super) fn sent(tags: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    Some(tags.clone().into_iter().collect())
}

/// Tags for the diff.
pub(super) fn value(tags: &BTreeMap<String, String>) -> Value {
    Value::map(tags)
}

/// Writes the wanted tags that differ, in one call; others are left alone.
pub(super) async fn write(
    writer: &Writer,
    arn: &str,
    want: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Result<(), AwsError> {
    let Some(differ) = changed(want, live) else {
        return Ok(());
    };
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

/// Removes tags; a deleted resource has none.
pub(super) async fn remove(writer: &Writer, arn: &str, keys: &[String]) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .untag_resource()
        .resource_arn(arn)
        .set_tag_keys(Some(keys.to_vec()));
    super::gone_is_success(
        writer
            .call(Operation::apigateway("UntagResource"), request.send())
            .await,
    )
}

fn differing<'a>(
    want: &'a BTreeMap<String, String>,
    live: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = (&'a String, &'a String)> {
    want.iter()
        .filter(|(key, value)| live.get(*key) != Some(value))
}

/// The wanted tags that differ; none if all are the same.
fn changed(
    want: &BTreeMap<String, String>,
    live: &BTreeMap<String, String>,
) -> Option<HashMap<String, String>> {
    let differ: HashMap<String, String> = differing(want, live)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    (!differ.is_empty()).then_some(differ)
}

/// CloudWatch Logs' tags.
pub(super) mod logs {
    use std::collections::BTreeMap;

    use super::changed;
    use crate::aws::{AwsError, Operation, Writer};

    /// Writes the wanted tags that differ; others are left alone.
    pub(in crate::kinds) async fn write(
        writer: &Writer,
        arn: &str,
        want: &BTreeMap<String, String>,
        live: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let Some(differ) = changed(want, live) else {
            return Ok(());
        };
        let request = writer
            .logs()
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(differ));
        writer
            .call(Operation::logs("TagResource"), request.send())
            .await?;
        Ok(())
    }
}

/// Lambda's tags.
pub(super) mod lambda {
    use std::collections::BTreeMap;

    use super::changed;
    use crate::aws::{AwsError, Operation, Writer};

    /// Writes the wanted tags that differ; others are left alone.
    pub(in crate::kinds) async fn write(
        writer: &Writer,
        arn: &str,
        want: &BTreeMap<String, String>,
        live: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let Some(differ) = changed(want, live) else {
            return Ok(());
        };
        let request = writer
            .lambda()
            .tag_resource()
            .resource(arn)
            .set_tags(Some(differ));
        writer
            .call(Operation::lambda("TagResource"), request.send())
            .await?;
        Ok(())
    }

    /// Removes tags.
    pub(in crate::kinds) async fn remove(
        writer: &Writer,
        arn: &str,
        keys: &[String],
    ) -> Result<(), AwsError> {
        let request = writer
            .lambda()
            .untag_resource()
            .resource(arn)
            .set_tag_keys(Some(keys.to_vec()));
        writer
            .call(Operation::lambda("UntagResource"), request.send())
            .await?;
        Ok(())
    }
}

/// IAM's tags.
pub(super) mod iam {
    use std::collections::BTreeMap;

    use aws_sdk_iam::types::Tag;

    use super::differing;
    use crate::aws::{AwsError, Operation, Writer};

    /// Tags for a create call.
    pub(in crate::kinds) fn sent(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
        Some(tags.iter().map(tag).collect())
    }

    /// Writes the wanted tags of a role that differ; others are left alone.
    pub(in crate::kinds) async fn write(
        writer: &Writer,
        role: &str,
        want: &BTreeMap<String, String>,
        live: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let differ: Vec<Tag> = differing(want, live).map(tag).collect();
        if differ.is_empty() {
            return Ok(());
        }
        let request = writer
            .iam()
            .tag_role()
            .role_name(role)
            .set_tags(Some(differ));
        writer
            .call(Operation::iam("TagRole"), request.send())
            .await?;
        Ok(())
    }

    fn tag((key, value): (&String, &String)) -> Tag {
        let tag = Tag::builder().key(key).value(value).build();
        tag.expect("it has a key and a value")
    }
}

/// EC2's tags.
pub(super) mod ec2 {
    use std::collections::BTreeMap;

    use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

    use super::differing;
    use crate::aws::{AwsError, Operation, Writer};

    /// Tags from EC2.
    pub(in crate::kinds) fn live(tags: Option<&[Tag]>) -> BTreeMap<String, String> {
        tags.into_iter()
            .flatten()
            .filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())))
            .collect()
    }

    /// Tags for a create call, by resource type.
    pub(in crate::kinds) fn sent(
        of: ResourceType,
        tags: &BTreeMap<String, String>,
    ) -> TagSpecification {
        TagSpecification::builder()
            .resource_type(of)
            .set_tags(Some(tags.iter().map(tag).collect()))
            .build()
    }

    /// Writes the wanted tags that differ; others are left alone.
    pub(in crate::kinds) async fn write(
        writer: &Writer,
        id: &str,
        want: &BTreeMap<String, String>,
        live: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let differ: Vec<Tag> = differing(want, live).map(tag).collect();
        if differ.is_empty() {
            return Ok(());
        }
        let request = writer
            .ec2()
            .create_tags()
            .resources(id)
            .set_tags(Some(differ));
        writer
            .call(Operation::ec2("CreateTags"), request.send())
            .await?;
        Ok(())
    }

    fn tag((key, value): (&String, &String)) -> Tag {
        Tag::builder().key(key).value(value).build()
    }
}

/// Elastic Load Balancing's tags.
pub(super) mod elbv2 {
    use std::collections::BTreeMap;

    use aws_sdk_elasticloadbalancingv2::types::Tag;

    use super::differing;
    use crate::aws::{AwsError, Operation, Writer};

    /// Tags for a create call.
    pub(in crate::kinds) fn sent(tags: &BTreeMap<String, String>) -> Option<Vec<Tag>> {
        Some(tags.iter().map(tag).collect())
    }

    /// Writes the wanted tags that differ; others are left alone.
    pub(in crate::kinds) async fn write(
        writer: &Writer,
        arn: &str,
        want: &BTreeMap<String, String>,
        live: &BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let differ: Vec<Tag> = differing(want, live).map(tag).collect();
        if differ.is_empty() {
            return Ok(());
        }
        let request = writer
            .elbv2()
            .add_tags()
            .resource_arns(arn)
            .set_tags(Some(differ));
        writer
            .call(Operation::elbv2("AddTags"), request.send())
            .await?;
        Ok(())
    }

    fn tag((key, value): (&String, &String)) -> Tag {
        Tag::builder().key(key).value(value).build()
    }
}

/// A text as a tag's key or value. AWS's tags can contain letters, digits, spaces and `_.:/=+-@`; everything else, and `=`
/// itself, is written as `=` and two hexadecimal digits per byte.
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

/// The unescaped text; `None` if it is malformed.
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
