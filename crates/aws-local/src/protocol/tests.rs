//! The protocols with API Gateway's model and with a small one for what that lacks.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::super::model::{Model, OperationModel};
use super::super::operation::{Object, Refusal};
use super::host;

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

/// A query service with nested lists and maps, as ELB and IAM have them.
fn query_model() -> Model {
    Model::parse(
        r#"{
            "metadata": {"protocol": "query", "xmlNamespace": "urn:x"},
            "operations": {"Do": {
                "http": {"method": "POST", "requestUri": "/"},
                "input": "In", "output": "Out", "resultWrapper": "DoResult"
            }},
            "shapes": {
                "In": {"type": "structure", "members": {
                    "Name": {"shape": "Text"}, "Items": {"shape": "Items"}, "Flat": {"shape": "Flat"},
                    "Tags": {"shape": "Tags"}, "Number": {"shape": "Number"}, "On": {"shape": "Flag"}
                }},
                "Out": {"type": "structure", "members": {"Items": {"shape": "Items"}, "Tags": {"shape": "Tags"}, "At": {"shape": "Time"}}},
                "Items": {"type": "list", "member": {"shape": "Item"}},
                "Item": {"type": "structure", "members": {"Key": {"shape": "Text"}}},
                "Flat": {"type": "list", "flattened": true, "member": {"shape": "Text"}},
                "Tags": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
                "Text": {"type": "string"}, "Number": {"type": "integer"}, "Flag": {"type": "boolean"}, "Time": {"type": "timestamp"}
            }
        }"#,
    )
}

fn one(model: &Model) -> (&str, &OperationModel) {
    let (name, operation) = model.operations.iter().next().unwrap();
    (name, operation)
}

#[test]
fn a_form_is_read_by_the_model() {
    let model = query_model();
    let form = "Action=Do&Name=a%20b&Items.member.2.Key=second&Items.member.1.Key=first&Flat.1=x&Flat.2=y\
                &Tags.entry.1.key=k&Tags.entry.1.value=v&Number=7&On=true&Unknown=1";
    let request = Request::post("/").body(Bytes::from(form)).unwrap();
    let (name, operation) = super::operation(&model, &request).unwrap();
    assert_eq!(name, "Do");
    let expected = json!({
        "Name": "a b", "Items": [{"Key": "first"}, {"Key": "second"}], "Flat": ["x", "y"],
        "Tags": {"k": "v"}, "Number": 7, "On": true,
    });
    assert_eq!(
        super::input(&model, operation, &request).unwrap(),
        object(expected)
    );
    let wrong = Request::post("/")
        .body(Bytes::from("Action=Do&Number=seven"))
        .unwrap();
    assert_eq!(
        super::input(&model, operation, &wrong).unwrap_err().status,
        400
    );
}

#[test]
fn xml_is_written_by_the_model() {
    let model = query_model();
    let (name, operation) = one(&model);
    let output = object(json!({"Items": [{"Key": "<&>"}], "Tags": {"k": "v"}, "At": 0.5}));
    let answer = super::answer(&model, name, operation, output, "the-id").unwrap();
    insta::assert_snapshot!(
        text(&answer),
        @r#"<DoResponse xmlns="urn:x"><DoResult><Items><member><Key>&lt;&amp;&gt;</Key></member></Items><Tags><entry><key>k</key><value>v</value></entry></Tags><At>1970-01-01T00:00:00.5Z</At></DoResult><ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></DoResponse>"#
    );
    let unnamed = super::answer(
        &model,
        name,
        operation,
        object(json!({"Nonsense": 1})),
        "the-id",
    );
    assert_eq!(unnamed.unwrap_err().status, 500);
}

/// EC2's variant: flat lists, capitalized or custom names, responses without a wrapper, another error envelope.
#[test]
fn ec2_has_a_dialect_of_its_own() {
    let model = Model::parse(
        r#"{
            "metadata": {"protocol": "ec2", "xmlNamespace": "urn:x"},
            "operations": {"Do": {"http": {"method": "POST", "requestUri": "/"}, "input": "In", "output": "Out"}},
            "shapes": {
                "In": {"type": "structure", "members": {
                    "VpcId": {"shape": "Text", "locationName": "vpcId"},
                    "Ids": {"shape": "Texts", "locationName": "idSet", "queryName": "Id"},
                    "Count": {"shape": "Number"}
                }},
                "Out": {"type": "structure", "members": {"Ids": {"shape": "Texts", "locationName": "idSet"}}},
                "Texts": {"type": "list", "member": {"shape": "Text", "locationName": "item"}},
                "Text": {"type": "string"}, "Number": {"type": "integer"}
            }
        }"#,
    );
    let (name, operation) = one(&model);
    let read = |form: &'static str| {
        let request = Request::post("/").body(Bytes::from(form)).unwrap();
        super::input(&model, operation, &request)
    };
    assert_eq!(
        Value::Object(read("Action=Do&VpcId=v&Id.2=b&Id.1=a").unwrap()),
        json!({"VpcId": "v", "Ids": ["a", "b"]})
    );
    assert_eq!(
        read("Action=Do&Count=x").unwrap_err().code,
        "InvalidParameterValue"
    );
    let answer = super::answer(
        &model,
        name,
        operation,
        object(json!({"Ids": ["a"]})),
        "id-1",
    )
    .unwrap();
    assert_eq!(
        text(&answer),
        "<DoResponse xmlns=\"urn:x\"><requestId>id-1</requestId><idSet><item>a</item></idSet></DoResponse>"
    );
    let refusal = Refusal::new(400, "Wrong", "a < b");
    let refusal = super::refusal(model.metadata.protocol, ("", ""), None, &refusal, "id-2");
    assert_eq!(
        text(&refusal),
        "<Response><Errors><Error><Code>Wrong</Code><Message>a &lt; b</Message></Error></Errors>\
         <RequestID>id-2</RequestID></Response>"
    );
}

fn api_gateway() -> Model {
    Model::parse(include_str!("../../models/apigateway.json"))
}

#[test]
fn api_gateways_paths_lead_to_their_operations() {
    let model = api_gateway();
    for (method, path, operation) in [
        ("GET", "/restapis", "GetRestApis"),
        ("POST", "/restapis", "CreateRestApi"),
        ("POST", "/restapis?mode=import", "ImportRestApi"),
        (
            "POST",
            "/restapis?mode=import&failonwarnings=true",
            "ImportRestApi",
        ),
        ("PUT", "/restapis/abc", "PutRestApi"),
        ("GET", "/restapis/abc/resources/", "GetResources"),
        (
            "GET",
            "/restapis/abc/resources/def/methods/GET/responses/200",
            "GetMethodResponse",
        ),
        ("POST", "/apikeys", "CreateApiKey"),
        ("POST", "/apikeys?mode=import", "ImportApiKeys"),
        ("GET", "/apikeys?includeValues=true", "GetApiKeys"),
        (
            "PUT",
            "/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2Fabc",
            "TagResource",
        ),
        ("GET", "/account", "GetAccount"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::new())
            .unwrap();
        assert_eq!(
            super::operation(&model, &request).map(|(name, _)| name),
            Ok(operation),
            "{method} {path}"
        );
    }
    for (method, path) in [
        ("GET", "/nothing"),
        ("PATCH", "/restapis"),
        ("GET", "/restapis/a/b/c/d/e/f"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Bytes::new())
            .unwrap();
        assert_eq!(
            super::operation(&model, &request).unwrap_err().status,
            404,
            "{method} {path}"
        );
    }
}

/// A REST service with what API Gateway's operations have between them.
fn rest_model() -> Model {
    Model::parse(
        r#"{
            "metadata": {"protocol": "rest-json"},
            "operations": {"Put": {
                "http": {"method": "PUT", "requestUri": "/things/{thing_id}/{rest+}", "responseCode": 201},
                "input": "In", "output": "Out"
            }},
            "shapes": {
                "In": {"type": "structure", "members": {
                    "id": {"shape": "Text", "location": "uri", "locationName": "thing_id"},
                    "rest": {"shape": "Text", "location": "uri", "locationName": "rest"},
                    "embed": {"shape": "Texts", "location": "querystring", "locationName": "embed"},
                    "others": {"shape": "Map", "location": "querystring"},
                    "limit": {"shape": "Number", "location": "querystring", "locationName": "limit"},
                    "accepts": {"shape": "Text", "location": "header", "locationName": "Accept"},
                    "innerName": {"shape": "Text", "locationName": "wireName"}
                }},
                "Out": {"type": "structure", "payload": "body", "members": {
                    "kind": {"shape": "Text", "location": "header", "locationName": "Content-Type"}, "body": {"shape": "Blob"}
                }},
                "Texts": {"type": "list", "member": {"shape": "Text"}},
                "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
                "Text": {"type": "string"}, "Number": {"type": "integer"}, "Blob": {"type": "blob"}
            }
        }"#,
    )
}

#[test]
fn members_are_read_from_all_over_a_request() {
    let model = rest_model();
    let request = Request::put("/things/a%2Fb/c/d?embed=x&embed=y&limit=5&more=m")
        .header("accept", "text/plain")
        .body(Bytes::from(r#"{"wireName": "w", "nonsense": 1}"#))
        .unwrap();
    let (_, operation) = super::operation(&model, &request).unwrap();
    let expected = json!({
        "id": "a/b", "rest": "c/d", "embed": ["x", "y"], "others": {"more": "m"}, "limit": 5, "accepts": "text/plain", "innerName": "w",
    });
    assert_eq!(
        super::input(&model, operation, &request).unwrap(),
        object(expected)
    );
}

#[test]
fn a_payload_and_headers_are_written() {
    let model = rest_model();
    let (name, operation) = one(&model);
    let answer = super::answer(
        &model,
        name,
        operation,
        object(json!({"kind": "text/csv", "body": "YSxi"})),
        "the-id",
    )
    .unwrap();
    assert_eq!((answer.status().as_u16(), text(&answer)), (201, "a,b"));
    assert_eq!(answer.headers()["content-type"], "text/csv");
    assert_eq!(answer.headers()["x-amzn-requestid"], "the-id");
}

#[test]
fn a_refusal_travels_in_each_protocol() {
    use super::Protocol::{Json, Query, RestJson};
    let refusal = Refusal {
        retry_after: Some(3),
        reason: None,
        ..Refusal::new(429, "TooMany", "slow <down>")
    };
    let answer = |protocol| super::refusal(protocol, ("1.1", "message"), None, &refusal, "the-id");
    for protocol in [Json, RestJson, Query] {
        let answer = answer(protocol);
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["retry-after"]),
            (429, &"3".parse().unwrap())
        );
    }
    assert_eq!(
        text(&answer(Json)),
        r#"{"__type":"TooMany","message":"slow <down>"}"#
    );
    assert_eq!(text(&answer(RestJson)), r#"{"message":"slow <down>"}"#);
    assert_eq!(answer(RestJson).headers()["x-amzn-errortype"], "TooMany");
    assert!(
        text(&answer(Query)).contains("<Code>TooMany</Code><Message>slow &lt;down&gt;</Message>")
    );
}

/// A service like Route 53: paths and XML.
fn xml_model() -> Model {
    Model::parse(
        r#"{
            "metadata": {"protocol": "rest-xml", "xmlNamespace": "urn:x"},
            "operations": {"Change": {
                "http": {"method": "POST", "requestUri": "/zone/{Id}/rrset/", "responseCode": 201},
                "input": "In", "output": "Out"
            }},
            "shapes": {
                "In": {"type": "structure", "members": {
                    "Id": {"shape": "Text", "location": "uri", "locationName": "Id"}, "Name": {"shape": "Text"},
                    "Items": {"shape": "Items"}, "Flat": {"shape": "Flat"}, "On": {"shape": "Flag"}, "Number": {"shape": "Number"}
                }},
                "Out": {"type": "structure", "members": {
                    "Items": {"shape": "Items"}, "Where": {"shape": "Text", "location": "header", "locationName": "Location"}
                }},
                "Items": {"type": "list", "member": {"shape": "Item", "locationName": "Item"}},
                "Item": {"type": "structure", "members": {"Key": {"shape": "Text"}}},
                "Flat": {"type": "list", "flattened": true, "member": {"shape": "Text"}},
                "Text": {"type": "string"}, "Number": {"type": "integer"}, "Flag": {"type": "boolean"}
            }
        }"#,
    )
}

#[test]
fn an_xml_body_is_read_by_the_model() {
    let model = xml_model();
    let body = "<?xml version=\"1.0\"?><Anything xmlns=\"urn:x\">\n <Name>a &amp; <![CDATA[<b>]]></Name>\n <Items><Item><Key>1</Key></Item>\
                <Item><Key>2</Key></Item></Items> <Flat>x</Flat><Flat>y</Flat><On>true</On><Number>7</Number><Unknown/></Anything>";
    // With the slash at the end of the path, and without.
    for path in ["/zone/Z%2F1/rrset/", "/zone/Z%2F1/rrset"] {
        let request = Request::post(path).body(Bytes::from(body)).unwrap();
        let (_, operation) = super::operation(&model, &request).unwrap();
        let expected = json!({
            "Id": "Z/1", "Name": "a & <b>", "Items": [{"Key": "1"}, {"Key": "2"}], "Flat": ["x", "y"], "On": true, "Number": 7,
        });
        let input = super::input(&model, operation, &request).unwrap();
        assert_eq!(Value::Object(input), expected);
    }
    let refused = |body: &'static str| {
        let request = Request::post("/zone/Z/rrset/")
            .body(Bytes::from(body))
            .unwrap();
        let (_, operation) = one(&model);
        super::input(&model, operation, &request).unwrap_err().code
    };
    assert_eq!(refused("<a><b></a>"), "MalformedInput");
    assert_eq!(
        refused("<a><Number>x</Number></a>"),
        "SerializationException"
    );
}

#[test]
fn an_xml_answer_has_its_namespace_and_its_headers() {
    let model = xml_model();
    let (name, operation) = one(&model);
    let output = object(json!({"Items": [{"Key": "<&>"}], "Where": "/zone/Z"}));
    let answer = super::answer(&model, name, operation, output, "r").unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["location"], "/zone/Z");
    assert_eq!(
        text(&answer),
        "<?xml version=\"1.0\"?>\n<Out xmlns=\"urn:x\"><Items><Item><Key>&lt;&amp;&gt;</Key></Item></Items></Out>"
    );
}

#[test]
fn a_host_is_a_name_without_a_port() {
    for (sent, name) in [
        ("API.example.com:8443", "api.example.com"),
        ("[::1]:4599", "::1"),
        ("[::1]", "::1"),
        ("api.example.com.", "api.example.com"),
    ] {
        let request = Request::get("/").header("host", sent).body(()).unwrap();
        assert_eq!(host(&request), name);
    }
    let absolute = Request::get("https://api.example.com:1/x")
        .body(())
        .unwrap();
    assert_eq!(host(&absolute), "api.example.com");
    assert_eq!(host(&Request::get("/").body(()).unwrap()), "");
}
