//! `HTTP`, and back ends that don't answer as they should.

use super::super::backend::{Backends, Network};
use super::*;

#[tokio::test]
async fn an_http_integration_makes_request_and_answer_anew() {
    let back_end = BackEnd::answering(
        "HTTP/1.1 503 Service Unavailable\r\nx-trace: t1\r\nx-trace: t2\r\nserver: nginx\r\ncontent-length: 16\r\n\r\n{\"code\": \"busy\"}",
    )
    .await;
    let mut ground = Ground::of(json!({
        "settings": {
            "type": "HTTP", "httpMethod": "POST", "uri": back_end.url("/search"),
            "requestParameters": {"integration.request.querystring.id": "method.request.path.id"},
            "requestTemplates": {"application/json": "{\"who\": \"$context.identity.sourceIp\", \"page\": $input.params('page')}"},
        },
        "responses": {
            "200": {},
            "502": {
                "selectionPattern": "5\\d{2}",
                "responseParameters": {
                    "method.response.header.X-Trace": "integration.response.header.X-Trace",
                    "method.response.header.X-Traces": "integration.response.multivalueheader.x-trace",
                    "method.response.header.X-Code": "integration.response.body.code",
                    "method.response.header.Server": "integration.response.header.Server",
                    "method.response.header.X-None": "integration.response.header.X-None",
                },
                "responseTemplates": {"application/json": "{\"failed\": $input.json('$.code')}"},
            },
        },
    }));
    let answer = ground.answer().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), text(&answer)),
        (502, "{\"failed\": \"busy\"}")
    );
    for (name, value) in [
        ("x-trace", Some("t2")),
        ("x-traces", Some("t1,t2")),
        ("x-code", Some("busy")),
        ("x-amzn-remapped-server", Some("nginx")),
        ("server", None),
        ("x-none", None),
        ("content-type", Some("application/json")),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    assert!(header(&answer, "x-amzn-trace-id").is_some());
    let asked = back_end.last();
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert_eq!(head.lines().next(), Some("post /search?id=7 http/1.1"));
    assert!(
        head.contains("user-agent: amazonapigateway_a1b2c3d4e5"),
        "{head}"
    );
    assert!(
        !head.contains("x-role") && !head.contains("x-forwarded-for"),
        "{head}"
    );
    assert_eq!(body, "{\"who\": \"192.0.2.7\", \"page\": 2}");

    // Without a template, the back end's body is the answer's.
    let integration = ground.method.integration.as_mut().unwrap();
    integration.responses.remove("502");
    assert_eq!(
        text(&ground.answer().await.unwrap()),
        "{\"code\": \"busy\"}"
    );
}

#[tokio::test]
async fn a_back_end_that_does_not_answer_in_time_is_a_504() {
    let back_end = BackEnd::answering("").await;
    for kind in ["HTTP", "HTTP_PROXY"] {
        let refused = Ground::http(kind, back_end.url("/"), json!({"timeoutInMillis": 50}))
            .answer()
            .await
            .unwrap_err();
        assert_eq!(
            words(&refused),
            (
                "INTEGRATION_TIMEOUT",
                "InternalServerErrorException",
                "Endpoint request timed out"
            )
        );
        assert!(refused.why.contains("50 ms"), "{}", refused.why);
    }
    assert!(!back_end.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_does_not_end_in_time_is_a_504_too() {
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await;
    let refused = Ground::http(
        "HTTP_PROXY",
        back_end.url("/"),
        json!({"timeoutInMillis": 50}),
    )
    .answer()
    .await
    .unwrap_err();
    assert_eq!(refused.kind, "INTEGRATION_TIMEOUT");
}

#[tokio::test]
async fn where_nothing_listens_the_network_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = Ground::http(
        "HTTP_PROXY",
        format!("http://{address}/?secret=s"),
        json!({}),
    )
    .answer()
    .await
    .unwrap_err();
    assert_eq!(words(&refused), UNREACHABLE);
    assert_eq!(refused.why, format!("nothing listens at {address}"));
}

#[tokio::test]
async fn a_back_end_that_breaks_off_or_does_not_speak_http_has_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let silent = Ground::http("HTTP_PROXY", format!("http://{address}/"), json!({}));
    assert_eq!(words(&silent.answer().await.unwrap_err()), UNREACHABLE);
    let other = BackEnd::answering("220 mail ready\r\n\r\n").await;
    let other = Ground::http("HTTP_PROXY", other.url("/"), json!({}));
    assert_eq!(words(&other.answer().await.unwrap_err()), UNREACHABLE);
}

#[tokio::test]
async fn a_private_host_or_a_port_of_others_is_a_wrong_configuration() {
    for (uri, why) in [
        ("http://10.1.2.3:8080/", "VPC link"),
        ("http://169.254.169.254/", "VPC link"),
        ("http://127.0.0.1:22/", "ports 80, 443"),
    ] {
        let refused = Ground::http("HTTP_PROXY", uri, json!({}))
            .answer()
            .await
            .unwrap_err();
        assert_eq!(words(&refused), CONFIGURATION, "{uri}");
        assert!(refused.why.contains(why), "{}", refused.why);
    }
}

#[tokio::test]
async fn an_answer_over_ten_megabytes_is_refused() {
    let largest = 10 << 20;
    for (length, passes) in [(largest, true), (largest + 1, false)] {
        let back_end = BackEnd::ok(&"x".repeat(length)).await;
        let answer = Ground::http("HTTP_PROXY", back_end.url("/"), json!({}))
            .answer()
            .await;
        match answer {
            Ok(answer) => assert!(passes && answer.body().len() == length),
            Err(refused) => {
                assert!(!passes, "{refused:?}");
                assert_eq!(words(&refused), CONFIGURATION);
                assert!(refused.why.contains("10485760"), "{}", refused.why);
            }
        }
    }
}

#[tokio::test]
async fn a_host_that_is_none_is_a_wrong_configuration() {
    // Not over the internet, where a proxy might respond.
    let url = "http://no-such-host.invalid:8080/?secret=s"
        .parse()
        .unwrap();
    let request = reqwest::Request::new(Verb::GET, url);
    let backends = Backends::default();
    let refused = backends
        .send(Network::Private, request, 29_000)
        .await
        .unwrap_err();
    assert_eq!(words(&refused), CONFIGURATION);
    assert_eq!(
        refused.why,
        "no-such-host.invalid:8080 can't be resolved or trusted"
    );
}
