//! The calls that create and update a method with its integration and its responses.

use std::collections::{BTreeSet, HashMap};

use aws_facts::arns;
use aws_sdk_apigateway::types::{ConnectionType, ContentHandlingStrategy, IntegrationType};

use super::path::{carried, parameters, uri};
use super::{
    Answer, HeaderValue, INVOKE, Integration, MEDIA_TYPE, Part, Props, REQUEST_HEADER,
    RESPONSE_HEADER, live, mock,
};
use crate::aws::{AwsError, Operation, Writer, lock_held};
use crate::kinds::patch::{Patches, segment};
use crate::kinds::{Task, gone_is_success, header, literal};
use crate::model::Text;

/// A method in API Gateway's terms.
pub(super) struct Place<'a> {
    pub(super) api: &'a str,
    pub(super) resource: &'a str,
    pub(super) method: &'a str,
}

/// Creates the method, its integration and its responses on an existing resource.
pub(super) async fn make(
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
        // It was created meanwhile, or the SDK retried the call after its response was lost.
        Err(error) if error.is_there_already() => {
            delete_method(writer, &at).await?;
            put_method(writer, &at, task).await?;
        }
        other => other?,
    }
    let paths = writer.paths(api).await?;
    lock_held(&paths).learn_method(&want.path, &want.method);
    match &want.integration {
        Integration::Http { .. } => put_proxy(writer, &at, task).await,
        Integration::Function { function, .. } => put_function(writer, &at, task, function).await,
        Integration::Mock(answer) => put_mock(writer, &at, task, answer).await,
        // A file can't express this; it only describes live routes.
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
        .map(|name| (format!("method.request.path.{name}"), true))
        .chain(sources(want).into_iter().map(|source| (source, false)));
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

pub(super) async fn delete_method(writer: &Writer, at: &Place<'_>) -> Result<(), AwsError> {
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

/// Creates or replaces a proxy integration.
pub(super) async fn put_proxy(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
) -> Result<(), AwsError> {
    let Integration::Http {
        url,
        link,
        timeout_milliseconds,
        send_headers,
    } = &task.want.integration
    else {
        return Ok(());
    };
    let uri = uri(&task.text(url));
    let headers = send_headers
        .iter()
        .map(|(name, value)| (format!("{REQUEST_HEADER}{name}"), value.expression(task)));
    let mappings = carried(&task.want.path, &uri).into_iter().chain(headers);
    let connection = match link {
        Some(_) => ConnectionType::VpcLink,
        None => ConnectionType::Internet,
    };
    let request = writer
        .apigateway()
        .put_integration()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .r#type(IntegrationType::HttpProxy)
        .integration_http_method(at.method)
        .set_request_parameters(Some(mappings.collect()))
        .uri(uri)
        .connection_type(connection)
        .set_connection_id(link.as_ref().map(|id| task.text(id)))
        .timeout_in_millis(*timeout_milliseconds);
    writer
        .call(Operation::apigateway("PutIntegration"), request.send())
        .await?;
    Ok(())
}

/// Creates or replaces the integration of a function.
async fn put_function(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    function: &Text,
) -> Result<(), AwsError> {
    let request = writer
        .apigateway()
        .put_integration()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .r#type(IntegrationType::AwsProxy)
        // Lambda's Invoke is a POST, whatever the route's own method.
        .integration_http_method(INVOKE)
        .uri(arns::invocation(&task.text(function)))
        .set_timeout_in_millis(task.want.timeout_milliseconds());
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
    let handling = answer
        .converts_to_text
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
    // AWS refuses an integration response whose headers the method response doesn't declare, so that comes first.
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
    // Without a template the response has no body; an empty template is returned as null.
    let template = mock::answer_template(&answer.origins, &task.text(&answer.body));
    let templates =
        (!template.is_empty()).then(|| HashMap::from([(MEDIA_TYPE.to_owned(), template)]));
    let request = writer
        .apigateway()
        .put_integration_response()
        .rest_api_id(at.api)
        .resource_id(at.resource)
        .http_method(at.method)
        .status_code(answer.status.to_string())
        .set_response_parameters(Some(header::mappings(RESPONSE_HEADER, &answer.headers)))
        .set_response_templates(templates);
    writer
        .call(
            Operation::apigateway("PutIntegrationResponse"),
            request.send(),
        )
        .await?;
    Ok(())
}

pub(super) fn patch_authorizer(patches: &mut Patches, task: &Task<'_, Props>, _: &Props) {
    let (authorization, authorizer) = authorization(task);
    patches.replace("/authorizationType", authorization);
    patches.replace("/authorizerId", authorizer.unwrap_or_default());
}

pub(super) fn patch_scopes(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let scopes = task.want.scopes.iter();
    let wanted: BTreeSet<String> = scopes.map(|scope| task.text(scope)).collect();
    let held: BTreeSet<String> = held.scopes.iter().map(literal).collect();
    wanted
        .difference(&held)
        .for_each(|scope| patches.add("/authorizationScopes", scope));
    held.difference(&wanted)
        .for_each(|scope| patches.remove_value("/authorizationScopes", scope));
}

pub(super) fn patch_uri(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let (Integration::Http { url: want, .. }, Integration::Http { url: held, .. }) =
        (&task.want.integration, &held.integration)
    else {
        return;
    };
    let uri = uri(&task.text(want));
    let carried_now = carried(&task.want.path, &literal(held));
    let carried_then = carried(&task.want.path, &uri);
    let parameter = |name: &str| format!("/requestParameters/{}", segment(name));
    for pair in carried_then
        .iter()
        .filter(|pair| !carried_now.contains(pair))
    {
        patches.add(parameter(&pair.0), &pair.1);
    }
    for pair in carried_now
        .iter()
        .filter(|pair| !carried_then.contains(pair))
    {
        patches.remove(parameter(&pair.0));
    }
    patches.replace("/uri", uri);
}

pub(super) fn patch_function(patches: &mut Patches, task: &Task<'_, Props>, _: &Props) {
    if let Some(function) = task.want.function() {
        patches.replace("/uri", arns::invocation(&task.text(function)));
    }
}

pub(super) fn patch_link(patches: &mut Patches, task: &Task<'_, Props>, _: &Props) {
    if let Some(id) = task.want.link() {
        patches.replace("/connectionId", task.text(id));
    }
}

/// The parameters of the call that headers for the backend are taken from. API Gateway maps only those that the method declares.
fn sources(props: &Props) -> BTreeSet<String> {
    let headers = props.send_headers().values();
    headers.filter_map(HeaderValue::declared).collect()
}

/// Declares the sources of new headers.
fn patch_sources(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    for source in sources(task.want).difference(&sources(held)) {
        patches.add(format!("/requestParameters/{}", segment(source)), false);
    }
}

/// Removes the declarations of sources that no header needs any more, once no mapping uses them.
pub(super) async fn forget_sources(
    writer: &Writer,
    at: &Place<'_>,
    held: &Props,
    want: &Props,
) -> Result<(), AwsError> {
    let mut patches = Patches::default();
    for source in sources(held).difference(&sources(want)) {
        patches.remove(format!("/requestParameters/{}", segment(source)));
    }
    send_to_method(writer, at, patches).await
}

fn patch_headers(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let path = |name: &str| {
        let parameter = segment(&format!("{REQUEST_HEADER}{name}"));
        format!("/requestParameters/{parameter}")
    };
    let (want, held) = (task.want.send_headers(), held.send_headers());
    for (name, value) in want {
        let value = value.expression(task);
        match held.get(name).map(HeaderValue::live) {
            Some(held) if held == value => {}
            Some(_) => patches.replace(path(name), value),
            None => patches.add(path(name), value),
        }
    }
    for name in held.keys().filter(|name| !want.contains_key(*name)) {
        patches.remove(path(name));
    }
}

pub(super) fn patch_timeout(patches: &mut Patches, task: &Task<'_, Props>, _: &Props) {
    if let Some(milliseconds) = task.want.timeout_milliseconds() {
        patches.replace("/timeoutInMillis", milliseconds);
    }
}

pub(super) fn patch_content_handling(patches: &mut Patches, _: &Task<'_, Props>, _: &Props) {
    let to_text = ContentHandlingStrategy::ConvertToText;
    patches.replace("/contentHandling", to_text.as_str());
}

pub(super) async fn update_method(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    held: &Props,
    changed: &[Part],
) -> Result<(), AwsError> {
    let mut patches = Patches::default();
    for part in changed {
        match part {
            Part::Method(patch) => patch(&mut patches, task, held),
            Part::SendHeaders => patch_sources(&mut patches, task, held),
            // These belong to the integration.
            Part::Integration(_) | Part::Answer | Part::Made => {}
        }
    }
    send_to_method(writer, at, patches).await
}

async fn send_to_method(writer: &Writer, at: &Place<'_>, patches: Patches) -> Result<(), AwsError> {
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

pub(super) async fn update_integration(
    writer: &Writer,
    at: &Place<'_>,
    task: &Task<'_, Props>,
    held: &Props,
    changed: &[Part],
) -> Result<(), AwsError> {
    let mut patches = Patches::default();
    for part in changed {
        match part {
            Part::Integration(patch) => patch(&mut patches, task, held),
            Part::SendHeaders => patch_headers(&mut patches, task, held),
            // Settings of the method, and those that an integration of this type lacks.
            Part::Method(_) | Part::Answer | Part::Made => {}
        }
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

pub(super) async fn update_answer(
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
    // A header is declared before it is used, and removed from use before its declaration is deleted.
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
