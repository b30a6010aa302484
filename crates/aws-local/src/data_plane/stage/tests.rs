//! Requests through the whole data plane, to APIs created through the control plane.

mod as_aws;
mod functions;
mod limits;
mod tokens;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::super::super::{Options, Service};
use super::super::{DataPlane, DataPlaneOptions, Seen};
use crate::clock::Clock;

/// A local AWS with one API, its clock at noon on 21 November 2026, a Saturday.
struct World {
    plane: DataPlane,
    clock: Clock,
    seen: Arc<Mutex<Vec<Seen>>>,
    api: String,
    root: String,
}

/// What a caller sees.
#[derive(Debug)]
struct Answer(Response<Bytes>);

impl Answer {
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn header(&self, name: &str) -> &str {
        let value = self.0.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    fn body(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap()
    }

    /// Asserts one of API Gateway's own responses.
    #[track_caller]
    fn refused(&self, status: u16, error_type: &str, message: &str) {
        let wanted = json!({"message": message}).to_string();
        assert_eq!((self.status(), self.body()), (status, wanted.as_str()));
        assert_eq!(self.header("x-amzn-errortype"), error_type);
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("x-amzn-requestid").len(), 36);
        assert_eq!(self.header("x-amz-apigw-id").len(), 16);
    }
}

fn clock() -> Clock {
    Clock::manual("2026-11-21T12:00:00Z".parse().unwrap())
}

impl World {
    fn new() -> Self {
        let clock = clock();
        let service = Service::in_memory(Options {
            clock: clock.clone(),
            ..Options::default()
        });
        Self::over(service, clock)
    }

    fn over(service: Service, clock: Clock) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let options = DataPlaneOptions {
            tell: Some(Arc::new({
                let seen = Arc::clone(&seen);
                move |one: &Seen| seen.lock().unwrap().push(one.clone())
            })),
            ..DataPlaneOptions::default()
        };
        let mut world = Self {
            plane: DataPlane::new(service, options),
            clock,
            seen,
            api: String::new(),
            root: String::new(),
        };
        let made = world.aws("POST", "/restapis", json!({"name": "front"}));
        world.api = text(&made, "id");
        world.root = text(&made, "rootResourceId");
        world
    }

    /// A call to the control plane, which must succeed.
    #[track_caller]
    fn aws(&self, method: &str, path: &str, body: Value) -> Value {
        let path = path.replace("{api}", &format!("/restapis/{}", self.api));
        let request = Request::builder()
            .method(method)
            .uri(format!("https://apigateway.eu-west-1.amazonaws.com{path}"))
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=any/20261121/eu-west-1/apigateway/aws4_request, SignedHeaders=host, Signature=0",
            )
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_string()));
        let answer = self.plane.service().call(request.unwrap());
        let body = answer.body();
        assert!(answer.status().is_success(), "{method} {path}: {body:?}");
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// A call to another service of the control plane, which must succeed.
    #[track_caller]
    fn signed(&self, service: &str, request: http::request::Builder, body: String) -> Value {
        let credential = format!("any/20261121/eu-west-1/{service}/aws4_request");
        let request = request
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={credential}"),
            )
            .body(Bytes::from(body));
        let answer = self.plane.service().call(request.unwrap());
        assert!(answer.status().is_success(), "{service}: {answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    #[track_caller]
    fn patch(&self, path: &str, operations: &[(&str, &str, &str)]) -> Value {
        let operations: Vec<_> = operations
            .iter()
            .map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
            .collect();
        self.aws("PATCH", path, json!({"patchOperations": operations}))
    }

    /// A method that answers 200, with these settings of its own.
    fn mock(&self, verb: &str, path: &str, settings: Value) {
        let mut parent = self.root.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let all = self.aws("GET", "{api}/resources?limit=500", Value::Null);
            let items = all["item"]
                .as_array()
                .or(all["_embedded"]["item"].as_array());
            let known = items
                .unwrap()
                .iter()
                .find(|one| one["parentId"] == json!(parent) && one["pathPart"] == json!(part));
            parent = match known {
                Some(one) => text(one, "id"),
                None => {
                    let path = format!("{{api}}/resources/{parent}");
                    text(&self.aws("POST", &path, json!({"pathPart": part})), "id")
                }
            };
        }
        let path = format!("{{api}}/resources/{parent}/methods/{verb}");
        let mut wanted = json!({"authorizationType": "NONE"});
        wanted
            .as_object_mut()
            .unwrap()
            .extend(settings.as_object().cloned().unwrap_or_default());
        self.aws("PUT", &path, wanted);
        let templates = json!({"application/json": "{\"statusCode\": 200}"});
        let mock = json!({"type": "MOCK", "requestTemplates": templates});
        self.aws("PUT", &format!("{path}/integration"), mock);
        self.aws("PUT", &format!("{path}/responses/200"), json!({}));
        self.aws(
            "PUT",
            &format!("{path}/integration/responses/200"),
            json!({}),
        );
    }

    /// Deploys to the stage `live`, which the first call creates.
    fn deploy(&self) -> String {
        let made = self.aws("POST", "{api}/deployments", json!({"stageName": "live"}));
        text(&made, "id")
    }

    /// A plan of the stage `live` with one key: the ids of both.
    fn plan(&self, settings: Value) -> (String, String) {
        let mut wanted =
            json!({"name": "standard", "apiStages": [{"apiId": self.api, "stage": "live"}]});
        wanted
            .as_object_mut()
            .unwrap()
            .extend(settings.as_object().cloned().unwrap_or_default());
        let plan = text(&self.aws("POST", "/usageplans", wanted), "id");
        let key = json!({"name": "acme", "enabled": true, "value": KEY});
        let key = text(&self.aws("POST", "/apikeys", key), "id");
        let member = json!({"keyId": key, "keyType": "API_KEY"});
        self.aws("POST", &format!("/usageplans/{plan}/keys"), member);
        (plan, key)
    }

    async fn send(&self, request: http::request::Builder, body: Bytes) -> Answer {
        Answer(self.plane.answer(request.body(body).unwrap()).await)
    }

    async fn call(&self, verb: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let host = format!("{}.execute-api.eu-west-1.amazonaws.com", self.api);
        let mut request = Request::builder()
            .method(verb)
            .uri(path)
            .header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request, Bytes::new()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[]).await
    }

    async fn with_key(&self, path: &str) -> Answer {
        self.call("GET", path, &[("x-api-key", KEY)]).await
    }

    /// Why the last request was refused.
    fn why(&self) -> String {
        let seen = self.seen.lock().unwrap();
        seen.last().unwrap().refused.clone().unwrap_or_default()
    }
}

const KEY: &str = "a-key-of-more-than-twenty-characters";

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_words_of_aws() {
    let world = World::new();
    world.mock("GET", "/pets/{id}", json!({}));
    world.deploy();
    let forbidden = |answer: Answer| answer.refused(403, "ForbiddenException", "Forbidden");
    forbidden(world.get("/other/pets/1").await);
    assert_eq!(
        world.why(),
        format!("the API {} has no stage other", world.api)
    );
    forbidden(world.get("/").await);
    let unknown = Request::get("/_aws/execute-api/nothing123/live/pets");
    forbidden(world.send(unknown, Bytes::new()).await);
    assert_eq!(world.why(), "there is no API nothing123");
    for (verb, path) in [
        ("GET", "/live"),
        ("GET", "/live/pets"),
        ("POST", "/live/pets/1"),
        ("OPTIONS", "/live/pets/1"),
    ] {
        let answer = world.call(verb, path, &[]).await;
        answer.refused(
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        );
    }
    assert_eq!(world.why(), "/pets/{id} has no method for OPTIONS");
    let answer = world.get("/live/pets/1?x=y").await;
    assert_eq!(
        (answer.status(), answer.header("x-amzn-requestid").len()),
        (200, 36)
    );
    let seen = world.seen.lock().unwrap().pop().unwrap();
    assert_eq!(
        (
            seen.route.as_deref(),
            seen.path.as_str(),
            seen.status,
            seen.refused
        ),
        (Some("GET /pets/{id}"), "/pets/1", 200, None)
    );
}

#[tokio::test]
async fn a_stage_serves_its_deployment_and_no_edit_after_it() {
    let world = World::new();
    world.mock("GET", "/old", json!({}));
    let first = world.deploy();
    world.mock("GET", "/new", json!({}));
    assert_eq!(world.get("/live/new").await.status(), 403);
    world.deploy();
    assert_eq!(world.get("/live/new").await.status(), 200);
    world.patch("{api}/stages/live", &[("replace", "/deploymentId", &first)]);
    assert_eq!(world.get("/live/new").await.status(), 403);
    assert_eq!(world.get("/live/old").await.status(), 200);
}

#[tokio::test]
async fn the_default_endpoint_is_shut_by_a_deployment() {
    let world = World::new();
    world.mock("GET", "/", json!({}));
    world.deploy();
    world.patch(
        "{api}",
        &[("replace", "/disableExecuteApiEndpoint", "true")],
    );
    assert_eq!(world.get("/live").await.status(), 200);
    world.deploy();
    world
        .get("/live")
        .await
        .refused(403, "ForbiddenException", "Forbidden");
    assert!(
        world
            .why()
            .ends_with("answers at its own domain names only")
    );
}

#[tokio::test]
async fn a_key_must_be_known_enabled_and_on_a_plan_with_the_stage() {
    let world = World::new();
    world.mock("GET", "/", json!({"apiKeyRequired": true}));
    world.mock("GET", "/open", json!({}));
    world.deploy();
    let (plan, key) = world.plan(json!({}));
    let forbidden = |answer: Answer| answer.refused(403, "ForbiddenException", "Forbidden");
    assert_eq!(world.with_key("/live").await.status(), 200);
    assert_eq!(
        world.seen.lock().unwrap().pop().unwrap().api_key.as_deref(),
        Some(key.as_str())
    );
    assert_eq!(world.get("/live/open").await.status(), 200);

    forbidden(world.get("/live").await);
    assert_eq!(world.why(), "no API key was sent in the header x-api-key");
    forbidden(
        world
            .call(
                "GET",
                "/live",
                &[("x-api-key", "a-key-that-nobody-has-here")],
            )
            .await,
    );
    assert_eq!(world.why(), "the API key is unknown");

    let path = format!("/apikeys/{key}");
    world.patch(&path, &[("replace", "/enabled", "false")]);
    forbidden(world.with_key("/live").await);
    assert_eq!(world.why(), "the API key is disabled");
    world.patch(&path, &[("replace", "/enabled", "true")]);
    assert_eq!(world.with_key("/live").await.status(), 200);

    let stage = format!("{}:live", world.api);
    let plan_path = format!("/usageplans/{plan}");
    world.patch(&plan_path, &[("remove", "/apiStages", &stage)]);
    forbidden(world.with_key("/live").await);
    assert_eq!(
        world.why(),
        "the API key's usage plan standard does not have the stage live of this API"
    );
    world.aws("DELETE", &format!("{plan_path}/keys/{key}"), Value::Null);
    forbidden(world.with_key("/live").await);
    assert_eq!(world.why(), "the API key is on no usage plan");
    let seen = format!("{:?}", world.seen.lock().unwrap());
    assert!(!seen.contains(KEY), "{seen}");
}

#[tokio::test]
async fn keys_that_a_lambda_authorizer_would_name_are_refused() {
    let world = World::new();
    world.mock("GET", "/", json!({"apiKeyRequired": true}));
    world.patch("{api}", &[("replace", "/apiKeySource", "AUTHORIZER")]);
    world.deploy();
    world.plan(json!({}));
    world
        .with_key("/live")
        .await
        .refused(403, "ForbiddenException", "Forbidden");
}

#[tokio::test]
async fn gateway_responses_shape_refusals() {
    let world = World::new();
    world.mock("GET", "/", json!({"apiKeyRequired": true}));
    let general = json!({
        "responseParameters": {
            "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
            "gatewayresponse.header.X-Origin": "method.request.header.Origin",
            "gatewayresponse.header.X-Stage": "stageVariables.colour",
            "gatewayresponse.header.X-None": "method.request.header.Absent",
        },
        "responseTemplates": {
            "application/json": "{\"why\":$context.error.messageString,\"type\":\"$context.error.responseType\",\"at\":\"${context.resourcePath}.$context.stage\"}",
            "text/plain": "$context.error.message: $stageVariables.colour$context.authorizer.claims.none #if $5 $unknown.x",
        },
    });
    world.aws("PUT", "{api}/gatewayresponses/DEFAULT_4XX", general);
    world.aws(
        "PUT",
        "{api}/gatewayresponses/QUOTA_EXCEEDED",
        json!({"statusCode": "402"}),
    );
    world.deploy();
    world.plan(json!({"quota": {"limit": 1, "period": "DAY"}}));
    world.patch(
        "{api}/stages/live",
        &[("replace", "/variables/colour", "green")],
    );

    let answer = world
        .call("GET", "/live", &[("origin", "https://a.example")])
        .await;
    assert_eq!(answer.status(), 403);
    assert_eq!(
        answer.body(),
        r#"{"why":"Forbidden","type":"INVALID_API_KEY","at":"/.live"}"#
    );
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("x-origin", "https://a.example"),
        ("x-stage", "green"),
        ("x-none", ""),
        ("content-type", "application/json"),
        ("x-amzn-errortype", "ForbiddenException"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let answer = world
        .call(
            "GET",
            "/live/none",
            &[("accept", "image/png, text/plain;q=0.5")],
        )
        .await;
    assert_eq!(
        answer.body(),
        "Missing Authentication Token: green #if $5 $unknown.x"
    );
    assert_eq!(answer.header("content-type"), "text/plain");
    // A type's own response has nothing of the general one.
    world.with_key("/live").await;
    let answer = world.with_key("/live").await;
    assert_eq!(
        (answer.status(), answer.body()),
        (402, r#"{"message":"Limit Exceeded"}"#)
    );
    assert_eq!(answer.header("access-control-allow-origin"), "");
    // There is no API whose gateway responses apply.
    let answer = world.get("/other").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_is_not_shown_is_refused_by_name() {
    let world = World::new();
    let validator = json!({"name": "all", "validateRequestBody": true});
    let validator = text(
        &world.aws("POST", "{api}/requestvalidators", validator),
        "id",
    );
    world.mock(
        "GET",
        "/validated",
        json!({"requestValidatorId": validator}),
    );
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:f/invocations";
    let lambda = json!({
        "name": "f", "type": "TOKEN", "identitySource": "method.request.header.Authorization",
        "authorizerUri": format!("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{function}"),
    });
    let lambda = text(&world.aws("POST", "{api}/authorizers", lambda), "id");
    let custom = json!({"authorizationType": "CUSTOM", "authorizerId": lambda});
    world.mock("GET", "/custom", custom);
    world.mock("GET", "/signed", json!({"authorizationType": "AWS_IAM"}));
    world.deploy();
    for (path, what) in [
        (
            "/live/validated",
            "request validation (requestValidatorId of GET /validated)",
        ),
        ("/live/custom", "Lambda authorizers"),
        ("/live/signed", "methods with authorizationType AWS_IAM"),
    ] {
        let lacking = format!("the local AWS does not have {what}");
        world
            .get(path)
            .await
            .refused(501, "NotImplemented", &lacking);
    }
    world.patch(
        "{api}/stages/live",
        &[
            ("replace", "/canarySettings/percentTraffic", "10"),
            (
                "replace",
                "/canarySettings/stageVariableOverrides/to",
                "there",
            ),
        ],
    );
    let lacking = "the local AWS does not have stage variables of canary releases (canarySettings of the stage live)";
    world
        .get("/live/signed")
        .await
        .refused(501, "NotImplemented", lacking);
}

#[tokio::test]
async fn a_body_ends_at_ten_megabytes() {
    let world = World::new();
    world.mock("POST", "/", json!({}));
    world.deploy();
    let post = |length: usize| {
        let path = format!("/_aws/execute-api/{}/live", world.api);
        let body = Bytes::from(vec![b' '; length]);
        world.send(
            Request::post(path).header("content-type", "application/json"),
            body,
        )
    };
    assert_ne!(post(10 << 20).await.status(), 413);
    let answer = post((10 << 20) + 1).await;
    assert_eq!(
        (
            answer.status(),
            answer.body(),
            answer.header("content-type")
        ),
        (
            413,
            "HTTP content length exceeded 10485760 bytes.",
            "text; charset=utf-8"
        )
    );
}
