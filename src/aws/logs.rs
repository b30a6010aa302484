//! Reads of CloudWatch Logs' log groups.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudwatchlogs::types::LogGroup;

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct LogsAnswers {
    groups: Memo<String, Option<Arc<ListedGroup>>>,
}

/// A log group with its tags.
#[derive(Debug)]
pub(crate) struct ListedGroup {
    pub(crate) group: LogGroup,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Reader {
    /// The log group with exactly this name; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn log_group(&self, name: &str) -> Result<Option<Arc<ListedGroup>>, AwsError> {
        let ask = || async {
            // Sorted by name, so that the group of exactly this name comes first.
            let request = self
                .logs_client()
                .describe_log_groups()
                .log_group_name_prefix(name)
                .limit(1);
            let answer = self
                .call(Operation::logs("DescribeLogGroups"), request.send())
                .await?;
            let mut groups = answer.log_groups.unwrap_or_default().into_iter();
            let group = groups.find(|group| group.log_group_name.as_deref() == Some(name));
            let Some(group) = group else { return Ok(None) };
            let request = self
                .logs_client()
                .list_tags_for_resource()
                .resource_arn(group.log_group_arn.as_deref().unwrap_or_default());
            let answer = self
                .call(Operation::logs("ListTagsForResource"), request.send())
                .await;
            match answer {
                // It went since.
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
                Ok(answer) => {
                    let tags = answer.tags.unwrap_or_default().into_iter().collect();
                    Ok(Some(Arc::new(ListedGroup { group, tags })))
                }
            }
        };
        self.logs_answers.groups.get(name.to_owned(), ask).await
    }
}
