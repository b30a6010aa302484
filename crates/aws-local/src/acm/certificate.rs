//! A certificate: its state at a time, and its description.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_facts::regions;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::{find, named, none, one, uses};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("DescribeCertificate", describe),
    Operation::read("GetCertificate", get),
    Operation::change("DeleteCertificate", delete),
];

/// How long ACM takes to return the validation records: "a few seconds" in its user guide on requesting a public certificate.
const RECORDS_TAKE: Duration = Duration::from_secs(5);

/// How long ACM takes to find a record and issue. Its user guide gives no time ("can take several hours"); with Route 53 it is
/// minutes.
const ISSUING_TAKES: Duration = Duration::from_secs(3 * 60);

/// After this long without validation a request has failed: ACM user guide, "Troubleshoot certificate validation".
const VALIDATION_ENDS: Duration = Duration::from_secs(72 * 60 * 60);

/// How long a certificate of ACM's own is valid, since February 2026.
const VALIDITY: Duration = Duration::from_secs(198 * 24 * 60 * 60);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Certificate {
    pub(super) arn: String,
    /// The names it is for, its own first.
    pub(super) names: Vec<String>,
    pub(super) created: f64,
    pub(super) key_algorithm: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) origin: Origin,
}

/// Where a certificate comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Origin {
    Requested(Requested),
    Imported(Imported),
}

/// A request to ACM.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Requested {
    pub(super) token: Option<String>,
    pub(super) method: Method,
    /// The validation domain for emails, by name, if it is not the name itself.
    pub(super) validation_domains: BTreeMap<String, String>,
    pub(super) options: Object,
    pub(super) serial: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Method {
    Dns,
    Email,
}

impl Method {
    fn text(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Email => "EMAIL",
        }
    }
}

/// An imported certificate. The private key is not stored: it is not needed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Imported {
    pub(super) at: f64,
    pub(super) body: String,
    pub(super) chain: Option<String>,
    pub(super) not_before: f64,
    pub(super) not_after: f64,
    pub(super) serial: String,
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) signature_algorithm: String,
    pub(super) key_usages: Vec<String>,
    /// Names and object identifiers.
    pub(super) extended_key_usages: Vec<(String, String)>,
}

/// The CNAME record that validates a name. It is the same in every Region and for a name and its wildcard.
pub(super) struct Proof {
    pub(super) name: String,
    pub(super) value: String,
}

impl Proof {
    fn of(account: &str, name: &str) -> Self {
        use sha2::{Digest as _, Sha256};
        let base = without_wildcard(name);
        let hex = |purpose: &str, length: usize| {
            let digest = Sha256::digest(format!("{purpose} {account} {base}"));
            let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            hex[..length].to_owned()
        };
        Self {
            name: format!("_{}.{base}.", hex("name", 32)),
            value: format!(
                "_{}.{}.acm-validations.aws.",
                hex("value", 32),
                hex("zone", 10)
            ),
        }
    }
}

fn without_wildcard(name: &str) -> &str {
    name.strip_prefix("*.").unwrap_or(name)
}

impl Certificate {
    /// A certificate of ACM's own for these names, which is issued once it is validated.
    pub(crate) fn requested(arn: &str, names: &[String], created: f64) -> Self {
        Self {
            arn: arn.to_owned(),
            names: names.iter().map(|name| name.to_lowercase()).collect(),
            created,
            key_algorithm: "RSA_2048".into(),
            tags: BTreeMap::new(),
            origin: Origin::Requested(Requested {
                token: None,
                method: Method::Dns,
                validation_domains: BTreeMap::new(),
                options: object(json!({
                    "CertificateTransparencyLoggingPreference": "ENABLED",
                    "Export": "DISABLED",
                })),
                serial: super::super::identifiers::serial_number(),
            }),
        }
    }

    /// The names and values of the records that validate its names.
    pub(crate) fn proofs(&self, account: &str) -> Vec<(String, String)> {
        let proofs = self.names.iter().map(|name| Proof::of(account, name));
        proofs.map(|proof| (proof.name, proof.value)).collect()
    }

    /// Whether it is for these names and no others.
    pub(crate) fn is_for(&self, names: &[String]) -> bool {
        self.names.iter().eq(names
            .iter()
            .map(|name| name.to_lowercase())
            .collect::<Vec<_>>()
            .iter())
    }

    /// Whether it can be used at the time of the call.
    pub(crate) fn is_issued(&self, call: &Call) -> bool {
        self.status(call) == "ISSUED"
    }

    /// Whether it was made elsewhere.
    pub(crate) fn is_imported(&self) -> bool {
        matches!(self.origin, Origin::Imported(_))
    }

    /// Whether it is for this name (of a host, or a wildcard). A certificate's wildcard matches one label.
    pub(crate) fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let parent = name.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|known| {
            *known == name
                || known
                    .strip_prefix("*.")
                    .is_some_and(|below| parent == Some(below))
        })
    }

    /// Its `CertificateStatus` at the time of the call.
    pub(crate) fn status(&self, call: &Call) -> &'static str {
        let now = call.seconds();
        match (&self.origin, self.issued_at(call)) {
            (_, Some(_)) if self.validity(call).is_some_and(|(_, end)| now >= end) => "EXPIRED",
            (_, Some(issued)) if issued <= now => "ISSUED",
            (Origin::Requested(_), _) if now >= self.deadline(call) => "VALIDATION_TIMED_OUT",
            _ => "PENDING_VALIDATION",
        }
    }

    /// When the wait for validation ends. Not at once however fast the clock of other things is.
    fn deadline(&self, call: &Call) -> f64 {
        let scaled = call.takes(VALIDATION_ENDS);
        self.created
            + if scaled > 0.0 {
                scaled
            } else {
                VALIDATION_ENDS.as_secs_f64()
            }
    }

    /// When it was issued, or will be by the current state. None if a record is missing.
    fn issued_at(&self, call: &Call) -> Option<f64> {
        match &self.origin {
            Origin::Imported(imported) => Some(imported.at),
            Origin::Requested(requested) if requested.method == Method::Email => None,
            Origin::Requested(_) => self
                .names
                .iter()
                .map(|name| self.proven_at(call, name))
                .try_fold(self.created, |latest, at| Some(latest.max(at?))),
        }
    }

    /// When ACM finds the record for one of the names.
    fn proven_at(&self, call: &Call, name: &str) -> Option<f64> {
        let proof = Proof::of(&call.account, name);
        let zones = &call.everywhere.regions.get(regions::GLOBAL)?.route53;
        let ready = self.created + call.takes(RECORDS_TAKE);
        zones
            .stood(&proof.name, &proof.value)
            .filter_map(|(from, until)| {
                let found = from.max(ready) + call.takes(ISSUING_TAKES);
                (until.is_none_or(|until| found < until) && found <= self.deadline(call))
                    .then_some(found)
            })
            .min_by(f64::total_cmp)
    }

    /// From when to when it is valid, once it is issued.
    fn validity(&self, call: &Call) -> Option<(f64, f64)> {
        match &self.origin {
            Origin::Imported(imported) => Some((imported.not_before, imported.not_after)),
            Origin::Requested(_) => {
                let issued = self.issued_at(call)?;
                // It is valid from the beginning of its day.
                let begins = (issued / 86400.0).floor() * 86400.0;
                Some((begins, begins + VALIDITY.as_secs_f64() - 1.0))
            }
        }
    }

    /// The members that a description and a summary share.
    pub(super) fn common(&self, call: &Call) -> Object {
        let status = self.status(call);
        let mut members = object(json!({
            "CertificateArn": self.arn,
            "DomainName": self.names.first(),
            "Status": status,
            "KeyAlgorithm": self.key_algorithm.replacen('_', "-", 1),
            "CreatedAt": self.created,
        }));
        let mut add = |name: &str, value: Value| members.insert(name.into(), value);
        match &self.origin {
            Origin::Imported(imported) => {
                add("Type", "IMPORTED".into());
                add("ImportedAt", imported.at.into());
            }
            Origin::Requested(_) => {
                add("Type", "AMAZON_ISSUED".into());
                if let (Some(at), "ISSUED" | "EXPIRED") = (self.issued_at(call), status) {
                    add("IssuedAt", at.into());
                }
            }
        }
        if let (Some((begin, end)), "ISSUED" | "EXPIRED") = (self.validity(call), status) {
            add("NotBefore", begin.into());
            add("NotAfter", end.into());
        }
        let eligible = status == "ISSUED"
            && matches!(self.origin, Origin::Requested(_))
            && uses::any(call, &self.arn);
        let eligibility = if eligible { "ELIGIBLE" } else { "INELIGIBLE" };
        add("RenewalEligibility", eligibility.into());
        members
    }

    /// What it may be used for: names, and names with object identifiers.
    pub(super) fn usages(&self, call: &Call) -> (Vec<String>, Vec<(String, String)>) {
        match &self.origin {
            Origin::Imported(imported) => (
                imported.key_usages.clone(),
                imported.extended_key_usages.clone(),
            ),
            Origin::Requested(_) if self.status(call) == "ISSUED" => (
                vec!["DIGITAL_SIGNATURE".into(), "KEY_ENCIPHERMENT".into()],
                vec![(
                    "TLS_WEB_SERVER_AUTHENTICATION".into(),
                    "1.3.6.1.5.5.7.3.1".into(),
                )],
            ),
            Origin::Requested(_) => (Vec::new(), Vec::new()),
        }
    }

    fn describe(&self, call: &Call) -> Object {
        let mut members = self.common(call);
        let (key_usages, extended) = self.usages(call);
        let key_usages: Vec<_> = key_usages
            .iter()
            .map(|name| json!({"Name": name}))
            .collect();
        let extended: Vec<_> = extended
            .iter()
            .map(|(name, identifier)| json!({"Name": name, "OID": identifier}))
            .collect();
        members.extend(object(json!({
            "SubjectAlternativeNames": self.names,
            "InUseBy": uses::of(call, &self.arn),
            "KeyUsages": key_usages,
            "ExtendedKeyUsages": extended,
        })));
        members.extend(match &self.origin {
            Origin::Imported(imported) => object(json!({
                "Subject": imported.subject,
                "Issuer": imported.issuer,
                "Serial": imported.serial,
                "SignatureAlgorithm": imported.signature_algorithm,
                "Options": {"CertificateTransparencyLoggingPreference": "DISABLED", "Export": "DISABLED"},
            })),
            Origin::Requested(requested) => {
                let mut members = object(json!({
                    "DomainValidationOptions": self.validations(requested, call),
                    "Subject": format!("CN={}", self.names.first().map_or("", String::as_str)),
                    "Issuer": "Amazon",
                    "SignatureAlgorithm": match self.key_algorithm.as_str() {
                        "EC_prime256v1" => "SHA256WITHECDSA",
                        "EC_secp384r1" => "SHA384WITHECDSA",
                        _ => "SHA256WITHRSA",
                    },
                    "Options": requested.options,
                }));
                if self.is_issued(call) {
                    members.insert("Serial".into(), requested.serial.as_str().into());
                }
                members
            }
        });
        members
    }

    fn validations(&self, requested: &Requested, call: &Call) -> Vec<Value> {
        let now = call.seconds();
        let one = |name: &String| {
            let domain = requested
                .validation_domains
                .get(name)
                .map_or(without_wildcard(name), String::as_str);
            let proven = self.is_issued(call)
                || requested.method == Method::Dns
                    && self.proven_at(call, name).is_some_and(|at| at <= now);
            let status = match self.status(call) {
                _ if proven => "SUCCESS",
                "VALIDATION_TIMED_OUT" => "FAILED",
                _ => "PENDING_VALIDATION",
            };
            let mut members = json!({
                "DomainName": name,
                "ValidationDomain": if requested.method == Method::Dns { name } else { domain },
                "ValidationStatus": status,
                "ValidationMethod": requested.method.text(),
            });
            match requested.method {
                Method::Email => {
                    let emails = [
                        "admin",
                        "administrator",
                        "hostmaster",
                        "postmaster",
                        "webmaster",
                    ]
                    .map(|who| format!("{who}@{domain}"));
                    members["ValidationEmails"] = json!(emails);
                }
                Method::Dns if now >= self.created + call.takes(RECORDS_TAKE) => {
                    let Proof { name, value } = Proof::of(&call.account, name);
                    members["ResourceRecord"] =
                        json!({"Name": name, "Type": "CNAME", "Value": value});
                }
                Method::Dns => {}
            }
            members
        };
        self.names.iter().map(one).collect()
    }
}

#[cfg(test)]
impl Certificate {
    /// An imported certificate, valid for a long time.
    pub(crate) fn for_tests(arn: &str, name: &str) -> Self {
        Self {
            arn: arn.into(),
            names: vec![name.into()],
            created: 0.0,
            key_algorithm: "RSA_2048".into(),
            tags: BTreeMap::new(),
            origin: Origin::Imported(Imported {
                at: 0.0,
                body: String::new(),
                chain: None,
                not_before: 0.0,
                not_after: f64::MAX,
                serial: String::new(),
                subject: String::new(),
                issuer: String::new(),
                signature_algorithm: String::new(),
                key_usages: Vec::new(),
                extended_key_usages: Vec::new(),
            }),
        }
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}

fn describe(region: &Region, call: &Call) -> Answer {
    one("Certificate", find(region, call)?.describe(call))
}

fn get(region: &Region, call: &Call) -> Answer {
    let certificate = find(region, call)?;
    match &certificate.origin {
        Origin::Imported(imported) => {
            let mut members = object(json!({"Certificate": imported.body}));
            if let Some(chain) = &imported.chain {
                members.insert("CertificateChain".into(), chain.as_str().into());
            }
            Ok(members)
        }
        Origin::Requested(_)
            if certificate
                .issued_at(call)
                .is_some_and(|at| at <= call.seconds()) =>
        {
            Err(Refusal::not_implemented(
                "the text of a certificate that ACM issued, for acm:GetCertificate",
            ))
        }
        Origin::Requested(_) => Err(Refusal::new(
            400,
            "RequestInProgressException",
            format!("The certificate {} has not been issued.", certificate.arn),
        )),
    }
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let arn = named(call)?;
    find(region, call)?;
    if uses::any(call, arn) {
        return Err(Refusal::new(
            400,
            "ResourceInUseException",
            format!("Certificate {arn} in account {} is in use.", call.account),
        ));
    }
    if !region.acm.certificates.remove(arn) {
        return Err(none(arn));
    }
    Ok(Object::new())
}
