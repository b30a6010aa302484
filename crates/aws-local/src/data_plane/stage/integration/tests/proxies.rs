//! `HTTP_PROXY`: what gets through, under which name.

use super::*;

const MAPPED_ID: &str = "integration.request.path.id";

#[tokio::test]
async fn a_request_goes_through_as_it_came() {
    let back_end = BackEnd::ok("[]").await;
    let ground = Ground::http(
        "HTTP_PROXY",
        back_end.url("/v1/{id}?fixed=yes"),
        json!({"requestParameters": {MAPPED_ID: "method.request.path.id"}}),
    );
    let mut exchange = ground.exchange();
    exchange.verb = Verb::POST;
    exchange.body = Bytes::from_static(b"{\"a\": 1}");
    exchange.query.push(("q".into(), "a b&ü".into()));
    for (name, value) in [
        ("host", "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"),
        ("connection", "close"),
        ("content-length", "8"),
        ("te", "trailers"),
        ("via", "1.1 edge"),
        ("upgrade", "h2c"),
        ("content-encoding", "identity"),
        ("expect", "100-continue"),
        ("authorization", "Bearer x"),
        ("x-api-key", "k"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-role", "reader"),
    ] {
        exchange.headers.append(name, value.parse().unwrap());
    }
    let answer = integrated(DataPlaneOptions::default(), &exchange)
        .await
        .unwrap();
    assert_eq!((answer.status().as_u16(), text(&answer)), (200, "[]"));
    let asked = back_end.last();
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.lines().collect();
    assert_eq!(
        lines.remove(0),
        "post /v1/7?fixed=yes&page=1&page=2&q=a%20b%26%c3%bc http/1.1"
    );
    lines.sort_unstable();
    let host = format!("host: {}", back_end.address);
    let mut expected = vec![
        "accept: application/json",
        "authorization: bearer x",
        "content-length: 8",
        host.as_str(),
        "user-agent: caller/1",
        "x-amzn-apigateway-api-id: a1b2c3d4e5",
        "x-amzn-trace-id: root=1-6a018e20-0f7a3c528b1d4e6f9a20b3c4",
        "x-api-key: k",
        "x-forwarded-for: 198.51.100.1, 192.0.2.7",
        "x-forwarded-port: 443",
        "x-forwarded-proto: https",
        "x-role: admin",
        "x-role: reader",
    ];
    let epoch = format!(
        "x-amzn-trace-id: root=1-{:08x}-0f7a3c528b1d4e6f9a20b3c4",
        1_795_255_200
    );
    expected[6] = &epoch;
    assert_eq!(lines, expected);
    assert_eq!(body, "{\"a\": 1}");
}

#[tokio::test]
async fn an_answer_comes_back_with_some_headers_renamed() {
    let back_end = BackEnd::answering(
        "HTTP/1.1 302 Found\r\ndate: Sat, 21 Nov 2026 10:00:00 GMT\r\nserver: nginx\r\nlocation: /x\r\nwww-authenticate: Basic\r\n\
         x-amzn-requestid: theirs\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nvia: 1.1 x\r\ncontent-encoding: gzip\r\nkeep-alive: timeout=5\r\n\
         content-type: text/plain\r\ncontent-length: 2\r\n\r\nhi",
    )
    .await;
    let answer = Ground::http("HTTP_PROXY", back_end.url("/"), json!({}))
        .answer()
        .await
        .unwrap();
    assert_eq!((answer.status().as_u16(), text(&answer)), (302, "hi"));
    let mut got: Vec<_> = answer
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    got.sort_unstable();
    assert_eq!(
        got,
        [
            "content-encoding: gzip",
            "content-type: text/plain",
            "location: /x",
            "set-cookie: a=1",
            "set-cookie: b=2",
            "x-amzn-remapped-content-length: 2",
            "x-amzn-remapped-date: Sat, 21 Nov 2026 10:00:00 GMT",
            "x-amzn-remapped-server: nginx",
            "x-amzn-remapped-www-authenticate: Basic",
            "x-amzn-remapped-x-amzn-requestid: theirs",
        ]
    );
}

#[tokio::test]
async fn an_answer_always_has_a_content_type() {
    let back_end = BackEnd::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let answer = Ground::http("HTTP_PROXY", back_end.url("/"), json!({}))
        .answer()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_head_request_has_no_body_either_way() {
    let back_end = BackEnd::answering("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n").await;
    let ground = Ground::http("HTTP_PROXY", back_end.url("/"), json!({}));
    let mut exchange = ground.exchange();
    exchange.verb = Verb::HEAD;
    exchange.body = Bytes::from_static(b"ignored");
    let answer = integrated(DataPlaneOptions::default(), &exchange)
        .await
        .unwrap();
    assert_eq!((answer.status().as_u16(), text(&answer)), (200, ""));
    assert_eq!(
        header(&answer, "x-amzn-remapped-content-length"),
        Some("12")
    );
    assert!(back_end.last().ends_with("\r\n\r\n"), "{}", back_end.last());
}

#[tokio::test]
async fn parameters_are_mapped_into_path_query_and_headers() {
    let back_end = BackEnd::ok("").await;
    let ground = Ground::http(
        "HTTP_PROXY",
        back_end.url("/${stageVariables.host}/{id}/{proxy}?from={id}"),
        json!({"httpMethod": "PUT", "requestParameters": {
            MAPPED_ID: "method.request.path.id",
            "integration.request.path.proxy": "method.request.path.proxy",
            "integration.request.querystring.page": "'9'",
            "integration.request.querystring.last": "method.request.querystring.page",
            "integration.request.querystring.all": "method.request.multivaluequerystring.page",
            "integration.request.querystring.absent": "method.request.querystring.absent",
            "integration.request.header.X-Role": "method.request.multivalueheader.X-Role",
            "integration.request.header.X-Stage": "context.stage",
            "integration.request.header.X-Client": "context.authorizer.claims.client_id",
            "integration.request.header.X-Name": "method.request.body.person['name']",
            "integration.request.header.X-Te": "method.request.header.TE",
            "integration.request.header.Host": "stageVariables.host",
        }}),
    );
    let mut exchange = ground.exchange();
    exchange
        .path_parameters
        .insert("proxy".into(), "a b/{id}/50%?x".into());
    exchange.path_parameters.insert("id".into(), "7&8".into());
    exchange.headers.append("x-role", "reader".parse().unwrap());
    exchange.headers.append("te", "trailers".parse().unwrap());
    exchange.body = Bytes::from_static(b"{\"person\": {\"name\": \"Ann\"}}");
    integrated(DataPlaneOptions::default(), &exchange)
        .await
        .unwrap();
    let asked = back_end.last();
    let line = asked.lines().next().unwrap();
    assert_eq!(
        line,
        "put /api.test/7&8/a%20b/%7bid%7d/50%25%3fx?from=7%268&page=1&page=2&page=9&last=2&all=1&all=2 http/1.1"
    );
    for expected in [
        "x-role: admin,reader",
        "x-stage: prod",
        "x-client: web",
        "x-name: ann",
        "host: api.test",
    ] {
        assert!(
            asked.contains(&format!("\r\n{expected}\r\n")),
            "{expected} in {asked}"
        );
    }
    assert!(!asked.contains("x-te:"), "{asked}");
}

#[tokio::test]
async fn connections_are_used_again() {
    let back_end = BackEnd::ok("x").await;
    let ground = Ground::http("HTTP_PROXY", back_end.url("/"), json!({}));
    let plane = DataPlane::new(
        Service::in_memory(Options::default()),
        DataPlaneOptions::default(),
    );
    for _ in 0..5 {
        integrate(&plane.0, &ground.exchange()).await.unwrap();
    }
    assert_eq!(back_end.asked.lock().unwrap().len(), 5);
    assert_eq!(back_end.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_signature_stays_at_the_door() {
    let back_end = BackEnd::ok("").await;
    let ground = Ground::http("HTTP_PROXY", back_end.url("/"), json!({}));
    let mut exchange = ground.exchange();
    exchange.headers.insert(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=x".parse().unwrap(),
    );
    integrated(DataPlaneOptions::default(), &exchange)
        .await
        .unwrap();
    assert!(
        !back_end.last().contains("authorization"),
        "{}",
        back_end.last()
    );
}

#[tokio::test]
async fn what_is_not_mapped_or_can_not_be_is_a_configuration_error() {
    for (uri, parameters, why) in [
        ("http://127.0.0.1:9/{id}", json!({}), "{id}"),
        ("http://${stageVariables.absent}/", json!({}), "URL"),
        (
            "http://127.0.0.1:9/",
            json!({"integration.request.header.Content-Length": "'1'"}),
            "Content-Length",
        ),
        (
            "http://127.0.0.1:9/",
            json!({"integration.request.header.X-A": "'a\nb'"}),
            "X-A",
        ),
        (
            "http://127.0.0.1:9/",
            json!({"integration.request.header.X-A": "nowhere"}),
            "nowhere",
        ),
    ] {
        let ground = Ground::http("HTTP_PROXY", uri, json!({"requestParameters": parameters}));
        // Port 9 is none that API Gateway calls, which would be a refusal of its own.
        let refused = ground.answer().await.unwrap_err();
        assert_eq!(words(&refused), CONFIGURATION, "{uri}");
        assert!(refused.why.contains(why), "{why} in {}", refused.why);
    }
}

#[tokio::test]
async fn what_a_proxy_lacks_here_is_named() {
    for (settings, named) in [
        (
            json!({"contentHandling": "CONVERT_TO_BINARY"}),
            "contentHandling CONVERT_TO_BINARY",
        ),
        (
            json!({"responseTransferMode": "STREAM"}),
            "responseTransferMode STREAM",
        ),
        (
            json!({"tlsConfig": {"insecureSkipVerification": true}}),
            "tlsConfig.insecureSkipVerification",
        ),
        (
            json!({"connectionType": "VPC_LINK", "integrationTarget": "arn"}),
            "VPC links V2",
        ),
    ] {
        let refused = Ground::http("HTTP_PROXY", "https://api.test/", settings)
            .answer()
            .await
            .unwrap_err();
        assert_eq!(refused.kind, NOT_IMPLEMENTED);
        assert!(refused.message.contains(named), "{}", refused.message);
    }
}
