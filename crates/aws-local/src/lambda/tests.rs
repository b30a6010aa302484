//! Where a function's code is: beside the state, also of a file's and of a copy's.

use std::fs;
use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{Options, Service};

const ROLE: &str = "Action=CreateRole&Version=2010-05-08&RoleName=runs&AssumeRolePolicyDocument=%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%7D%7D";

const FUNCTIONS: &str = "/2015-03-31/functions";

/// An archive with these bytes in a file, as they are.
fn archive(content: &[u8]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    writer.start_file("index.mjs", stored).unwrap();
    writer.write_all(content).unwrap();
    writer.finish().unwrap();
    bytes.into_inner()
}

fn sent(service: &Service, name: &str, request: http::request::Builder, body: String) -> Value {
    let scope = format!("AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/{name}/aws4_request");
    let request = request.header("authorization", scope);
    let answer = service.call(request.body(Bytes::from(body)).unwrap());
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    assert!(answer.status().is_success(), "{}: {text}", answer.status());
    serde_json::from_str(&text).unwrap_or_default()
}

fn call(service: &Service, method: &str, path: &str, input: &Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("{FUNCTIONS}{path}"));
    sent(service, "lambda", request, input.to_string())
}

/// Creates a function with a role; the digest of its code.
fn create(service: &Service, code: &[u8]) -> String {
    let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    sent(service, "iam", form, ROLE.into());
    let input = json!({
        "FunctionName": "hello",
        "Role": "arn:aws:iam::123456789012:role/runs",
        "Runtime": "nodejs24.x",
        "Handler": "index.handler",
        "Code": {"ZipFile": STANDARD.encode(archive(code))},
    });
    let answer = call(service, "POST", "", &input);
    answer["CodeSha256"].as_str().unwrap().to_owned()
}

#[test]
fn code_is_in_a_file_beside_the_state_and_never_in_it() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("aws.json");
    let open = || Service::at_file(&path, Options::default()).unwrap();
    let code = b"these bytes are looked for".repeat(4_000);
    let service = open();
    let digest = create(&service, &code);
    let state = fs::read_to_string(&path).unwrap();
    assert!(state.contains(&digest), "{state}");
    assert!(state.len() < 20_000, "the state has {} bytes", state.len());
    // Another process finds the code, and a function that it deletes takes its code along.
    let other = open();
    assert_eq!(other.beside().code(&digest).unwrap(), archive(&code));
    call(&other, "DELETE", "/hello", &json!({}));
    assert_eq!(service.beside().code(&digest), None);
    let left = fs::read_dir(folder.path().join("aws.d/123456789012/code")).unwrap();
    assert_eq!(left.count(), 0);
}

#[test]
fn a_copy_of_the_state_has_the_code_and_takes_none_along() {
    let service = Service::in_memory(Options::default());
    let digest = create(&service, b"1");
    let copy = service
        .in_memory_copy(crate::clock::Clock::system())
        .unwrap();
    assert_eq!(copy.beside().code(&digest).unwrap(), archive(b"1"));
    call(&copy, "DELETE", "/hello", &json!({}));
    assert_eq!(service.beside().code(&digest).unwrap(), archive(b"1"));
    call(&service, "DELETE", "/hello", &json!({}));
    assert_eq!(service.beside().code(&digest), None);
}
