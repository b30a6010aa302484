//! Route 53: public hosted zones, their records and tags. DNS queries are not answered; ACM reads its validation records here.

mod batch;
mod changes;
mod name;
mod records;
mod tags;
mod values;
mod zones;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::operation::{Call, Object, Operation, Refusal};
use super::state::Region;
use super::table::Table;

pub(super) use tags::tagged;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    zones::OPERATIONS,
    batch::OPERATIONS,
    records::OPERATIONS,
    changes::OPERATIONS,
    tags::OPERATIONS,
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By id.
    zones: Table<Zone>,
    /// By id.
    changes: Table<changes::Change>,
    /// When validation records for ACM existed, by name and value: from, and until when. Kept after the records are deleted,
    /// since validated names stay validated.
    proofs: BTreeMap<String, Vec<(f64, Option<f64>)>>,
}

/// A public hosted zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Zone {
    name: String,
    caller_reference: String,
    comment: Option<String>,
    name_servers: Vec<String>,
    tags: BTreeMap<String, String>,
    /// Record sets as in responses, by [`records::key`], in the order of responses.
    records: Table<Object>,
}

impl State {
    /// When a CNAME record with this name and value existed in a public zone: from, and until when.
    pub(crate) fn stood(
        &self,
        name: &str,
        value: &str,
    ) -> impl Iterator<Item = (f64, Option<f64>)> {
        let times = self.proofs.get(&proof(name, value));
        times.into_iter().flatten().copied()
    }

    /// Whether there is a zone with this id, or without one with this name.
    pub(crate) fn has_zone(&self, id: Option<&str>, name: &str) -> bool {
        match id {
            Some(id) => self.zones.contains(id),
            None => {
                let name = format!("{}.", name.trim_end_matches('.'));
                self.zones.values().any(|zone| zone.name == name)
            }
        }
    }

    /// Records that a record exists from now on, or no longer.
    pub(crate) fn note(&mut self, name: &str, value: &str, stands: bool, now: f64) {
        let times = self.proofs.entry(proof(name, value)).or_default();
        match times.last_mut() {
            Some((_, until @ None)) if !stands => *until = Some(now),
            Some((_, None)) => {}
            _ if stands => times.push((now, None)),
            _ => {}
        }
    }
}

fn proof(name: &str, value: &str) -> String {
    let value = value.to_ascii_lowercase();
    format!("{name} {}.", value.trim_end_matches('.'))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidInput", message)
}

/// A path's id, with or without the kind that responses put before it.
fn id<'c>(call: &'c Call, member: &str) -> &'c str {
    let sent = call.text(member);
    sent.rsplit('/').next().unwrap_or(sent)
}

fn no_zone(id: &str) -> Refusal {
    Refusal::new(
        404,
        "NoSuchHostedZone",
        format!("No hosted zone found with ID: {id}"),
    )
}

fn zone<'r>(region: &'r Region, id: &str) -> Result<&'r Zone, Refusal> {
    region.route53.zones.get(id).ok_or_else(|| no_zone(id))
}

fn zone_mut<'r>(region: &'r mut Region, id: &str) -> Result<&'r mut Zone, Refusal> {
    let zones = &mut region.route53.zones;
    zones.get_mut(id).ok_or_else(|| no_zone(id))
}

/// A page's size: the members of lists say it as text, and more than `most` is `most`.
fn page_size(call: &Call, most: usize) -> Result<usize, Refusal> {
    match call.text("MaxItems") {
        "" => Ok(most),
        text => match text.parse::<usize>() {
            Ok(size) if size > 0 => Ok(size.min(most)),
            _ => Err(invalid(format!(
                "Invalid value for MaxItems: {text}. It must be a positive integer."
            ))),
        },
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}
