//! Reads of EC2's instances, and of the parameters that name images.

use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, Instance};

use super::connection::Reader;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::{Operation, Service};

/// The most items on one page.
const PAGE: i32 = 1_000;

/// Every state but `shutting-down` and `terminated`: EC2 lists terminated instances for about an hour.
const THERE: &[&str] = &["pending", "running", "stopping", "stopped"];

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct InstanceAnswers {
    tagged: Memo<(String, String), Arc<Vec<Instance>>>,
    images: Memo<String, String>,
}

impl Reader {
    /// The live instances with this tag.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn instances_tagged(
        &self,
        key: &str,
        value: &str,
    ) -> Result<Arc<Vec<Instance>>, AwsError> {
        let states = THERE.iter().map(|state| (*state).to_owned()).collect();
        let filters = [
            (format!("tag:{key}"), vec![value.to_owned()]),
            ("instance-state-name".to_owned(), states),
        ];
        let filters = filters.map(|(name, values)| {
            Filter::builder()
                .name(name)
                .set_values(Some(values))
                .build()
        });
        let ask = || async {
            let mut instances = Vec::new();
            let mut next = None;
            loop {
                let request = self
                    .ec2_client()
                    .describe_instances()
                    .set_filters(Some(filters.to_vec()))
                    .max_results(PAGE)
                    .set_next_token(next);
                let page = self
                    .call(Operation::ec2("DescribeInstances"), request.send())
                    .await?;
                let reservations = page.reservations.unwrap_or_default().into_iter();
                instances.extend(reservations.flat_map(|made| made.instances.unwrap_or_default()));
                next = page.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    return Ok(Arc::new(instances));
                }
            }
        };
        self.instance_answers
            .tagged
            .get((key.to_owned(), value.to_owned()), ask)
            .await
    }

    /// The version of a parameter of Systems Manager. Its value is not decrypted.
    ///
    /// # Errors
    /// The call failed, or there is no such parameter.
    pub(crate) async fn parameter_version(
        &self,
        parameter: &str,
    ) -> Result<Option<String>, AwsError> {
        let request = self.ssm_client().get_parameter().name(parameter);
        let answer = self
            .call(Operation::of(Service::Ssm, "GetParameter"), request.send())
            .await?;
        Ok(answer.parameter.map(|found| found.version.to_string()))
    }

    /// The id of the image in a parameter.
    ///
    /// # Errors
    /// The call failed, or there is no such parameter.
    pub(crate) async fn image_behind(&self, parameter: &str) -> Result<String, AwsError> {
        let ask = || async {
            let request = self.ssm_client().get_parameter().name(parameter);
            let answer = self
                .call(Operation::of(Service::Ssm, "GetParameter"), request.send())
                .await
                .map_err(|mut error| {
                    // Systems Manager returns only a code.
                    if error.is("ParameterNotFound") && error.message.is_empty() {
                        error.message = format!(
                            "the Region has no parameter {parameter}, which would name the image"
                        );
                    }
                    error
                })?;
            let parameter = answer.parameter.and_then(|parameter| parameter.value);
            Ok(parameter.unwrap_or_default())
        };
        self.instance_answers
            .images
            .get(parameter.to_owned(), ask)
            .await
    }
}
