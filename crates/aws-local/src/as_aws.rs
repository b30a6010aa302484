//! What AWS was seen to answer, or is documented to, over the wire. Every test in a module of this name tells its evidence, by which
//! `evidence` counts and checks it.

mod apigateway;
mod ec2;
mod elbv2;
mod evidence;
mod iam;
mod lambda;
mod logs;
mod secretsmanager;
mod ssm;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Options, Service};
use crate::clock::Clock;
use crate::operation::Pace;

/// A local AWS at AWS's own pace, its clock at noon, asked over the wire for one Region.
struct Aws {
    service: Service,
    clock: Clock,
    region: &'static str,
}

/// A status and a body.
type Answer = (u16, Value);

impl Aws {
    fn new() -> Self {
        Self::of("eu-west-1")
    }

    fn of(region: &'static str) -> Self {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let service = Service::in_memory(Options {
            clock: clock.clone(),
            pace: Pace::Realistic { time_scale: 1.0 },
            ..Options::default()
        });
        Self {
            service,
            clock,
            region,
        }
    }

    fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn whole(
        &self,
        service: &str,
        request: http::request::Builder,
        body: String,
    ) -> Response<Bytes> {
        let scope = format!("any/20261121/{}/{service}/aws4_request", self.region);
        let request = request
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}"),
            )
            .body(Bytes::from(body));
        self.service.call(request.unwrap())
    }

    fn sent(&self, service: &str, request: http::request::Builder, body: String) -> (u16, String) {
        let answer = self.whole(service, request, body);
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        (answer.status().as_u16(), body)
    }

    /// A call in JSON by a target such as `AmazonSSM.GetParameter`.
    fn json(&self, service: &str, target: &str, input: Value) -> Answer {
        let request = Request::post("/").header("x-amz-target", target);
        let (status, body) = self.sent(service, request, input.to_string());
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// A call by path, as API Gateway takes them.
    fn rest(&self, method: &str, path: &str, input: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json");
        let (status, body) = self.sent("apigateway", request, input.to_string());
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// A call of a form: `Action=DescribeImages&ImageId.1=…`; the version is added. The answer is XML.
    fn form(&self, service: &str, form: &str) -> (u16, String) {
        let version = match service {
            "ec2" => "2016-11-15",
            _ => "2015-12-01",
        };
        let request = Request::post("/").header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        self.sent(service, request, format!("{form}&Version={version}"))
    }

    /// The text of an answer's first element of this name, to a call that must succeed.
    #[track_caller]
    fn formed(&self, service: &str, form: &str, element: &str) -> String {
        let (status, body) = self.form(service, form);
        assert_eq!(status, 200, "{form}: {body}");
        within(&body, element).to_owned()
    }

    /// Creates a role with this trust policy; its ARN.
    #[track_caller]
    fn role(&self, name: &str, trust: &str) -> String {
        let trust = encoded(trust);
        let form = format!("Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={trust}");
        self.formed("iam", &form, "Arn")
    }

    /// The code and the words of a refusal.
    #[track_caller]
    fn refused(&self, service: &str, form: &str) -> (String, String) {
        let (status, body) = self.form(service, form);
        assert!(status >= 400, "{form}: {body}");
        let message = within(&body, "Message")
            .replace("&quot;", "\"")
            .replace("&apos;", "'");
        (within(&body, "Code").to_owned(), message)
    }
}

/// A text in a form or a path.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The text of the first element with this name; empty if it is missing.
fn within<'b>(body: &'b str, element: &str) -> &'b str {
    let behind = body
        .split_once(&format!("<{element}>"))
        .map(|(_, behind)| behind);
    let inside = behind.and_then(|behind| behind.split_once(&format!("</{element}>")));
    inside.map_or("", |(inside, _)| inside)
}

/// The code and the words of a refusal in JSON.
fn words(answer: &Answer) -> (&str, &str) {
    let text = |member: &str| answer.1[member].as_str().unwrap_or_default();
    let message = match text("Message") {
        "" => text("message"),
        message => message,
    };
    (text("__type"), message)
}

/// A refusal by API Gateway, whose code is in a header and not told here.
fn message(message: &str) -> Value {
    json!({"message": message})
}
