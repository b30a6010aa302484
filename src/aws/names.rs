//! Lookups for custom domains: ACM certificates, Route 53 hosted zones, and existing domains. Read once, before the file is
//! expanded.

use aws_facts::arns::Arn;
use aws_sdk_acm::types::CertificateDetail;
use aws_sdk_apigateway::operation::get_domain_name::GetDomainNameOutput;
use aws_sdk_route53::types::{HostedZone, RrType};

use super::connection::Reader;
use super::error::AwsError;
use super::pace::{Operation, Service};

impl Reader {
    /// A certificate, read in its ARN's Region; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn certificate(
        &self,
        arn: &str,
    ) -> Result<Option<CertificateDetail>, AwsError> {
        let region = Arn::parse(arn).map_or("", |arn| arn.region).to_owned();
        let there =
            aws_sdk_acm::config::Builder::new().region(aws_sdk_acm::config::Region::new(region));
        let request = self
            .acm_client()
            .describe_certificate()
            .certificate_arn(arn)
            .customize()
            .config_override(there);
        let operation = Operation::of(Service::Acm, "DescribeCertificate");
        match self.call(operation, request.send()).await {
            Ok(answer) => Ok(answer.certificate),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The hosted zones with exactly this name, private ones included.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn zones_named(&self, name: &str) -> Result<Vec<HostedZone>, AwsError> {
        // Zones come sorted from this name on, so that those of this name are the first.
        let request = self
            .route53_client()
            .list_hosted_zones_by_name()
            .dns_name(name);
        let answer = self
            .call(
                Operation::of(Service::Route53, "ListHostedZonesByName"),
                request.send(),
            )
            .await?;
        let bare = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let zones = answer.hosted_zones.into_iter();
        Ok(zones
            .filter(|zone| bare(&zone.name) == bare(name))
            .collect())
    }

    /// The hosted zone with this id; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn zone(&self, id: &str) -> Result<Option<HostedZone>, AwsError> {
        let request = self.route53_client().get_hosted_zone().id(id);
        let operation = Operation::of(Service::Route53, "GetHostedZone");
        match self.call(operation, request.send()).await {
            Ok(answer) => Ok(answer.hosted_zone),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a zone has an A record of exactly this name.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn has_address_record(
        &self,
        zone: &str,
        name: &str,
    ) -> Result<bool, AwsError> {
        let request = self
            .route53_client()
            .list_resource_record_sets()
            .hosted_zone_id(zone)
            .start_record_name(name)
            .start_record_type(RrType::A)
            .max_items(1);
        let answer = self
            .call(
                Operation::of(Service::Route53, "ListResourceRecordSets"),
                request.send(),
            )
            .await?;
        let first = answer.resource_record_sets.into_iter().next();
        Ok(first.is_some_and(|set| {
            set.r#type == RrType::A && set.name.trim_end_matches('.').eq_ignore_ascii_case(name)
        }))
    }

    /// A custom domain name of API Gateway; `None` if there is none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn domain_name(
        &self,
        name: &str,
    ) -> Result<Option<GetDomainNameOutput>, AwsError> {
        let request = self.apigateway_client().get_domain_name().domain_name(name);
        let operation = Operation::apigateway("GetDomainName");
        match self.call(operation, request.send()).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
