//! Reads and changes of Route 53's records.

use std::sync::Arc;

use aws_sdk_route53::types::{Change, ChangeBatch, ResourceRecordSet};

use super::connection::{Reader, Writer};
use super::error::AwsError;
use super::memo::Memo;
use super::pace::{Operation, Service};

/// How many record sets are read: more than one name usually has.
const PAGE: i32 = 30;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct Route53Answers {
    records: Memo<(String, String), Arc<Vec<ResourceRecordSet>>>,
}

impl Reader {
    /// The record sets of one name in a hosted zone; none if there is no such zone. AWS lists a zone's record sets by name.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn records(
        &self,
        zone: &str,
        name: &str,
    ) -> Result<Arc<Vec<ResourceRecordSet>>, AwsError> {
        let ask = || async {
            let request = self
                .route53_client()
                .list_resource_record_sets()
                .hosted_zone_id(zone)
                .start_record_name(name)
                .max_items(PAGE);
            let answer = self
                .call(
                    Operation::of(Service::Route53, "ListResourceRecordSets"),
                    request.send(),
                )
                .await;
            let records = match answer {
                Err(error) if error.is_not_found() => Vec::new(),
                answer => answer?.resource_record_sets,
            };
            let records = records.into_iter();
            Ok(Arc::new(
                records
                    .filter(|record| is_same_name(&record.name, name))
                    .collect(),
            ))
        };
        self.route53_answers
            .records
            .get((zone.to_owned(), name.to_owned()), ask)
            .await
    }
}

impl Writer {
    /// Changes record sets of a hosted zone, all or none. Its name servers have them within a minute, which is not waited for:
    /// resolvers cache old answers longer.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn change_records(
        &self,
        zone: &str,
        changes: Vec<Change>,
    ) -> Result<(), AwsError> {
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build();
        let batch = batch.expect("the one member that has to be there is set");
        let request = self
            .route53()
            .change_resource_record_sets()
            .hosted_zone_id(zone)
            .change_batch(batch);
        self.call(
            Operation::of(Service::Route53, "ChangeResourceRecordSets"),
            request.send(),
        )
        .await?;
        Ok(())
    }
}

/// Whether two names are equal: Route 53 adds a dot at the end, uses lower case, and escapes `*`.
pub(crate) fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let name = name.trim_end_matches('.').to_lowercase();
        name.replace("\\052", "*")
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::is_same_name;

    #[test]
    fn names_are_the_same_however_they_are_written() {
        assert!(is_same_name("API.example.com", "api.example.com."));
        assert!(is_same_name("\\052.example.com.", "*.example.com"));
        assert!(!is_same_name("a.api.example.com.", "api.example.com"));
    }
}
