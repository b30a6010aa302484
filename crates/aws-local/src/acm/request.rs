//! Requesting a certificate of ACM's own.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_facts::limits::acm::MOST_NAMES;
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::certificate::{Certificate, Method, Origin, Requested};
use super::{check_quota, invalid, limit, new_arn, one, tags, texts};

pub(super) const OPERATIONS: &[Operation] = &[Operation::change("RequestCertificate", request)
    .refusing(&["CertificateAuthorityArn", "ManagedBy"])];

/// How long a repeated token means the same request.
const TOKEN_LASTS: Duration = Duration::from_secs(60 * 60);

/// The key algorithms of ACM's own certificates: ACM user guide, "Key algorithms".
const KEY_ALGORITHMS: &[&str] = &["RSA_2048", "EC_prime256v1", "EC_secp384r1"];

/// A name may be its own: the validation domain must be the name or a domain above it.
fn validation_domains(call: &Call, names: &[String]) -> Result<BTreeMap<String, String>, Refusal> {
    let refused = |message: String| {
        Err(Refusal::new(
            400,
            "InvalidDomainValidationOptionsException",
            message,
        ))
    };
    let mut domains = BTreeMap::new();
    for option in call
        .input
        .get("DomainValidationOptions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |member: &str| option[member].as_str().unwrap_or_default().to_lowercase();
        let (name, domain) = (text("DomainName"), text("ValidationDomain"));
        if !names.contains(&name) {
            return refused(format!(
                "The domain name {name} in the validation options is not on the certificate."
            ));
        }
        let bare = name.strip_prefix("*.").unwrap_or(&name);
        if bare != domain && !bare.ends_with(&format!(".{domain}")) {
            return refused(format!(
                "The validation domain {domain} is not the domain {name} or a superdomain of it."
            ));
        }
        domains.insert(name, domain);
    }
    Ok(domains)
}

fn request(region: &mut Region, call: &Call) -> Answer {
    let mut names = vec![call.text("DomainName").to_lowercase()];
    for name in texts(&call.input, "SubjectAlternativeNames")
        .into_iter()
        .map(str::to_lowercase)
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > MOST_NAMES {
        return Err(limit(format!(
            "The number of domain names on a certificate is limited to {MOST_NAMES}."
        )));
    }
    let method = match call.text("ValidationMethod") {
        "DNS" => Method::Dns,
        "HTTP" => {
            return Err(Refusal::not_implemented(
                "ValidationMethod HTTP of acm:RequestCertificate",
            ));
        }
        _ => Method::Email,
    };
    let key_algorithm = match call.text("KeyAlgorithm") {
        "" => "RSA_2048",
        known if KEY_ALGORITHMS.contains(&known) => known,
        other => {
            return Err(invalid(format!(
                "The key algorithm {other} is not supported for a public certificate."
            )));
        }
    };
    let token = Some(call.text("IdempotencyToken")).filter(|token| !token.is_empty());
    if let (Some(token), Some(known)) = (token, token.and_then(|token| same(region, call, token))) {
        if known.names != names {
            return Err(invalid(format!(
                "The idempotency token {token} was used for another request."
            )));
        }
        return one("CertificateArn", known.arn.as_str());
    }
    check_quota(region)?;
    let mut options = Object::from_iter([
        (
            "CertificateTransparencyLoggingPreference".to_owned(),
            json!("ENABLED"),
        ),
        ("Export".to_owned(), json!("DISABLED")),
    ]);
    if let Some(Value::Object(sent)) = call.input.get("Options") {
        options.extend(sent.clone());
    }
    let certificate = Certificate {
        arn: new_arn(call),
        created: call.seconds(),
        key_algorithm: key_algorithm.into(),
        tags: tags::checked(call, BTreeMap::new())?,
        origin: Origin::Requested(Requested {
            token: token.map(str::to_owned),
            method,
            validation_domains: validation_domains(call, &names)?,
            options,
            serial: identifiers::serial_number(),
        }),
        names,
    };
    let arn = certificate.arn.clone();
    region.acm.certificates.insert(&arn, certificate);
    one("CertificateArn", arn)
}

/// The certificate that was recently requested with this token.
fn same<'r>(region: &'r Region, call: &Call, token: &str) -> Option<&'r Certificate> {
    region.acm.certificates.values().find(|certificate| {
        let recent = call.seconds() - certificate.created < TOKEN_LASTS.as_secs_f64();
        matches!(&certificate.origin, Origin::Requested(requested) if requested.token.as_deref() == Some(token))
            && recent
    })
}
