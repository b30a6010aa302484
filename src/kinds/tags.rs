//! Tags of API Gateway's things.

use std::collections::{BTreeMap, HashMap};

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
