//! Hosted zones.

use std::collections::BTreeMap;

use aws_facts::limits::route53::{MOST_HOSTED_ZONES, ZONES_PER_PAGE};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::super::table::Table;
use super::name::{normal, reversed};
use super::{Zone, changes, id, invalid, no_zone, object, page_size, records, zone, zone_mut};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateHostedZone", create).refusing(&["VPC", "DelegationSetId"]),
    Operation::read("GetHostedZone", get),
    Operation::read("ListHostedZones", list).refusing(&["DelegationSetId"]),
    Operation::read("ListHostedZonesByName", list_by_name),
    Operation::read("GetHostedZoneCount", count),
    Operation::change("UpdateHostedZoneComment", update_comment),
    Operation::begin("DeleteHostedZone", delete),
];

fn describe(id: &str, zone: &Zone) -> Value {
    let mut config = json!({"PrivateZone": false});
    if let Some(comment) = &zone.comment {
        config["Comment"] = comment.as_str().into();
    }
    json!({
        "Id": format!("/hostedzone/{id}"),
        "Name": zone.name,
        "CallerReference": zone.caller_reference,
        "Config": config,
        "ResourceRecordSetCount": zone.records.len(),
    })
}

/// The name of a zone, or the start of a list of zones.
fn domain_name(name: &str) -> Result<String, Refusal> {
    normal(name).map_err(|problem| Refusal::new(400, "InvalidDomainName", problem))
}

/// Four servers below four top-level domains, as every zone has them.
fn name_servers() -> Vec<String> {
    let digits = identifiers::digits(6);
    let (server, domain) = (
        digits[..4].parse::<u32>().unwrap_or_default() % 512,
        &digits[4..],
    );
    ["com", "net", "org", "co.uk"]
        .iter()
        .zip([0, 512, 1024, 1536])
        .map(|(top, first)| format!("ns-{}.awsdns-{domain}.{top}", first + server))
        .collect()
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let name = domain_name(call.text("Name"))?;
    let config = call.input.get("HostedZoneConfig");
    if config.is_some_and(|config| config["PrivateZone"] == true) {
        return Err(invalid(
            "When you're creating a private hosted zone (when you specify true for PrivateZone), you must also specify values for VPCId and VPCRegion.",
        ));
    }
    let reference = call.text("CallerReference");
    let state = &mut region.route53;
    if state
        .zones
        .values()
        .any(|zone| zone.caller_reference == reference)
    {
        return Err(Refusal::new(
            409,
            "HostedZoneAlreadyExists",
            format!(
                "A hosted zone has already been created with the specified caller reference: {reference}"
            ),
        ));
    }
    if state.zones.len() >= MOST_HOSTED_ZONES {
        return Err(Refusal::new(
            400,
            "TooManyHostedZones",
            format!(
                "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than {MOST_HOSTED_ZONES} hosted zones."
            ),
        ));
    }
    let id = call.id.clone();
    let id = id.unwrap_or_else(|| format!("Z{}", identifiers::route_53()));
    let mut zone = Zone {
        caller_reference: reference.into(),
        comment: config
            .and_then(|config| config["Comment"].as_str())
            .filter(|comment| !comment.is_empty())
            .map(str::to_owned),
        name_servers: name_servers(),
        tags: BTreeMap::new(),
        records: Table::default(),
        name,
    };
    for record in records::required(&zone) {
        zone.records.insert(records::key_of(&record), record);
    }
    let answer = json!({
        "HostedZone": describe(&id, &zone),
        "ChangeInfo": changes::begin(state, call, None),
        "DelegationSet": {"NameServers": zone.name_servers},
        "Location": format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}"),
    });
    state.zones.insert(id, zone);
    Ok(object(answer))
}

fn get(region: &Region, call: &Call) -> Answer {
    let id = id(call, "Id");
    let zone = zone(region, id)?;
    Ok(object(json!({
        "HostedZone": describe(id, zone),
        "DelegationSet": {"NameServers": zone.name_servers},
    })))
}

/// A marker is the id of the zone that a page begins with.
fn list(region: &Region, call: &Call) -> Answer {
    let marker = id(call, "Marker");
    let zones = &region.route53.zones;
    if !marker.is_empty() && !zones.contains(marker) {
        return Err(invalid(format!(
            "The specified marker is not valid: {marker}"
        )));
    }
    let size = page_size(call, ZONES_PER_PAGE)?;
    // There are no private zones.
    let wanted = call.text("HostedZoneType").is_empty();
    let mut rest = zones.iter().filter(|(id, _)| wanted && *id >= marker);
    let page: Vec<_> = rest
        .by_ref()
        .take(size)
        .map(|(id, zone)| describe(id, zone))
        .collect();
    let next = rest.next().map(|(id, _)| id);
    let mut answer = json!({
        "HostedZones": page,
        "IsTruncated": next.is_some(),
        "MaxItems": size.to_string(),
    });
    if !marker.is_empty() {
        answer["Marker"] = marker.into();
    }
    if let Some(next) = next {
        answer["NextMarker"] = next.into();
    }
    Ok(object(answer))
}

fn list_by_name(region: &Region, call: &Call) -> Answer {
    let (from_name, from_id) = (call.text("DNSName"), id(call, "HostedZoneId"));
    if from_name.is_empty() && !from_id.is_empty() {
        return Err(invalid(
            "HostedZoneId can be specified only together with DNSName.",
        ));
    }
    let from = match from_name {
        "" => String::new(),
        name => reversed(&domain_name(name)?),
    };
    let size = page_size(call, ZONES_PER_PAGE)?;
    let mut rows: Vec<_> = region
        .route53
        .zones
        .iter()
        .map(|(id, zone)| (reversed(&zone.name), id, zone))
        .filter(|(name, id, _)| (name.as_str(), *id) >= (from.as_str(), from_id))
        .collect();
    rows.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
    let page: Vec<_> = rows
        .iter()
        .take(size)
        .map(|(_, id, zone)| describe(id, zone))
        .collect();
    let mut answer = json!({
        "HostedZones": page,
        "IsTruncated": rows.len() > size,
        "MaxItems": size.to_string(),
    });
    if let Some((_, id, zone)) = rows.get(size) {
        answer["NextDNSName"] = zone.name.as_str().into();
        answer["NextHostedZoneId"] = (*id).into();
    }
    for (member, sent) in [("DNSName", from_name), ("HostedZoneId", from_id)] {
        if !sent.is_empty() {
            answer[member] = sent.into();
        }
    }
    Ok(object(answer))
}

fn count(region: &Region, _: &Call) -> Answer {
    Ok(object(
        json!({"HostedZoneCount": region.route53.zones.len()}),
    ))
}

/// Without a comment it removes the comment.
fn update_comment(region: &mut Region, call: &Call) -> Answer {
    let id = id(call, "Id");
    let zone = zone_mut(region, id)?;
    zone.comment = Some(call.text("Comment"))
        .filter(|comment| !comment.is_empty())
        .map(str::to_owned);
    Ok(object(json!({"HostedZone": describe(id, zone)})))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let id = id(call, "Id");
    if zone(region, id)?.has_more_than_required() {
        return Err(Refusal::new(
            400,
            "HostedZoneNotEmpty",
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
        ));
    }
    let state = &mut region.route53;
    if !state.zones.remove(id) {
        return Err(no_zone(id));
    }
    Ok(object(
        json!({"ChangeInfo": changes::begin(state, call, None)}),
    ))
}
