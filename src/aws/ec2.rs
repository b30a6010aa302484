//! Reads of EC2.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, SecurityGroup};

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;

/// The most items on one page.
const PAGE: i32 = 1_000;

/// EC2's filters: names, each with alternative values.
type Filters = Vec<(String, Vec<String>)>;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct Ec2Answers {
    security_groups: Memo<Filters, Arc<Vec<SecurityGroup>>>,
}

impl Reader {
    /// The security groups with this tag.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn security_groups_tagged(
        &self,
        key: &str,
        value: &str,
    ) -> Result<Arc<Vec<SecurityGroup>>, AwsError> {
        self.security_groups(vec![(format!("tag:{key}"), vec![value.to_owned()])])
            .await
    }

    /// The security groups with these names in a VPC.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn security_groups_named(
        &self,
        vpc: &str,
        names: &BTreeSet<String>,
    ) -> Result<Arc<Vec<SecurityGroup>>, AwsError> {
        self.security_groups(vec![
            ("vpc-id".into(), vec![vpc.to_owned()]),
            ("group-name".into(), names.iter().cloned().collect()),
        ])
        .await
    }

    /// The security groups with these ids; missing ones are left out.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn security_groups_of(
        &self,
        ids: &BTreeSet<String>,
    ) -> Result<Arc<Vec<SecurityGroup>>, AwsError> {
        self.security_groups(vec![("group-id".into(), ids.iter().cloned().collect())])
            .await
    }

    /// The security groups with a rule that refers to this one.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn security_groups_naming(
        &self,
        id: &str,
    ) -> Result<Vec<SecurityGroup>, AwsError> {
        let naming = |filter: &str| vec![(filter.to_owned(), vec![id.to_owned()])];
        let (inbound, outbound) = tokio::try_join!(
            self.security_groups(naming("ip-permission.group-id")),
            self.security_groups(naming("egress.ip-permission.group-id")),
        )?;
        Ok(inbound.iter().chain(outbound.iter()).cloned().collect())
    }

    async fn security_groups(&self, filters: Filters) -> Result<Arc<Vec<SecurityGroup>>, AwsError> {
        let sent: Vec<Filter> = filters
            .iter()
            .map(|(name, values)| {
                Filter::builder()
                    .name(name)
                    .set_values(Some(values.clone()))
                    .build()
            })
            .collect();
        let ask = || async {
            let mut groups = Vec::new();
            let mut next = None;
            loop {
                let request = self
                    .ec2_client()
                    .describe_security_groups()
                    .set_filters(Some(sent.clone()))
                    .max_results(PAGE)
                    .set_next_token(next);
                let page = self
                    .call(Operation::ec2("DescribeSecurityGroups"), request.send())
                    .await?;
                groups.extend(page.security_groups.unwrap_or_default());
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    return Ok(Arc::new(groups));
                }
            }
        };
        self.ec2_answers.security_groups.get(filters, ask).await
    }
}
