//! The list of a Region's certificates.

use aws_facts::limits::acm::ROWS_PER_PAGE;
use serde_json::{Value, json};

use super::super::members::optional;
use super::super::operation::{Answer, Call, Object, Operation};
use super::super::paging;
use super::super::state::Region;
use super::certificate::{Certificate, Origin};
use super::{invalid_value, texts, uses};

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("ListCertificates", list)];

/// The default key types of a list.
const DEFAULT_KEY_TYPES: &[&str] = &["RSA_1024", "RSA_2048"];

fn list(region: &Region, call: &Call) -> Answer {
    let order = call.text("SortOrder");
    if order.is_empty() != call.text("SortBy").is_empty() {
        return Err(invalid_value(
            "SortBy and SortOrder must be specified together.",
        ));
    }
    let wanted: Vec<&Certificate> = region
        .acm
        .certificates
        .values()
        .filter(|certificate| is_wanted(certificate, call))
        .collect();
    let key = |certificate: &Certificate| match order {
        "" => certificate.arn.clone(),
        order => {
            // As wide as any time, so that texts sort as numbers do.
            let milliseconds = (certificate.created * 1000.0) as u64;
            let rank = if order == "DESCENDING" {
                u64::MAX - milliseconds
            } else {
                milliseconds
            };
            format!("{rank:020} {}", certificate.arn)
        }
    };
    let mut rows: Vec<(String, Object)> = wanted
        .into_iter()
        .map(|certificate| (key(certificate), summary(certificate, call)))
        .collect();
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let size = call.input.get("MaxItems").and_then(Value::as_u64);
    let (rows, next) = paging::page(
        &format!("ListCertificates {order}"),
        rows.iter().map(|(key, row)| (key.as_str(), row.clone())),
        usize::try_from(size.unwrap_or(ROWS_PER_PAGE)).unwrap_or(usize::MAX),
        call.input.get("NextToken").and_then(Value::as_str),
    )
    .map_err(|paging::InvalidToken| invalid_value("The NextToken is not valid."))?;
    let mut answer = Object::from_iter([("CertificateSummaryList".to_owned(), json!(rows))]);
    if let Some(next) = next {
        answer.insert("NextToken".into(), next.into());
    }
    Ok(answer)
}

fn is_wanted(certificate: &Certificate, call: &Call) -> bool {
    let filters = call.input.get("Includes").and_then(Value::as_object);
    let filter =
        |name: &str| -> Vec<&str> { filters.map_or_else(Vec::new, |filters| texts(filters, name)) };
    let statuses = texts(&call.input, "CertificateStatuses");
    let mut key_types = filter("keyTypes");
    if key_types.is_empty() {
        key_types = DEFAULT_KEY_TYPES.to_vec();
    }
    let (usages, extended) = certificate.usages(call);
    let all = |wanted: Vec<&str>, has: Vec<&str>| {
        wanted
            .iter()
            .all(|name| *name == "ANY" || has.contains(name))
    };
    (statuses.is_empty() || statuses.contains(&certificate.status(call)))
        && key_types.contains(&certificate.key_algorithm.as_str())
        && all(
            filter("keyUsage"),
            usages.iter().map(String::as_str).collect(),
        )
        && all(
            filter("extendedKeyUsage"),
            extended.iter().map(|(name, _)| name.as_str()).collect(),
        )
        && filters
            .and_then(|filters| optional(filters, "exportOption"))
            .is_none_or(|wanted| wanted == export(certificate))
        && filters.is_none_or(|filters| filters.get("managedBy").is_none())
}

/// Whether its key may leave ACM.
fn export(certificate: &Certificate) -> &str {
    match &certificate.origin {
        Origin::Requested(requested) => requested
            .options
            .get("Export")
            .and_then(Value::as_str)
            .unwrap_or("DISABLED"),
        Origin::Imported(_) => "DISABLED",
    }
}

fn summary(certificate: &Certificate, call: &Call) -> Object {
    let mut members = certificate.common(call);
    let (usages, extended) = certificate.usages(call);
    let extended: Vec<_> = extended.iter().map(|(name, _)| name).collect();
    for (name, value) in [
        ("SubjectAlternativeNameSummaries", json!(certificate.names)),
        ("HasAdditionalSubjectAlternativeNames", json!(false)),
        ("KeyUsages", json!(usages)),
        ("ExtendedKeyUsages", json!(extended)),
        ("ExportOption", json!(export(certificate))),
        ("InUse", json!(uses::any(call, &certificate.arn))),
        ("Exported", json!(false)),
    ] {
        members.insert(name.into(), value);
    }
    members
}
