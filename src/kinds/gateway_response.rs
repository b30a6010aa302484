//! A gateway response: API Gateway's own error responses, such as 401 or 429.

use std::collections::BTreeMap;

use aws_facts::gateway_responses::{self, BODY};
use aws_sdk_apigateway::types::{GatewayResponse as LiveResponse, GatewayResponseType};
use serde::{Deserialize, Serialize};

use super::{
    Desired, Field, Findings, Found, HeaderValue, InPicture, Kind, KindInfo, Lane, LiveReference,
    OnChange, Outputs, Resource, Scope, Task, gone_is_success, header, literal, rest_api,
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
    /// The status; none for that of its type.
    #[serde(default)]
    pub status: Option<u16>,
    /// Response headers by name.
    pub headers: BTreeMap<String, HeaderValue>,
    /// The bodies by media type, in which API Gateway replaces variables.
    #[serde(default = "default_bodies")]
    pub bodies: BTreeMap<String, Text>,
}

/// The bodies of a response that says none.
pub fn default_bodies() -> BTreeMap<String, Text> {
    BTreeMap::from([("application/json".to_owned(), BODY.into())])
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
    type Part = ();

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 1,
        goes_with: Some("rest_api"),
        deployed: true,
        in_picture: InPicture::Api,
        when_different: "refused calls get another answer than the file says",
        ..KindInfo::new(
            "gateway_response",
            "gateway response",
            "What API Gateway answers when it refuses a call by itself, or can't get an answer of the backend. Browsers show a \
             page the reason only if the refusal carries CORS headers too. See the API Gateway developer guide, \"Gateway \
             responses\".",
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
            "status",
            "The HTTP status, if it is not the usual one of the type.",
            |p: &Props, _| {
                let usual = gateway_responses::status(&p.response_type);
                let status = p.status.filter(|status| Some(*status) != usual);
                status.map(u32::from).into()
            },
        )
        .by(()),
        Field::new(
            "headers",
            "Headers of the answer, each with its text or the mapping that it is taken `from`.",
            |p: &Props, book| header::values(&p.headers, book),
        )
        .by(()),
        Field::new(
            "body",
            "The bodies by media type, if they are not API Gateway's own; it replaces `$context` variables in them.",
            |p: &Props, book| match p.bodies == default_bodies() {
                true => Value::Unset,
                false => Value::map(p.bodies.iter().map(|(name, body)| (name, body.value(book)))),
            },
        )
        .by(()),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        let written = Place::GatewayResponse(want.response_type.clone()).address();
        *address == written || *address == place(&want.response_type)
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
        put(writer, task).await?;
        Ok(outputs(
            &task.text(&task.want.api),
            &task.want.response_type,
        ))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        _live: &LiveReference<'_, Props>,
        _changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        put(writer, task).await?;
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

/// Creates or replaces a response. What a put leaves out gets AWS's default, which no patch can set.
async fn put(writer: &Writer, task: &Task<'_, Props>) -> Result<(), AwsError> {
    let want = task.want;
    let headers = want
        .headers
        .iter()
        .map(|(name, value)| (format!("{HEADER}{name}"), value.expression(task)));
    let bodies = want
        .bodies
        .iter()
        .map(|(media_type, body)| (media_type.clone(), task.text(body)));
    let request = writer
        .apigateway()
        .put_gateway_response()
        .rest_api_id(task.text(&want.api))
        .response_type(GatewayResponseType::from(want.response_type.as_str()))
        .set_status_code(want.status.map(|status| status.to_string()))
        .set_response_parameters(Some(headers.collect()))
        .set_response_templates(Some(bodies.collect()));
    writer
        .call(Operation::apigateway("PutGatewayResponse"), request.send())
        .await?;
    Ok(())
}

fn found(scope: &Scope<'_>, api: &str, live: &LiveResponse) -> Found<Props> {
    let response_type = live
        .response_type
        .as_ref()
        .map_or("", GatewayResponseType::as_str)
        .to_owned();
    // What is no header has no effect, and an update removes it.
    let headers = live.response_parameters.iter().flatten().map(|(to, from)| {
        let name = to.strip_prefix(HEADER).unwrap_or(to);
        (name.to_owned(), HeaderValue::of(from))
    });
    let bodies = live
        .response_templates
        .iter()
        .flatten()
        .map(|(media_type, body)| (media_type.clone(), body.as_str().into()));
    let props = Props {
        api: api.into(),
        status: live
            .status_code
            .as_deref()
            .and_then(|status| status.parse().ok()),
        headers: headers.collect(),
        bodies: bodies.collect(),
        response_type,
    };
    let address = address(scope, &props.response_type);
    let outputs = outputs(api, &props.response_type);
    Found::new(address, props, outputs)
}

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
        other => Place::GatewayResponse(other.to_owned()),
    };
    place.address()
}

fn outputs(api: &str, response_type: &str) -> Outputs {
    Outputs::from([(OutputName::Id, format!("{api}:{response_type}"))])
}
