//! Tagged resources of any service, by the Resource Groups Tagging API.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::{Operation, Service};

/// The most resources on one page.
const PAGE: i32 = 100;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct TaggingAnswers {
    tagged: Memo<(String, String), Arc<BTreeSet<String>>>,
}

impl Reader {
    /// The ARNs with this tag in the tagging API's index, which lags and contains deleted resources. Only a hint where to look.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn tagged(
        &self,
        key: &str,
        value: &str,
    ) -> Result<Arc<BTreeSet<String>>, AwsError> {
        let ask = || async {
            let mut arns = BTreeSet::new();
            let mut next = None;
            loop {
                let request = self
                    .tagging_client()
                    .get_resources()
                    .tag_filters(TagFilter::builder().key(key).values(value).build())
                    .resources_per_page(PAGE)
                    .set_pagination_token(next);
                let page = self
                    .call(
                        Operation::of(Service::Tagging, "GetResources"),
                        request.send(),
                    )
                    .await?;
                let mappings = page.resource_tag_mapping_list.unwrap_or_default();
                arns.extend(
                    mappings
                        .into_iter()
                        .filter_map(|mapping| mapping.resource_arn),
                );
                next = page.pagination_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    return Ok(Arc::new(arns));
                }
            }
        };
        self.tagging_answers
            .tagged
            .get((key.to_owned(), value.to_owned()), ask)
            .await
    }
}
