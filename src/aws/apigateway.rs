//! Reads of API Gateway, and a writer's cache of an API's paths.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use aws_facts::arns;
use aws_facts::limits::apigateway::MOST_ROWS_PER_PAGE;
use aws_sdk_apigateway::types::{
    ApiKey, Authorizer, BasePathMapping, Deployment, DomainName, GatewayResponse, MethodSnapshot,
    Model, RequestValidator, Resource, RestApi, Stage, UsagePlan, UsagePlanKey, VpcLink,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::connection::{Reader, Writer};
use super::error::AwsError;
use super::memo::Memo;
use super::pace::Operation;

/// The page size of API Gateway.
const PAGE: i32 = MOST_ROWS_PER_PAGE as i32;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct ApiGatewayAnswers {
    rest_apis: Memo<(), Arc<Vec<RestApi>>>,
    resources: Memo<String, Arc<Vec<Resource>>>,
    authorizers: Memo<String, Arc<Vec<Authorizer>>>,
    models: Memo<String, Arc<Vec<Model>>>,
    request_validators: Memo<String, Arc<Vec<RequestValidator>>>,
    gateway_responses: Memo<String, Arc<Vec<GatewayResponse>>>,
    stages: Memo<String, Arc<Vec<Stage>>>,
    deployments: Memo<String, Arc<Vec<Deployment>>>,
    usage_plans: Memo<(), Arc<Vec<UsagePlan>>>,
    usage_plan_keys: Memo<String, Arc<Vec<UsagePlanKey>>>,
    api_keys: Memo<(), Arc<Vec<ApiKey>>>,
    vpc_links: Memo<(), Arc<Vec<VpcLink>>>,
    domain_names: Memo<(), Arc<Vec<DomainName>>>,
    base_path_mappings: Memo<String, Option<Arc<Vec<BasePathMapping>>>>,
    log_role: Memo<(), Option<String>>,
    paths: Memo<String, Arc<Mutex<Paths>>>,
    /// The tags of APIs after this run's writes.
    tags: Memo<String, Arc<Mutex<BTreeMap<String, String>>>>,
}

/// A writer's cache of an API's paths: read once, then updated by its writes.
#[derive(Debug, Default)]
pub(crate) struct Paths(BTreeMap<String, PathResource>);

#[derive(Debug, Default)]
struct PathResource {
    id: String,
    methods: BTreeSet<String>,
}

impl Paths {
    fn of(resources: &[Resource]) -> Self {
        let paths = resources.iter().map(|resource| {
            let known = PathResource {
                id: resource.id.clone().unwrap_or_default(),
                methods: resource
                    .resource_methods
                    .iter()
                    .flatten()
                    .map(|(verb, _)| verb.clone())
                    .collect(),
            };
            (resource.path.clone().unwrap_or_default(), known)
        });
        Self(paths.collect())
    }

    /// The id of the resource at a path, when there is one.
    pub(crate) fn id(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(|resource| resource.id.as_str())
    }

    /// Records a created resource.
    pub(crate) fn learn(&mut self, path: &str, id: &str) {
        let resource = PathResource {
            id: id.to_owned(),
            methods: BTreeSet::new(),
        };
        self.0.insert(path.to_owned(), resource);
    }

    /// Records a created method.
    pub(crate) fn learn_method(&mut self, path: &str, method: &str) {
        if let Some(resource) = self.0.get_mut(path) {
            resource.methods.insert(method.to_owned());
        }
    }

    /// Removes a deleted method.
    pub(crate) fn forget_method(&mut self, path: &str, method: &str) {
        if let Some(resource) = self.0.get_mut(path) {
            resource.methods.remove(method);
        }
    }

    /// Removes a deleted resource, and all below it.
    pub(crate) fn forget(&mut self, path: &str) {
        self.0.retain(|other, _| !is_at_or_below(other, path));
    }

    /// The unused parameter at the place of this path's last one, without methods on it or below it.
    pub(crate) fn empty_parameter_beside(&self, path: &str) -> Option<&str> {
        let (parent, part) = path.rsplit_once('/')?;
        if !part.starts_with('{') {
            return None;
        }
        let rival = self.0.keys().find(|other| {
            *other != path
                && other
                    .rsplit_once('/')
                    .is_some_and(|(of, part)| of == parent && part.starts_with('{'))
        })?;
        let empty = self
            .0
            .iter()
            .filter(|(other, _)| is_at_or_below(other, rival))
            .all(|(_, resource)| resource.methods.is_empty());
        empty.then_some(rival)
    }

    /// Whether the resource at a path has neither methods nor paths below it. The root never counts as empty.
    pub(crate) fn is_empty_leaf(&self, path: &str) -> bool {
        let below = format!("{path}/");
        path != "/"
            && self
                .0
                .get(path)
                .is_some_and(|resource| resource.methods.is_empty())
            && !self.0.keys().any(|other| other.starts_with(&below))
    }
}

fn is_at_or_below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Reads all pages.
macro_rules! every_page {
    ($reader:expr, $operation:literal, $request:expr) => {{
        let mut items = Vec::new();
        let mut position = None;
        loop {
            let request = $request.limit(PAGE).set_position(position);
            let answer = $reader
                .call(Operation::apigateway($operation), request.send())
                .await?;
            items.extend(answer.items.unwrap_or_default());
            position = answer.position.filter(|position| !position.is_empty());
            if position.is_none() {
                break Ok::<_, AwsError>(items);
            }
        }
    }};
}

/// A list of resources below one API, cached.
macro_rules! below_an_api {
    ($($(#[$doc:meta])* $name:ident: $item:ty = $operation:literal;)+) => {
        impl Reader {
            $(
                $(#[$doc])*
                pub(crate) async fn $name(&self, api: &str) -> Result<Arc<Vec<$item>>, AwsError> {
                    let client = self.apigateway_client();
                    let ask = || async {
                        every_page!(self, $operation, below_an_api!(@request client, $name).rest_api_id(api)).map(Arc::new)
                    };
                    self.apigateway_answers.$name.get(api.to_owned(), ask).await
                }
            )+
        }
    };
    // The cache needs all methods of a path.
    (@request $client:ident, resources) => { $client.get_resources().embed("methods") };
    (@request $client:ident, authorizers) => { $client.get_authorizers() };
    (@request $client:ident, models) => { $client.get_models() };
    (@request $client:ident, request_validators) => { $client.get_request_validators() };
    (@request $client:ident, gateway_responses) => { $client.get_gateway_responses() };
    (@request $client:ident, deployments) => { $client.get_deployments() };
}

/// How often deployments and stages are read again while another run deploys.
const READ_AGAIN: usize = 3;

below_an_api! {
    /// Every path of an API with its methods, their integrations and their responses.
    resources: Resource = "GetResources";
    /// Every authorizer of an API.
    authorizers: Authorizer = "GetAuthorizers";
    /// Every model of an API.
    models: Model = "GetModels";
    /// Every request validator of an API.
    request_validators: RequestValidator = "GetRequestValidators";
    /// Every gateway response of an API, AWS's own defaults included.
    gateway_responses: GatewayResponse = "GetGatewayResponses";
    /// Every deployment of an API.
    deployments: Deployment = "GetDeployments";
}

/// Of how many items of a list without any tags those are read one by one, and how many at a time.
const UNTAGGED: usize = 200;
const UNTAGGED_AT_A_TIME: usize = 4;

/// The tags of an item of a list.
type Tags = Option<HashMap<String, String>>;

impl Reader {
    /// A list with the tags of its items. AWS's model has them in the list, which is recorded for APIs only; where no item has any,
    /// they are read one by one, before something counts as unmanaged. An item has `path` in its ARN.
    async fn with_single_tags<T>(
        &self,
        mut items: Vec<T>,
        path: impl Fn(&T) -> String,
        tags: impl Fn(&mut T) -> &mut Tags,
    ) -> Result<Vec<T>, AwsError> {
        let told = |item: &mut T| tags(item).as_ref().is_some_and(|tags| !tags.is_empty());
        if items.iter_mut().any(told) {
            return Ok(items);
        }
        let arns = items.iter().take(UNTAGGED).map(&path);
        let arns: Vec<String> = arns.map(|path| self.apigateway_arn(&path)).collect();
        let read: Vec<Tags> = stream::iter(arns)
            .map(|arn| self.tags_of(arn))
            .buffered(UNTAGGED_AT_A_TIME)
            .try_collect()
            .await?;
        for (item, read) in items.iter_mut().zip(read) {
            *tags(item) = read;
        }
        Ok(items)
    }

    /// The tags of one resource. Without the permission to read them there are none, nor if it was deleted meanwhile.
    async fn tags_of(&self, arn: String) -> Result<Tags, AwsError> {
        let request = self.apigateway_client().get_tags().resource_arn(arn);
        let operation = Operation::apigateway("GetTags");
        match self.call(operation, request.send()).await {
            Ok(answer) => Ok(answer.tags),
            Err(error) if error.is_denied() || error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every REST API of the account in the Region, with its tags.
    pub(crate) async fn rest_apis(&self) -> Result<Arc<Vec<RestApi>>, AwsError> {
        let client = self.apigateway_client();
        let ask =
            || async { every_page!(self, "GetRestApis", client.get_rest_apis()).map(Arc::new) };
        self.apigateway_answers.rest_apis.get((), ask).await
    }

    /// Every stage of an API, with its tags. AWS returns all at once.
    ///
    /// They are read after the API's deployments. A deployment of ours is served when it is created, so a stage that is read
    /// later and serves an older one was rolled back. What the stages serve is in [`Reader::deployments`] afterwards.
    pub(crate) async fn stages(&self, api: &str) -> Result<Arc<Vec<Stage>>, AwsError> {
        let ask = || async {
            let mut tries = 0;
            loop {
                // Boxed, since the compiler limits the depth of nested futures.
                let deployments = Box::pin(self.deployments(api)).await?;
                let request = self.apigateway_client().get_stages().rest_api_id(api);
                let answer = self
                    .call(Operation::apigateway("GetStages"), request.send())
                    .await?;
                let stages = answer.item.unwrap_or_default();
                let known = |stage: &Stage| {
                    let served = stage.deployment_id.as_ref();
                    served.is_none() || deployments.iter().any(|one| one.id.as_ref() == served)
                };
                tries += 1;
                if tries == READ_AGAIN || stages.iter().all(known) {
                    let path = |stage: &Stage| {
                        let name = stage.stage_name.as_deref().unwrap_or_default();
                        format!("restapis/{api}/stages/{name}")
                    };
                    let tagged = self.with_single_tags(stages, path, |stage| &mut stage.tags);
                    return Box::pin(tagged).await.map(Arc::new);
                }
                // Another run deployed between the two reads.
                self.apigateway_answers.deployments.forget(&api.to_owned());
            }
        };
        self.apigateway_answers
            .stages
            .get(api.to_owned(), ask)
            .await
    }

    /// Every custom domain name of the account in the Region, with its tags.
    pub(crate) async fn domain_names(&self) -> Result<Arc<Vec<DomainName>>, AwsError> {
        let client = self.apigateway_client();
        let ask = || async {
            let names = every_page!(self, "GetDomainNames", client.get_domain_names())?;
            let path = |name: &DomainName| {
                format!(
                    "domainnames/{}",
                    name.domain_name.as_deref().unwrap_or_default()
                )
            };
            let tagged = self.with_single_tags(names, path, |name| &mut name.tags);
            Box::pin(tagged).await.map(Arc::new)
        };
        self.apigateway_answers.domain_names.get((), ask).await
    }

    /// Every base path mapping of a domain; `None` when there is no such domain.
    pub(crate) async fn base_path_mappings(
        &self,
        domain: &str,
    ) -> Result<Option<Arc<Vec<BasePathMapping>>>, AwsError> {
        let client = self.apigateway_client();
        let pages = async || {
            every_page!(
                self,
                "GetBasePathMappings",
                client.get_base_path_mappings().domain_name(domain)
            )
        };
        let ask = || async {
            match pages().await {
                Err(error) if error.is_not_found() => Ok(None),
                mappings => mappings.map(|mappings| Some(Arc::new(mappings))),
            }
        };
        self.apigateway_answers
            .base_path_mappings
            .get(domain.to_owned(), ask)
            .await
    }

    /// Every usage plan of the account in the Region, with its tags.
    pub(crate) async fn usage_plans(&self) -> Result<Arc<Vec<UsagePlan>>, AwsError> {
        let client = self.apigateway_client();
        let ask = || async {
            let plans = every_page!(self, "GetUsagePlans", client.get_usage_plans())?;
            let path =
                |plan: &UsagePlan| format!("usageplans/{}", plan.id.as_deref().unwrap_or_default());
            let tagged = self.with_single_tags(plans, path, |plan| &mut plan.tags);
            Box::pin(tagged).await.map(Arc::new)
        };
        self.apigateway_answers.usage_plans.get((), ask).await
    }

    /// Every key on a usage plan, without its value.
    pub(crate) async fn usage_plan_keys(
        &self,
        plan: &str,
    ) -> Result<Arc<Vec<UsagePlanKey>>, AwsError> {
        let client = self.apigateway_client();
        let ask = || async {
            let mut keys = every_page!(
                self,
                "GetUsagePlanKeys",
                client.get_usage_plan_keys().usage_plan_id(plan)
            )?;
            // A key's value is a partner's credential.
            keys.iter_mut().for_each(|key| key.value = None);
            Ok(Arc::new(keys))
        };
        self.apigateway_answers
            .usage_plan_keys
            .get(plan.to_owned(), ask)
            .await
    }

    /// Every API key of the account in the Region, with its tags and without its value.
    pub(crate) async fn api_keys(&self) -> Result<Arc<Vec<ApiKey>>, AwsError> {
        let client = self.apigateway_client();
        let ask = || async {
            let mut keys = every_page!(
                self,
                "GetApiKeys",
                client.get_api_keys().include_values(false)
            )?;
            keys.iter_mut().for_each(|key| key.value = None);
            let path = |key: &ApiKey| format!("apikeys/{}", key.id.as_deref().unwrap_or_default());
            let tagged = self.with_single_tags(keys, path, |key| &mut key.tags);
            Box::pin(tagged).await.map(Arc::new)
        };
        self.apigateway_answers.api_keys.get((), ask).await
    }

    /// Every VPC link of the account in the Region, with its tags.
    pub(crate) async fn vpc_links(&self) -> Result<Arc<Vec<VpcLink>>, AwsError> {
        let client = self.apigateway_client();
        let ask =
            || async { every_page!(self, "GetVpcLinks", client.get_vpc_links()).map(Arc::new) };
        self.apigateway_answers.vpc_links.get((), ask).await
    }

    /// The methods of a deployment by path and verb: all that AWS exposes of a deployment.
    pub(crate) async fn deployment_summary(
        &self,
        api: &str,
        deployment: &str,
    ) -> Result<HashMap<String, HashMap<String, MethodSnapshot>>, AwsError> {
        let request = self
            .apigateway_client()
            .get_deployment()
            .rest_api_id(api)
            .deployment_id(deployment)
            .embed("apisummary");
        let answer = self
            .call(Operation::apigateway("GetDeployment"), request.send())
            .await?;
        Ok(answer.api_summary.unwrap_or_default())
    }

    /// The role with which API Gateway writes logs in this account and Region, if one is set.
    pub(crate) async fn log_role(&self) -> Result<Option<String>, AwsError> {
        let ask = || async {
            let request = self.apigateway_client().get_account();
            let answer = self
                .call(Operation::apigateway("GetAccount"), request.send())
                .await?;
            Ok(answer.cloudwatch_role_arn.filter(|role| !role.is_empty()))
        };
        self.apigateway_answers.log_role.get((), ask).await
    }

    /// The ARN of something in API Gateway, such as `restapis/a1b2c3d4e5`.
    pub(crate) fn apigateway_arn(&self, path: &str) -> String {
        arns::api_gateway(self.region(), path)
    }

    /// The Region.
    pub(crate) fn region(&self) -> &str {
        let region = self.apigateway_client().config().region();
        region.map_or("", |region| region.as_ref())
    }
}

impl Writer {
    /// The paths of an API, read at most once.
    pub(crate) async fn paths(&self, api: &str) -> Result<Arc<Mutex<Paths>>, AwsError> {
        let ask = || async {
            let resources = self.afresh().resources(api).await?;
            Ok(Arc::new(Mutex::new(Paths::of(&resources))))
        };
        self.apigateway_answers.paths.get(api.to_owned(), ask).await
    }

    /// Reads an API's paths again, after AWS had one that this writer didn't know.
    pub(crate) async fn paths_again(&self, api: &str) -> Result<Arc<Mutex<Paths>>, AwsError> {
        let paths = self.paths(api).await?;
        let fresh = Paths::of(&self.afresh().resources(api).await?);
        *lock_held(&paths) = fresh;
        Ok(paths)
    }

    /// An API's tags after this run's writes, read at most once; none if it doesn't exist. This run may have created the API, so an
    /// earlier read doesn't count.
    pub(crate) async fn api_tags(
        &self,
        api: &str,
    ) -> Result<Arc<Mutex<BTreeMap<String, String>>>, AwsError> {
        let ask = || async {
            let apis = self.afresh().rest_apis().await?;
            let live = apis.iter().find(|live| live.id.as_deref() == Some(api));
            let tags = live.and_then(|live| live.tags.clone());
            let tags = tags.unwrap_or_default().into_iter().collect();
            Ok(Arc::new(Mutex::new(tags)))
        };
        self.apigateway_answers.tags.get(api.to_owned(), ask).await
    }

    /// Records a new API, to save the read.
    pub(crate) async fn learn_api(&self, api: &str, root: &str) -> Result<(), AwsError> {
        let mut paths = Paths::default();
        paths.learn("/", root);
        let paths = Arc::new(Mutex::new(paths));
        self.apigateway_answers
            .paths
            .get(api.to_owned(), || async { Ok(paths) })
            .await?;
        Ok(())
    }
}

/// What a writer's cache holds; it stays valid after a panic elsewhere.
pub(crate) fn lock_held<T>(held: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    held.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_empty_leaf_without_methods_and_children() {
        let mut paths = Paths::default();
        for path in ["/", "/a", "/a/{id}", "/ab"] {
            paths.learn(path, path);
        }
        assert!(!paths.is_empty_leaf("/a"), "it has a child");
        assert!(paths.is_empty_leaf("/ab"));
        paths.learn_method("/ab", "GET");
        assert!(!paths.is_empty_leaf("/ab"), "it has a method");
        paths.forget_method("/ab", "GET");
        paths.forget("/a/{id}");
        assert!(paths.is_empty_leaf("/ab") && paths.is_empty_leaf("/a"));
        paths.forget("/a");
        paths.forget("/ab");
        assert!(!paths.is_empty_leaf("/"), "the root can't be deleted");
    }
}
