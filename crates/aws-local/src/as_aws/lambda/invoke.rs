//! Invoke.

use super::*;
use crate::functions::tests::has;

const INVOKE: &str = "/2015-03-31/functions/hello/invocations";

/// A status, the headers of an answer that matter, and its body.
struct Ran {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Ran {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Aws {
    /// An account with the active function `hello` with this code.
    fn with_hello(code: &str) -> Self {
        let aws = Self::with_role();
        let policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let form = format!("Action=AttachRolePolicy&RoleName=runs&PolicyArn={policy}");
        assert_eq!(aws.form("iam", &form).0, 200);
        aws.create(
            "hello",
            json!({"Code": {"ZipFile": archive(code)}, "Timeout": 1}),
        );
        aws.after(60);
        aws
    }

    async fn invoke(&self, query: &str, headers: &[(&str, &str)], body: &str) -> Ran {
        let mut request = Request::post(format!("{INVOKE}{query}")).header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=any/20261121/eu-west-1/lambda/aws4_request",
        );
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let answer = self.service.answer(request).await;
        Ran {
            status: answer.status().as_u16(),
            body: String::from_utf8(answer.body().to_vec()).unwrap(),
            headers: answer.headers().clone(),
        }
    }
}

const EVENT: &str = "export const handler = async (event) => {
    if (event.fail) throw new Error('no');
    console.log('said');
    return event.nothing ? undefined : event;
};";

/// Evidence: recorded, LocalStack `test_invocation_type_request_response`, `test_invocation_type_event`, `test_invocation_type_dry_run`,
/// `test_invocation_with_logs` and `test_lambda_handler_error`.
#[tokio::test]
async fn kinds_of_invocations() {
    if !has("node") {
        return;
    }
    let aws = Aws::with_hello(EVENT);
    let ran = aws.invoke("", &[], r#"{"a": [1]}"#).await;
    assert_eq!((ran.status, ran.json()), (200, json!({"a": [1]})));
    assert_eq!(ran.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(ran.header("x-amz-function-error"), None);
    assert_eq!(ran.header("x-amz-log-result"), None);
    let ran = aws.invoke("", &[], r#"{"nothing": true}"#).await;
    assert_eq!((ran.status, ran.body.as_str()), (200, "null"));
    // Without a payload, the event is an empty object.
    assert_eq!(aws.invoke("", &[], "").await.body, "{}");

    let ran = aws
        .invoke("", &[("x-amz-log-type", "Tail")], r#"{"fail": true}"#)
        .await;
    assert_eq!(
        (ran.status, ran.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    assert_eq!(ran.json()["errorMessage"], "no");
    let log = STANDARD
        .decode(ran.header("x-amz-log-result").unwrap())
        .unwrap();
    let log = String::from_utf8(log).unwrap();
    let id = ran.header("x-amzn-requestid").unwrap();
    for line in [
        format!("START RequestId: {id} Version: $LATEST\n"),
        format!("END RequestId: {id}\nREPORT RequestId: {id}\t"),
    ] {
        assert!(log.contains(&line), "{log}");
    }

    let event = [("x-amz-invocation-type", "Event")];
    let ran = aws.invoke("", &event, r#"{"later": 1}"#).await;
    assert_eq!((ran.status, ran.body.as_str()), (202, ""));
    assert_eq!(ran.header("x-amz-executed-version"), None);
    let id = ran.header("x-amzn-requestid").unwrap().to_owned();
    let began = std::time::Instant::now();
    let logged = || {
        let streams = aws
            .service
            .beside()
            .streams("eu-west-1", "/aws/lambda/hello")
            .unwrap();
        let events: Vec<_> = streams
            .into_iter()
            .flat_map(|stream| stream.events)
            .collect();
        events
            .iter()
            .any(|event| event.message.starts_with(&format!("END RequestId: {id}")))
    };
    while !logged() {
        assert!(began.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let ran = aws
        .invoke("", &[("x-amz-invocation-type", "DryRun")], "{}")
        .await;
    assert_eq!((ran.status, ran.body.as_str()), (204, ""));
}

/// Evidence: recorded, LocalStack `test_publish_version_on_create` for versions; documented, "Manage Lambda function versions" for what
/// they keep.
#[tokio::test]
async fn a_qualifier_chooses_the_version() {
    if !has("node") {
        return;
    }
    let aws = Aws::with_hello(
        "export const handler = async (event, context) => [1, context.functionVersion, context.invokedFunctionArn];",
    );
    aws.lambda("POST", &format!("{FUNCTIONS}/hello/versions"), json!({}));
    aws.lambda(
        "POST",
        &format!("{FUNCTIONS}/hello/aliases"),
        json!({"Name": "prod", "FunctionVersion": "1"}),
    );
    let code = "export const handler = async (event, context) => [2, context.functionVersion, context.invokedFunctionArn];";
    aws.lambda(
        "PUT",
        &format!("{FUNCTIONS}/hello/code"),
        json!({"ZipFile": archive(code)}),
    );
    aws.after(60);
    for (query, wanted) in [
        ("", json!([2, "$LATEST", format!("{ARN}:hello")])),
        (
            "?Qualifier=$LATEST",
            json!([2, "$LATEST", format!("{ARN}:hello:$LATEST")]),
        ),
        ("?Qualifier=1", json!([1, "1", format!("{ARN}:hello:1")])),
        (
            "?Qualifier=prod",
            json!([1, "1", format!("{ARN}:hello:prod")]),
        ),
    ] {
        let ran = aws.invoke(query, &[], "{}").await;
        assert_eq!((ran.status, ran.json()), (200, wanted), "{query}");
    }
}

/// Evidence: recorded, LocalStack `test_lambda_invoke_payload_encoding_error` and `test_reserved_concurrency_async_queue`. Evidence: reported, faultline/faultline#12 for a payload that is too large, and remotion-dev/remotion#1186 for
/// a function that is pending.
#[tokio::test]
async fn what_invoke_refuses() {
    let aws = Aws::with_role();
    aws.create("hello", json!({}));
    let refused = |ran: &Ran, status: u16, code: &str| {
        assert_eq!(
            (ran.status, ran.header("x-amzn-errortype")),
            (status, Some(code)),
            "{}",
            ran.body
        );
    };
    let pending = aws.invoke("", &[], "{}").await;
    refused(&pending, 409, "ResourceConflictException");
    let words = "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    assert_eq!(pending.json(), json!({"Type": "User", "message": words}));
    aws.after(60);
    for body in ["no", "{\"a\": }", "{} {}"] {
        let ran = aws.invoke("", &[], body).await;
        refused(&ran, 400, "InvalidRequestContentException");
        let message = ran.json()["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with(
                "Could not parse request body into json: Could not parse payload into json: "
            ),
            "{message}"
        );
    }
    let large = format!("\"{}\"", "x".repeat(6_291_455));
    let ran = aws.invoke("", &[], &large).await;
    refused(&ran, 413, "RequestEntityTooLargeException");
    assert!(ran.body.contains("6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"), "{}", ran.body);
    let missing = aws.invoke("?Qualifier=9", &[], "{}").await;
    refused(&missing, 404, "ResourceNotFoundException");
    assert_eq!(
        missing.json(),
        json!({"Type": "User", "Message": format!("Function not found: {ARN}:hello:9")})
    );
    let path = "/2017-10-31/functions/hello/concurrency";
    aws.lambda("PUT", path, json!({"ReservedConcurrentExecutions": 0}));
    let throttled = aws.invoke("", &[], "{}").await;
    refused(&throttled, 429, "TooManyRequestsException");
    let wanted = json!({"Type": "User", "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."});
    assert_eq!(throttled.json(), wanted);
    // What the local AWS lacks is told by name.
    let streamed = aws.lambda_answer(
        "POST",
        "/2021-11-15/functions/hello/response-streaming-invocations",
        json!({}),
    );
    assert_eq!((streamed.0, streamed.1.as_str()), (501, "NotImplemented"));
    assert!(
        streamed
            .2
            .to_string()
            .contains("lambda:InvokeWithResponseStream"),
        "{}",
        streamed.2
    );
}
