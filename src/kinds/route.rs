//! A route: a method on a path with its integration and its responses.

mod live;
mod mock;
mod path;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use aws_facts::limits::apigateway::{LONGEST_TIMEOUT_MILLIS, TIMEOUT_MILLIS};
use aws_sdk_apigateway::types::ContentHandlingStrategy;
use serde::{Deserialize, Serialize};

use path::{clear_path, make_path, uri};
use write::{
    Place, delete_method, forget_sources, make, patch_authorizer, patch_content_handling,
    patch_function, patch_link, patch_scopes, patch_timeout, patch_uri, put_proxy, update_answer,
    update_integration, update_method,
};

use super::header::{self, HeaderValue};
use super::patch::Patches;

use super::{
    Action, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, Lane, LiveReference, Look,
    Note, OnChange, Outputs, ROUTE_OPENS, Scope, Task, literal, rest_api,
};
use crate::aws::{AwsError, Reader, Writer, lock_held};
use crate::model::{self, Address, Book, HumanDuration, OutputName, Text, Value};

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
    /// The id of the authorizer; none for a route without a token.
    pub authorizer: Option<Text>,
    /// Any one of these scopes admits an access token. Empty with an authorizer: an ID token.
    pub scopes: BTreeSet<Text>,
    /// Whether an API key is needed.
    pub api_key: bool,
}

/// The integration of a route.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Integration {
    /// A URL (`HTTP_PROXY`), with path parameters passed on.
    Http {
        /// The URL, with the route's path parameters.
        url: Text,
        /// The id of the VPC link; none for the internet.
        link: Option<Text>,
        /// How long the backend may take, in milliseconds.
        timeout_milliseconds: i32,
        /// Headers for the backend, by name.
        #[serde(default)]
        send_headers: BTreeMap<String, HeaderValue>,
    },
    /// A Lambda function (`AWS_PROXY`).
    Function {
        /// The function's ARN.
        function: Text,
        /// How long it may take, in milliseconds.
        timeout_milliseconds: i32,
    },
    /// A mock: API Gateway itself responds.
    Mock(Answer),
    /// Something gatestack does not create, in words: it differs from everything the file can express.
    Other(String),
}

/// A mock response.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Response headers by name, with their values as callers see them.
    pub headers: BTreeMap<String, String>,
    /// The origins of pages among which the answer allows the caller's own; empty if it has no template for that.
    #[serde(default)]
    pub origins: BTreeSet<String>,
    /// The body; empty for none.
    pub body: Text,
    /// Whether API Gateway makes text of a call's body first: templates need text, and an API with binary media types has bytes.
    #[serde(default)]
    pub converts_to_text: bool,
}

impl Props {
    /// The host and port of its backend, if that is reached through the internet.
    pub fn public_backend(&self, book: &Book) -> Option<String> {
        let Integration::Http {
            url, link: None, ..
        } = &self.integration
        else {
            return None;
        };
        let url = url.resolve(book)?;
        let (scheme, rest) = url.split_once("://")?;
        let host = rest.split(['/', '?']).next()?;
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.ends_with(']'));
        let usual = if scheme == "https" { 443 } else { 80 };
        Some(match has_port {
            true => host.to_owned(),
            false => format!("{host}:{usual}"),
        })
    }

    /// Whether a call of it needs neither a token nor an API key.
    pub fn is_open(&self) -> bool {
        self.authorizer.is_none() && !self.api_key
    }

    /// The headers for the backend.
    fn send_headers(&self) -> &BTreeMap<String, HeaderValue> {
        static NONE: BTreeMap<String, HeaderValue> = BTreeMap::new();
        match &self.integration {
            Integration::Http { send_headers, .. } => send_headers,
            Integration::Function { .. } | Integration::Mock(_) | Integration::Other(_) => &NONE,
        }
    }

    /// The id of the VPC link of its calls.
    pub fn link(&self) -> Option<&Text> {
        match &self.integration {
            Integration::Http { link, .. } => link.as_ref(),
            Integration::Function { .. } | Integration::Mock(_) | Integration::Other(_) => None,
        }
    }

    /// What API Gateway answers by itself.
    pub fn answer(&self) -> Option<&Answer> {
        match &self.integration {
            Integration::Mock(answer) => Some(answer),
            Integration::Http { .. } | Integration::Function { .. } | Integration::Other(_) => None,
        }
    }

    /// Whether it is only a CORS preflight: `cors` adds one to every path.
    pub fn is_preflight(&self) -> bool {
        let allows = |answer: &Answer| answer.headers.contains_key("Access-Control-Allow-Methods");
        self.method == "OPTIONS" && self.answer().is_some_and(allows)
    }

    /// The ARN of the function that its calls invoke.
    pub fn function(&self) -> Option<&Text> {
        match &self.integration {
            Integration::Function { function, .. } => Some(function),
            Integration::Http { .. } | Integration::Mock(_) | Integration::Other(_) => None,
        }
    }

    /// How long its backend may take, in milliseconds.
    fn timeout_milliseconds(&self) -> Option<i32> {
        match &self.integration {
            Integration::Http {
                timeout_milliseconds,
                ..
            }
            | Integration::Function {
                timeout_milliseconds,
                ..
            } => Some(*timeout_milliseconds),
            Integration::Mock(_) | Integration::Other(_) => None,
        }
    }
}

/// A route.
#[derive(Debug)]
pub struct Route;

/// The default timeout of an integration, and the longest one unless the account's quota is raised (API Gateway developer guide,
/// "Quotas for configuring and running a REST API").
pub const TIMEOUT: HumanDuration = HumanDuration::from_millis(TIMEOUT_MILLIS as u64);
/// The longest timeout of an integration of a Regional API with a raised quota.
pub const LONGEST_TIMEOUT: HumanDuration =
    HumanDuration::from_millis(LONGEST_TIMEOUT_MILLIS as u64);

/// The prefix of a header in the mappings of a request.
const REQUEST_HEADER: &str = "integration.request.header.";
/// The prefix of a header in the mappings of a response.
const RESPONSE_HEADER: &str = "method.response.header.";
/// The media type whose template API Gateway uses by default.
const MEDIA_TYPE: &str = "application/json";

/// The method with which API Gateway invokes a function.
const INVOKE: &str = "POST";

/// The parts of its update.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A patch of the method: its requirements.
    Method(fn(&mut Patches, &Task<'_, Props>, &Props)),
    /// A patch of the integration.
    Integration(fn(&mut Patches, &Task<'_, Props>, &Props)),
    /// The headers for the backend: mappings of the integration, whose sources the method declares.
    SendHeaders,
    /// A mock response: declared, written and undeclared in a certain order.
    Answer,
    /// What API Gateway changes only by creating the method again.
    Made,
}

impl Kind for Route {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 1,
        goes_with: Some("rest_api"),
        deployed: true,
        siblings_clash: true,
        in_picture: InPicture::Api,
        when_different: "calls get another route than the file says, as soon as it is deployed",
        ..KindInfo::new(
            "route",
            "route",
            "A method on a path of the API, what a caller needs for it, and where its calls go. To API Gateway it is a method \
             with an integration and responses; see its developer guide, \"Methods for REST APIs\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("api", "rest_api", |p: &Props, book| p.api.value(book)),
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
            "Where calls go: `http`, `function` or `mock`.",
            |p: &Props, _| match &p.integration {
                Integration::Http { .. } => "http".into(),
                Integration::Function { .. } => "function".into(),
                Integration::Mock(_) => "mock".into(),
                Integration::Other(words) => words.into(),
            },
        )
        .by(Part::Made),
        Field::new(
            "http",
            "The URL that calls are passed on to, with the same path parameters as the route.",
            |p: &Props, book| match &p.integration {
                Integration::Http { url, .. } => uri_value(url, book),
                _ => Value::Unset,
            },
        )
        .by(Part::Integration(patch_uri)),
        Field::new(
            "via",
            "The VPC link that calls go through: the one to the load balancer.",
            |p: &Props, book| p.link().map(|id| id.value(book)).into(),
        )
        .by(Part::Integration(patch_link))
        .refers_to("vpc_link"),
        Field::new(
            "function",
            "The function that calls invoke.",
            |p: &Props, book| p.function().map(|arn| arn.value(book)).into(),
        )
        .by(Part::Integration(patch_function))
        .refers_to("function"),
        Field::new(
            "timeout",
            "How long the backend may take, `50ms` to `5m`. Above `29s`, a quota of the account has to be raised first.",
            |p: &Props, _| {
                let timeout = p.timeout_milliseconds();
                let millis = timeout.map(|millis| u64::try_from(millis).unwrap_or(0));
                millis.map(HumanDuration::from_millis).into()
            },
        )
        .by(Part::Integration(patch_timeout)),
        Field::new(
            "send_headers",
            "Headers for the backend, over those of the call, each with its text or the mapping that it is taken `from`.",
            |p: &Props, book| header::values(p.send_headers(), book),
        )
        .by(Part::SendHeaders),
        Field::new(
            "status",
            "The HTTP status that API Gateway answers by itself.",
            |p: &Props, _| p.answer().map(|answer| u32::from(answer.status)).into(),
        )
        .by(Part::Made),
        Field::new(
            "headers",
            "The headers that API Gateway answers by itself.",
            |p: &Props, _| p.answer().map_or(Value::Unset, |answer| Value::map(&answer.headers)),
        )
        .by(Part::Answer),
        Field::new(
            "origins",
            "The origins of pages, if there are several: the answer's template allows the caller's own, if it is one of them.",
            |p: &Props, _| match p.answer() {
                Some(answer) if !answer.origins.is_empty() => Value::set(answer.origins.iter().map(Value::from)),
                _ => Value::Unset,
            },
        )
        .by(Part::Answer),
        Field::new(
            "body",
            "The body that API Gateway answers by itself; empty for none.",
            |p: &Props, book| p.answer().map_or(Value::Unset, |answer| answer.body.value(book)),
        )
        .by(Part::Answer),
        Field::new(
            "content_handling",
            "That API Gateway makes text of a call's body before it answers by itself, in an API with `binary` media types.",
            |p: &Props, _| {
                let converts = p.answer().is_some_and(|answer| answer.converts_to_text);
                Value::map(converts.then(|| ("request", ContentHandlingStrategy::ConvertToText.as_str())))
            },
        )
        .by(Part::Integration(patch_content_handling))
        // Without binary media types it has no effect.
        .wanted_keys(),
        Field::new(
            "authorizer",
            "The authorizer that checks the caller's token. Without one, no token is needed.",
            |p: &Props, book| {
                p.authorizer
                    .as_ref()
                    .map_or(Value::Unset, |id| id.value(book))
            },
        )
        .by(Part::Method(patch_authorizer))
        .refers_to("authorizer"),
        Field::new(
            "scopes",
            "Any one of these scopes admits an access token. None, with an authorizer: it takes ID tokens.",
            |p: &Props, book| Value::set(p.scopes.iter().map(|scope| scope.value(book))),
        )
        .by(Part::Method(patch_scopes)),
        Field::new(
            "api_key",
            "Whether a caller needs an API key.",
            |p: &Props, _| p.api_key.into(),
        )
        .by(Part::Method(|patches, task, _: &Props| patches.replace("/apiKeyRequired", task.want.api_key))),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        let name = format!("{} {}", want.method, want.path);
        *address == model::Place::Route(name).address()
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let Some(api) = rest_api::api(scope) else {
            return Ok(findings);
        };
        let resources = reader.resources(api).await?;
        for resource in &*resources {
            let path = resource.path.as_deref().unwrap_or_default();
            for (verb, method) in resource.resource_methods.iter().flatten() {
                let props = live::props(api, path, verb, method);
                let address = crate::model::Place::Route(format!("{verb} {path}")).address();
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
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let api = task.text(&want.api);
        let at = Place {
            api: &api,
            resource: live.output(OutputName::Id),
            method: &want.method,
        };
        match (&live.props.integration, &want.integration) {
            (Integration::Function { .. }, Integration::Function { .. }) => {
                update_method(writer, &at, task, live.props, changed).await?;
                update_integration(writer, &at, task, live.props, changed).await?;
            }
            (Integration::Http { .. }, Integration::Http { .. }) => {
                update_method(writer, &at, task, live.props, changed).await?;
                if live.props.link().is_some() == want.link().is_some() {
                    update_integration(writer, &at, task, live.props, changed).await?;
                } else {
                    put_proxy(writer, &at, task).await?;
                }
                forget_sources(writer, &at, live.props, want).await?;
            }
            (Integration::Mock(held), Integration::Mock(answer))
                if held.status == answer.status =>
            {
                update_method(writer, &at, task, live.props, changed).await?;
                update_integration(writer, &at, task, live.props, changed).await?;
                if changed.iter().any(|part| matches!(part, Part::Answer)) {
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

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let api = literal(&live.props.api);
        let at = Place {
            api: &api,
            resource: live.output(OutputName::Id),
            method: &live.props.method,
        };
        let paths = writer.paths(&api).await?;
        delete_method(writer, &at).await?;
        lock_held(&paths).forget_method(&live.props.path, &live.props.method);
        clear_path(writer, &api, &live.props.path).await
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        let notes = [opens(look), needs_quota(look)];
        notes.into_iter().flatten().collect()
    }
}

fn outputs(resource: &str) -> Outputs {
    Outputs::from([(OutputName::Id, resource.to_owned())])
}

fn uri_value(url: &Text, book: &Book) -> Value {
    match url.value(book) {
        Value::Text(url) => uri(&url).into(),
        unknown => unknown,
    }
}

/// A timeout that AWS refuses unless the account's quota is raised ("Amazon API Gateway integration timeout limit increase beyond
/// 29 seconds", 2024-06-04).
fn needs_quota(look: &Look<'_, Props>) -> Option<Note> {
    let timeout = |props: &Props| props.timeout_milliseconds().map_or(0, i64::from);
    let before = look.held.map_or(0, timeout);
    (timeout(look.want?) > before.max(TIMEOUT_MILLIS)).then_some(())?;
    look.info(
        "GS151",
        "AWS refuses a timeout above 29s unless the quota “Maximum integration timeout in milliseconds” (L-E5AE38E3) of API Gateway \
         is raised in this account and Region; it may lower the account's throttle in return",
    )
}

fn opens(look: &Look<'_, Props>) -> Option<Note> {
    let want = look.want?;
    let text = match look.held {
        Some(held) if look.change.action == Action::Update => {
            let lost = match (
                held.authorizer.is_some() && want.authorizer.is_none(),
                held.api_key && !want.api_key,
            ) {
                (true, true) => "neither a token nor an API key",
                (true, false) => "no token",
                (false, true) => "no API key",
                (false, false) => return None,
            };
            match want.is_open() {
                true => format!("callers will need {lost} any more: it becomes public"),
                false => format!("callers will need {lost} any more"),
            }
        }
        _ if want.is_open() && !look.stack.open_on_purpose.contains(look.address) => {
            "this route is public: it needs neither a token nor an API key. If that is intended, say so in the file: \
             requires = \"nothing\""
                .to_owned()
        }
        _ => return None,
    };
    look.warning(ROUTE_OPENS, text)
}
