//! Certificates and security policies of TLS listeners.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_facts::limits::elbv2::MOST_CERTIFICATES;
use regex::Regex;
use serde_json::{Value, json};

use super::super::members::object;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::pages::page;
use super::refusals::{configuration, refuse, validation};
use super::state::State;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("AddListenerCertificates", add).refusing(IS_DEFAULT),
    Operation::read("DescribeListenerCertificates", list),
    Operation::change("RemoveListenerCertificates", remove).refusing(IS_DEFAULT),
];

/// Only in responses; what AWS does if it is sent is not documented.
const IS_DEFAULT: &[&str] = &["Certificates.IsDefault"];

/// The policy of a TLS listener that names none.
pub(super) const DEFAULT_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// The policies of network load balancers, those that need post-quantum or FIPS suites too.
const POLICIES: &[&str] = &[
    DEFAULT_POLICY,
    "ELBSecurityPolicy-2015-05",
    "ELBSecurityPolicy-FS-2018-06",
    "ELBSecurityPolicy-FS-1-1-2019-08",
    "ELBSecurityPolicy-FS-1-2-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10",
    "ELBSecurityPolicy-TLS-1-0-2015-04",
    "ELBSecurityPolicy-TLS-1-1-2017-01",
    "ELBSecurityPolicy-TLS-1-2-2017-01",
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS13-1-1-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-0-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-1-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-0-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
];

static ARN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^arn:aws[a-z-]*:(acm:[a-z0-9-]+:\d{12}:certificate/.+|iam::\d{12}:server-certificate/.+)$",
    )
    .expect("it is a pattern")
});

pub(super) fn check_policy(name: &str) -> Result<(), Refusal> {
    if POLICIES.contains(&name) {
        return Ok(());
    }
    Err(refuse(
        "SSLPolicyNotFound",
        format!("SSL policy '{name}' not found"),
    ))
}

/// The ARNs of the certificates in the input, each of which must exist.
pub(super) fn sent(region: &Region, call: &Call) -> Result<Vec<String>, Refusal> {
    let list = call.input.get("Certificates").and_then(Value::as_array);
    let mut arns = Vec::new();
    for certificate in list.into_iter().flatten() {
        let arn = certificate["CertificateArn"].as_str().unwrap_or_default();
        if !ARN.is_match(arn) {
            return Err(validation(format!("Certificate ARN '{arn}' is not valid")));
        }
        check(region, call, arn)?;
        arns.push(arn.to_owned());
    }
    Ok(arns)
}

/// Refuses a certificate that is not in the Region or not issued. IAM's certificates are not implemented.
fn check(region: &Region, call: &Call, arn: &str) -> Result<(), Refusal> {
    match region.acm.certificate(arn) {
        None => Err(refuse(
            "CertificateNotFound",
            format!("Certificate '{arn}' not found"),
        )),
        Some(found) if !found.is_issued(call) => Err(refuse(
            "UnsupportedCertificate",
            format!(
                "The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size."
            ),
        )),
        Some(_) => Ok(()),
    }
}

/// The load balancers whose listeners use a certificate, by ARN.
pub(in super::super) fn using_certificate(state: &State, arn: &str) -> Vec<String> {
    let listeners = state.listeners.values();
    let users: BTreeSet<_> = listeners
        .filter(|listener| listener.certificates.iter().any(|known| known == arn))
        .map(|listener| listener.load_balancer.clone())
        .collect();
    users.into_iter().collect()
}

fn only_tls(protocol: &str) -> Result<(), Refusal> {
    if protocol == "TLS" {
        return Ok(());
    }
    Err(configuration(format!(
        "Certificates are not supported for listeners with the protocol '{protocol}'"
    )))
}

fn add(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("ListenerArn");
    only_tls(&region.elbv2.listener(arn)?.protocol)?;
    let sent = sent(region, call)?;
    if sent.is_empty() {
        return Err(validation("You must specify at least one certificate"));
    }
    let certificates = &mut region.elbv2.listener_mut(arn)?.certificates;
    for certificate in &sent {
        if !certificates.contains(certificate) {
            certificates.push(certificate.clone());
        }
    }
    // The default certificate does not count.
    if certificates.len() > MOST_CERTIFICATES + 1 {
        return Err(refuse(
            "TooManyCertificates",
            "The maximum number of certificates of the listener has been reached",
        ));
    }
    let added: Vec<_> = sent
        .iter()
        .map(|arn| json!({"CertificateArn": arn, "IsDefault": certificates.first() == Some(arn)}))
        .collect();
    Ok(object("Certificates", added))
}

fn list(region: &Region, call: &Call) -> Answer {
    let arn = call.text("ListenerArn");
    let listener = region.elbv2.listener(arn)?;
    only_tls(&listener.protocol)?;
    let mut rows: Vec<_> = listener
        .certificates
        .iter()
        .enumerate()
        .map(|(index, certificate)| {
            let row = json!({"CertificateArn": certificate, "IsDefault": index == 0});
            (
                certificate.as_str(),
                row.as_object().cloned().unwrap_or_default(),
            )
        })
        .collect();
    rows.sort_by_key(|(certificate, _)| *certificate);
    page(call, arn, "Certificates", rows.into_iter())
}

fn remove(region: &mut Region, call: &Call) -> Answer {
    let arn = call.text("ListenerArn");
    let listener = region.elbv2.listener_mut(arn)?;
    only_tls(&listener.protocol)?;
    let list = call.input.get("Certificates").and_then(Value::as_array);
    for certificate in list.into_iter().flatten() {
        let certificate = certificate["CertificateArn"].as_str().unwrap_or_default();
        if listener
            .certificates
            .first()
            .is_some_and(|default| default == certificate)
        {
            return Err(refuse(
                "OperationNotPermitted",
                format!("Default certificate '{certificate}' cannot be removed from the listener"),
            ));
        }
        listener.certificates.retain(|known| known != certificate);
    }
    Ok(Object::new())
}
