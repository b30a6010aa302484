//! VPC links (v1): private connections from API Gateway to a network load balancer.

use std::time::Duration;

use aws_facts::arns::Arn;
use aws_facts::limits::apigateway::MOST_VPC_LINKS;
use serde_json::Value;

use super::super::elbv2;
use super::super::identifiers;
use super::super::operation::{Answer, Call, Object, Operation, Refusal};
use super::super::state::Region;
use super::lists::page;
use super::patch::{REPLACE, Rules, Takes, Words, patches, rule};
use super::refusals::{bad_request, limit_exceeded, not_found};
use super::state::{Definition, State, VpcLink, members, text, text_map};
use super::tags;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::begin("CreateVpcLink", create),
    Operation::read("GetVpcLink", get),
    Operation::read("GetVpcLinks", list),
    Operation::change("UpdateVpcLink", update),
    Operation::begin("DeleteVpcLink", delete),
];

const RULES: Rules = Rules {
    words: Words::Short,
    rules: &[
        rule("/name", REPLACE, Takes::Text),
        rule("/description", REPLACE, Takes::Text),
    ],
};

/// How long AWS takes to create a link: typically two to four minutes (API reference, CreateVpcLink).
pub const LINK_CREATION_TIME: Duration = Duration::from_secs(180);

/// How long AWS takes to delete one: 35 to 37 seconds in terraform-provider-aws #7665.
pub const LINK_DELETION_TIME: Duration = Duration::from_secs(36);

impl VpcLink {
    /// Whether it still exists, at a time in epoch seconds.
    fn exists(&self, now: f64) -> bool {
        self.deleted.is_none_or(|deleted| now < deleted)
    }

    /// Its status, at a time in epoch seconds.
    fn status(&self, now: f64) -> &'static str {
        match self {
            Self {
                deleted: Some(_), ..
            } => "DELETING",
            Self { settled, .. } if now < *settled => "PENDING",
            Self {
                failure: Some(_), ..
            } => "FAILED",
            _ => "AVAILABLE",
        }
    }

    /// The ARN of its load balancer, at a time in epoch seconds; the link's status if it is not available.
    pub(in super::super) fn way(&self, now: f64) -> Result<&str, &'static str> {
        match self.status(now) {
            "AVAILABLE" => Ok(target(self)),
            status => Err(status),
        }
    }
}

impl State {
    /// The VPC link with this id, if it still exists at a time in epoch seconds.
    pub(in super::super) fn vpc_link(&self, id: &str, now: f64) -> Option<&VpcLink> {
        self.vpc_links.get(id).filter(|link| link.exists(now))
    }

    /// The VPC links that still exist, with their ids.
    pub(super) fn vpc_links(&self, now: f64) -> impl Iterator<Item = (&str, &VpcLink)> {
        self.vpc_links
            .iter()
            .filter(move |(_, link)| link.exists(now))
    }

    /// Whether a VPC link has this load balancer at a time in epoch seconds, also while it is being deleted.
    pub(in super::super) fn links_to(&self, load_balancer: &str, now: f64) -> bool {
        self.vpc_links
            .values()
            .any(|link| link.exists(now) && link.failure.is_none() && target(link) == load_balancer)
    }
}

/// The ARN of a link's target.
fn target(link: &VpcLink) -> &str {
    link.settings
        .get("targetArns")
        .and_then(|arns| arns[0].as_str())
        .unwrap_or_default()
}

fn no_link() -> Refusal {
    not_found("Invalid Vpc Link identifier specified")
}

fn find<'s>(state: &'s State, call: &Call) -> Result<&'s VpcLink, Refusal> {
    state
        .vpc_link(call.text("vpcLinkId"), call.seconds())
        .ok_or_else(no_link)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let mut settings = members(call, &["name", "description", "targetArns"]);
    check_name(&settings)?;
    let arns = settings.get("targetArns").and_then(Value::as_array);
    let arn = match arns.map(Vec::as_slice) {
        Some([arn]) => arn.as_str().unwrap_or_default(),
        None | Some([]) => return Err(bad_request("No target arn specified for vpc link.")),
        Some(_) => {
            return Err(bad_request(
                "More than one target arn specified for vpc link.",
            ));
        }
    };
    if Arn::parse(arn).is_none() {
        return Err(bad_request(format!(
            "Invalid ARN. ARN is not well formed {arn}"
        )));
    }
    let tags = text_map(call, "tags");
    tags::check(&tags)?;
    let failure = failure(&region.elbv2, arn, call);
    let state = &mut region.apigateway;
    state
        .vpc_links
        .retain(|_, link| link.exists(call.seconds()));
    if state.vpc_links.len() >= MOST_VPC_LINKS {
        return Err(limit_exceeded(
            "Maximum number of VPC links for this account has been reached",
        ));
    }
    let id = identifiers::api_gateway_short();
    settings.insert("id".into(), id.as_str().into());
    let link = VpcLink {
        settings,
        tags,
        settled: call.done_at(LINK_CREATION_TIME),
        failure,
        deleted: None,
    };
    let answer = with_status(&link, "PENDING");
    let answer = tags::unless_empty(answer, &link.tags);
    state.vpc_links.insert(&id, link);
    Ok(answer)
}

fn check_name(settings: &Object) -> Result<(), Refusal> {
    if text(settings, "name").is_empty() {
        return Err(bad_request("Name cannot be empty"));
    }
    Ok(())
}

/// Why a link to this target fails, in AWS's words where they are known. AWS checks only after the call: the link is created, and
/// is then FAILED.
fn failure(load_balancers: &elbv2::State, arn: &str, call: &Call) -> Option<String> {
    let is_of_nlb = |parts: &Arn<'_>| {
        parts.service == "elasticloadbalancing" && parts.resource.starts_with("loadbalancer/net/")
    };
    let Some(parts) = Arn::parse(arn).filter(is_of_nlb) else {
        return Some("NLB ARN is malformed.".into());
    };
    if parts.region != call.region || parts.account != call.account {
        return Some("NLB must be in the same account and Region as the API.".into());
    }
    match load_balancers.load_balancer(arn) {
        None => Some("NLB is not found.".into()),
        Some(found) if found.state(call.seconds()) != "active" => Some(
            "NLB is not in active state. If you recently created this NLB, please wait for it to become active and try again."
                .into(),
        ),
        Some(_) => None,
    }
}

fn with_status(link: &VpcLink, status: &str) -> Object {
    let mut answer = link.settings.clone();
    answer.insert("status".into(), status.into());
    let message = match status {
        "AVAILABLE" => Some("Your vpc link is ready for use"),
        "FAILED" => link.failure.as_deref(),
        _ => None,
    };
    if let Some(message) = message {
        answer.insert("statusMessage".into(), message.into());
    }
    answer
}

/// A link in responses, without tags.
fn describe(link: &VpcLink, call: &Call) -> Object {
    with_status(link, link.status(call.seconds()))
}

fn get(region: &Region, call: &Call) -> Answer {
    let link = find(&region.apigateway, call)?;
    Ok(tags::always(describe(link, call), &link.tags))
}

fn list(region: &Region, call: &Call) -> Answer {
    let rows = region
        .apigateway
        .vpc_links(call.seconds())
        .map(|(id, link)| (id, tags::unless_empty(describe(link, call), &link.tags)));
    page(call, "", rows)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let mut settings = find(&region.apigateway, call)?.settings.clone();
    for patch in patches(call)? {
        if patch.parts.first().is_some_and(|part| part == "targetArns") {
            return Err(bad_request(
                "Target arns are not allowed to be changed/added.",
            ));
        }
        RULES.apply(&patch, &mut settings)?;
    }
    check_name(&settings)?;
    let link = region.apigateway.vpc_links.get_mut(call.text("vpcLinkId"));
    let link = link.ok_or_else(no_link)?;
    link.settings = settings;
    Ok(tags::always(describe(link, call), &link.tags))
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    find(state, call)?;
    let id = call.text("vpcLinkId");
    let references = references(state, id);
    if !references.is_empty() {
        return Err(bad_request(format!(
            "Cannot delete vpc link. Vpc link '{id}', is referenced in [{}] in format of [RESTApiId:Method:Resource:Stage].",
            references.join(", ")
        )));
    }
    let link = state.vpc_links.get_mut(id).ok_or_else(no_link)?;
    link.deleted.get_or_insert(call.done_at(LINK_DELETION_TIME));
    Ok(Object::new())
}

/// Where stages use a link, as AWS writes it. What they serve counts: a method that was deleted from its API still uses the link
/// as long as a stage's deployment has it. A link that an integration names by a stage variable is not counted, as AWS documents.
fn references(state: &State, link: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (api, row) in state.rest_apis.iter() {
        for (stage, settings) in row.stages.iter() {
            let canary = settings.settings.get("canarySettings");
            let canary = canary.and_then(|canary| canary["deploymentId"].as_str());
            let deployments = [Some(text(&settings.settings, "deploymentId")), canary];
            let mut snapshots = deployments
                .into_iter()
                .flatten()
                .filter_map(|id| row.deployments.get(id));
            let mut of_stage: Vec<_> = snapshots
                .by_ref()
                .flat_map(|deployment| connections(&deployment.snapshot))
                .filter(|(_, _, connection)| *connection == link)
                .map(|(resource, verb, _)| format!("{api}:{verb}:{resource}:{stage}"))
                .collect();
            of_stage.dedup();
            found.extend(of_stage);
        }
    }
    found
}

/// The links that a definition's methods use: resource id, verb, link.
fn connections(definition: &Definition) -> impl Iterator<Item = (&str, &str, &str)> {
    definition.resources.iter().flat_map(|(id, resource)| {
        resource.methods.iter().filter_map(move |(verb, method)| {
            let settings = &method.integration.as_ref()?.settings;
            let connects = text(settings, "connectionType") == "VPC_LINK";
            connects.then(|| (id, verb.as_str(), text(settings, "connectionId")))
        })
    })
}

/// Whether a connection is named by a stage variable, which has no value without a stage.
fn by_variable(connection: &str) -> bool {
    connection.starts_with("${stageVariables.") && connection.ends_with('}')
}

/// Refuses an integration's settings if they name a missing link.
pub(super) fn check_connection(
    state: &State,
    settings: &Object,
    call: &Call,
) -> Result<(), Refusal> {
    let connection = text(settings, "connectionId");
    if text(settings, "connectionType") != "VPC_LINK" || by_variable(connection) {
        return Ok(());
    }
    if state.vpc_link(connection, call.seconds()).is_some() {
        return Ok(());
    }
    Err(no_connection(connection))
}

fn no_connection(connection: &str) -> Refusal {
    bad_request(format!(
        "Invalid connection ID: there is no VPC link '{connection}'"
    ))
}

/// Refuses to deploy an integration with a link that is not available. A link that is being created is waited for.
pub(super) fn check_deployable(
    state: &State,
    definition: &Definition,
    call: &Call,
) -> Result<(), Refusal> {
    for (_, _, connection) in connections(definition) {
        if by_variable(connection) {
            continue;
        }
        let now = call.seconds();
        let status = state.vpc_link(connection, now).map(|link| link.status(now));
        match status {
            Some("AVAILABLE" | "PENDING") => {}
            Some(status) => {
                return Err(bad_request(format!(
                    "VPC link '{connection}' is not available: its status is {status}"
                )));
            }
            None => return Err(no_connection(connection)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_variable_is_told_from_an_id() {
        assert!(by_variable("${stageVariables.link}"));
        assert!(!by_variable("abc123") && !by_variable("${stageVariables.link"));
    }

    #[test]
    fn a_link_has_a_status_by_the_clock() {
        let link = VpcLink {
            settings: json!({"targetArns": ["a"]})
                .as_object()
                .cloned()
                .unwrap_or_default(),
            settled: 10.0,
            ..VpcLink::default()
        };
        assert_eq!(link.status(9.0), "PENDING");
        assert_eq!(link.status(10.0), "AVAILABLE");
        let failed = VpcLink {
            failure: Some("why".into()),
            ..link.clone()
        };
        assert_eq!(failed.status(10.0), "FAILED");
        let going = VpcLink {
            deleted: Some(20.0),
            ..link
        };
        assert_eq!(
            (going.status(11.0), going.exists(19.0), going.exists(20.0)),
            ("DELETING", true, false)
        );
        assert_eq!(target(&going), "a");
    }
}
