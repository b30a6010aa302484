//! Importing a certificate made elsewhere.
//!
//! Its text must be an X.509 certificate that is valid now, the chain must be certificates, and the key a PEM private key. That
//! the key is the certificate's and that the chain signs it is not checked: no secret is stored and TLS is not used.

use serde_json::Value;
use x509_cert::Certificate as X509;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, DecodePem as _, Reader as _, SliceReader};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectAltName};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::certificate::{Certificate, Imported, Origin};
use super::{check_quota, find, invalid_value, new_arn, one, tags};

pub(super) const OPERATIONS: &[Operation] = &[Operation::change("ImportCertificate", import)];

/// Object identifiers of keys' algorithms, with ACM's names. RSA has no fixed name: its length decides.
const CURVES: &[(&str, &str)] = &[
    ("1.2.840.10045.3.1.7", "EC_prime256v1"),
    ("1.3.132.0.34", "EC_secp384r1"),
    ("1.3.132.0.35", "EC_secp521r1"),
];

/// Object identifiers of signatures, with ACM's names.
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.5", "SHA1WITHRSA"),
    ("1.2.840.113549.1.1.11", "SHA256WITHRSA"),
    ("1.2.840.113549.1.1.12", "SHA384WITHRSA"),
    ("1.2.840.113549.1.1.13", "SHA512WITHRSA"),
    ("1.2.840.10045.4.3.2", "SHA256WITHECDSA"),
    ("1.2.840.10045.4.3.3", "SHA384WITHECDSA"),
    ("1.2.840.10045.4.3.4", "SHA512WITHECDSA"),
];

/// Object identifiers of extended key usages, with ACM's names.
const EXTENDED_KEY_USAGES: &[(&str, &str)] = &[
    ("1.3.6.1.5.5.7.3.1", "TLS_WEB_SERVER_AUTHENTICATION"),
    ("1.3.6.1.5.5.7.3.2", "TLS_WEB_CLIENT_AUTHENTICATION"),
    ("1.3.6.1.5.5.7.3.3", "CODE_SIGNING"),
    ("1.3.6.1.5.5.7.3.4", "EMAIL_PROTECTION"),
    ("1.3.6.1.5.5.7.3.5", "IPSEC_END_SYSTEM"),
    ("1.3.6.1.5.5.7.3.6", "IPSEC_TUNNEL"),
    ("1.3.6.1.5.5.7.3.7", "IPSEC_USER"),
    ("1.3.6.1.5.5.7.3.8", "TIME_STAMPING"),
    ("1.3.6.1.5.5.7.3.9", "OCSP_SIGNING"),
    ("2.5.29.37.0", "ANY"),
];

/// Key usages with ACM's names.
type HasUsage = fn(&KeyUsage) -> bool;
const KEY_USAGES: &[(HasUsage, &str)] = &[
    (KeyUsage::digital_signature, "DIGITAL_SIGNATURE"),
    (KeyUsage::non_repudiation, "NON_REPUDIATION"),
    (KeyUsage::key_encipherment, "KEY_ENCIPHERMENT"),
    (KeyUsage::data_encipherment, "DATA_ENCIPHERMENT"),
    (KeyUsage::key_agreement, "KEY_AGREEMENT"),
    (KeyUsage::key_cert_sign, "CERTIFICATE_SIGNING"),
    (KeyUsage::crl_sign, "CRL_SIGNING"),
    (KeyUsage::encipher_only, "ENCIPHER_ONLY"),
    (KeyUsage::decipher_only, "DECIPHER_ONLY"),
];

fn named(table: &[(&str, &'static str)], identifier: &str) -> Option<&'static str> {
    let row = table.iter().find(|(known, _)| *known == identifier);
    row.map(|(_, name)| *name)
}

/// What is read from a certificate's text.
struct Read {
    names: Vec<String>,
    key_algorithm: String,
    imported: Imported,
}

fn import(region: &mut Region, call: &Call) -> Answer {
    let read = read(call)?;
    let arn = match call.text("CertificateArn") {
        "" => {
            check_quota(region)?;
            new_arn(call)
        }
        arn => {
            let before = find(region, call)?;
            if !matches!(before.origin, Origin::Imported(_)) {
                return Err(invalid_value(format!(
                    "The certificate {arn} was not imported, and can't be replaced by an import."
                )));
            }
            if call.input.contains_key("Tags") {
                return Err(invalid_value(
                    "Tags can't be given when a certificate is imported again.",
                ));
            }
            arn.to_owned()
        }
    };
    let before = region.acm.certificate(&arn).cloned();
    let (created, known_tags) = before
        .map_or((call.seconds(), Default::default()), |certificate| {
            (certificate.created, certificate.tags)
        });
    let certificate = Certificate {
        arn: arn.clone(),
        names: read.names,
        created,
        key_algorithm: read.key_algorithm,
        tags: tags::checked(call, known_tags)?,
        origin: Origin::Imported(read.imported),
    };
    region.acm.certificates.insert(&arn, certificate);
    one("CertificateArn", arn)
}

/// A blob of the input as text.
fn blob(call: &Call, member: &str) -> Option<String> {
    let encoded = call.input.get(member).and_then(Value::as_str)?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

fn read(call: &Call) -> Result<Read, Refusal> {
    let unreadable =
        || invalid_value("The certificate is not a valid PEM-encoded X.509 certificate.");
    let body = blob(call, "Certificate").ok_or_else(unreadable)?;
    let certificate = X509::from_pem(body.trim()).map_err(|_| unreadable())?;
    let key = blob(call, "PrivateKey").unwrap_or_default();
    if !key.contains("PRIVATE KEY-----") || key.contains("ENCRYPTED") {
        return Err(invalid_value(
            "The private key is not supported. It must be an unencrypted PEM-encoded private key.",
        ));
    }
    let inner = &certificate.tbs_certificate;
    let chain = match call.input.contains_key("CertificateChain") {
        false if inner.issuer == inner.subject => None,
        false => {
            return Err(invalid_value(
                "Provided certificate is not a valid self signed. Please provide either a valid self-signed certificate or certificate chain.",
            ));
        }
        true => {
            let refused = || {
                invalid_value(
                    "The certificate chain is not a chain of PEM-encoded X.509 certificates.",
                )
            };
            let chain = blob(call, "CertificateChain").ok_or_else(refused)?;
            let certificates = X509::load_pem_chain(chain.as_bytes()).map_err(|_| refused())?;
            if certificates.is_empty() {
                return Err(refused());
            }
            Some(chain)
        }
    };
    let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs_f64();
    let (not_before, not_after) = (
        seconds(&inner.validity.not_before),
        seconds(&inner.validity.not_after),
    );
    if call.seconds() < not_before || call.seconds() > not_after {
        return Err(invalid_value(
            "The certificate is not valid now: it is expired, or its validity has not begun.",
        ));
    }
    let names = names(&certificate);
    if names.is_empty() {
        return Err(invalid_value("The certificate is for no domain name."));
    }
    let serial: Vec<String> = inner
        .serial_number
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let signature = certificate.signature_algorithm.oid.to_string();
    Ok(Read {
        names,
        key_algorithm: key_algorithm(&certificate).ok_or_else(|| {
            invalid_value("The key algorithm of the certificate is not supported.")
        })?,
        imported: Imported {
            at: call.seconds(),
            body,
            chain,
            not_before,
            not_after,
            serial: serial.join(":"),
            subject: inner.subject.to_string(),
            issuer: attribute(&inner.issuer, "2.5.4.10")
                .or_else(|| attribute(&inner.issuer, "2.5.4.3"))
                .unwrap_or_else(|| inner.issuer.to_string()),
            signature_algorithm: named(SIGNATURES, &signature)
                .map_or(signature.clone(), str::to_owned),
            key_usages: key_usages(&certificate),
            extended_key_usages: extended_key_usages(&certificate),
        },
    })
}

/// The text of a name's attribute.
fn attribute(name: &x509_cert::name::Name, identifier: &str) -> Option<String> {
    let mut attributes = name.0.iter().flat_map(|set| set.0.iter());
    let found = attributes.find(|attribute| attribute.oid.to_string() == identifier)?;
    // Printable and UTF-8 strings are the same bytes.
    String::from_utf8(found.value.value().to_vec()).ok()
}

/// The common name first, then the alternative ones.
fn names(certificate: &X509) -> Vec<String> {
    let mut names: Vec<String> = attribute(&certificate.tbs_certificate.subject, "2.5.4.3")
        .filter(|name| name.contains('.'))
        .map(|name| name.to_lowercase())
        .into_iter()
        .collect();
    if let Ok(Some((_, alternatives))) = certificate.tbs_certificate.get::<SubjectAltName>() {
        for name in alternatives.0 {
            if let GeneralName::DnsName(name) = name {
                let name = name.to_string().to_lowercase();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    names
}

fn key_algorithm(certificate: &X509) -> Option<String> {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    if key.algorithm.oid.to_string() == "1.2.840.113549.1.1.1" {
        let mut reader = SliceReader::new(key.subject_public_key.raw_bytes()).ok()?;
        let bytes = reader
            .sequence(|reader| {
                let modulus = UintRef::decode(reader)?.as_bytes().len();
                UintRef::decode(reader)?;
                Ok(modulus)
            })
            .ok()?;
        let bits = bytes * 8;
        return [1024, 2048, 3072, 4096]
            .contains(&bits)
            .then(|| format!("RSA_{bits}"));
    }
    let curve: ObjectIdentifier = key.algorithm.parameters.as_ref()?.decode_as().ok()?;
    named(CURVES, &curve.to_string()).map(str::to_owned)
}

fn key_usages(certificate: &X509) -> Vec<String> {
    let Ok(Some((_, usage))) = certificate.tbs_certificate.get::<KeyUsage>() else {
        return Vec::new();
    };
    let usages = KEY_USAGES.iter().filter(|(has, _)| has(&usage));
    usages.map(|(_, name)| (*name).to_owned()).collect()
}

fn extended_key_usages(certificate: &X509) -> Vec<(String, String)> {
    let Ok(Some((_, usage))) = certificate.tbs_certificate.get::<ExtendedKeyUsage>() else {
        return Vec::new();
    };
    usage
        .0
        .iter()
        .map(|identifier| {
            let identifier = identifier.to_string();
            let name = named(EXTENDED_KEY_USAGES, &identifier).unwrap_or("CUSTOM");
            (name.to_owned(), identifier)
        })
        .collect()
}
