//! Tags, on the nouns that can carry them and by ARN.

use std::collections::BTreeMap;

use aws_facts::arns::{self, Arn};
use aws_facts::limits::tags::{LONGEST_TAG_KEY, LONGEST_TAG_VALUE, MOST_TAGS};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::super::tags::is_reserved;
use super::lists::check_no_position;
use super::refusals::{bad_request, not_found};
pub(super) use super::state::Tags;
use super::state::{State, text_map};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("TagResource", tag),
    Operation::change("UntagResource", untag),
    Operation::read("GetTags", get),
];

/// A response with tags, if there are any, as in creates and lists.
pub(super) fn unless_empty(answer: Object, tags: &Tags) -> Object {
    if tags.is_empty() {
        answer
    } else {
        always(answer, tags)
    }
}

/// A response with tags, even if empty, as in a get or an update.
pub(super) fn always(mut answer: Object, tags: &Tags) -> Object {
    answer.insert("tags".into(), json!(tags));
    answer
}

/// Validates tags.
pub(super) fn check(tags: &Tags) -> Result<(), Refusal> {
    if tags.len() > MOST_TAGS {
        return Err(bad_request(format!(
            "A resource can have at most {MOST_TAGS} tags"
        )));
    }
    let allowed = |character: char| {
        character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
    };
    for (key, value) in tags {
        if is_reserved(key) {
            return Err(bad_request(
                "aws: prefixed tag key names are not allowed for external use.",
            ));
        }
        let key_length = key.chars().count();
        if key_length == 0 || key_length > LONGEST_TAG_KEY || !key.chars().all(allowed) {
            return Err(bad_request(format!("Invalid tag key specified: {key}")));
        }
        if value.chars().count() > LONGEST_TAG_VALUE || !value.chars().all(allowed) {
            return Err(bad_request(format!(
                "Invalid tag value specified for the key {key}"
            )));
        }
    }
    Ok(())
}

/// The parts of an ARN's resource: `restapis`, an id, and so on. Clients differ in whether they escape an ARN in a path.
fn place(call: &Call) -> Result<Vec<String>, Refusal> {
    let sent = call.text("resourceArn");
    let arn = percent_decode_str(sent).decode_utf8_lossy();
    match Arn::parse(&arn) {
        Some(Arn {
            partition,
            service: "apigateway",
            region,
            account: "",
            resource,
        }) if partition.starts_with("aws")
            && region == call.region
            && resource.starts_with('/') =>
        {
            Ok(resource[1..].split('/').map(str::to_owned).collect())
        }
        _ => Err(bad_request(format!(
            "Invalid ARN specified in the request: {arn}"
        ))),
    }
}

fn nothing_there() -> Refusal {
    not_found("Invalid resource ARN specified: there is no such resource")
}

fn of<'s>(state: &'s State, place: &[String], now: f64) -> Result<&'s Tags, Refusal> {
    let place: Vec<_> = place.iter().map(String::as_str).collect();
    let tags = match place[..] {
        ["restapis", id] => state.rest_apis.get(id).map(|row| &row.tags),
        ["restapis", id, "stages", name] => state
            .rest_apis
            .get(id)
            .and_then(|api| api.stages.get(name))
            .map(|row| &row.tags),
        ["apikeys", id] => state.api_keys.get(id).map(|row| &row.tags),
        ["usageplans", id] => state.usage_plans.get(id).map(|row| &row.tags),
        ["domainnames", name] => state.domain_names.get(name).map(|row| &row.tags),
        ["vpclinks", id] => state.vpc_link(id, now).map(|row| &row.tags),
        _ => None,
    };
    tags.ok_or_else(nothing_there)
}

fn of_mut<'s>(state: &'s mut State, place: &[String], now: f64) -> Result<&'s mut Tags, Refusal> {
    // An ARN whose tags can't be read can't be changed either.
    of(state, place, now)?;
    let place: Vec<_> = place.iter().map(String::as_str).collect();
    let tags = match place[..] {
        ["restapis", id] => state.rest_apis.get_mut(id).map(|row| &mut row.tags),
        ["restapis", id, "stages", name] => state
            .rest_apis
            .get_mut(id)
            .and_then(|api| api.stages.get_mut(name))
            .map(|row| &mut row.tags),
        ["apikeys", id] => state.api_keys.get_mut(id).map(|row| &mut row.tags),
        ["usageplans", id] => state.usage_plans.get_mut(id).map(|row| &mut row.tags),
        ["domainnames", name] => state.domain_names.get_mut(name).map(|row| &mut row.tags),
        ["vpclinks", id] => state.vpc_links.get_mut(id).map(|row| &mut row.tags),
        _ => None,
    };
    tags.ok_or_else(nothing_there)
}

fn tag(region: &mut Region, call: &Call) -> Answer {
    let tags = of_mut(&mut region.apigateway, &place(call)?, call.seconds())?;
    let sent = text_map(call, "tags");
    check(&sent)?;
    tags.extend(sent);
    check(tags)?;
    Ok(Object::new())
}

fn untag(region: &mut Region, call: &Call) -> Answer {
    let tags = of_mut(&mut region.apigateway, &place(call)?, call.seconds())?;
    let keys = call.input.get("tagKeys").and_then(Value::as_array);
    for key in keys.into_iter().flatten().filter_map(Value::as_str) {
        tags.remove(key);
    }
    Ok(Object::new())
}

/// Its output has no position, so it returns all tags.
fn get(region: &Region, call: &Call) -> Answer {
    let tags = of(&region.apigateway, &place(call)?, call.seconds())?;
    check_no_position(call)?;
    Ok(always(Object::new(), tags))
}

/// Everything in a Region that has tags: ARNs and tags.
pub(in super::super) fn tagged(
    state: &State,
    region: &str,
    now: f64,
) -> Vec<(String, BTreeMap<String, String>)> {
    let rows = |kind: &str, id: &str, tags: &Tags| {
        (
            arns::api_gateway(region, format_args!("{kind}/{id}")),
            tags.clone(),
        )
    };
    let apis = state.rest_apis.iter().flat_map(|(id, api)| {
        let stages = api.stages.iter();
        let stages = stages
            .map(move |(name, stage)| rows(&format!("restapis/{id}/stages"), name, &stage.tags));
        std::iter::once(rows("restapis", id, &api.tags)).chain(stages)
    });
    let keys = state.api_keys.iter();
    let plans = state.usage_plans.iter();
    let domains = state.domain_names.iter();
    let links = state.vpc_links(now);
    apis.chain(keys.map(|(id, row)| rows("apikeys", id, &row.tags)))
        .chain(plans.map(|(id, row)| rows("usageplans", id, &row.tags)))
        .chain(domains.map(|(name, row)| rows("domainnames", name, &row.tags)))
        .chain(links.map(|(id, row)| rows("vpclinks", id, &row.tags)))
        .filter(|(_, tags)| !tags.is_empty())
        .collect()
}
