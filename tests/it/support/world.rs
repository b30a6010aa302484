//! A local AWS in this process, and what the engine makes of stack files on it.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use aws_local::Service;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::apply::{Event, Outcome};
use gatestack::aws::{Connection, Endpoint};
use gatestack::clock::Clock;
use gatestack::engine::{
    self, Aws, Executed, FirstLook, Invocation, Listener, NeverStopped, Notice, Purpose, Session,
    Silent, Stop, Stops,
};
use gatestack::error::Error;
use gatestack::kinds::{Desired, Observation};
use gatestack::model::{Address, OutputName, Payloads};
use gatestack::plan::{Action, Options, Patterns, Plan, Problem};
use gatestack::stack;

use super::program::Folder;

/// The account of every test.
pub(crate) const ACCOUNT: &str = "123456789012";

/// One of the SDK's clients of a world or an example, in the Region of its stack, for changes by hand.
macro_rules! somebody {
    ($world:expr, $sdk:ident) => {{
        let config = $sdk::Config::builder()
            .behavior_version_latest()
            .region($sdk::config::Region::new($world.region()))
            .credentials_provider($sdk::config::Credentials::from_keys(
                "someone", "else", None,
            ))
            .http_client($world.line())
            .build();
        $sdk::Client::from_conf(config)
    }};
}

pub(crate) use somebody;

/// A local AWS that keeps what was applied.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) clock: Clock,
    /// What every writer can send.
    pub(crate) payloads: Arc<Mutex<Payloads>>,
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
            payloads: Arc::default(),
        }
    }

    /// The same local AWS once more, as it is now.
    pub(crate) fn copy(&self) -> Self {
        let service = self.service.in_memory_copy(self.clock.clone());
        Self {
            service: service.unwrap(),
            ..self.clone()
        }
    }

    /// A client by which everything arrives.
    pub(crate) fn line(&self) -> SharedHttpClient {
        aws_local::connector(self.service.clone())
    }

    /// The Region of its stacks.
    pub(crate) fn region(&self) -> &'static str {
        "eu-west-1"
    }

    pub(crate) async fn connection(&self) -> Connection {
        self.connection_through(self.line()).await
    }

    pub(crate) async fn connection_through(&self, client: SharedHttpClient) -> Connection {
        let endpoint = Endpoint::InProcess(client);
        let connection = Connection::open(endpoint, self.region(), &self.clock).await;
        connection.payloads().extend(&self.payloads.lock().unwrap());
        connection
    }

    /// An API Gateway client for changes by hand.
    pub(crate) fn apigateway(&self) -> aws_sdk_apigateway::Client {
        somebody!(self, aws_sdk_apigateway)
    }

    /// A client of API Gateway's V2 API for changes by hand.
    pub(crate) fn apigatewayv2(&self) -> aws_sdk_apigatewayv2::Client {
        somebody!(self, aws_sdk_apigatewayv2)
    }

    /// A Cognito client for changes by hand.
    pub(crate) fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        somebody!(self, aws_sdk_cognitoidentityprovider)
    }

    /// The names of all functions, roles and log groups.
    pub(crate) async fn functions_roles_and_groups(&self) -> [Vec<String>; 3] {
        let functions = somebody!(self, aws_sdk_lambda).list_functions();
        let functions = functions
            .send()
            .await
            .unwrap()
            .functions
            .unwrap_or_default();
        let functions = functions.into_iter().filter_map(|one| one.function_name);
        let roles = somebody!(self, aws_sdk_iam).list_roles();
        let roles = roles.send().await.unwrap().roles.into_iter();
        let groups = somebody!(self, aws_sdk_cloudwatchlogs).describe_log_groups();
        let groups = groups.send().await.unwrap().log_groups.unwrap_or_default();
        let groups = groups.into_iter().filter_map(|one| one.log_group_name);
        [
            functions.collect(),
            roles.map(|one| one.role_name).collect(),
            groups.collect(),
        ]
    }

    /// The id AWS gave the resource at this address.
    pub(crate) async fn id(&self, text: &str, address: &str) -> String {
        let observation = self.look(text).await;
        let live = observation
            .live
            .get(&Address::new(address))
            .unwrap_or_else(|| panic!("{address} is not there"));
        live.outputs[&OutputName::Id].clone()
    }

    /// Writers can send what the files of a stack hold.
    fn take_files_of(&self, checked: &stack::Checked) {
        let mut payloads = self.payloads.lock().unwrap();
        payloads.extend(&checked.files.payloads);
        for (digest, code) in &checked.files.codes {
            let files = code.files.as_ref().expect("no build in these stacks");
            payloads.put_as(&**digest, files.archive().unwrap());
        }
    }

    /// The stack of a file, opened as commands open it: what it points to is looked for, and judged where it is to be made.
    pub(crate) async fn open(&self, text: &str, purpose: Purpose) -> Session {
        let opened = self.try_open(text, &[], purpose).await;
        opened.unwrap_or_else(|error| panic!("{error:#?}"))
    }

    /// The same with `--adopt` of these addresses; it may fail.
    pub(crate) async fn try_open(
        &self,
        text: &str,
        adopt: &[&str],
        purpose: Purpose,
    ) -> Result<Session, Error> {
        let first_look = FirstLook::WhenAsked;
        let connection = self.connection().await;
        self.opened(connection, text, adopt, purpose, first_look)
            .await
    }

    /// The same for a command that only reads.
    async fn open_to_read(&self, text: &str, purpose: Purpose) -> Session {
        self.open_to_read_over(self.connection().await, text, purpose)
            .await
    }

    /// The same over a connection that is open.
    pub(crate) async fn open_to_read_over(
        &self,
        connection: Connection,
        text: &str,
        purpose: Purpose,
    ) -> Session {
        let opened = self
            .opened(connection, text, &[], purpose, FirstLook::AtOnce)
            .await;
        opened.unwrap_or_else(|error| panic!("{error:#?}"))
    }

    async fn opened(
        &self,
        connection: Connection,
        text: &str,
        adopt: &[&str],
        purpose: Purpose,
        first_look: FirstLook,
    ) -> Result<Session, Error> {
        let (local, checked) = (local(), checked(text));
        self.take_files_of(&checked);
        connection.payloads().extend(&self.payloads.lock().unwrap());
        let (service, clock) = (self.service.clone(), self.clock.clone());
        let aws = Aws::in_process(service, connection, clock, ACCOUNT);
        let adopt: Vec<String> = adopt.iter().copied().map(str::to_owned).collect();
        let listener = &mut Silent;
        let opened = Session::on(aws, &local, &checked, &adopt, purpose, first_look, listener);
        Box::pin(opened).await
    }

    /// A stack of which it is known what is wanted.
    pub(crate) async fn session(&self, desired: &Desired, purpose: Purpose) -> Session {
        self.session_through(self.line(), desired, purpose).await
    }

    /// The same over this client.
    pub(crate) async fn session_through(
        &self,
        client: SharedHttpClient,
        desired: &Desired,
        purpose: Purpose,
    ) -> Session {
        let connection = self.connection_through(client).await;
        let (service, clock) = (self.service.clone(), self.clock.clone());
        let aws = Aws::in_process(service, connection, clock, ACCOUNT);
        Session::of(aws, &local(), desired.clone(), purpose)
    }

    /// What a stack file wants here.
    pub(crate) async fn desired(&self, text: &str) -> Desired {
        self.open(text, Purpose::Make).await.desired
    }

    /// What AWS says of the stack of a file.
    pub(crate) async fn look(&self, text: &str) -> Observation {
        let session = self.open_to_read(text, Purpose::Find).await;
        session.observe(&mut Silent).await.unwrap()
    }

    /// What AWS says of the stack.
    pub(crate) async fn observe(&self, desired: &Desired) -> Observation {
        let session = self.session(desired, Purpose::Find).await;
        session.observe(&mut Silent).await.unwrap()
    }

    /// The plan to what is wanted.
    pub(crate) async fn plan_to(
        &self,
        desired: &Desired,
        options: &Options,
    ) -> Result<Plan, Vec<Problem>> {
        let session = self.session(desired, purpose_of(options)).await;
        plan_of(&session, options).await
    }

    pub(crate) async fn plan(&self, text: &str) -> Plan {
        self.plan_with(text, &Options::default()).await.unwrap()
    }

    pub(crate) async fn plan_with(
        &self,
        text: &str,
        options: &Options,
    ) -> Result<Plan, Vec<Problem>> {
        let session = self.open_to_read(text, purpose_of(options)).await;
        plan_of(&session, options).await
    }

    /// Plans and applies; every step has to succeed.
    pub(crate) async fn apply(&self, text: &str) -> Plan {
        let (plan, outcome) = self.apply_through(text, self.line()).await;
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

    /// Carries out a plan over this client.
    pub(crate) async fn carry_out(&self, plan: &Plan, client: SharedHttpClient) -> Outcome {
        let connection = self.connection_through(client).await;
        carried_out(plan, &connection, &self.clock, &mut Silent).await
    }

    /// A session that has looked at a stack, and its plan to delete all of it.
    pub(crate) async fn about_to_destroy(&self, text: &str) -> (Session, Plan) {
        let options = Options {
            destroy: true,
            allow_delete: Patterns::new(["*".to_owned()]),
            ..Options::default()
        };
        let session = self.open(text, Purpose::Destroy).await;
        let plan = plan_of(&session, &options).await.unwrap();
        (session, plan)
    }

    /// Carries out a plan in the session that made it.
    pub(crate) async fn carry_out_in(&self, session: &Session, plan: &Plan) -> Outcome {
        carried_out(plan, &session.connection, &self.clock, &mut Silent).await
    }

    /// Applies a plan that was made with other options.
    pub(crate) async fn apply_with(&self, text: &str, options: &Options) -> Plan {
        let plan = self.plan_with(text, options).await.unwrap();
        assert!(
            plan.missing_consent.is_empty(),
            "{:?}",
            plan.missing_consent
        );
        let outcome = self.carry_out(&plan, self.line()).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        plan
    }

    /// Deletes the whole stack.
    pub(crate) async fn destroy(&self, text: &str) {
        self.destroy_with(text, &["*"]).await;
    }

    /// The same with consent to these.
    pub(crate) async fn destroy_with(&self, text: &str, agreed: &[&str]) {
        let options = Options {
            destroy: true,
            allow_delete: Patterns::new(agreed.iter().map(|text| (*text).to_owned())),
            ..Options::default()
        };
        let plan = self.plan_with(text, &options).await.unwrap();
        let outcome = self.carry_out(&plan, self.line()).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    }
}

/// What a session is for whose plan has these options.
pub(crate) fn purpose_of(options: &Options) -> Purpose {
    match options.destroy {
        true => Purpose::Destroy,
        false => Purpose::Make,
    }
}

/// Interrupted through a channel.
#[derive(Clone, Default)]
pub(crate) struct StopButton(Arc<tokio::sync::Notify>);

impl StopButton {
    pub(crate) fn press(&self) {
        self.0.notify_one();
    }
}

impl Stops for StopButton {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Stop> + '_>> {
        Box::pin(async {
            self.0.notified().await;
            Stop::Interrupted
        })
    }
}

/// Forwards events while a plan is executed.
pub(crate) struct Telling<F>(pub(crate) F);

impl<F: FnMut(Event)> Listener for Telling<F> {
    fn tell(&mut self, notice: Notice<'_>) {
        if let Notice::Step { event, .. } = notice {
            (self.0)(event);
        }
    }
}

/// The local AWS of this process, and nothing else.
pub(crate) fn local() -> Invocation {
    Invocation {
        local: true,
        ..Invocation::default()
    }
}

/// The plan of a session; anything that keeps it from looking is a bug.
pub(crate) async fn plan_of(session: &Session, options: &Options) -> Result<Plan, Vec<Problem>> {
    match session.plan(options, &mut Silent).await {
        Ok(planned) => Ok(planned.plan),
        Err(Error::NoPlan(problems)) => Err(problems),
        Err(other) => panic!("{other:?}"),
    }
}

/// Executes a plan as commands do, without interrupts.
pub(crate) async fn carried_out(
    plan: &Plan,
    connection: &Connection,
    clock: &Clock,
    listener: &mut dyn Listener,
) -> Outcome {
    match engine::carry_out(plan, connection, clock, true, &mut NeverStopped, listener).await {
        Executed::Over(steps) => steps.outcome,
        Executed::Left(stop) => panic!("{stop:?}"),
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

/// The wanted resources of a stack file without lookups.
pub(crate) fn desired(text: &str) -> Desired {
    stack::expand::expand(
        &checked(text).file,
        ACCOUNT,
        Default::default(),
        &Default::default(),
    )
}

/// A file without mistakes. Whatever files it names hold their own names, policies nothing, and OpenAPI documents are the example's.
pub(crate) fn checked(text: &str) -> stack::Checked {
    let source = stack::Source::new("stack.toml", text);
    stack::load(
        source,
        &stack::LoadSettings {
            vars: Default::default(),
            env: &|_| None,
            read: &|path, _| match path.extension() {
                Some(ending) if ending == "json" => Ok(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#.into()),
                Some(ending) if ending == "yaml" => std::fs::read(super::program::repository("examples/petstore").join(path)),
                _ => Ok(path.display().to_string().into()),
            },
            code: stack::CodeReading::Needed(&gatestack::code::Code::read),
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

/// The local AWS of a folder, for changes by hand.
pub(crate) fn world_in(folder: &Folder) -> World {
    let clock = Clock::system();
    let options = aws_local::Options {
        clock: clock.clone(),
        ..aws_local::Options::default()
    };
    let state = folder.path().join(".gatestack/local.json");
    World {
        service: Service::at_file(&state, options).unwrap(),
        clock,
        payloads: Arc::default(),
    }
}

/// How many pools, clients, APIs, keys and usage plans there are in the folder's AWS.
pub(crate) fn counted(folder: &Folder) -> [usize; 5] {
    let world = world_in(folder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (cognito, api) = (world.cognito(), world.apigateway());
        let pools = cognito.list_user_pools().max_results(60).send().await;
        let pools = pools.unwrap().user_pools.unwrap_or_default();
        let mut clients = 0;
        for pool in &pools {
            let list = cognito
                .list_user_pool_clients()
                .set_user_pool_id(pool.id.clone());
            clients += list.send().await.unwrap().user_pool_clients().len();
        }
        let apis = api.get_rest_apis().send().await.unwrap().items().len();
        let keys = api.get_api_keys().send().await.unwrap().items().len();
        let plans = api.get_usage_plans().send().await.unwrap().items().len();
        [pools.len(), clients, apis, keys, plans]
    })
}
