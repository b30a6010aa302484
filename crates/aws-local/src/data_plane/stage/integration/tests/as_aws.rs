//! What AWS was seen to send to back ends and to make of their answers. Each test names its evidence.

use super::*;

/// Bytes that are not UTF-8, as Base64 and as the text that API Gateway makes of them, all from the recordings.
const RAW: &[u8] = b"\x1f\x8b\x08\x00\x14l\xeec\x02\xffK\xce\xcf-(J-.NMQHI,I\xd4Q(\xce\xc8/\xcdIQHJU\xc8\xcc+K\xcc\xc9LQ\x08\rq\xd3\xb5P(.)\xca\xccK\x07\x00\xb89\x10W/\x00\x00\x00";
const ENCODED: &[u8] =
    b"H4sIABRs7mMC/0vOzy0oSi0uTk1RSEksSdRRKM7IL81JUUhKVcjMK0vMyUxRCA1x07VQKC4pysxLBwC4ORBXLwAAAA==";
const GARBLED: &[u8] = b"\x1f\xef\xbf\xbd\x08\x00\x14l\xef\xbf\xbdc\x02\xef\xbf\xbdK\xef\xbf\xbd\xef\xbf\xbd-(J-.NMQHI,I\xef\xbf\xbdQ(\xef\xbf\xbd\xef\xbf\xbd/\xef\xbf\xbdIQHJU\xef\xbf\xbd\xef\xbf\xbd+K\xef\xbf\xbd\xef\xbf\xbdLQ\x08\rq\xd3\xb5P(.)\xef\xbf\xbd\xef\xbf\xbdK\x07\x00\xef\xbf\xbd9\x10W/\x00\x00\x00";
const TEXT: &[u8] = b"this is a UTF8 text typed object";
const TEXT_ENCODED: &[u8] = b"dGhpcyBpcyBhIFVURjggdGV4dCB0eXBlZCBvYmplY3Q=";

/// A body and what becomes of it; none where the call fails.
type Row = (&'static [u8], Option<&'static [u8]>);

const AS_TEXT: [Row; 3] = [
    (RAW, Some(GARBLED)),
    (ENCODED, Some(ENCODED)),
    (TEXT, Some(TEXT)),
];
const AS_IT_IS: [Row; 3] = [
    (RAW, Some(RAW)),
    (ENCODED, Some(ENCODED)),
    (TEXT, Some(TEXT)),
];
const FROM_BASE64: [Row; 3] = [(RAW, None), (ENCODED, Some(RAW)), (TEXT, None)];
const TO_BASE64: [Row; 2] = [(RAW, Some(ENCODED)), (TEXT, Some(TEXT_ENCODED))];

/// A back end that answers with a body of this media type and keeps the body that it got.
async fn back_end(media_type: &str, body: &[u8]) -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let got = Arc::<Mutex<Vec<u8>>>::default();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = [head.as_bytes(), body].concat();
    tokio::spawn({
        let got = got.clone();
        async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut read, mut chunk) = (Vec::new(), [0; 4096]);
                loop {
                    let end = read.windows(4).position(|four| four == b"\r\n\r\n");
                    let head = String::from_utf8_lossy(&read[..end.unwrap_or(0)]).to_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "))
                        .map_or(0, |length| length.parse().unwrap());
                    if let Some(end) = end.filter(|end| read.len() >= end + 4 + length) {
                        *got.lock().unwrap() = read[end + 4..].to_vec();
                        let _ = stream.write_all(&answer).await;
                        break;
                    }
                    match stream.read(&mut chunk).await {
                        Ok(0) | Err(_) => break,
                        Ok(length) => read.extend_from_slice(&chunk[..length]),
                    }
                }
            }
        }
    });
    (address, got)
}

/// Bodies of a media type sent to an integration with this handling, on an API that takes `image/png` for bytes if it does.
async fn sent(kind: &str, binary: bool, handling: Option<&str>, media_type: &str, rows: &[Row]) {
    for (body, wanted) in rows {
        let (address, got) = back_end("text/plain", b"").await;
        let mut settings = json!({"requestParameters": {}});
        if let Some(handling) = handling {
            settings["contentHandling"] = handling.into();
        }
        let mut ground = Ground::http(kind, format!("http://{address}/"), settings);
        ground.method = with_answer(ground.method, None);
        if binary {
            ground.definition = read(json!({"settings": {"binaryMediaTypes": ["image/png"]}}));
        }
        let mut exchange = ground.exchange();
        exchange.verb = Verb::PUT;
        exchange
            .headers
            .insert("content-type", media_type.parse().unwrap());
        exchange.body = Bytes::from_static(body);
        let answer = integrated(DataPlaneOptions::default(), &exchange).await;
        let case = format!("{kind} {binary} {handling:?} {media_type} {body:?}");
        match wanted {
            Some(wanted) => {
                answer.unwrap();
                assert_eq!(*got.lock().unwrap(), *wanted, "{case}");
            }
            None => assert_eq!(words(&answer.unwrap_err()), CONFIGURATION, "{case}"),
        }
    }
}

/// The method with an integration response for every status, of this handling.
fn with_answer(mut method: Method, handling: Option<&str>) -> Method {
    let mut response = json!({});
    if let Some(handling) = handling {
        response["contentHandling"] = handling.into();
    }
    let integration = method.integration.as_mut().unwrap();
    integration.responses.insert("200".into(), read(response));
    method.responses.insert("200".into(), read(json!({})));
    method
}

/// Answers of a media type, for a caller that accepts `accept`.
async fn answered(
    kind: &str,
    binary: bool,
    handling: Option<&str>,
    (media_type, accept): (&str, &str),
    rows: &[Row],
) {
    for (body, wanted) in rows {
        let (address, _) = back_end(media_type, body).await;
        let mut ground = Ground::http(kind, format!("http://{address}/"), json!({}));
        ground.method = with_answer(ground.method, handling);
        if binary {
            ground.definition = read(json!({"settings": {"binaryMediaTypes": ["image/png"]}}));
        }
        let mut exchange = ground.exchange();
        exchange.headers.insert("accept", accept.parse().unwrap());
        let answer = integrated(DataPlaneOptions::default(), &exchange).await;
        let case = format!("{kind} {binary} {handling:?} {media_type} {accept} {body:?}");
        match wanted {
            Some(wanted) => assert_eq!(answer.unwrap().body(), wanted, "{case}"),
            None => assert_eq!(words(&answer.unwrap_err()), CONFIGURATION, "{case}"),
        }
    }
}

const TO_TEXT: Option<&str> = Some("CONVERT_TO_TEXT");
const TO_BINARY: Option<&str> = Some("CONVERT_TO_BINARY");

/// Evidence: recorded, LocalStack `test_apigw_s3_binary_support_request` and `test_apigw_s3_binary_support_request_convert_to_binary`, of
/// the type AWS, which the local AWS does not have; documented for every type in "Content type conversions in API Gateway".
#[tokio::test]
async fn a_request_is_text_unless_its_media_type_is_binary() {
    for handling in [None, TO_TEXT] {
        sent("HTTP", false, handling, "image/png", &AS_TEXT).await;
        sent("HTTP", true, handling, "text/plain", &AS_TEXT).await;
    }
    sent("HTTP", true, None, "image/png", &AS_IT_IS).await;
    sent("HTTP", true, TO_TEXT, "image/png", &TO_BASE64).await;
    sent("HTTP", false, TO_BINARY, "image/png", &FROM_BASE64).await;
    sent("HTTP", true, TO_BINARY, "text/plain", &FROM_BASE64).await;
    sent("HTTP", true, TO_BINARY, "image/png", &AS_IT_IS).await;
}

/// Evidence: recorded, LocalStack `test_apigw_s3_binary_support_response_no_content_handling`,
/// `test_apigw_s3_binary_support_response_convert_to_text` and `test_apigw_s3_binary_support_response_convert_to_binary`, of the type AWS.
/// The second table of "Content type conversions in API Gateway" has the same rows.
#[tokio::test]
async fn an_answer_is_text_unless_it_is_binary_and_so_is_what_the_caller_accepts() {
    let (text, bytes) = ("binary/octet-stream", "image/png");
    answered("HTTP", false, None, (text, "text/plain"), &AS_TEXT[2..]).await;
    answered("HTTP", false, None, (text, "image/png"), &AS_TEXT[..2]).await;
    // Evidence: documented, "Content type conversions in API Gateway": the rows without binary media types.
    answered("HTTP", false, TO_TEXT, (text, "text/plain"), &AS_TEXT).await;
    answered("HTTP", false, TO_BINARY, (text, "text/plain"), &FROM_BASE64).await;
    answered("HTTP", true, None, (text, "image/png"), &FROM_BASE64).await;
    answered("HTTP", true, None, (bytes, "image/png"), &AS_IT_IS).await;
    answered("HTTP", true, None, (text, "text/plain"), &AS_TEXT).await;
    answered("HTTP", true, None, (bytes, "text/plain"), &TO_BASE64).await;
    for accept in ["image/png", "text/plain"] {
        answered("HTTP", true, TO_TEXT, (text, accept), &AS_TEXT).await;
        answered("HTTP", true, TO_TEXT, (bytes, accept), &TO_BASE64).await;
        answered("HTTP", true, TO_BINARY, (text, accept), &FROM_BASE64[1..2]).await;
        answered("HTTP", true, TO_BINARY, (bytes, accept), &AS_IT_IS).await;
    }
}

/// Evidence: documented, "Content type conversions in API Gateway", which tells no kinds of integrations apart; reported of uploads through
/// proxies in HHS/simpler-grants-gov#7647.
#[tokio::test]
async fn a_proxy_passes_bytes_only_of_binary_media_types() {
    sent("HTTP_PROXY", false, None, "image/png", &AS_TEXT).await;
    sent("HTTP_PROXY", true, None, "text/plain", &AS_TEXT).await;
    sent("HTTP_PROXY", true, None, "image/png", &AS_IT_IS).await;
    let bytes = "image/png";
    answered("HTTP_PROXY", false, None, (bytes, bytes), &AS_TEXT).await;
    answered("HTTP_PROXY", true, None, (bytes, bytes), &AS_IT_IS).await;
    answered("HTTP_PROXY", true, None, (bytes, "text/plain"), &TO_BASE64).await;
}

/// Evidence: reported, the execution log in clebert/aws-simple#167: "Unable to transform request".
#[tokio::test]
async fn the_mock_of_a_preflight_fails_where_every_media_type_is_binary() {
    let template = json!({"application/json": "{\"statusCode\": 200}"});
    let mut ground = Ground::of(json!({
        "settings": {"type": "MOCK", "requestTemplates": template},
        "responses": {"200": {}},
    }));
    ground.definition = read(json!({"settings": {"binaryMediaTypes": ["*/*"]}}));
    let mut exchange = ground.exchange();
    exchange.verb = Verb::OPTIONS;
    exchange.headers.insert("accept", "*/*".parse().unwrap());
    let answer = integrated(DataPlaneOptions::default(), &exchange).await;
    assert_eq!(words(&answer.unwrap_err()), CONFIGURATION);
    // Evidence: reported, squidfunk/terraform-aws-api-gateway-enable-cors#11.
    let settings = &mut ground.method.integration.as_mut().unwrap().settings;
    settings.insert("contentHandling".into(), "CONVERT_TO_TEXT".into());
    assert_eq!(ground.answer().await.unwrap().status(), 200);
}

/// Evidence: recorded, LocalStack `test_apigateway_header_remapping_http`, for POST.
#[tokio::test]
async fn a_back_end_is_told_that_there_is_no_body() {
    for kind in ["HTTP", "HTTP_PROXY"] {
        let back_end = BackEnd::ok("{}").await;
        let mut ground = Ground::http(kind, back_end.url("/"), json!({"httpMethod": "POST"}));
        ground.method = with_answer(ground.method, None);
        ground.answer().await.unwrap();
        let asked = back_end.last();
        assert!(
            asked.contains("\r\ncontent-length: 0\r\n"),
            "{kind}: {asked}"
        );
    }
}

/// Evidence: recorded, LocalStack `test_apigateway_header_remapping_http`: the body that its template made.
#[tokio::test]
async fn a_template_reads_no_headers_that_stop_at_the_door() {
    let empty = [
        "Connection",
        "Content-Length",
        "Content-MD5",
        "Expect",
        "Max-Forwards",
        "Proxy-Authenticate",
        "Server",
        "TE",
        "Transfer-Encoding",
        "Trailer",
        "Upgrade",
        "WWW-Authenticate",
    ];
    let full = [
        "Accept-Charset",
        "Content-Encoding",
        "Date",
        "Range",
        "Via",
        "Warn",
    ];
    let back_end = BackEnd::ok("{}").await;
    let names: Vec<&str> = empty.iter().chain(&full).copied().collect();
    let template: String = names
        .iter()
        .map(|name| format!("{name}=$input.params('{name}');"))
        .collect();
    let mapped: serde_json::Map<_, _> = names
        .iter()
        .map(|name| {
            (
                format!("integration.request.querystring.{name}"),
                Value::from(format!("method.request.header.{name}")),
            )
        })
        .collect();
    let settings = json!({
        "httpMethod": "POST",
        "requestTemplates": {"application/json": template},
        "requestParameters": mapped,
    });
    let mut ground = Ground::http("HTTP", back_end.url("/"), settings);
    ground.method = with_answer(ground.method, None);
    let mut exchange = ground.exchange();
    for name in &names {
        let name: HeaderName = name.parse().unwrap();
        exchange.headers.insert(name, "sent".parse().unwrap());
    }
    integrated(DataPlaneOptions::default(), &exchange)
        .await
        .unwrap();
    let asked = back_end.last();
    let body = asked.split_once("\r\n\r\n").unwrap().1;
    for name in &empty {
        assert!(
            body.contains(&format!("{}=;", name.to_lowercase())),
            "{body}"
        );
    }
    for name in &full {
        assert!(
            body.contains(&format!("{}=sent;", name.to_lowercase())),
            "{body}"
        );
    }
    // Evidence: inferred, from the same recording, of a template, and from "Amazon API Gateway important notes", which says that these
    // headers may be dropped: a mapping reads them no more than a template.
    let line = asked.lines().next().unwrap();
    let written = line.matches("=sent").count();
    assert_eq!(written, full.len(), "{line}");
}

/// Evidence: inferred, from nothing being documented: refused rather than resolved as this machine's HTTP client would.
#[tokio::test]
async fn a_path_to_a_back_end_that_climbs_is_refused_by_name() {
    let back_end = BackEnd::ok("{}").await;
    let ground = Ground::http(
        "HTTP_PROXY",
        back_end.url("/cars/{id}"),
        json!({"requestParameters": {"integration.request.path.id": "method.request.path.id"}}),
    );
    for id in ["../../admin", "..", "a/./b", "%2e%2E/b"] {
        let mut exchange = ground.exchange();
        exchange.path_parameters.insert("id".into(), id.into());
        let answer = integrated(DataPlaneOptions::default(), &exchange).await;
        match id.contains('%') {
            // The sign itself is encoded, so that the back end gets these very characters.
            true => assert!(answer.is_ok(), "{id}"),
            false => assert_eq!(answer.unwrap_err().kind, NOT_IMPLEMENTED, "{id}"),
        }
    }
    assert_eq!(back_end.asked.lock().unwrap().len(), 1);
}

/// Evidence: reported, amazon-archives/amazon-cognito-identity-js#92 (an authorizer's output) and
/// awsdocs/amazon-api-gateway-developer-guide#158. Evidence: documented, "Variables for data transformations for API Gateway" for
/// `identity.apiKey` and `identity.apiKeyId`.
#[test]
fn a_function_gets_claims_as_texts() {
    let ground = Ground::default();
    let mut exchange = ground.exchange();
    exchange.claims = read(json!({
        "sub": "cdad23f0",
        "email_verified": true,
        "auth_time": 1_469_814_773,
        "exp": 1_469_818_373,
        "iat": 1_469_814_773,
        "cognito:groups": ["a", "b"],
    }));
    exchange.api_key = Some("k1".into());
    exchange
        .headers
        .insert("x-api-key", "value".parse().unwrap());
    let event = lambda::event::of(&exchange).unwrap();
    assert_eq!(
        event["requestContext"]["authorizer"],
        json!({"claims": {
            "sub": "cdad23f0",
            "email_verified": "true",
            "auth_time": "1469814773",
            "exp": "Fri Jul 29 18:52:53 UTC 2016",
            "iat": "Fri Jul 29 17:52:53 UTC 2016",
            "cognito:groups": "a,b",
        }})
    );
    let identity = &event["requestContext"]["identity"];
    assert_eq!(
        (&identity["apiKey"], &identity["apiKeyId"]),
        (&json!("value"), &json!("k1"))
    );
    assert_eq!(
        event["stageVariables"],
        json!({"host": "api.test", "link": "link01"})
    );
}
