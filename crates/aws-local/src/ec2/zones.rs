//! Regions and their zones.

use aws_facts::hosts;
use aws_facts::regions::{ENABLED_BY_DEFAULT, OPT_IN, zone_id, zones};
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::describe::filter;
use super::{invalid, is_true, one, optional, refused, texts};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read("DescribeAvailabilityZones", describe),
    Operation::read("DescribeRegions", describe_regions),
];

/// The names of a Region's zones.
pub(super) fn names(region: &str) -> Vec<String> {
    let zones = zones(region).iter();
    zones
        .map(|(letter, _)| format!("{region}{letter}"))
        .collect()
}

/// The zone that a call names by name or id; the first when it names none.
pub(super) fn wanted(call: &Call) -> Result<String, Refusal> {
    let names = names(&call.region);
    let asked = optional(&call.input, "AvailabilityZone");
    let asked_id = optional(&call.input, "AvailabilityZoneId");
    let found = match (asked, asked_id) {
        (None, None) => names.first(),
        (Some(_), Some(_)) => {
            return Err(refused(
                "InvalidParameterCombination",
                "Only one of availabilityZone and availabilityZoneId may be specified.",
            ));
        }
        (Some(name), None) => names.iter().find(|zone| *zone == name),
        (None, Some(asked)) => names
            .iter()
            .find(|zone| zone_id(&call.region, zone) == asked),
    };
    found.cloned().ok_or_else(|| {
        invalid(format!(
            "Value ({}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability \
             zones: {}.",
            asked.or(asked_id).unwrap_or_default(),
            names.join(", ")
        ))
    })
}

/// No zones need an opt-in (`AllAvailabilityZones`).
fn describe(_: &Region, call: &Call) -> Answer {
    let zones = names(&call.region);
    let (asked, asked_ids) = (
        texts(&call.input, "ZoneNames"),
        texts(&call.input, "ZoneIds"),
    );

    for name in asked.iter().chain(&asked_ids) {
        if !zones
            .iter()
            .any(|zone| zone == name || zone_id(&call.region, zone) == **name)
        {
            return Err(invalid(format!("Invalid availability zone: [{name}]")));
        }
    }
    let rows = zones
        .iter()
        .map(|zone| {
            Object::from_iter([
                ("ZoneName".to_owned(), json!(zone)),
                ("ZoneId".to_owned(), json!(zone_id(&call.region, zone))),
                ("ZoneType".to_owned(), json!("availability-zone")),
                ("RegionName".to_owned(), json!(call.region)),
                (
                    "GroupName".to_owned(),
                    json!(format!("{}-zg-1", call.region)),
                ),
                ("NetworkBorderGroup".to_owned(), json!(call.region)),
                ("OptInStatus".to_owned(), json!("opt-in-not-required")),
                ("State".to_owned(), json!("available")),
                ("Messages".to_owned(), json!([])),
            ])
        })
        .filter(|row| {
            let is = |wanted: &[&str], member: &str| {
                wanted.is_empty() || wanted.iter().any(|wanted| row[member] == *wanted)
            };
            is(&asked, "ZoneName") && is(&asked_ids, "ZoneId")
        });
    let rows = filter(
        call,
        &[
            ("group-name", "GroupName"),
            ("message", "Messages.Message"),
            ("opt-in-status", "OptInStatus"),
            ("parent-zone-id", "ParentZoneId"),
            ("parent-zone-name", "ParentZoneName"),
            ("region-name", "RegionName"),
            ("state", "State"),
            ("zone-id", "ZoneId"),
            ("zone-name", "ZoneName"),
            ("zone-type", "ZoneType"),
        ],
        rows.collect(),
    )?;
    one("AvailabilityZones", json!(rows))
}

fn describe_regions(_: &Region, call: &Call) -> Answer {
    let asked = texts(&call.input, "RegionNames");
    let mut regions: Vec<(&str, &str)> = ENABLED_BY_DEFAULT
        .map(|name| (name, "opt-in-not-required"))
        .into();
    // Regions that are requested by name are always returned.
    if is_true(&call.input, "AllRegions") || !asked.is_empty() {
        regions.extend(OPT_IN.map(|name| (name, "not-opted-in")));
    }
    let absent = |name: &&&str| !regions.iter().any(|(known, _)| known == *name);
    if let Some(name) = asked.iter().find(absent) {
        return Err(invalid(format!("Invalid region provided: {name}")));
    }
    let rows = regions
        .into_iter()
        .filter(|(name, _)| asked.is_empty() || asked.contains(name))
        .map(|(name, status)| {
            Object::from_iter([
                ("RegionName".to_owned(), json!(name)),
                ("Endpoint".to_owned(), json!(hosts::ec2(name))),
                ("OptInStatus".to_owned(), json!(status)),
            ])
        });
    let rows: Vec<Value> = filter(
        call,
        &[
            ("endpoint", "Endpoint"),
            ("opt-in-status", "OptInStatus"),
            ("region-name", "RegionName"),
        ],
        rows.collect(),
    )?
    .into_iter()
    .map(Value::Object)
    .collect();
    one("Regions", rows)
}
