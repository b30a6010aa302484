//! API Gateway's V1 API, for REST APIs: the control plane, one file per noun.
//!
//! A deployment has a snapshot of the whole [`Definition`], which the data plane serves. Client certificates, documentation, SDKs and
//! private domain names are not implemented: they answer 501 by name.

mod account;
mod api_key_import;
mod api_keys;
mod authorizers;
mod base_path_mappings;
mod deployments;
mod domain_names;
mod domain_rules;
mod gateway_responses;
mod integrations;
mod lists;
mod mapping;
mod methods;
mod models;
mod openapi;
mod patch;
mod policy;
mod refusals;
mod request_validators;
mod resources;
mod rest_apis;
mod stage_patch;
mod stages;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod usage;
mod usage_plan_keys;
mod usage_plans;
mod vpc_links;

use super::operation::Operation;

pub(super) use base_path_mappings::{ID, NONE};
pub(super) use domain_names::{is, no_domain, region_of_zone};
pub(super) use domain_rules::using_certificate;
pub(super) use gateway_responses::effective as gateway_response;
pub(super) use refusals::{bad_request, conflict, not_found};
pub(super) use state::text;
pub use state::{
    ApiKey, Definition, Deployment, DomainName, Integration, Method, Resource, RestApi, Stage,
    State, Tags, UsagePlan, VpcLink,
};
pub(super) use tags::tagged;
pub(super) use usage::Meter;
pub use usage::Usage;
pub(super) use usage_plans::{is_on_stage, stages as plan_stages};
pub use vpc_links::{LINK_CREATION_TIME, LINK_DELETION_TIME};

/// The implemented operations, by noun.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    account::OPERATIONS,
    api_key_import::OPERATIONS,
    api_keys::OPERATIONS,
    authorizers::OPERATIONS,
    base_path_mappings::OPERATIONS,
    deployments::OPERATIONS,
    domain_names::OPERATIONS,
    gateway_responses::OPERATIONS,
    integrations::OPERATIONS,
    methods::OPERATIONS,
    models::OPERATIONS,
    openapi::OPERATIONS,
    request_validators::OPERATIONS,
    resources::OPERATIONS,
    rest_apis::OPERATIONS,
    stages::OPERATIONS,
    tags::OPERATIONS,
    usage::OPERATIONS,
    usage_plan_keys::OPERATIONS,
    usage_plans::OPERATIONS,
    vpc_links::OPERATIONS,
];
