//! A gateway response: API Gateway's own error responses, such as 401 or 429.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{GatewayResponse as LiveResponse, GatewayResponseType};
use serde::{Deserialize, Serialize};

use super::patch::{Patches, Write, segment, written};
use super::{
    Desired, Field, Findings, Found, InPicture, Kind, KindInfo, Lane, LiveReference, OnChange,
    Outputs, Resource, Scope, Task, gone_is_success, header, literal, rest_api,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, OutputName, Place, Text, Value};

/// A gateway response.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The response type, such as `DEFAULT_4XX`.
    pub response_type: String,
    /// Response headers by name, with their values as callers see them.
    pub headers: BTreeMap<String, String>,
}

pub use super::header::CALLERS_ORIGIN;

/// A gateway response.
#[derive(Debug)]
pub struct GatewayResponse;

const HEADER: &str = "gatewayresponse.header.";

/// The type of the response to calls that API Gateway denies.
pub const CLIENT_ERRORS: &str = "DEFAULT_4XX";
/// The type of the response if API Gateway or the backend fails.
pub const SERVER_ERRORS: &str = "DEFAULT_5XX";

impl Kind for GatewayResponse {
    type Props = Props;
    type Part = Write<Props>;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 1,
        goes_with: Some("rest_api"),
        deployed: true,
        in_picture: InPicture::Api,
        when_different: "browsers can't read why a call was refused",
        ..KindInfo::new(
            "gateway_response",
            "gateway response",
            "What API Gateway answers when it refuses a call by itself. Browsers show a page the reason only if the \
             refusal carries CORS headers too. See the API Gateway developer guide, \"Gateway responses\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("api", "rest_api", |p: &Props, book| p.api.value(book)),
        Field::new(
            "response_type",
            "The type of refusal, such as `DEFAULT_4XX`.",
            |p: &Props, _| (&p.response_type).into(),
        )
        .on_change(OnChange::Replace(
            "API Gateway keeps one response for each type of refusal",
        )),
        Field::new(
            "headers",
            "Headers of the answer, with their values.",
            |p: &Props, _| Value::map(&p.headers),
        )
        .by(Write(patch_headers)),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        *address == place(&want.response_type)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let Some(api) = rest_api::api(scope) else {
            return Ok(findings);
        };
        let responses = reader.gateway_responses(api).await?;
        let made = responses
            .iter()
            .filter(|response| !response.default_response);
        findings.owned = made.map(|response| found(scope, api, response)).collect();
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let request = writer
            .apigateway()
            .put_gateway_response()
            .rest_api_id(task.text(&want.api))
            .response_type(GatewayResponseType::from(want.response_type.as_str()))
            .set_response_parameters(Some(header::mappings(HEADER, &want.headers)));
        writer
            .call(Operation::apigateway("PutGatewayResponse"), request.send())
            .await?;
        Ok(outputs(&task.text(&want.api), &want.response_type))
    }

    // A patch keeps a status or template that was set by hand; a put would not.
    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let patches = written(task, live.props, changed);
        let request = writer
            .apigateway()
            .update_gateway_response()
            .rest_api_id(task.text(&want.api))
            .response_type(GatewayResponseType::from(want.response_type.as_str()))
            .set_patch_operations(patches.operations());
        writer
            .call(
                Operation::apigateway("UpdateGatewayResponse"),
                request.send(),
            )
            .await?;
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .apigateway()
            .delete_gateway_response()
            .rest_api_id(literal(&live.props.api))
            .response_type(GatewayResponseType::from(live.props.response_type.as_str()));
        gone_is_success(
            writer
                .call(
                    Operation::apigateway("DeleteGatewayResponse"),
                    request.send(),
                )
                .await,
        )
    }
}

fn patch_headers(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let path = |name: &str| {
        let parameter = segment(&format!("{HEADER}{name}"));
        format!("/responseParameters/{parameter}")
    };
    let wanted = &task.want.headers;
    for (name, value) in wanted {
        match held.headers.get(name) {
            Some(held) if held == value => {}
            Some(_) => patches.replace(path(name), header::expression(value)),
            None => patches.add(path(name), header::expression(value)),
        }
    }
    for name in held.headers.keys() {
        if !wanted.contains_key(name) {
            patches.remove(path(name));
        }
    }
}

fn found(scope: &Scope<'_>, api: &str, live: &LiveResponse) -> Found<Props> {
    let response_type = live
        .response_type
        .as_ref()
        .map_or("", GatewayResponseType::as_str)
        .to_owned();
    let none = std::collections::HashMap::new();
    let parameters = live.response_parameters.as_ref().unwrap_or(&none);
    let props = Props {
        api: api.into(),
        headers: header::headers(HEADER, parameters),
        response_type,
    };
    let mut unmanaged = Vec::new();
    if let Some(status) = live
        .status_code
        .as_deref()
        .filter(|status| !status.is_empty())
    {
        unmanaged.push(format!("the status {status}"));
    }
    unmanaged.extend(
        parameters
            .keys()
            .filter(|name| !name.starts_with(HEADER))
            .map(|name| format!("the mapping of {name}")),
    );
    let own_templates = live
        .response_templates
        .iter()
        .flatten()
        .filter(|(_, template)| *template != DEFAULT_TEMPLATE);
    unmanaged
        .extend(own_templates.map(|(media_type, _)| format!("a body of its own for {media_type}")));
    unmanaged.sort();
    let address = address(scope, &props.response_type);
    let outputs = outputs(api, &props.response_type);
    Found {
        unmanaged,
        ..Found::new(address, props, outputs)
    }
}

/// The body that AWS fills in.
const DEFAULT_TEMPLATE: &str = r#"{"message":$context.error.messageString}"#;

fn address(scope: &Scope<'_>, response_type: &str) -> Address {
    let wanted = scope
        .desired
        .resources
        .iter()
        .find_map(|(address, wanted)| match &wanted.resource {
            Resource::GatewayResponse(props) if props.response_type == response_type => {
                Some(address.clone())
            }
            _ => None,
        });
    wanted.unwrap_or_else(|| place(response_type))
}

/// The address of a gateway response, wanted by a file or not.
pub(super) fn place(response_type: &str) -> Address {
    let place = match response_type {
        CLIENT_ERRORS => Place::ClientErrors,
        SERVER_ERRORS => Place::ServerErrors,
        other => Place::OtherGatewayResponse(other.to_owned()),
    };
    place.address()
}

fn outputs(api: &str, response_type: &str) -> Outputs {
    Outputs::from([(OutputName::Id, format!("{api}:{response_type}"))])
}
