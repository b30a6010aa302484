//! AWS Certificate Manager: certificates for custom domains.
//!
//! A certificate that is validated by DNS is issued once its record exists in a public hosted zone of the local Route 53; one
//! that is validated by email stays pending. An imported one is issued at once.
//!
//! The services that use certificates look them up by `State::certificate` and ask `Certificate::is_issued` and `Certificate::covers`.

mod certificate;
mod import;
mod list;
mod request;
mod tags;
#[cfg(test)]
mod tests;
mod uses;

use aws_facts::limits::acm::MOST_CERTIFICATES;
use serde::{Deserialize, Serialize};

use super::members::{one, texts};
use super::operation::{Call, Operation, Refusal};
use super::state::Region;
use super::table::Table;

pub(crate) use certificate::Certificate;
pub(super) use tags::tagged;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    request::OPERATIONS,
    import::OPERATIONS,
    list::OPERATIONS,
    certificate::OPERATIONS,
    tags::OPERATIONS,
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By ARN.
    certificates: Table<Certificate>,
}

impl State {
    /// The certificate with this ARN, if it is in this Region.
    pub(crate) fn certificate(&self, arn: &str) -> Option<&Certificate> {
        self.certificates.get(arn)
    }

    /// Inserts or replaces the certificate with this ARN.
    pub(crate) fn put(&mut self, certificate: Certificate) {
        self.certificates
            .insert(certificate.arn.clone(), certificate);
    }
}

#[cfg(test)]
impl State {
    /// One certificate and nothing else.
    pub(crate) fn with(certificate: Certificate) -> Self {
        let mut certificates = Table::default();
        certificates.insert(certificate.arn.clone(), certificate);
        Self { certificates }
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

fn invalid_value(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

fn limit(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "LimitExceededException", message)
}

fn none(arn: &str) -> Refusal {
    Refusal::new(
        400,
        "ResourceNotFoundException",
        format!("Could not find certificate {arn}."),
    )
}

/// The ARN in the input, which must be a certificate's.
fn named(call: &Call) -> Result<&str, Refusal> {
    let arn = call.text("CertificateArn");
    if arn.contains(":certificate/") {
        Ok(arn)
    } else {
        let message = format!("The ARN {arn} is not the ARN of a certificate.");
        Err(Refusal::new(400, "InvalidArnException", message))
    }
}

/// The certificate that the call names.
fn find<'r>(region: &'r Region, call: &Call) -> Result<&'r Certificate, Refusal> {
    let arn = named(call)?;
    region.acm.certificate(arn).ok_or_else(|| none(arn))
}

/// The certificate that the call names, to change it.
fn find_mut<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Certificate, Refusal> {
    let arn = named(call)?;
    region
        .acm
        .certificates
        .get_mut(arn)
        .ok_or_else(|| none(arn))
}

fn new_arn(call: &Call) -> String {
    let id = super::identifiers::uuid();
    call.arn("acm", format_args!("certificate/{id}"))
}

fn check_quota(region: &Region) -> Result<(), Refusal> {
    if region.acm.certificates.len() < MOST_CERTIFICATES {
        return Ok(());
    }
    Err(limit(format!(
        "You have reached your limit of {MOST_CERTIFICATES} certificates."
    )))
}
