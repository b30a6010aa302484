//! A route: a method on a path with its integration and its responses, one thing to a user and several to API Gateway.

mod live;
mod mock;

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{ContentHandlingStrategy, IntegrationType};
use serde::{Deserialize, Serialize};

use super::patch::{Patches, segment};
use super::{
    Field, Findings, Found, Kind, KindInfo, Lane, OnChange, Outputs, Scope, Standing, Task,
    gone_is_success, header, literal, rest_api,
};
use crate::aws::{AwsError, Operation, Reader, Writer, lock_paths};
use crate::model::{Address, Book, OutputName, Text, Value};

/// A route.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The HTTP method, or `ANY`.
    pub method: String,
    /// The path, such as `/policies/{id}`.
    pub path: String,
    /// Where its calls go.
    pub integration: Integration,
    /// The id of the authorizer; none lets anyone in.
    pub authorizer: Option<Text>,
    /// Any one of these scopes admits an access token. Empty with an authorizer: an ID token.
    pub scopes: BTreeSet<Text>,
    /// Whether an API key is needed.
    pub api_key: bool,
}

/// Where a route's calls go.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Integration {
    /// To a URL, as they came (`HTTP_PROXY`), path parameters carried through.
    Http {
        /// The URL, with the route's path parameters.
        url: Text,
        /// How long the backend may take, in milliseconds.
        timeout_milliseconds: i32,
    },
    /// Nowhere: API Gateway answers.
    Mock(Answer),
    /// Something gatestack does not make, in words: it differs from everything the file can say.
    Other(String),
}

/// What API Gateway answers by itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Response headers by name, with their values as callers see them.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The body; empty for none.
    pub body: Text,
}

/// A route.
#[derive(Debug)]
pub struct Route;

/// Where a header stands in the mappings of a response.
const RESPONSE_HEADER: &str = "method.response.header.";
/// The media type for which API Gateway looks up templates when a call names none.
const MEDIA_TYPE: &str = "application/json";

impl Kind for Route {
    type Props = Props;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 1,
        goes_with: Some("rest_api"),
        deployed: true,
        ..KindInfo::new(
            "route",
            "route",
            "A method on a path of the API, what a caller needs for it, and where its calls go. To API Gateway it is a method \
             with an integration and responses; see its developer guide, \"Methods for REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props>] = &[
        Field::place("api", "rest_api", |p, book| p.api.value(book)),
        Field::new("method", "The HTTP method, or `ANY`.", |p: &Props, _| {
            (&p.method).into()
        })
        .on_change(OnChange::Replace("a route is its method and its path")),
        Field::new(
            "path",
            "The path, with parameters such as `{id}` or `{rest+}`.",
            |p: &Props, _| (&p.path).into(),
        )
        .on_change(OnChange::Replace("a route is its method and its path")),
        Field::new(
            "integration",
            "Where calls go: `http` or `mock`.",
            |p, _| match &p.integration {
                Integration::Http { .. } => "http".into(),
                Integration::Mock(_) => "mock".into(),
                Integration::Other(words) => words.into(),
            },
        ),
        Field::new(
            "http",
            "The URL that calls are passed on to, with the same path parameters as the route.",
            |p, book| match &p.integration {
                Integration::Http { url, .. } => uri_value(url, book),
                _ => Value::Unset,
            },
        ),
        Field::new(
            "timeout",
            "How long the backend may take, in milliseconds. Left out: 29000.",
            |p, _| match &p.integration {
                Integration::Http {
                    timeout_milliseconds,
                    ..
                } => (*timeout_milliseconds).into(),
                _ => Value::Unset,
            },
        ),
        Field::new(
            "status",
            "The HTTP status that API Gateway answers by itself.",
            |p, _| answer(p).map(|answer| u32::from(answer.status)).into(),
        ),
        Field::new(
            "headers",
            "The headers that API Gateway answers by itself.",
            |p, _| answer(p).map_or(Value::Unset, |answer| Value::map(&answer.headers)),
        ),
        Field::new(
            "body",
            "The body that API Gateway answers by itself; empty for none.",
            |p, book| answer(p).map_or(Value::Unset, |answer| answer.body.value(book)),
        ),
        Field::new(
            "authorizer",
            "The authorizer that checks the caller's token. None lets anyone in.",
            |p: &Props, book| {
                p.authorizer
                    .as_ref()
                    .map_or(Value::Unset, |id| id.value(book))
            },
        )
        .refers_to("authorizer"),
        Field::new(
            "scopes",
            "Any one of these scopes admits an access token. None, with an authorizer: it takes ID tokens.",
            |p, book| Value::set(p.scopes.iter().map(|scope| scope.value(book))),
        ),
        Field::new(
            "api_key",
            "Whether a caller needs an API key. Left out: false.",
            |p, _| p.api_key.into(),
        ),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let Some(api) = rest_api::api(scope) else {
            return Ok(findings);
        };
        let (apis, resources) = tokio::try_join!(reader.rest_apis(), reader.resources(api))?;
        let live = apis
            .iter()
            .find(|candidate| candidate.id.as_deref() == Some(api));
        let binary = live
            .and_then(|live| live.binary_media_types.as_ref())
            .is_some_and(|types| !types.is_empty());
        for resource in &*resources {
            let path = resource.path.as_deref().unwrap_or_default();
            for (verb, method) in resource.resource_methods.iter().flatten() {
                let props = live::props(api, path, verb, method, binary);
                let address = Address::entry("api.routes", &format!("{verb} {path}"));
                findings.owned.push(Found::new(
                    address,
                    props,
                    outputs(resource.id.as_deref().unwrap_or_default()),
                ));
            }
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let api = task.text(&task.want.api);
        let resource = make_path(writer, &api, &task.want.path).await?;
        make(writer, task, &api, &resource).await?;
        Ok(outputs(&resource))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &Standing<'_, Props>,
        changed: &[&'static str],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let api = task.text(&want.api);
        let at = Place {
            api: &api,
            resource: live.output(OutputName::Id),
            method: &want.method,
        };
        match (&live.props.integration, &want.integration) {
            (Integration::Http { url: held, .. }, Integration::Http { .. }) => {
                update_method(writer, &at, task, live.props, changed).await?;
                update_proxy(writer, &at, task, held, changed).await?;
            }
            (Integration::Mock(held), Integration::Mock(answer))
                if held.status == answer.status =>
            {
                update_method(writer, &at, task, live.props, changed).await?;
                if changed.contains(&"headers") || changed.contains(&"body") {
                    update_answer(writer, &at, task, held, answer).await?;
                }
            }
            // API Gateway can't change an integration's type, and what belongs to the old one would stay behind.
            _ => {
                delete_method(writer, &at).await?;
                make(writer, task, &api, at.resource).await?;
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &Standing<'_, Props>) -> Result<(), AwsError> {
        let api = literal(&live.props.api);
        let at = Place {
            api: &api,
            resource: live.output(OutputName::Id),
            method: &live.props.method,
        };
        let paths = writer.paths(&api).await?;
        delete_method(writer, &at).await?;
        lock_paths(&paths).forget_method(&live.props.path, &live.props.method);
        clear_path(writer, &api, &live.props.path).await
    }
}

/// A method in API Gateway's terms.
struct Place<'a> {
    api: &'a str,
    resource: &'a str,
    method: &'a str,
}

fn answer(props: &Props) -> Option<&Answer> {
    match &props.integration {
        Integration::Mock(answer) => Some(answer),
        Integration::Http { .. } | Integration::Other(_) => None,
    }
}

fn outputs(resource: &str) -> Outputs {
    Outputs::from([(OutputName::Id, resource.to_owned())])
}

/// A URL as an integration holds it: there a parameter of several segments has no plus sign.
fn uri(url: &str) -> String {
    url.replace("+}", "}")
}

fn uri_value(url: &Text, book: &Book) -> Value {
    match url.value(book) {
        Value::Text(url) => uri(&url).into(),
        unknown => unknown,
    }
}

/// The names of the path parameters in a path or URL.
fn parameters(path: &str) -> BTreeSet<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim_end_matches('+'))
        .collect()
}

/// What carries the path's parameters into the URL: the integration's parameter and the method's.
fn carried(path: &str, uri: &str) -> Vec<(String, String)> {
    parameters(uri)
        .intersection(&parameters(path))
        .map(|name| {
            (
                format!("integration.request.path.{name}"),
                format!("method.request.path.{name}"),
            )
        })
        .collect()
}

/// Makes the resources of a path that aren't there, and gives the last one's id.
async fn make_path(writer: &Writer, api: &str, path: &str) -> Result<String, AwsError> {
    let paths = writer.paths(api).await?;
    let mut parent = lock_paths(&paths).id("/").unwrap_or_default().to_owned();
    let mut so_far = String::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        so_far = format!("{so_far}/{part}");
        let known = lock_paths(&paths).id(&so_far).map(str::to_owned);
        if let Some(id) = known {
            parent = id;
            continue;
        }
        let request = writer
            .apigateway()
            .create_resource()
            .rest_api_id(api)
            .parent_id(&parent)
            .path_part(part);
        match writer
            .call(Operation::apigateway("CreateResource"), request.send())
            .await
        {
            Ok(answer) => {
                parent = answer.id.unwrap_or_default();
                lock_paths(&paths).learn(&so_far, &parent);
            }
            // Somebody made it meanwhile, or the SDK sent the call again after its answer got lost.
            Err(error) if error.is("ConflictException") => {
                let paths = writer.paths_again(api).await?;
                parent = lock_paths(&paths)
                    .id(&so_far)
                    .map(str::to_owned)
                    .ok_or(error)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(parent)
}

/// Deletes what a deleted method leaves behind: resources with nothing on or below them.
async fn clear_path(writer: &Writer, api: &str, path: &str) -> Result<(), AwsError> {
    let paths = writer.paths(api).await?;
    let mut path = path;
    loop {
        let empty = {
            let paths = lock_paths(&paths);
            paths
                .id(path)
                .filter(|_| paths.is_empty_leaf(path))
                .map(str::to_owned)
        };
        let Some(id) = empty else {
            return Ok(());
        };
        let request = writer
            .apigateway()
            .delete_resource()
            .rest_api_id(api)
            .resource_id(id);
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteResource"), request.send())
                .await,
        )?;
        lock_paths(&paths).forget(path);
        path = path.rsplit_once('/').map_or("/", |(parent, _)| parent);
    }
}

/// Makes the method, its integration and its responses on a resource that is there.
async fn make(
    writer: &Writer,
    task: &Task<'_, Props>,
    api: &str,
    resource: &str,
) -> Result<(), AwsError> {
    let want = task.want;
    let at = Place {
        api,
        resource,
        method: &want.method,
    };
    match put_method(writer, &at, task).await {
        // Somebody made it meanwhile, or the SDK sent the call again after its answer got lost.
        Err(error) if error.is("ConflictException") => {
            delete_method(writer, &at).await?;
            put_method(writer, &at, task).await?;
        }
        other => other?,
    }
    let paths = writer.paths(api).await?;
    lock_paths(&paths).learn_method(&want.path, &want.method);
    match &want.integration {
        Integration::Http {
            url,
            timeout_milliseconds,
        } => {
            put_proxy(
                writer,
                &at,
                &want.path,
                &uri(&task.text(url)),
                *timeout_milliseconds,
            )
            .await
        }
        Integration::Mock(answer) => put_mock(writer, &at, task, answer).await,
        // Nothing in a file says so; it only describes what is there.
        Integration::Other(_) => Ok(()),
    }
}

async fn put_method(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
) -> Result<(), AwsError> {
    let want = task.want;
    let declared = parameters(&want.path)
        .into_iter()
        .map(|name| (format!("method.request.path.{name}"), true));
    let (authorization, authorizer) = authorization(task);
    let scopes = want.scopes.iter().map(|scope| task.text(scope)).collect();
    let request = writer
        .apigateway()
        .put_method()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .authorization_type(authorization)
        .set_authorizer_id(authorizer)
        .set_authorization_scopes(Some(scopes).filter(|_| !want.scopes.is_empty()))
        .api_key_required(want.api_key)
        .set_request_parameters(Some(declared.collect()));
    writer
        .call(Operation::apigateway("PutMethod"), request.send())
        .await?;
    Ok(())
}

fn authorization(task: &Task<'_, Props>) -> (&'static str, Option<String>) {
    match &task.want.authorizer {
        Some(id) => (live::COGNITO, Some(task.text(id))),
        None => (live::NONE, None),
    }
}

async fn delete_method(writer: &Writer, at: &Place<'_>) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .delete_method()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method);
    gone_is_success(
        writer
            .call(Operation::apigateway("DeleteMethod"), request.send())
            .await,
    )
}

async fn put_proxy(
    writer: &Writer,
    at: &Place<'_>,
    path: &str,
    uri: &str,
    timeout: i32,
) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .put_integration()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .r#type(IntegrationType::HttpProxy)
        .integration_http_method(at.method)
        .uri(uri)
        .set_request_parameters(Some(carried(path, uri).into_iter().collect()))
        .timeout_in_millis(timeout);
    writer
        .call(Operation::apigateway("PutIntegration"), request.send())
        .await?;
    Ok(())
}

async fn put_mock(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    answer: &Answer,
) -> Result<(), AwsError> {
    // Bytes are no template's business: an API with binary media types has to be told to make text of the call first.
    let handling = writer
        .has_binary_media_types(at.api)
        .await?
        .then_some(ContentHandlingStrategy::ConvertToText);
    let request = writer
        .apigateway()
        .put_integration()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .r#type(IntegrationType::Mock)
        .request_templates(MEDIA_TYPE, mock::request_template(answer.status))
        .set_content_handling(handling);
    writer
        .call(Operation::apigateway("PutIntegration"), request.send())
        .await?;
    // AWS refuses an integration response whose headers the method's response doesn't declare, so that one comes first.
    let declared = answer
        .headers
        .keys()
        .map(|name| (format!("{RESPONSE_HEADER}{name}"), false));
    let request = writer
        .apigateway()
        .put_method_response()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .status_code(answer.status.to_string())
        .set_response_parameters(Some(declared.collect()));
    writer
        .call(Operation::apigateway("PutMethodResponse"), request.send())
        .await?;
    put_answer(writer, at, task, answer).await
}

async fn put_answer(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    answer: &Answer,
) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .put_integration_response()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .status_code(answer.status.to_string())
        .set_response_parameters(Some(header::mappings(RESPONSE_HEADER, &answer.headers)))
        .response_templates(MEDIA_TYPE, mock::body_template(&task.text(&answer.body)));
    writer
        .call(
            Operation::apigateway("PutIntegrationResponse"),
            request.send(),
        )
        .await?;
    Ok(())
}

async fn update_method(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    held: &Props,
    changed: &[&'static str],
) -> Result<(), AwsError> {
    let want = task.want;
    let mut patches = Patches::default();
    for field in changed {
        match *field {
            "authorizer" => {
                let (authorization, authorizer) = authorization(task);
                patches.replace("/authorizationType", authorization);
                patches.replace("/authorizerId", authorizer.unwrap_or_default());
            }
            "scopes" => {
                let wanted: BTreeSet<String> =
                    want.scopes.iter().map(|scope| task.text(scope)).collect();
                let held: BTreeSet<String> = held.scopes.iter().map(literal).collect();
                wanted
                    .difference(&held)
                    .for_each(|scope| patches.add("/authorizationScopes", scope));
                held.difference(&wanted)
                    .for_each(|scope| patches.remove_value("/authorizationScopes", scope));
            }
            "api_key" => patches.replace("/apiKeyRequired", want.api_key),
            _ => {}
        }
    }
    if patches.is_empty() {
        return Ok(());
    }
    let request = writer
        .apigateway()
        .update_method()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .set_patch_operations(patches.operations());
    writer
        .call(Operation::apigateway("UpdateMethod"), request.send())
        .await?;
    Ok(())
}

async fn update_proxy(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    held: &Text,
    changed: &[&'static str],
) -> Result<(), AwsError> {
    let Integration::Http {
        url,
        timeout_milliseconds,
    } = &task.want.integration
    else {
        return Ok(());
    };
    let mut patches = Patches::default();
    if changed.contains(&"http") {
        let uri = uri(&task.text(url));
        let carried_now = carried(&task.want.path, &literal(held));
        let parameter = |name: &str| format!("/requestParameters/{}", segment(name));
        for (name, value) in carried(&task.want.path, &uri)
            .iter()
            .filter(|pair| !carried_now.contains(pair))
        {
            patches.add(parameter(name), value);
        }
        for (name, _) in carried_now
            .iter()
            .filter(|pair| !carried(&task.want.path, &uri).contains(pair))
        {
            patches.remove(parameter(name));
        }
        patches.replace("/uri", uri);
    }
    if changed.contains(&"timeout") {
        patches.replace("/timeoutInMillis", timeout_milliseconds);
    }
    if patches.is_empty() {
        return Ok(());
    }
    let request = writer
        .apigateway()
        .update_integration()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .set_patch_operations(patches.operations());
    writer
        .call(Operation::apigateway("UpdateIntegration"), request.send())
        .await?;
    Ok(())
}

async fn update_answer(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    held: &Answer,
    answer: &Answer,
) -> Result<(), AwsError> {
    let path = |name: &str| {
        format!(
            "/responseParameters/{}",
            segment(&format!("{RESPONSE_HEADER}{name}"))
        )
    };
    // A header is declared before it is used, and used no more before its declaration goes.
    let mut first = Patches::default();
    for name in answer
        .headers
        .keys()
        .filter(|name| !held.headers.contains_key(*name))
    {
        first.add(path(name), false);
    }
    let mut last = Patches::default();
    for name in held
        .headers
        .keys()
        .filter(|name| !answer.headers.contains_key(*name))
    {
        last.remove(path(name));
    }
    update_response(writer, at, answer.status, first).await?;
    put_answer(writer, at, task, answer).await?;
    update_response(writer, at, answer.status, last).await
}

async fn update_response(
    writer: &Writer,
    at: &Place<'_>,
    status: u16,
    patches: Patches,
) -> Result<(), AwsError> {
    if patches.is_empty() {
        return Ok(());
    }
    let request = writer
        .apigateway()
        .update_method_response()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .status_code(status.to_string())
        .set_patch_operations(patches.operations());
    writer
        .call(
            Operation::apigateway("UpdateMethodResponse"),
            request.send(),
        )
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_several_segments_is_carried_without_its_plus() {
        assert_eq!(
            uri("http://api.aws.com/{rest+}"),
            "http://api.aws.com/{rest}"
        );
        let pairs = carried("/files/{owner}/{rest+}", "http://api.aws.com/{rest}");
        assert_eq!(
            pairs,
            [(
                "integration.request.path.rest".to_owned(),
                "method.request.path.rest".to_owned()
            )]
        );
    }

    #[test]
    fn a_reference_to_a_stage_variable_is_no_path_parameter() {
        assert!(carried("/policies", "http://${stageVariables.host}/policies").is_empty());
    }
}
