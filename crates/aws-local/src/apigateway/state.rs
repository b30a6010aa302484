//! API Gateway's state in one Region.
//!
//! Settings are JSON objects with AWS's members, stored as in responses, so that nothing a client sends is lost; the structure
//! around them is typed. What a deployment contains of an API is its [`Definition`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::operation::{Call, Object, Refusal};
use super::super::table::Table;
use super::refusals::not_found;
use super::usage::Usage;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// API Gateway in one Region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// REST APIs by id.
    pub rest_apis: Table<RestApi>,
    /// Usage plans by id.
    pub usage_plans: Table<UsagePlan>,
    /// API keys by id.
    pub api_keys: Table<ApiKey>,
    /// Custom domain names by name.
    pub domain_names: Table<DomainName>,
    /// VPC links (v1) by id.
    pub vpc_links: Table<VpcLink>,
    /// Usage by the plan's id, a slash and the key's id.
    pub usage: Table<Usage>,
    /// The role that API Gateway writes logs with; it is the account's, per Region.
    pub cloudwatch_role: Option<String>,
}

/// A REST API.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RestApi {
    /// When it was created, in epoch seconds.
    pub created: f64,
    /// Its tags.
    pub tags: Tags,
    /// The current definition, for the next deployment.
    pub definition: Definition,
    /// Deployments by id.
    pub deployments: Table<Deployment>,
    /// Stages by name.
    pub stages: Table<Stage>,
}

/// Everything of an API that a deployment contains.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Definition {
    /// The API's own settings: name, policy, endpoint configuration, binary media types and so on.
    pub settings: Object,
    /// The id of the resource at `/`.
    pub root: String,
    /// Resources by id, the root too.
    pub resources: Table<Resource>,
    /// Authorizers by id.
    pub authorizers: Table<Object>,
    /// Models by name, which is how methods refer to them.
    pub models: Table<Object>,
    /// Request validators by id.
    pub request_validators: Table<Object>,
    /// Gateway responses that differ from AWS's defaults, by type.
    pub gateway_responses: Table<Object>,
}

/// A resource: a place in an API's tree of paths.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// The id of the resource above; none at the root.
    pub parent: Option<String>,
    /// The last part of its path; empty at the root.
    pub path_part: String,
    /// Methods by verb.
    pub methods: BTreeMap<String, Method>,
}

/// A method of a resource.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Method {
    /// Its own settings.
    pub settings: Object,
    /// Method responses by status code.
    pub responses: BTreeMap<String, Object>,
    /// What it calls.
    pub integration: Option<Integration>,
}

/// What a method calls.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Integration {
    /// Its own settings.
    pub settings: Object,
    /// Integration responses by status code.
    pub responses: BTreeMap<String, Object>,
}

/// A deployment: an API's definition as it was, for good.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Deployment {
    /// When it was made, in epoch seconds.
    pub created: f64,
    /// The only setting that can change.
    pub description: Option<String>,
    /// What it froze.
    pub snapshot: Definition,
}

/// A stage: a deployment with a name and run-time settings.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stage {
    /// Its settings, the cache cluster's status aside.
    pub settings: Object,
    /// Its tags.
    pub tags: Tags,
    /// When its cache cluster is ready, in epoch seconds; none without a cluster.
    pub cache_available: Option<f64>,
}

/// A usage plan. Its keys are stored with the keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UsagePlan {
    /// Settings, API stages included.
    pub settings: Object,
    /// Its tags.
    pub tags: Tags,
}

/// An API key.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiKey {
    /// Its settings, the value aside.
    pub settings: Object,
    /// Its value: a secret.
    pub value: String,
    /// Its tags.
    pub tags: Tags,
    /// The ids of the usage plans it is in.
    pub usage_plans: BTreeSet<String>,
}

impl std::fmt::Debug for ApiKey {
    /// Without the value, which is a secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ApiKey")
            .field("settings", &self.settings)
            .field("usage_plans", &self.usage_plans)
            .finish_non_exhaustive()
    }
}

/// A custom domain name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DomainName {
    /// Its settings, the status aside.
    pub settings: Object,
    /// Its tags.
    pub tags: Tags,
    /// When the last change to it is done, in epoch seconds.
    pub available: f64,
    /// Base path mappings by base path, `(none)` for the root.
    pub mappings: BTreeMap<String, Object>,
}

/// A VPC link.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VpcLink {
    /// Its settings, the status aside.
    pub settings: Object,
    /// Its tags.
    pub tags: Tags,
    /// When it is created, or has failed, in epoch seconds.
    pub settled: f64,
    /// Why it fails; none when it doesn't.
    pub failure: Option<String>,
    /// When its deletion is done, in epoch seconds; none unless it is being deleted.
    pub deleted: Option<f64>,
}

impl State {
    /// The API that the call names.
    pub(super) fn rest_api(&self, call: &Call) -> Result<&RestApi, Refusal> {
        self.rest_apis
            .get(call.text("restApiId"))
            .ok_or_else(|| no_api(call))
    }

    /// The API that the call names, to change it.
    pub(super) fn rest_api_mut(&mut self, call: &Call) -> Result<&mut RestApi, Refusal> {
        self.rest_apis
            .get_mut(call.text("restApiId"))
            .ok_or_else(|| no_api(call))
    }

    /// Whether there is such a stage.
    pub(crate) fn has_stage(&self, api: &str, stage: &str) -> bool {
        self.rest_apis
            .get(api)
            .is_some_and(|api| api.stages.contains(stage))
    }
}

fn no_api(call: &Call) -> Refusal {
    let id = call.text("restApiId");
    not_found(format!(
        "Invalid API identifier specified {}:{id}",
        call.account
    ))
}

impl Definition {
    /// A resource's whole path.
    pub(crate) fn path(&self, resource: &Resource) -> String {
        let mut parts = Vec::new();
        let mut at = Some(resource);
        while let Some(resource) = at {
            if resource.parent.is_some() {
                parts.push(resource.path_part.as_str());
            }
            at = resource
                .parent
                .as_deref()
                .and_then(|parent| self.resources.get(parent));
        }
        parts.reverse();
        format!("/{}", parts.join("/"))
    }

    /// All methods, each with its path and verb.
    pub(super) fn methods(&self) -> impl Iterator<Item = (String, &str, &Method)> {
        self.resources.values().flat_map(|resource| {
            resource
                .methods
                .iter()
                .map(|(verb, method)| (self.path(resource), verb.as_str(), method))
        })
    }

    /// The first method for which `uses` holds, as in AWS's errors: path and verb.
    pub(super) fn method_that(&self, uses: impl Fn(&Method) -> bool) -> Option<String> {
        self.methods()
            .find(|(_, _, method)| uses(method))
            .map(|(path, verb, _)| format!("{path}/{verb}"))
    }
}

/// A text member of an object, or `""` without one.
pub(crate) fn text<'o>(object: &'o Object, member: &str) -> &'o str {
    object
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A member that is an object, created if missing.
pub(super) fn object_mut<'o>(object: &'o mut Object, member: &str) -> &'o mut Object {
    let value = object
        .entry(member)
        .and_modify(|value| {
            if !value.is_object() {
                *value = Value::Object(Object::new());
            }
        })
        .or_insert_with(|| Value::Object(Object::new()));
    match value {
        Value::Object(members) => members,
        _ => unreachable!("anything else was just replaced by an object"),
    }
}

/// The members of an object with these names.
pub(super) fn pick(object: &Object, names: &[&str]) -> Object {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), object.get(*name)?.clone())))
        .collect()
}

/// The members of the input with these names, as sent.
pub(super) fn members(call: &Call, names: &[&str]) -> Object {
    pick(&call.input, names)
}

/// A map of texts in the input; empty when it was not sent.
pub(super) fn text_map(call: &Call, member: &str) -> Tags {
    let entries = call.input.get(member).and_then(Value::as_object);
    entries
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// When the call arrived, in whole epoch seconds, as API Gateway's dates.
pub(super) fn date(call: &Call) -> f64 {
    call.seconds().floor()
}
