//! Stages with functions behind them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;
use crate::functions::tests::{archive, has};

pub(super) const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:hello";
const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

impl World {
    /// A stage whose routes call a function with this code, which any method of the API may call.
    pub(super) fn with_function(code: &str) -> Self {
        let world = Self::new();
        world.function("hello", code, json!({}));
        world.permit("hello", "any", "*/*/*");
        for (verb, path) in [
            ("POST", "/raw"),
            ("ANY", "/hello/{name}"),
            ("GET", "/files/{proxy+}"),
        ] {
            world.proxy(verb, path, json!({}));
        }
        world.deploy();
        world
    }

    /// A function of Node.js with these other settings.
    pub(super) fn function(&self, name: &str, code: &str, more: Value) {
        let role = format!("runs-{name}");
        self.iam(&[
            ("Action", "CreateRole"),
            ("RoleName", &role),
            ("AssumeRolePolicyDocument", TRUST),
        ]);
        self.iam(&[
            ("Action", "AttachRolePolicy"),
            ("RoleName", &role),
            ("PolicyArn", BASIC),
        ]);
        let mut input = json!({
            "FunctionName": name,
            "Runtime": "nodejs22.x",
            "Handler": "index.handler",
            "Role": format!("arn:aws:iam::123456789012:role/runs-{name}"),
            "Code": {"ZipFile": STANDARD.encode(archive(&[("index.js", 0o644, code)]))},
        });
        for (member, value) in more.as_object().unwrap() {
            input[member] = value.clone();
        }
        self.lambda("POST", "", input);
    }

    pub(super) fn iam(&self, form: &[(&str, &str)]) {
        let form: Vec<_> = [("Version", "2010-05-08")]
            .iter()
            .chain(form)
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let request = Request::post("/").header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        self.signed("iam", request, form.join("&"));
    }

    pub(super) fn lambda(&self, method: &str, path: &str, input: Value) -> Value {
        let uri = format!("/2015-03-31/functions{path}");
        let request = Request::builder().method(method).uri(uri);
        self.signed("lambda", request, input.to_string())
    }

    /// Lets the API's methods with this ARN's end call a function.
    pub(super) fn permit(&self, name: &str, id: &str, source: &str) {
        let source = format!(
            "arn:aws:execute-api:eu-west-1:123456789012:{}/{source}",
            self.api
        );
        let input = json!({
            "StatementId": id,
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": source,
        });
        self.lambda("POST", &format!("/{name}/policy"), input);
    }

    /// A method that is a proxy of the function `hello`, with these other settings of its integration.
    pub(super) fn proxy(&self, verb: &str, path: &str, more: Value) {
        self.mock(verb, path, json!({}));
        self.integrate(verb, path, more);
    }

    /// The same for a method that is there.
    pub(super) fn integrate(&self, verb: &str, path: &str, more: Value) {
        let mut integration = json!({
            "type": "AWS_PROXY",
            "httpMethod": "POST",
            "uri": format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"),
        });
        for (member, value) in more.as_object().unwrap() {
            integration[member] = value.clone();
        }
        let all = self.aws("GET", "{api}/resources?limit=500", Value::Null);
        let items = all["item"]
            .as_array()
            .or(all["_embedded"]["item"].as_array());
        let mut items = items.unwrap().iter();
        let id = text(items.find(|one| one["path"] == json!(path)).unwrap(), "id");
        self.aws(
            "PUT",
            &format!("{{api}}/resources/{id}/methods/{verb}/integration"),
            integration,
        );
    }

    /// Sends what the function, which answers its body as it is, is to answer.
    pub(super) async fn raw(&self, answer: &Value, headers: &[(&str, &str)]) -> Answer {
        let host = format!("{}.execute-api.eu-west-1.amazonaws.com", self.api);
        let mut request = Request::post("/live/raw").header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, answer.to_string().into()).await
    }

    fn last_refusal(&self) -> String {
        self.seen
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .refused
            .clone()
            .unwrap_or_default()
    }
}

impl Answer {
    /// Asserts one of API Gateway's own failures, which have a space in their bodies.
    #[track_caller]
    pub(super) fn failed(&self, status: u16, message: &str) {
        let wanted = format!("{{\"message\": \"{message}\"}}");
        assert_eq!((self.status(), self.body()), (status, wanted.as_str()));
        assert_eq!(
            self.header("x-amzn-errortype"),
            "InternalServerErrorException"
        );
    }
}

/// Code that answers 200 with the event.
pub(super) const EVENT: &str =
    "exports.handler = async (event) => ({statusCode: 200, body: JSON.stringify(event)});";
/// Code that answers what the body says.
pub(super) const RAW: &str = "exports.handler = async (event) => JSON.parse(event.body);";

#[tokio::test]
async fn a_failure_is_told_with_the_functions_error() {
    if !has("node") {
        return;
    }
    let world = World::with_function(
        "exports.handler = async () => { throw new TypeError('no\\nmore'); };",
    );
    let answer = world.get("/live/hello/a").await;
    answer.failed(502, "Internal server error");
    assert_eq!(
        world.last_refusal(),
        "the function hello failed: TypeError: no"
    );
    let malformed =
        World::with_function("exports.handler = async () => ({statusCode: 200, other: 1});");
    malformed.get("/live/hello/a").await;
    assert_eq!(
        malformed.last_refusal(),
        "the answer of the function hello is not what a proxy's must be: it has the member other"
    );
}

/// What a function writes goes to its log group and to who watches, by way of either plane.
#[tokio::test]
async fn lines_are_told_and_logged() {
    if !has("node") {
        return;
    }
    let service = Service::in_memory(Options::default());
    let lines = Arc::<Mutex<Vec<String>>>::default();
    let mut world = World::over(service.clone(), clock());
    let options = DataPlaneOptions {
        functions: Some(crate::FunctionWatcher::new({
            let lines = Arc::clone(&lines);
            move |line| lines.lock().unwrap().push(line.text.clone())
        })),
        ..DataPlaneOptions::default()
    };
    world.plane = DataPlane::new(service, options);
    world.function(
        "hello",
        "exports.handler = async () => { process.stdout.write('hi\\n'); return {}; };",
        json!({}),
    );
    world.permit("hello", "any", "*/GET/a");
    world.proxy("GET", "/a", json!({}));
    world.deploy();
    assert_eq!(world.get("/live/a").await.status(), 200);
    let request = Request::post("/2015-03-31/functions/hello/invocations").header(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=any/20261121/eu-west-1/lambda/aws4_request",
    );
    assert_eq!(world.send(request, Bytes::new()).await.body(), "{}");
    let lines = lines.lock().unwrap();
    assert_eq!(
        lines.iter().filter(|line| *line == "hi").count(),
        2,
        "{lines:?}"
    );
    let beside = world.plane.service().beside();
    let streams = beside.streams("eu-west-1", "/aws/lambda/hello").unwrap();
    let logged = streams.iter().flat_map(|stream| &stream.events);
    assert_eq!(logged.filter(|event| event.message == "hi\n").count(), 2);
}

/// A function writes its log with its role.
#[tokio::test]
async fn a_role_that_may_not_write_logs_writes_none() {
    if !has("node") {
        return;
    }
    let world = World::with_function("exports.handler = async () => ({});");
    let service = world.plane.service();
    let beside = service.beside();
    let events = || {
        let streams = beside.streams("eu-west-1", "/aws/lambda/hello").unwrap();
        streams
            .iter()
            .map(|stream| stream.events.len())
            .sum::<usize>()
    };
    let has_group = || {
        let state = service.snapshot().unwrap();
        let region = state.regions.get("eu-west-1").unwrap();
        region.logs.has_group("/aws/lambda/hello")
    };
    let allow = |actions: &[&str]| {
        let statement = json!({
            "Effect": "Allow",
            "Action": actions,
            "Resource": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/hello:*",
        });
        let policy = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        world.iam(&[
            ("Action", "PutRolePolicy"),
            ("RoleName", "runs-hello"),
            ("PolicyName", "logs"),
            ("PolicyDocument", &policy),
        ]);
    };
    world.iam(&[
        ("Action", "DetachRolePolicy"),
        ("RoleName", "runs-hello"),
        ("PolicyArn", BASIC),
    ]);
    for actions in [
        &["logs:PutLogEvents", "logs:CreateLogStream"][..],
        &["logs:CreateLogGroup"],
    ] {
        allow(actions);
        assert_eq!(world.get("/live/hello/a").await.status(), 200);
        assert_eq!((events(), has_group()), (0, false), "{actions:?}");
    }
    allow(&[
        "logs:CreateLogGroup",
        "logs:PutLogEvents",
        "logs:CreateLogStream",
    ]);
    assert_eq!(world.get("/live/hello/a").await.status(), 200);
    assert_eq!((events(), has_group()), (3, true));
    // The group is there now.
    allow(&["logs:PutLogEvents", "logs:CreateLogStream"]);
    assert_eq!(world.get("/live/hello/a").await.status(), 200);
    assert_eq!(events(), 6);
}

/// `verify` asks copies of the state: they share the processes.
#[tokio::test]
async fn copies_of_a_state_share_its_functions() {
    if !has("node") {
        return;
    }
    let counts = "let count = 0; exports.handler = async () => { count += 1; return {body: String(count)}; };";
    let world = World::with_function(counts);
    assert_eq!(world.get("/live/hello/a").await.body(), "1");
    let copy = world.plane.service().in_memory_copy(clock()).unwrap();
    let copy = DataPlane::new(copy, DataPlaneOptions::default());
    let host = format!("{}.execute-api.eu-west-1.amazonaws.com", world.api);
    let request = Request::get("/live/hello/a").header("host", host);
    let answer = Answer(copy.answer(request.body(Bytes::new()).unwrap()).await);
    assert_eq!(answer.body(), "2");
}
