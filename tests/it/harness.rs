//! A stack file, a local AWS and the engine between them, in one process: what the commands do, without the terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_local::Service;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use gatestack::apply::{self, Event, Interrupt, Outcome};
use gatestack::aws::{Connection, Endpoint};
use gatestack::clock::Clock;
use gatestack::kinds::{self, Desired, Observation};
use gatestack::model::{Address, OutputName};
use gatestack::plan::{self, Action, Options, Patterns, Plan, Problem};
use gatestack::stack;

/// The account every test stands in.
pub(crate) const ACCOUNT: &str = "123456789012";

/// A local AWS that keeps what was applied.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    /// What instances run, for every writer to send.
    pub(crate) scripts: Arc<Mutex<Vec<String>>>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Clock::simulated("2026-11-21T09:00:00Z".parse().unwrap());
        let options = aws_local::Options {
            account: ACCOUNT.into(),
            clock: clock.clone(),
            ..aws_local::Options::default()
        };
        Self {
            service: Service::in_memory(options),
            clock,
            scripts: Arc::default(),
        }
    }

    pub(crate) async fn connection(&self) -> Connection {
        self.connection_through(aws_local::connector(self.service.clone()))
            .await
    }

    pub(crate) async fn connection_through(&self, client: SharedHttpClient) -> Connection {
        let endpoint = Endpoint::InProcess(client);
        let connection = Connection::open(endpoint, "eu-west-1", &self.clock).await;
        for script in self.scripts.lock().unwrap().iter() {
            connection.contents().put(script);
        }
        connection
    }

    /// Somebody else's API Gateway client, such as the console's.
    pub(crate) fn apigateway(&self) -> aws_sdk_apigateway::Client {
        let config = aws_sdk_apigateway::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_apigateway::config::Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_apigateway::config::Credentials::from_keys(
                "someone", "else", None,
            ))
            .http_client(aws_local::connector(self.service.clone()))
            .build();
        aws_sdk_apigateway::Client::from_conf(config)
    }

    /// Somebody else's Cognito client.
    pub(crate) fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        let config = aws_sdk_cognitoidentityprovider::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_cognitoidentityprovider::config::Region::new(
                "eu-west-1",
            ))
            .credentials_provider(
                aws_sdk_cognitoidentityprovider::config::Credentials::from_keys(
                    "someone", "else", None,
                ),
            )
            .http_client(aws_local::connector(self.service.clone()))
            .build();
        aws_sdk_cognitoidentityprovider::Client::from_conf(config)
    }

    /// The id AWS gave the resource at this address.
    pub(crate) async fn id(&self, text: &str, address: &str) -> String {
        let observation = self.observe(&desired(text)).await;
        let live = observation
            .live
            .get(&Address::new(address))
            .unwrap_or_else(|| panic!("{address} is not there"));
        live.outputs[&OutputName::Id].clone()
    }

    /// What AWS says of the stack.
    pub(crate) async fn observe(&self, desired: &Desired) -> Observation {
        kinds::observe(&self.connection().await.reader(), desired)
            .await
            .unwrap()
    }

    async fn observe_to_destroy(&self, desired: &Desired) -> Observation {
        kinds::observe_to_destroy(&self.connection().await.reader(), desired)
            .await
            .unwrap()
    }

    pub(crate) async fn plan(&self, text: &str) -> Plan {
        self.plan_with(text, &Options::default()).await.unwrap()
    }

    pub(crate) async fn plan_with(
        &self,
        text: &str,
        options: &Options,
    ) -> Result<Plan, Vec<Problem>> {
        let desired = desired(text);
        let observation = match options.destroy {
            true => self.observe_to_destroy(&desired).await,
            false => self.observe(&desired).await,
        };
        plan::plan(&desired, &observation, options)
    }

    /// Plans and applies; every step has to succeed.
    pub(crate) async fn apply(&self, text: &str) -> Plan {
        let (plan, outcome) = self
            .apply_through(text, aws_local::connector(self.service.clone()))
            .await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        plan
    }

    /// Plans on a healthy connection and applies on this one.
    pub(crate) async fn apply_through(
        &self,
        text: &str,
        client: SharedHttpClient,
    ) -> (Plan, Outcome) {
        let plan = self.plan(text).await;
        let outcome = self.carry_out(&plan, client).await;
        (plan, outcome)
    }

    pub(crate) async fn carry_out(&self, plan: &Plan, client: SharedHttpClient) -> Outcome {
        self.carry_out_telling(plan, client, &Interrupt::new(), &mut |_| {})
            .await
    }

    /// The same with somebody listening, who may interrupt.
    pub(crate) async fn carry_out_telling(
        &self,
        plan: &Plan,
        client: SharedHttpClient,
        interrupt: &Interrupt,
        tell: &mut dyn FnMut(Event),
    ) -> Outcome {
        let writer = self.connection_through(client).await.writer();
        apply::run(plan, &writer, &self.clock, interrupt, tell).await
    }

    /// Applies a plan that was made with other options.
    pub(crate) async fn apply_with(&self, text: &str, options: &Options) -> Plan {
        let plan = self.plan_with(text, options).await.unwrap();
        assert!(
            plan.missing_consent.is_empty(),
            "{:?}",
            plan.missing_consent
        );
        let outcome = self
            .carry_out(&plan, aws_local::connector(self.service.clone()))
            .await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        plan
    }

    /// Deletes the whole stack.
    pub(crate) async fn destroy(&self, text: &str) {
        let options = Options {
            destroy: true,
            allow_delete: Patterns::new(["*".to_owned()]),
            ..Options::default()
        };
        let plan = self.plan_with(text, &options).await.unwrap();
        let outcome = self
            .carry_out(&plan, aws_local::connector(self.service.clone()))
            .await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    }
}

/// What a plan does, as `action address` lines.
pub(crate) fn summary(plan: &Plan) -> Vec<String> {
    let word = |action| match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    };
    plan.changes
        .iter()
        .map(|(address, change)| format!("{} {address}", word(change.action)))
        .collect()
}

/// What a stack file wants.
pub(crate) fn desired(text: &str) -> Desired {
    stack::expand::expand(
        &checked(text).file,
        ACCOUNT,
        Vec::new(),
        &Default::default(),
    )
}

pub(crate) fn checked(text: &str) -> stack::Checked {
    let source = stack::Source::new("stack.toml", text);
    stack::load(
        source,
        &stack::LoadSettings {
            vars: Default::default(),
            env: &|_| None,
            read: &|_| Ok("#!/bin/sh\n".into()),
        },
    )
    .unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}\n{text}"))
}

/// A stack with `partners` partners on one plan and `routes` routes, CORS on.
pub(crate) fn stack_of(partners: usize, routes: usize) -> String {
    let mut text = String::from(
        r#"
[stack]
name = "claims"
region = "eu-west-1"

[user_pool]
name = "XXX Users"
domain = "xxx-${account.id}"

[resource_servers.xxx-api]
scopes = { read = "read" }

[api]
name = "xxx-api"
stage = "prod"
cors = true
requires = { scopes = ["xxx-api/read"], api_key = true }

[api.routes]
"#,
    );
    for route in 0..routes {
        text.push_str(&format!("\"GET /things{route}/{{id}}\" = {{ http = \"http://api.aws.com/things{route}/{{id}}\" }}\n"));
    }
    text.push_str("\n[plans.XXXPlan]\nthrottle = { rate = 50, burst = 100 }\nquota = { requests = 100000, per = \"month\" }\n");
    for partner in 0..partners {
        text.push_str(&format!(
            "\n[partners.insurer{partner}]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n"
        ));
    }
    text
}

/// What becomes of one request on its way.
pub(crate) enum Fate {
    /// It arrives, and so does its answer.
    Arrives,
    /// It arrives after a while.
    Takes(Duration),
    /// It arrives and its answer is lost.
    Unanswered,
    /// It arrives and the connection breaks before the answer is there.
    Broken,
    /// It never leaves.
    Dies,
    /// It never leaves either, and is answered with this JSON, as by a part of AWS that has not heard yet.
    Told(String),
    /// AWS refuses it with this status, code and message.
    Refused(u16, &'static str, &'static str),
}

/// Decides a request's fate by its number, from 1, and its operation: Cognito's by name, API Gateway's as `VERB /path`.
type Decide = dyn Fn(u64, &str) -> Fate + Send + Sync;

/// An HTTP client between the SDK and AWS on which things happen.
#[derive(Clone)]
pub(crate) struct Wire {
    inner: SharedHttpClient,
    sent: Arc<AtomicU64>,
    decide: Arc<Decide>,
}

impl Wire {
    pub(crate) fn to(
        world: &World,
        decide: impl Fn(u64, &str) -> Fate + Send + Sync + 'static,
    ) -> SharedHttpClient {
        let inner = aws_local::connector(world.service.clone());
        SharedHttpClient::new(Self {
            inner,
            sent: Arc::default(),
            decide: Arc::new(decide),
        })
    }

    /// One that dies after a number of requests: the last one still reaches AWS, its answer is lost.
    pub(crate) fn dying_after(requests: u64, world: &World) -> SharedHttpClient {
        Self::to(world, move |number, _| match number.cmp(&requests) {
            std::cmp::Ordering::Less => Fate::Arrives,
            std::cmp::Ordering::Equal => Fate::Unanswered,
            std::cmp::Ordering::Greater => Fate::Dies,
        })
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(WireConnector {
            inner,
            wire: self.clone(),
        })
    }
}

#[derive(Debug)]
struct WireConnector {
    inner: SharedHttpConnector,
    wire: Wire,
}

impl HttpConnector for WireConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let dead = || Err(ConnectorError::user("the process died".into()));
        let number = self.wire.sent.fetch_add(1, Ordering::SeqCst) + 1;
        let operation = match request.headers().get("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None => format!(
                "{} {}",
                request.method(),
                request.uri().split(".com").last().unwrap_or_default()
            ),
        };
        match (self.wire.decide)(number, &operation) {
            Fate::Arrives => self.inner.call(request),
            Fate::Takes(time) => {
                let inner = self.inner.clone();
                HttpConnectorFuture::new(async move {
                    tokio::time::sleep(time).await;
                    inner.call(request).await
                })
            }
            Fate::Unanswered => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _lost = answer.await;
                    dead()
                })
            }
            Fate::Broken => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let _lost = answer.await;
                    Err(ConnectorError::io("the connection broke".into()))
                })
            }
            Fate::Dies => HttpConnectorFuture::ready(dead()),
            Fate::Told(body) => {
                let answer = http::Response::new(SdkBody::from(body));
                HttpConnectorFuture::ready(Ok(answer.try_into().unwrap()))
            }
            Fate::Refused(status, code, message) => {
                let body = serde_json::json!({ "__type": code, "message": message }).to_string();
                let answer = http::Response::builder()
                    .status(status)
                    .header("x-amzn-errortype", code)
                    .header("x-amzn-requestid", "11111111-2222-3333-4444-555555555555")
                    .body(SdkBody::from(body))
                    .unwrap();
                HttpConnectorFuture::ready(Ok(answer.try_into().unwrap()))
            }
        }
    }
}
