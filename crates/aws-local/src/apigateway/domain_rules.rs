//! Rules for a custom domain name's certificates, mutual TLS and security policy, and the users of a certificate.

use std::sync::LazyLock;

use aws_facts::arns;
use aws_facts::regions;
use regex::Regex;
use serde_json::Value;

use super::super::acm::Certificate;
use super::super::identifiers;
use super::super::operation::{Call, Object, Refusal};
use super::domain_names::is;
use super::refusals::bad_request;
use super::state::{State, text};

static CERTIFICATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^arn:aws[a-z-]*:(acm:([a-z0-9-]+):\d{12}:certificate/[\w-]+|iam::\d{12}:server-certificate/.+)$")
        .expect("it is a pattern")
});

pub(super) fn check_mutual_tls(
    settings: &mut Object,
    before: &Object,
    call: &Call,
) -> Result<(), Refusal> {
    if let Some(mutual) = settings
        .get("mutualTlsAuthentication")
        .and_then(Value::as_object)
    {
        let uri = text(mutual, "truststoreUri");
        if mutual.is_empty() || uri.is_empty() {
            settings.remove("mutualTlsAuthentication");
        } else if !uri.starts_with("s3://") {
            return Err(bad_request(format!("Invalid truststore URI: {uri}")));
        } else if !is(settings, "REGIONAL") {
            return Err(bad_request(
                "Mutual TLS is only supported for Regional domain names",
            ));
        }
    }
    check_ownership(settings, before, call)
}

/// AWS's rules: API Gateway developer guide, "Choose a security policy for your custom domain in API Gateway".
pub(super) fn check_security_policy(settings: &mut Object, before: &Object) -> Result<(), Refusal> {
    let policy = text(settings, "securityPolicy").to_owned();
    if is(settings, "EDGE") && is(settings, "REGIONAL") && !before.is_empty() {
        if policy != text(before, "securityPolicy") {
            return Err(bad_request(
                "The security policy of a domain name with several endpoint types can't be updated",
            ));
        }
        return Ok(());
    }
    check_access_mode(settings, before)?;
    if policy.starts_with("SecurityPolicy_") && settings.contains_key("mutualTlsAuthentication") {
        return Err(bad_request(format!(
            "Mutual TLS is not supported with the security policy {policy}"
        )));
    }
    Ok(())
}

/// The enhanced policies are for some endpoint types, and have an endpoint access mode, which no other policy has: the same guide,
/// "Security policies for REST APIs in API Gateway".
///
/// `before` are the settings before an update.
pub(super) fn check_access_mode(settings: &mut Object, before: &Object) -> Result<(), Refusal> {
    let has_mode = !text(settings, "endpointAccessMode").is_empty();
    if !has_mode {
        settings.remove("endpointAccessMode");
    }
    let types = |settings: &Object| settings.get("endpointConfiguration")?.get("types").cloned();
    if text(before, "endpointAccessMode") == "STRICT" && types(before) != types(settings) {
        return Err(bad_request(
            "The endpoint type can't be changed while the endpoint access mode is STRICT",
        ));
    }
    let policy = text(settings, "securityPolicy");
    if !policy.starts_with("SecurityPolicy_") {
        return match has_mode {
            true => Err(bad_request(
                "endpointAccessMode is only available with security policies that start with SecurityPolicy_",
            )),
            false => Ok(()),
        };
    }
    if policy.ends_with("_EDGE") != is(settings, "EDGE") {
        return Err(bad_request(format!(
            "The security policy {policy} is not supported for this endpoint type"
        )));
    }
    if !has_mode {
        return Err(bad_request(format!(
            "endpointAccessMode is required with the security policy {policy}"
        )));
    }
    Ok(())
}

/// With mutual TLS and an imported certificate, a certificate issued by ACM must prove the ownership of the name.
fn check_ownership(settings: &Object, before: &Object, call: &Call) -> Result<(), Refusal> {
    const MEMBER: &str = "ownershipVerificationCertificateArn";
    let proof = text(settings, MEMBER);
    if !proof.is_empty() && proof != text(before, MEMBER) {
        check_certificate("REGIONAL", proof, call)?;
        if acm_certificate(proof, &call.region, call).is_some_and(Certificate::is_imported) {
            return Err(bad_request(
                "The ownership verification certificate must be a public certificate issued by ACM",
            ));
        }
    }
    let arn = text(settings, "regionalCertificateArn");
    let imported =
        || acm_certificate(arn, &call.region, call).is_some_and(Certificate::is_imported);
    if proof.is_empty() && settings.contains_key("mutualTlsAuthentication") && imported() {
        return Err(bad_request(format!(
            "{MEMBER} is required for mutual TLS with an imported certificate"
        )));
    }
    Ok(())
}

pub(super) fn check_certificate(kind: &str, arn: &str, call: &Call) -> Result<(), Refusal> {
    let Some(found) = CERTIFICATE.captures(arn) else {
        return Err(bad_request("Invalid certificate ARN specified"));
    };
    // CloudFront uses certificates from one Region only, a Regional name from its own.
    let wanted = if kind == "EDGE" {
        regions::GLOBAL
    } else {
        &call.region
    };
    match found.get(2) {
        Some(region) if region.as_str() != wanted => {
            return Err(bad_request(format!(
                "Invalid certificate ARN: {arn}. Certificate must be in '{wanted}'."
            )));
        }
        // An IAM server certificate, which is not supported.
        None => return Ok(()),
        Some(_) => {}
    }
    let certificate = acm_certificate(arn, wanted, call)
        .ok_or_else(|| bad_request("The provided certificate does not exist."))?;
    if !certificate.is_issued(call) {
        return Err(bad_request(format!(
            "Certificate {arn} in account {} not yet issued",
            call.account
        )));
    }
    let name = call.text("domainName");
    if certificate.covers(name) {
        Ok(())
    } else if kind == "EDGE" {
        Err(bad_request(format!(
            "Unable to associate certificate {arn} with CloudFront. This error may prevent the domain name {name} from being used in API \
             Gateway for up to 40 minutes. Please ensure the certificate domain name matches the requested domain name, and that this user \
             has permission to call cloudfront:UpdateDistribution on '*' resources."
        )))
    } else {
        Err(bad_request(format!(
            "The certificate {arn} does not match the domain name {name}"
        )))
    }
}

fn acm_certificate<'c>(arn: &str, region: &str, call: &'c Call) -> Option<&'c Certificate> {
    call.everywhere.regions.get(region)?.acm.certificate(arn)
}

/// The ARNs of what uses a certificate: a Regional name's own, and of the distribution in front of an edge-optimized one.
pub(crate) fn using_certificate(
    state: &State,
    call: &Call,
    region: &str,
    arn: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (name, domain) in state.domain_names.iter() {
        let uses = |member: &str| text(&domain.settings, member) == arn;
        if uses("regionalCertificateArn") || uses("ownershipVerificationCertificateArn") {
            found.push(arns::api_gateway(
                region,
                format_args!("domainnames/{name}"),
            ));
        }
        if uses("certificateArn") {
            let distribution = text(&domain.settings, "distributionDomainName");
            found.push(identifiers::distribution_arn(&call.account, distribution));
        }
    }
    found
}
