//! Mocks, and how an answer is made.

use super::super::super::answers::gateway_response;
use super::*;

/// A mock with this status in its request template, and these integration responses.
fn mock(status: u16, responses: Value) -> Ground {
    Ground::of(json!({
        "settings": {"type": "MOCK", "requestTemplates": {"application/json": format!("{{\"statusCode\": {status}}}")}},
        "responses": responses,
    }))
}

async fn configuration_error(ground: &Ground, why: &str) {
    let refused = ground.answer().await.unwrap_err();
    assert_eq!(words(&refused), CONFIGURATION);
    assert!(refused.why.contains(why), "{}", refused.why);
}

#[tokio::test]
async fn a_preflight_answers_with_its_headers() {
    let ground = mock(
        204,
        json!({"204": {
            "responseParameters": {
                "method.response.header.Access-Control-Allow-Origin": "'*'",
                "method.response.header.Vary": "stageVariables.host",
                "method.response.header.X-Id": "context.requestId",
                "method.response.header.X-Absent": "stageVariables.absent",
            },
            "responseTemplates": {"application/json": null},
        }}),
    );
    let answer = ground.answer().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(text(&answer), "");
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&answer, "vary"), Some("api.test"));
    assert_eq!(
        header(&answer, "x-id"),
        Some("0f7a3c52-8b1d-4e6f-9a20-b3c4d5e6f708")
    );
    assert_eq!(header(&answer, "x-absent"), None);
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_header_that_the_method_does_not_declare_is_left_out() {
    let mut ground = mock(
        200,
        json!({"200": {"responseParameters": {"method.response.header.Vary": "'Origin'"}}}),
    );
    ground
        .method
        .responses
        .insert("200".into(), read(json!({})));
    assert_eq!(header(&ground.answer().await.unwrap(), "vary"), None);
}

#[tokio::test]
async fn the_status_chooses_the_answer() {
    let responses = json!({
        "200": {"responseTemplates": {"application/json": "default"}},
        "404": {"selectionPattern": "4\\d{2}", "responseTemplates": {"application/json": "for 4xx"}},
    });
    for (status, expected) in [
        (200, (200, "default")),
        (418, (404, "for 4xx")),
        (500, (200, "default")),
    ] {
        let answer = mock(status, responses.clone()).answer().await.unwrap();
        assert_eq!((answer.status().as_u16(), text(&answer)), expected);
    }
    // The pattern is the whole status.
    let part = json!({"200": {"selectionPattern": "20"}});
    configuration_error(
        &mock(200, part),
        "no integration response is for the status 200",
    )
    .await;
}

#[tokio::test]
async fn what_is_not_configured_is_a_configuration_error() {
    configuration_error(&mock(200, json!({})), "no integration response").await;
    let mut ground = mock(200, json!({"200": {}}));
    ground.method.responses.clear();
    configuration_error(&ground, "no method response").await;
    configuration_error(&Ground::default(), "statusCode").await;
    let mut ground = Ground::default();
    ground.method.integration = None;
    configuration_error(&ground, "no integration").await;
}

#[tokio::test]
async fn the_template_is_the_one_that_the_caller_accepts() {
    let ground = mock(
        200,
        json!({"200": {"responseTemplates": {"application/json": "{}", "text/html": "<b>$context.stage</b>"}}}),
    );
    for (accept, expected) in [
        ("text/html,application/json", ("text/html", "<b>prod</b>")),
        ("TEXT/HTML;q=0.8", ("text/html", "<b>prod</b>")),
        ("image/png", ("application/json", "{}")),
    ] {
        let mut exchange = ground.exchange();
        exchange.headers.insert("accept", accept.parse().unwrap());
        let answer = integrated(DataPlaneOptions::default(), &exchange)
            .await
            .unwrap();
        assert_eq!(
            (header(&answer, "content-type").unwrap(), text(&answer)),
            expected
        );
    }
}

#[tokio::test]
async fn a_body_without_a_template_passes_or_is_refused() {
    let passes = |behavior: &str, templates: Value, content_type: Option<&str>| {
        let mut ground = Ground::of(json!({
            "settings": {"type": "MOCK", "passthroughBehavior": behavior, "requestTemplates": templates},
            "responses": {"200": {}},
        }));
        ground.stage = Stage::default();
        let content_type = content_type.map(str::to_owned);
        async move {
            let mut exchange = ground.exchange();
            exchange.body = Bytes::from_static(b"{\"statusCode\": 200}");
            if let Some(content_type) = content_type {
                exchange
                    .headers
                    .insert("content-type", content_type.parse().unwrap());
            }
            integrated(DataPlaneOptions::default(), &exchange).await
        }
    };
    let json_only = json!({"application/json": "{\"statusCode\": 200}"});
    let xml_only = json!({"application/xml": "{\"statusCode\": 200}"});
    for (behavior, templates, content_type) in [
        ("WHEN_NO_MATCH", json_only.clone(), Some("application/xml")),
        ("WHEN_NO_MATCH", xml_only.clone(), None),
        ("WHEN_NO_TEMPLATES", json!({}), Some("application/xml")),
        ("NEVER", json_only.clone(), None),
        (
            "NEVER",
            json_only.clone(),
            Some("application/json; charset=utf-8"),
        ),
    ] {
        let answer = passes(behavior, templates, content_type).await;
        assert_eq!(answer.unwrap().status(), 200, "{behavior} {content_type:?}");
    }
    for (behavior, templates, content_type) in [
        (
            "WHEN_NO_TEMPLATES",
            json_only.clone(),
            Some("application/xml"),
        ),
        ("WHEN_NO_TEMPLATES", xml_only, None),
        ("NEVER", json_only, Some("application/xml")),
        ("NEVER", json!({}), None),
    ] {
        let refused = passes(behavior, templates, content_type).await.unwrap_err();
        assert_eq!(
            words(&refused),
            (
                "UNSUPPORTED_MEDIA_TYPE",
                "BadRequestException",
                "Unsupported Media Type"
            )
        );
    }
}

#[tokio::test]
async fn bytes_are_made_text_only_where_the_integration_says_so() {
    let answered = |handling: Option<&str>| {
        let mut ground = mock(
            200,
            json!({"200": {"responseTemplates": {"application/json": "ok"}}}),
        );
        ground.definition = read(json!({"settings": {"binaryMediaTypes": ["image/*"]}}));
        if let Some(handling) = handling {
            let settings = &mut ground.method.integration.as_mut().unwrap().settings;
            settings.insert("contentHandling".into(), handling.into());
            settings.insert(
                "requestTemplates".into(),
                json!({"image/png": "{\"statusCode\": 200, \"body\": \"$input.body\"}"}),
            );
        } else {
            let settings = &mut ground.method.integration.as_mut().unwrap().settings;
            settings.insert(
                "requestTemplates".into(),
                json!({"image/png": "{\"statusCode\": 200}"}),
            );
        }
        async move {
            let mut exchange = ground.exchange();
            exchange
                .headers
                .insert("content-type", "image/png".parse().unwrap());
            exchange.body = Bytes::from_static(&[0xff, 0x00]);
            integrated(DataPlaneOptions::default(), &exchange).await
        }
    };
    assert_eq!(
        answered(Some("CONVERT_TO_TEXT")).await.unwrap().status(),
        200
    );
    assert_eq!(words(&answered(None).await.unwrap_err()), CONFIGURATION);
    assert_eq!(
        words(&answered(Some("CONVERT_TO_BINARY")).await.unwrap_err()),
        CONFIGURATION
    );
}

#[tokio::test]
async fn calls_of_aws_without_a_proxy_are_named() {
    let ground = Ground::of(json!({"settings": {"type": "AWS"}}));
    let refused = ground.answer().await.unwrap_err();
    assert_eq!(refused.kind, NOT_IMPLEMENTED);
    let wanted = "the local AWS does not have the integration type AWS: ";
    assert!(refused.message.starts_with(wanted), "{}", refused.message);
}

#[tokio::test]
async fn an_internal_error_has_the_very_body_that_aws_writes() {
    let mut ground = Ground::default();
    let refused = ground.answer().await.unwrap_err();
    let body = |ground: &Ground| {
        let response = gateway_response(&refused, &ground.exchange());
        assert_eq!(response.status(), 500);
        assert_eq!(
            header(&response, "x-amzn-errortype"),
            Some("InternalServerErrorException")
        );
        text(&response).to_owned()
    };
    assert_eq!(body(&ground), r#"{"message": "Internal server error"}"#);
    // A gateway response of the API's own has AWS's template if it has none itself.
    ground.definition.gateway_responses.insert(
        "DEFAULT_5XX",
        read(json!({"responseTemplates": {"application/json": "{\"message\":$context.error.messageString}"}})),
    );
    assert_eq!(body(&ground), r#"{"message":"Internal server error"}"#);
}
