//! API Gateway without HTTP: internals, and what takes time.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::acm::{self, Certificate};
use super::super::operation::{Call, Object, Pace, Refusal, Run};
use super::super::state::{Region, State};
use super::{OPERATIONS, RestApi};

/// One Region, called without HTTP.
pub(super) struct Local {
    region: Region,
    now: Timestamp,
    pace: Pace,
    everywhere: State,
}

impl Local {
    pub(super) fn new() -> Self {
        Self {
            region: Region::default(),
            now: "2026-11-21T10:00:00Z".parse().unwrap(),
            pace: Pace::Immediate,
            everywhere: State::default(),
        }
    }

    pub(super) fn try_call(&mut self, name: &'static str, input: Value) -> Result<Value, Refusal> {
        let operation = OPERATIONS
            .iter()
            .flat_map(|table| table.iter())
            .find(|operation| operation.name == name)
            .unwrap();
        let call = Call {
            operation: operation.name,
            input: object(input),
            now: self.now,
            account: "123456789012".into(),
            session: None,
            region: "eu-west-1".into(),
            request_id: "r".into(),
            pace: self.pace,
            id: None,
            everywhere: self.everywhere.clone(),
            beside: crate::beside::Beside::default(),
        };
        match operation.run {
            Run::Read(run) => run(&self.region, &call),
            Run::Change(run) => run(&mut self.region, &call),
            Run::Outside(_) => unreachable!(),
        }
        .map(Value::Object)
    }

    pub(super) fn call(&mut self, name: &'static str, input: Value) -> Value {
        self.try_call(name, input).unwrap()
    }

    /// An API with a mock at `GET /`: its id and its root's.
    fn api(&mut self) -> (String, String) {
        let api = self.call("CreateRestApi", json!({"name": "claims"}));
        let [id, root] =
            ["id", "rootResourceId"].map(|name| api[name].as_str().unwrap().to_owned());
        self.put_mock(&id, &root, "GET");
        (id, root)
    }

    fn put_mock(&mut self, api: &str, resource: &str, verb: &str) {
        let method = json!({
            "restApiId": api, "resourceId": resource, "httpMethod": verb,
            "authorizationType": "NONE", "type": "MOCK",
        });
        self.call("PutMethod", method.clone());
        self.call("PutIntegration", method);
    }

    fn stored(&self, api: &str) -> &RestApi {
        self.region.apigateway.rest_apis.get(api).unwrap()
    }
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(members) => members,
        _ => panic!("inputs are objects"),
    }
}

#[test]
fn a_deployment_keeps_all_of_what_it_froze() {
    let mut local = Local::new();
    let (api, root) = local.api();
    local.call(
        "PutGatewayResponse",
        json!({"restApiId": api, "responseType": "DEFAULT_4XX", "statusCode": "418"}),
    );
    let frozen = json!(local.stored(&api).definition);
    let deployment = local.call("CreateDeployment", json!({"restApiId": api}));
    for (name, input) in [
        (
            "DeleteMethod",
            json!({"resourceId": root, "httpMethod": "GET"}),
        ),
        (
            "CreateResource",
            json!({"parentId": root, "pathPart": "claims"}),
        ),
        (
            "DeleteGatewayResponse",
            json!({"responseType": "DEFAULT_4XX"}),
        ),
        ("DeleteModel", json!({"modelName": "Error"})),
        (
            "UpdateRestApi",
            json!({"patchOperations": [{"op": "replace", "path": "/name", "value": "other"}]}),
        ),
    ] {
        let mut input = input;
        input["restApiId"] = json!(api);
        local.call(name, input);
    }
    assert_ne!(json!(local.stored(&api).definition), frozen);
    let kept = local
        .stored(&api)
        .deployments
        .get(deployment["id"].as_str().unwrap());
    assert_eq!(json!(kept.unwrap().snapshot), frozen);
}

#[test]
fn the_state_survives_its_file() {
    let mut local = Local::new();
    let (api, _) = local.api();
    local.call(
        "CreateDeployment",
        json!({"restApiId": api, "stageName": "live"}),
    );
    local.call("CreateApiKey", json!({"name": "k", "tags": {"a": "b"}}));
    let stages = json!([{"apiId": api, "stage": "live"}]);
    local.call("CreateUsagePlan", json!({"name": "p", "apiStages": stages}));
    let text = serde_json::to_string(&local.region).unwrap();
    let read: Region = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    local.region = read;
    let stage = local.call("GetStage", json!({"restApiId": api, "stageName": "live"}));
    assert_eq!(stage["cacheClusterStatus"], "NOT_AVAILABLE");
}

#[test]
fn slow_things_take_awss_time_when_realistic() {
    let mut local = Local::new();
    local.pace = Pace::Realistic { time_scale: 2.0 };
    let (api, _) = local.api();
    local.call(
        "CreateDeployment",
        json!({"restApiId": api, "stageName": "live", "cacheClusterEnabled": true}),
    );
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/4e1a2d6a";
    let acm = acm::State::with(Certificate::for_tests(certificate, "api.example.com"));
    local.everywhere.regions.entry("us-east-1").acm = acm;
    local.call(
        "CreateDomainName",
        json!({"domainName": "api.example.com", "certificateArn": certificate}),
    );
    let patch = json!({"domainName": "api.example.com", "patchOperations": [{"op": "replace", "path": "/securityPolicy", "value": "TLS_1_0"}]});
    let refusal = local
        .try_call("UpdateDomainName", patch.clone())
        .unwrap_err();
    assert!(refusal.message.contains("UPDATING"), "{refusal:?}");
    let mut status = |after: u64| {
        let before = local.now;
        local.now += Duration::from_secs(after);
        let stage = local.call("GetStage", json!({"restApiId": api, "stageName": "live"}));
        let domain = local.call("GetDomainName", json!({"domainName": "api.example.com"}));
        local.now = before;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&stage["cacheClusterStatus"]),
            text(&domain["domainNameStatus"]),
        )
    };
    let pair = |stage: &str, domain: &str| (stage.to_owned(), domain.to_owned());
    assert_eq!(status(0), pair("CREATE_IN_PROGRESS", "UPDATING"));
    assert_eq!(status(119), pair("CREATE_IN_PROGRESS", "UPDATING"));
    assert_eq!(status(120), pair("AVAILABLE", "UPDATING"));
    assert_eq!(status(20 * 60), pair("AVAILABLE", "AVAILABLE"));

    // Evidence: documented, "Choose a security policy for your custom domain in API Gateway": about 15 minutes; twice as fast here.
    local.now += Duration::from_secs(20 * 60);
    local.call("UpdateDomainName", patch);
    for (seconds, wanted) in [(0, "UPDATING"), (449, "UPDATING"), (1, "AVAILABLE")] {
        local.now += Duration::from_secs(seconds);
        let domain = local.call("GetDomainName", json!({"domainName": "api.example.com"}));
        assert_eq!(domain["domainNameStatus"], json!(wanted));
    }
}

#[test]
fn a_keys_value_stays_out_of_debug_output() {
    let mut local = Local::new();
    let key = local.call("CreateApiKey", json!({"name": "k"}));
    let shown = format!("{:?}", local.region);
    assert!(!shown.contains(key["value"].as_str().unwrap()), "{shown}");
}

#[test]
fn a_position_of_one_list_is_no_position_of_another() {
    let mut local = Local::new();
    let (one, root) = local.api();
    let (other, _) = local.api();
    local.call(
        "CreateResource",
        json!({"restApiId": one, "parentId": root, "pathPart": "a"}),
    );
    let first = local.call("GetResources", json!({"restApiId": one, "limit": 1}));
    let position = first["position"].clone();
    let refusal = local
        .try_call(
            "GetResources",
            json!({"restApiId": other, "position": position}),
        )
        .unwrap_err();
    assert_eq!(
        (refusal.status, refusal.code.as_str()),
        (400, "BadRequestException")
    );
    let second = local.call(
        "GetResources",
        json!({"restApiId": one, "position": position}),
    );
    assert_eq!(second["items"].as_array().unwrap().len(), 1);
}

#[test]
fn more_than_500_rows_are_not_on_a_page() {
    let mut local = Local::new();
    for _ in 0..501 {
        local.call("CreateApiKey", json!({}));
    }
    let rows = |page: &Value| page["items"].as_array().unwrap().len();
    let page = local.call("GetApiKeys", json!({"limit": 1000}));
    assert_eq!((rows(&page), page["position"].is_string()), (500, true));
    assert_eq!(rows(&local.call("GetApiKeys", json!({"limit": -1}))), 25);
}
