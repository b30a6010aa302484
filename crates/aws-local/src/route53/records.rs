//! Record sets and their list.

use aws_facts::limits::route53::RECORD_SETS_PER_PAGE;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation};
use super::super::state::Region;
use super::name::{normal, reversed};
use super::{Zone, id, invalid, object, page_size, zone};

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("ListResourceRecordSets", list)];

/// The sort key of record sets in responses: the name's labels from the last to the first, then the type. A space sorts before
/// everything that a name can contain.
pub(super) fn key(name: &str, kind: &str) -> String {
    format!("{} {kind}", reversed(name))
}

/// A text member of a record set.
pub(super) fn text<'r>(record: &'r Object, member: &str) -> &'r str {
    record
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn key_of(record: &Object) -> String {
    key(text(record, "Name"), text(record, "Type"))
}

/// The values of a record set; an alias has none.
pub(super) fn values(record: &Object) -> impl Iterator<Item = &str> {
    let records = record.get("ResourceRecords").and_then(Value::as_array);
    records
        .into_iter()
        .flatten()
        .filter_map(|record| record["Value"].as_str())
}

/// The record sets that every zone has.
pub(super) fn required(zone: &Zone) -> [Object; 2] {
    let servers: Vec<_> = zone
        .name_servers
        .iter()
        .map(|server| json!({"Value": format!("{server}.")}))
        .collect();
    let first = zone.name_servers.first().map_or("", String::as_str);
    let authority = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
    [
        json!({"Name": zone.name, "Type": "NS", "TTL": 172_800, "ResourceRecords": servers}),
        json!({"Name": zone.name, "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": authority}]}),
    ]
    .map(object)
}

impl Zone {
    /// Whether there are record sets that must be deleted before the zone.
    pub(super) fn has_more_than_required(&self) -> bool {
        self.records.values().any(|record| {
            text(record, "Name") != self.name || !["NS", "SOA"].contains(&text(record, "Type"))
        })
    }
}

fn list(region: &Region, call: &Call) -> Answer {
    let zone = zone(region, id(call, "HostedZoneId"))?;
    let (name, kind, identifier) = (
        call.text("StartRecordName"),
        call.text("StartRecordType"),
        call.text("StartRecordIdentifier"),
    );
    if name.is_empty() && !kind.is_empty() {
        return Err(invalid(
            "The type can't be specified without the name to start from.",
        ));
    }
    if kind.is_empty() && !identifier.is_empty() {
        return Err(invalid(
            "The identifier can't be specified without the name and the type to start from.",
        ));
    }
    let from = match name {
        "" => String::new(),
        name => key(&normal(name).map_err(invalid)?, kind),
    };
    let size = page_size(call, RECORD_SETS_PER_PAGE)?;
    let mut rest = zone
        .records
        .iter()
        .filter(|(key, _)| *key >= from.as_str())
        .map(|(_, record)| record);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let next = rest.next();
    let mut answer = json!({
        "ResourceRecordSets": page,
        "IsTruncated": next.is_some(),
        "MaxItems": size.to_string(),
    });
    if let Some(next) = next {
        answer["NextRecordName"] = text(next, "Name").into();
        answer["NextRecordType"] = text(next, "Type").into();
    }
    Ok(object(answer))
}
