//! Certificates as a script would make them, for domains that need one.

use aws_local::Service;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The ARN of a certificate of this Region for this name: requested from ACM, and proven by a record in the hosted zone of that name, which is made where there is none.
pub(crate) async fn issued(service: &Service, region: &'static str, name: &str) -> String {
    let http = || -> SharedHttpClient { aws_local::connector(service.clone()) };
    let acm = aws_sdk_acm::Client::from_conf(
        aws_sdk_acm::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_acm::config::Region::new(region))
            .credentials_provider(aws_sdk_acm::config::Credentials::from_keys(
                "any", "any", None,
            ))
            .http_client(http())
            .build(),
    );
    let route53 = aws_sdk_route53::Client::from_conf(
        aws_sdk_route53::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_route53::config::Region::new(region))
            .credentials_provider(aws_sdk_route53::config::Credentials::from_keys(
                "any", "any", None,
            ))
            .http_client(http())
            .build(),
    );
    let requested = acm
        .request_certificate()
        .domain_name(name)
        .validation_method(aws_sdk_acm::types::ValidationMethod::Dns)
        .send()
        .await
        .unwrap();
    let arn = requested.certificate_arn.unwrap();
    let described = acm.describe_certificate().certificate_arn(&arn);
    // With AWS's durations, the validation record is returned later.
    let record = loop {
        let certificate = described.clone().send().await.unwrap().certificate.unwrap();
        match certificate.domain_validation_options()[0].resource_record() {
            Some(record) => break record.clone(),
            None => soon().await,
        }
    };
    let domain = name.trim_start_matches("*.");
    let zones = route53.list_hosted_zones().send().await.unwrap();
    let mut zones = zones.hosted_zones.into_iter();
    let there = zones.find(|zone| zone.name().trim_end_matches('.') == domain);
    let zone = match there {
        Some(zone) => zone,
        None => {
            let made = route53.create_hosted_zone().name(domain);
            let made = made.caller_reference(&arn).send().await.unwrap();
            made.hosted_zone.unwrap()
        }
    };
    use aws_sdk_route53::types::{
        Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
    };
    let value = ResourceRecord::builder().value(record.value());
    let set = ResourceRecordSet::builder()
        .name(record.name())
        .r#type(RrType::Cname)
        .ttl(60)
        .resource_records(value.build().unwrap())
        .build()
        .unwrap();
    let change = Change::builder()
        .action(ChangeAction::Upsert)
        .resource_record_set(set)
        .build()
        .unwrap();
    route53
        .change_resource_record_sets()
        .hosted_zone_id(zone.id())
        .change_batch(ChangeBatch::builder().changes(change).build().unwrap())
        .send()
        .await
        .unwrap();
    loop {
        let certificate = described.clone().send().await.unwrap().certificate.unwrap();
        match certificate.status().unwrap().as_str() {
            "ISSUED" => return arn,
            "PENDING_VALIDATION" => soon().await,
            other => panic!("{other}"),
        }
    }
}

async fn soon() {
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
}
