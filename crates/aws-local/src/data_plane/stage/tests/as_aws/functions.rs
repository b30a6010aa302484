//! Functions behind API Gateway.

use super::super::functions::{EVENT, FUNCTION, RAW, TRUST};
use super::*;
use crate::functions::tests::has;

/// Evidence: recorded, LocalStack `test_lambda_aws_proxy_integration`.
#[tokio::test]
async fn a_function_gets_the_request_as_an_event() {
    if !has("node") {
        return;
    }
    let world = World::with_function(EVENT);
    let host = format!("{}.execute-api.eu-west-1.amazonaws.com", world.api);
    let request = Request::put("/live//hello/test%2Balias@gmail.com/?x=1&y=a+b%2B&x=2")
        .header("host", &host)
        .header("user-agent", "caller/1")
        .header("x-many", "1")
        .header("x-many", "2")
        .header("content-type", "text/plain")
        .header("connection", "close")
        .header("content-length", "2")
        .header("te", "trailers");
    let answer = world.send(request, Bytes::from_static(b"hi")).await;
    assert_eq!(answer.status(), 200, "{}", answer.body());
    let mut event: Value = serde_json::from_str(answer.body()).unwrap();
    let trace = event["headers"]["X-Amzn-Trace-Id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(trace.starts_with("Root=1-"), "{trace}");
    assert_eq!(answer.header("x-amzn-trace-id"), trace);
    let context = &mut event["requestContext"];
    assert_eq!(context["requestId"], answer.header("x-amzn-requestid"));
    assert_eq!(
        context["extendedRequestId"],
        answer.header("x-amz-apigw-id")
    );
    for random in [
        "requestId",
        "extendedRequestId",
        "deploymentId",
        "resourceId",
    ] {
        assert!(context[random].as_str().unwrap().len() >= 6, "{context}");
        context[random] = json!("random");
    }
    let identity = json!({
        "accessKey": null, "accountId": null, "caller": null, "cognitoAuthenticationProvider": null,
        "cognitoAuthenticationType": null, "cognitoIdentityId": null, "cognitoIdentityPoolId": null, "principalOrgId": null,
        "sourceIp": "127.0.0.1", "user": null, "userAgent": "caller/1", "userArn": null,
    });
    assert_eq!(
        event,
        json!({
            "resource": "/hello/{name}",
            "path": "/hello/test%2Balias@gmail.com/",
            "httpMethod": "PUT",
            "headers": {
                "Content-Type": "text/plain", "Host": host, "User-Agent": "caller/1", "x-many": "2",
                "X-Amzn-Trace-Id": trace, "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
            },
            "multiValueHeaders": {
                "Content-Type": ["text/plain"], "Host": [host], "User-Agent": ["caller/1"], "x-many": ["1", "2"],
                "X-Amzn-Trace-Id": [trace], "X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Port": ["443"], "X-Forwarded-Proto": ["https"],
            },
            "queryStringParameters": {"x": "2", "y": "a b+"},
            "multiValueQueryStringParameters": {"x": ["1", "2"], "y": ["a b+"]},
            "pathParameters": {"name": "test%2Balias@gmail.com"},
            "stageVariables": null,
            "requestContext": {
                "accountId": "123456789012", "apiId": world.api, "deploymentId": "random", "domainName": host, "domainPrefix": world.api,
                "extendedRequestId": "random", "httpMethod": "PUT", "identity": identity, "path": "/live//hello/test%2Balias@gmail.com/",
                "protocol": "HTTP/1.1", "requestId": "random", "requestTime": "21/Nov/2026:12:00:00 +0000",
                "requestTimeEpoch": 1_795_262_400_000_i64, "resourceId": "random", "resourcePath": "/hello/{name}", "stage": "live",
            },
            "body": "hi",
            "isBase64Encoded": false,
        })
    );
    // Nothing is null, and a greedy parameter has no slash at its end.
    let answer = world.get("//live/files/a//b/").await;
    let event: Value = serde_json::from_str(answer.body()).unwrap();
    for member in [
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "stageVariables",
        "body",
    ] {
        assert_eq!(event.get(member), Some(&Value::Null), "{member}");
    }
    assert_eq!(event["pathParameters"], json!({"proxy": "a//b"}));
    assert_eq!(event["requestContext"]["path"], "/live/files/a//b/");
    assert_eq!(event["path"], "/files/a//b/");
}

/// Evidence: recorded, LocalStack `test_lambda_aws_proxy_integration` for names as they were sent, over a connection.
#[tokio::test]
async fn header_names_keep_their_case() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    if !has("node") {
        return;
    }
    let world = World::with_function(EVENT);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(crate::serve(
        world.plane.clone(),
        listener,
        std::future::pending(),
    ));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    for name in ["tEsT-HEADeR", "Test-Header"] {
        let request = format!(
            "GET /live/hello/a HTTP/1.1\r\nhost: {}.execute-api.eu-west-1.amazonaws.com\r\n{name}: 1\r\nuser-AGENT: a\r\n\r\n",
            world.api
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut chunk = [0; 4096];
            let length = stream.read(&mut chunk).await.unwrap();
            assert!(length > 0);
            answer.extend_from_slice(&chunk[..length]);
        }
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.contains(&format!("\"{name}\":\"1\"")), "{answer}");
        assert!(answer.contains("\"User-Agent\":\"a\""), "{answer}");
    }
}

/// Evidence: recorded, LocalStack `test_aws_proxy_response_payload_format_validation`, statuses from its assertions. Evidence: documented,
/// "Handle 4xx and 5xx errors in API Gateway" for `headers` that is no object. Evidence: inferred, from the rows beside them for the others
/// that are malformed.
#[tokio::test]
async fn what_is_taken_from_a_function() {
    if !has("node") {
        return;
    }
    let world = World::with_function(RAW);
    let json_type = [("content-type", "application/json")];
    for (answer, status, body, headers) in [
        (json!({"statusCode": 200}), 200, "", &json_type[..]),
        (
            json!({"statusCode": "201", "body": "a"}),
            201,
            "a",
            &json_type,
        ),
        (json!({}), 200, "", &json_type),
        (json!({"headers": {"x-a": "b"}}), 200, "", &[("x-a", "b")]),
        (json!({"headers": null, "body": "b"}), 200, "b", &json_type),
        (
            json!({"headers": {"x-a": true, "x-b": 5}}),
            200,
            "",
            &[("x-a", "true"), ("x-b", "5")],
        ),
        (
            json!({"isBase64Encoded": true, "body": "aGk="}),
            200,
            "aGk=",
            &json_type,
        ),
        (
            json!({"headers": {"content-type": "text/html"}, "body": "<p>"}),
            200,
            "<p>",
            &[("content-type", "text/html")],
        ),
        (
            json!({"headers": {"date": "x"}}),
            200,
            "",
            &[("x-amzn-remapped-date", "x")],
        ),
    ] {
        let got = world.raw(&answer, &[]).await;
        assert_eq!((got.status(), got.body()), (status, body), "{answer}");
        for (name, value) in headers {
            assert_eq!(got.header(name), *value, "{answer}");
        }
    }
    let both = json!({"multiValueHeaders": {"test-multi": ["a", "c"]}, "headers": {"Test-Multi": "b", "test-multi": "a"}});
    let got = world.raw(&both, &[]).await;
    let values: Vec<_> = got.0.headers().get_all("test-multi").iter().collect();
    assert_eq!(values, ["a", "c", "b"]);
    for answer in [
        json!("a string"),
        json!(null),
        json!([]),
        json!({"statusCode": 200, "other": 1}),
        json!({"statusCode": "test"}),
        json!({"statusCode": 99}),
        json!({"statusCode": true}),
        json!({"multiValueHeaders": {"a": "b"}}),
        json!({"headers": "a"}),
        json!({"headers": {"a": {}}}),
        json!({"body": {"a": 1}}),
    ] {
        let got = world.raw(&answer, &[]).await;
        got.failed(502, "Internal server error");
    }
}

/// Evidence: documented, "Return binary media from a Lambda proxy integration in API Gateway".
#[tokio::test]
async fn binary_media_types_make_base64_of_bodies() {
    if !has("node") {
        return;
    }
    let world = World::with_function(EVENT);
    world.patch("{api}", &[("add", "/binaryMediaTypes/image~1png", "")]);
    world.deploy();
    let host = format!("{}.execute-api.eu-west-1.amazonaws.com", world.api);
    let request = Request::put("/live/hello/a")
        .header("host", host)
        .header("content-type", "image/png");
    let answer = world.send(request, Bytes::from_static(b"\x89PNG")).await;
    let event: Value = serde_json::from_str(answer.body()).unwrap();
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("iVBORw=="), &json!(true))
    );

    let world = World::with_function(RAW);
    world.patch("{api}", &[("add", "/binaryMediaTypes/image~1png", "")]);
    world.deploy();
    let encoded = json!({"isBase64Encoded": true, "body": "iVBORw=="});
    let got = world.raw(&encoded, &[("accept", "image/png, */*")]).await;
    assert_eq!(got.0.body().as_ref(), b"\x89PNG");
    assert_eq!(
        world.raw(&encoded, &[("accept", "*/*")]).await.body(),
        "iVBORw=="
    );
    let wrong = json!({"isBase64Encoded": true, "body": "no!"});
    let got = world.raw(&wrong, &[("accept", "image/png")]).await;
    // Evidence: documented, "Gateway response types for API Gateway" (API_CONFIGURATION_ERROR).
    got.failed(500, "Internal server error");
}

/// Evidence: recorded, LocalStack `test_lambda_aws_proxy_integration_non_post_method`.
#[tokio::test]
async fn a_function_is_called_with_post_only() {
    let world = World::with_function(EVENT);
    world.proxy("GET", "/get", json!({"httpMethod": "GET"}));
    world.deploy();
    let wanted = "Internal server error";
    world.get("/live/get").await.failed(500, wanted);
    let own = json!({"responseParameters": {"gatewayresponse.header.x-own": "'1'"}});
    world.aws("PUT", "{api}/gatewayresponses/INTEGRATION_FAILURE", own);
    world.deploy();
    let got = world.get("/live/get").await;
    assert_eq!((got.status(), got.header("x-own")), (500, "1"));
    // Evidence: inferred, from a gateway response's status being what its owner says.
    world.aws(
        "PUT",
        "{api}/gatewayresponses/INTEGRATION_FAILURE",
        json!({"statusCode": "418"}),
    );
    world.deploy();
    assert_eq!(world.get("/live/get").await.status(), 418);
}

/// Evidence: recorded, LocalStack `test_lambda_aws_proxy_integration_request_data_mapping` for mappings that are ignored.
/// Evidence: recorded, LocalStack `test_apigateway_header_remapping_aws` for those that fail.
#[tokio::test]
async fn mappings_of_a_proxy_are_ignored_but_for_some_headers() {
    if !has("node") {
        return;
    }
    let world = World::with_function(EVENT);
    let mapped =
        |to: &str| json!({"requestParameters": {format!("integration.request.{to}"): "'1'"}});
    world.proxy("GET", "/ignored", mapped("header.x-mapped"));
    world.proxy("GET", "/refused", mapped("header.TE"));
    world.deploy();
    let answer = world.get("/live/ignored").await;
    assert_eq!(answer.status(), 200);
    assert!(!answer.body().contains("x-mapped"), "{}", answer.body());
    let refused = world.get("/live/refused").await;
    refused.failed(500, "Internal server error");
}

/// Evidence: documented, "How do I resolve \"Invalid permissions on Lambda function\" errors from API Gateway REST APIs?": 500 without a
/// permission. Evidence: documented, "Using resource-based policies for Lambda" for statements.
#[tokio::test]
async fn a_function_is_called_if_its_policy_lets_the_method() {
    if !has("node") {
        return;
    }
    let world = World::with_function(EVENT);
    world.lambda("DELETE", "/hello/policy/any", Value::Null);
    let refused = |answer: Answer| answer.failed(500, "Internal server error");
    refused(world.get("/live/hello/a").await);
    for source in [
        "other/*/*",
        "live/POST/*",
        "live/GET/hello",
        "*/GET/files/*",
    ] {
        world.permit("hello", "one", source);
        refused(world.get("/live/hello/a").await);
        world.lambda("DELETE", "/hello/policy/one", Value::Null);
    }
    for source in ["live/GET/hello/*", "*/*/hello/{name}", "*"] {
        world.permit("hello", "one", source);
        assert_eq!(world.get("/live/hello/a").await.status(), 200, "{source}");
        world.lambda("DELETE", "/hello/policy/one", Value::Null);
    }
}

/// Evidence: recorded, LocalStack `test_apigateway_header_remapping_aws`, whose integration has a role that may call the function and no
/// permission. Evidence: documented, "API Gateway permissions model for invoking an API" for a role that may not.
#[tokio::test]
async fn a_function_is_called_with_the_integrations_role() {
    if !has("node") {
        return;
    }
    let world = World::with_function(EVENT);
    world.lambda("DELETE", "/hello/policy/any", Value::Null);
    let trust = TRUST.replace("lambda.", "apigateway.");
    world.iam(&[
        ("Action", "CreateRole"),
        ("RoleName", "calls"),
        ("AssumeRolePolicyDocument", &trust),
    ]);
    let role =
        |name: &str| json!({"credentials": format!("arn:aws:iam::123456789012:role/{name}")});
    world.proxy("GET", "/role", role("calls"));
    world.proxy("GET", "/none", role("none"));
    world.proxy("GET", "/untrusted", role("runs-hello"));
    world.deploy();
    let allow = |action: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": format!("{FUNCTION}*")}});
        let policy = policy.to_string();
        for role in ["calls", "runs-hello"] {
            world.iam(&[
                ("Action", "PutRolePolicy"),
                ("RoleName", role),
                ("PolicyName", "p"),
                ("PolicyDocument", &policy),
            ]);
        }
    };
    world
        .get("/live/role")
        .await
        .failed(500, "Internal server error");
    allow("lambda:GetFunction");
    world
        .get("/live/role")
        .await
        .failed(500, "Internal server error");
    allow("lambda:InvokeFunction");
    assert_eq!(world.get("/live/role").await.status(), 200);
    for path in ["/live/none", "/live/untrusted"] {
        world.get(path).await.failed(500, "Internal server error");
    }
}

/// A version and an alias have policies of their own, and stage variables may name what is called.
///
/// Evidence: documented, "Using resource-based policies for Lambda" for qualifiers; "Use stage variables for a REST API in API Gateway".
#[tokio::test]
async fn an_alias_is_called_by_a_stage_variable() {
    if !has("node") {
        return;
    }
    let world = World::with_function(
        "exports.handler = async (event, context) => ({body: context.functionVersion + ' ' + context.invokedFunctionArn});",
    );
    let uri = format!(
        "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{}:${{stageVariables.alias}}/invocations",
        FUNCTION
    );
    world.proxy("GET", "/alias", json!({"uri": uri}));
    world.deploy();
    world.patch(
        "{api}/stages/live",
        &[("replace", "/variables/alias", "prod")],
    );
    world.lambda("POST", "/hello/versions", json!({}));
    world.lambda(
        "POST",
        "/hello/aliases",
        json!({"Name": "prod", "FunctionVersion": "1"}),
    );
    let refused = world.get("/live/alias").await;
    refused.failed(500, "Internal server error");
    let input = json!({"StatementId": "a", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"});
    world.lambda("POST", "/hello/policy?Qualifier=prod", input);
    let wanted = format!("1 {}:prod", FUNCTION);
    assert_eq!(world.get("/live/alias").await.body(), wanted);
}

/// Evidence: documented, "Quotas for configuring and running a REST API in API Gateway" (integration timeout); "Gateway response types for API
/// Gateway" (INTEGRATION_TIMEOUT). Evidence: reported, DataBiosphere/azul#8258 for an answer that is too large. Evidence: documented,
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html> for the others.
#[tokio::test]
async fn what_a_function_can_not_answer() {
    if !has("node") {
        return;
    }
    let code = "exports.handler = async (event) => {
        const {wait = 0, size = 0} = JSON.parse(event.body);
        await new Promise((done) => setTimeout(done, wait));
        return {body: 'x'.repeat(size)};
    };";
    let world = World::with_function(code);
    // The start of a process counts, so it is over before the timeout is short.
    assert_eq!(world.raw(&json!({}), &[]).await.status(), 200);
    world.integrate("POST", "/raw", json!({"timeoutInMillis": 1000}));
    world.deploy();
    let late = world.raw(&json!({"wait": 2000}), &[]).await;
    late.failed(504, "Endpoint request timed out");
    world.integrate("POST", "/raw", json!({}));
    world.deploy();
    let large = world.raw(&json!({"size": 6_300_000}), &[]).await;
    large.failed(502, "Internal server error");
    // The function's own timeout is 3 seconds.
    let timed_out = world.raw(&json!({"wait": 4000}), &[]).await;
    timed_out.failed(502, "Internal server error");
    let event = world
        .raw(&json!({"padding": "x".repeat(6_300_000)}), &[])
        .await;
    event.refused(413, "RequestEntityTooLargeException", "Request Too Long");
    // Evidence: inferred, from two questions of customers at AWS: <https://repost.aws/questions/QUfI6bsdd0SOiPeyimzxSkfQ> has the status,
    // <https://stackoverflow.com/questions/36363280> the gateway response's type.
    let throttle = Request::put("/2017-10-31/functions/hello/concurrency");
    world.signed(
        "lambda",
        throttle,
        json!({"ReservedConcurrentExecutions": 0}).to_string(),
    );
    let throttled = world.raw(&json!({}), &[]).await;
    throttled.failed(500, "Internal server error");
}
