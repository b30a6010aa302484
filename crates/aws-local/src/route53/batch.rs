//! Changes of records, all or none.
//!
//! Records with the same name and type (weighted, by latency, with a health check, …) are not implemented: their members are
//! refused by name.

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::hosts::{self, ACM_VALIDATIONS, BELOW_CLOUDFRONT, CLOUDFRONT_ZONE};
use aws_facts::limits::route53::MOST_VALUES_PER_BATCH;
use serde_json::{Value, json};

use super::super::apigateway;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::name::{is_within, normal};
use super::records::{key_of, text, values};
use super::{State, Zone, changes, id, invalid, no_zone, object, values::problem, zone};

pub(super) const OPERATIONS: &[Operation] = &[Operation::begin("ChangeResourceRecordSets", change)
    .refusing(&[
        "ChangeBatch.Changes.ResourceRecordSet.SetIdentifier",
        "ChangeBatch.Changes.ResourceRecordSet.Weight",
        "ChangeBatch.Changes.ResourceRecordSet.Region",
        "ChangeBatch.Changes.ResourceRecordSet.GeoLocation",
        "ChangeBatch.Changes.ResourceRecordSet.Failover",
        "ChangeBatch.Changes.ResourceRecordSet.MultiValueAnswer",
        "ChangeBatch.Changes.ResourceRecordSet.HealthCheckId",
        "ChangeBatch.Changes.ResourceRecordSet.TrafficPolicyInstanceId",
        "ChangeBatch.Changes.ResourceRecordSet.CidrRoutingConfig",
        "ChangeBatch.Changes.ResourceRecordSet.GeoProximityLocation",
    ])];

/// A change of a batch.
struct Change<'c> {
    action: &'c str,
    record: Object,
}

/// The error for a batch, with all its problems.
fn refused(problems: &[String]) -> Refusal {
    let message = format!("[{}]", problems.join(", "));
    Refusal::new(400, "InvalidChangeBatch", message)
}

fn change(region: &mut Region, call: &Call) -> Answer {
    let id = id(call, "HostedZoneId");
    let before = zone(region, id)?.clone();
    let batch = call.input.get("ChangeBatch");
    let sent = batch.and_then(|batch| batch["Changes"].as_array());
    let mut problems = Vec::new();
    let mut changes = Vec::new();
    for change in sent.into_iter().flatten() {
        check_members(change)?;
        match read(change) {
            Ok(change) => changes.push(change),
            Err(problem) => problems.push(problem),
        }
    }
    let weight = |change: &Change<'_>| {
        let times = if change.action == "UPSERT" { 2 } else { 1 };
        times * values(&change.record).count().max(1)
    };
    if changes.iter().map(weight).sum::<usize>() > MOST_VALUES_PER_BATCH {
        problems.push(format!(
            "Number of records limit of {MOST_VALUES_PER_BATCH} exceeded."
        ));
    }
    let mut after = before.clone();
    apply(&changes, &mut after, &mut problems);
    check_whole(&changes, &after, &mut problems);
    check_aliases(&changes, id, &after, &region.route53, &mut problems);
    if !problems.is_empty() {
        return Err(refused(&problems));
    }
    let state = &mut region.route53;
    note_proofs(state, &before, &after, call.seconds());
    let known = state.zones.get_mut(id).ok_or_else(|| no_zone(id))?;
    *known = after;
    let comment = batch.and_then(|batch| batch["Comment"].as_str());
    let info = changes::begin(state, call, comment);
    Ok(object(json!({"ChangeInfo": info})))
}

/// A record set has values and their time to live, or is an alias.
fn check_members(change: &Value) -> Result<(), Refusal> {
    let record = &change["ResourceRecordSet"];
    let has = |member: &str| record.get(member).is_some();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = format!(
        "in Change with [Action={}, Name={}, Type={}, SetIdentifier=null]",
        text(&change["Action"]),
        text(&record["Name"]),
        text(&record["Type"])
    );
    let what = "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]";
    let problem = match (has("AliasTarget"), has("TTL"), has("ResourceRecords")) {
        (true, false, false) | (false, true, true) => return Ok(()),
        (true, _, _) => format!("{what}, but found more than one {place}"),
        (false, false, false) => format!("{what}, but found none {place}"),
        (false, false, true) => format!("Missing field 'TTL' {place}"),
        (false, true, false) => format!("Missing field 'ResourceRecords' {place}"),
    };
    Err(invalid(format!("Invalid request: {problem}")))
}

/// A change with normalized names.
fn read(change: &Value) -> Result<Change<'_>, String> {
    let mut record = object(change["ResourceRecordSet"].clone());
    let name = normal(text(&record, "Name"))?;
    record.insert("Name".into(), name.into());
    if let Some(alias) = record.get_mut("AliasTarget") {
        let target = normal(alias["DNSName"].as_str().unwrap_or_default())?;
        alias["DNSName"] = target.into();
    }
    let kind = text(&record, "Type");
    let mut seen = BTreeSet::new();
    for value in values(&record) {
        if let Some(problem) = problem(kind, value) {
            return Err(format!("Invalid Resource Record: '{problem}'"));
        }
        if !seen.insert(value) {
            return Err(format!("Duplicate Resource Record: '{value}'"));
        }
    }
    if kind == "CNAME" && seen.len() > 1 {
        return Err(format!(
            "RRSet of type CNAME with DNS name {} must have exactly one value.",
            text(&record, "Name")
        ));
    }
    let action = change["Action"].as_str().unwrap_or_default();
    Ok(Change { action, record })
}

/// Applies the changes one after the other, and collects errors.
fn apply(changes: &[Change<'_>], zone: &mut Zone, problems: &mut Vec<String>) {
    let mut done: BTreeMap<String, &str> = BTreeMap::new();
    for Change { action, record } in changes {
        let (name, kind) = (text(record, "Name"), text(record, "Type"));
        let key = key_of(record);
        let shown = format!("resource record set [name='{name}', type='{kind}']");
        // Only a deletion may be followed by something of the same name and type.
        let earlier = done.insert(key.clone(), action);
        if earlier.is_some_and(|earlier| earlier != "DELETE" || *action == "DELETE") {
            problems.push(format!(
                "The request contains an invalid set of changes for a resource record set '{kind} {name}'"
            ));
            continue;
        }
        if !is_within(name, &zone.name) {
            problems.push(format!(
                "RRSet with DNS name {name} is not permitted in zone {}",
                zone.name
            ));
            continue;
        }
        let known = zone.records.get(&key);
        match (*action, known) {
            ("CREATE", Some(_)) => {
                problems.push(format!("Tried to create {shown} but it already exists"));
            }
            ("DELETE", None) => {
                problems.push(format!("Tried to delete {shown} but it was not found"))
            }
            ("DELETE", Some(known)) if !same(known, record) => problems.push(format!(
                "Tried to delete {shown} but the values provided do not match the current values"
            )),
            ("DELETE", Some(_)) => {
                zone.records.remove(&key);
            }
            _ => zone.records.insert(key, record.clone()),
        }
    }
}

/// Whether two record sets are equal, in any order of values.
fn same(one: &Object, other: &Object) -> bool {
    let sorted = |record: &Object| values(record).map(str::to_owned).collect::<BTreeSet<_>>();
    ["TTL", "AliasTarget"]
        .iter()
        .all(|member| one.get(*member) == other.get(*member))
        && sorted(one) == sorted(other)
}

/// What must hold for the zone when all is done.
fn check_whole(changes: &[Change<'_>], zone: &Zone, problems: &mut Vec<String>) {
    let has = |kind: &str| {
        zone.records
            .values()
            .any(|record| text(record, "Name") == zone.name && text(record, "Type") == kind)
    };
    if !has("SOA") {
        problems.push("A HostedZone must contain exactly one SOA record.".into());
    }
    if !has("NS") {
        problems
            .push("A HostedZone must contain at least one NS record for the zone itself.".into());
    }
    for Change { record, action } in changes {
        let (name, kind) = (text(record, "Name"), text(record, "Type"));
        if *action == "DELETE" || !is_within(name, &zone.name) {
            continue;
        }
        if kind == "CNAME" && name == zone.name {
            problems.push(format!(
                "RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}",
                zone.name
            ));
        }
        if kind == "SOA" && name != zone.name {
            problems.push(format!(
                "RRSet of type SOA with DNS name {name} is not permitted below the apex in zone {}",
                zone.name
            ));
        }
        let other = zone.records.values().find(|other| {
            text(other, "Name") == name
                && text(other, "Type") != kind
                && (kind == "CNAME" || text(other, "Type") == "CNAME")
        });
        match other {
            Some(_) if kind == "CNAME" => problems.push(format!(
                "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {}",
                zone.name
            )),
            Some(_) => problems.push(format!(
                "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME with the same DNS name \
                 already exists in zone {}",
                zone.name
            )),
            None => {}
        }
    }
}

/// An alias refers to a record set of its own zone, or to a name in the zone of one of AWS's services.
fn check_aliases(
    changes: &[Change<'_>],
    id: &str,
    zone: &Zone,
    state: &State,
    problems: &mut Vec<String>,
) {
    for Change { action, record } in changes {
        let Some(alias) = record.get("AliasTarget").filter(|_| *action != "DELETE") else {
            continue;
        };
        let kind = text(record, "Type");
        let of = |member: &str| alias[member].as_str().unwrap_or_default();
        let (target, sent_zone) = (of("DNSName"), of("HostedZoneId"));
        let target_zone = sent_zone.rsplit('/').next().unwrap_or_default();
        let tried = format!(
            "Tried to create an alias that targets {target}, type {kind} in zone {target_zone}"
        );
        let end = service_names(target_zone);
        if target_zone == id {
            let key = super::records::key(target, kind);
            if !zone.records.contains(&key) || target == text(record, "Name") {
                problems.push(format!("{tried}, but that target was not found"));
            }
        } else if state.zones.contains(target_zone) {
            problems.push(format!(
                "{tried}, but the alias target hosted zone is not the hosted zone of the record"
            ));
        } else if end.is_some_and(|end| !target.ends_with(&end)) {
            problems.push(format!(
                "{tried}, but the alias target name does not lie within the target zone"
            ));
        } else if target_zone == CLOUDFRONT_ZONE && alias["EvaluateTargetHealth"] == true {
            problems.push(format!(
                "EvaluateTargetHealth can't be true for an alias that targets a CloudFront distribution: {target}"
            ));
        }
    }
}

/// How names in the hosted zone of one of AWS's services end, for the services that the local AWS has.
fn service_names(zone: &str) -> Option<String> {
    if zone == CLOUDFRONT_ZONE {
        return Some(format!("{BELOW_CLOUDFRONT}."));
    }
    let region = apigateway::region_of_zone(zone)?;
    Some(format!("{}.", hosts::below_execute_api(region)))
}

/// Records when validation records for ACM exist.
fn note_proofs(state: &mut State, before: &Zone, after: &Zone, now: f64) {
    let proofs = |zone: &Zone| -> BTreeSet<(String, String)> {
        let records = zone
            .records
            .values()
            .filter(|record| text(record, "Type") == "CNAME");
        records
            .flat_map(|record| {
                let name = text(record, "Name");
                values(record).map(move |value| (name.to_owned(), value.to_ascii_lowercase()))
            })
            .filter(|(_, value)| value.trim_end_matches('.').ends_with(ACM_VALIDATIONS))
            .collect()
    };
    let (before, after) = (proofs(before), proofs(after));
    for (name, value) in before.difference(&after) {
        state.note(name, value, false, now);
    }
    for (name, value) in after.difference(&before) {
        state.note(name, value, true, now);
    }
}
