//! The local AWS as a whole, and through its file.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Options, Pace, Service, StoreError};
use crate::clock::Clock;

/// A call of Cognito on the wire.
fn request(operation: &str, input: &Value) -> Request<Bytes> {
    Request::post("/")
        .header(
            "x-amz-target",
            format!("AWSCognitoIdentityProviderService.{operation}"),
        )
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/cognito-idp/aws4_request",
        )
        .body(Bytes::from(input.to_string()))
        .unwrap()
}

fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// The response to a call that must succeed.
pub(super) fn call(service: &Service, operation: &str, input: &Value) -> Value {
    let response = service.call(request(operation, input));
    assert_eq!(
        response.status(),
        StatusCode::OK,
        "{operation}: {:?}",
        response.body()
    );
    if response.body().is_empty() {
        Value::Null
    } else {
        body(&response)
    }
}

/// The error code of a call that must fail.
pub(super) fn refused(service: &Service, operation: &str, input: &Value) -> String {
    let response = service.call(request(operation, input));
    assert_eq!(
        response.status(),
        StatusCode::BAD_REQUEST,
        "{operation}: {:?}",
        response.body()
    );
    body(&response)["__type"].as_str().unwrap().to_owned()
}

#[test]
fn domains_take_their_time_when_realistic() {
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let pace = Pace::Realistic { time_scale: 6.0 };
    let service = Service::in_memory(Options {
        clock: clock.clone(),
        pace,
        ..Options::default()
    });
    let pool =
        call(&service, "CreateUserPool", &json!({"PoolName": "a"}))["UserPool"]["Id"].clone();
    let named = json!({"Domain": "front", "UserPoolId": pool});
    let status = || {
        let found = call(
            &service,
            "DescribeUserPoolDomain",
            &json!({"Domain": "front"}),
        );
        found["DomainDescription"]["Status"]
            .as_str()
            .map(str::to_owned)
    };
    call(&service, "CreateUserPoolDomain", &named);
    assert_eq!(status().as_deref(), Some("CREATING"));
    clock.advance(Duration::from_secs(9));
    assert_eq!(
        status().as_deref(),
        Some("CREATING"),
        "reading it does not make it ready"
    );
    clock.advance(Duration::from_secs(1));
    assert_eq!(status().as_deref(), Some("ACTIVE"));
    call(&service, "DeleteUserPoolDomain", &named);
    assert_eq!(status().as_deref(), Some("DELETING"));
    clock.advance(Duration::from_secs(10));
    assert_eq!(status(), None);
    call(&service, "DeleteUserPool", &json!({"UserPoolId": pool}));
}

#[test]
fn a_refused_change_leaves_no_trace() {
    let service = Service::in_memory(Options::default());
    let pool = call(&service, "CreateUserPool", &json!({"PoolName": "a"}))["UserPool"].clone();
    let attribute = json!({"Name": "x", "AttributeDataType": "String"});
    // The first attribute is valid; the second has the same name.
    let twice = json!({"UserPoolId": pool["Id"], "CustomAttributes": [attribute, attribute]});
    refused(&service, "AddCustomAttributes", &twice);
    assert_eq!(
        call(
            &service,
            "DescribeUserPool",
            &json!({"UserPoolId": pool["Id"]})
        )["UserPool"],
        pool
    );
}

#[test]
fn a_state_file_is_shared_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".gatestack/local.json");
    let first = Service::at_file(&path, Options::default()).unwrap();
    let second = Service::at_file(&path, Options::default()).unwrap();
    assert!(!path.exists(), "nothing was changed yet");
    let pool = call(&first, "CreateUserPool", &json!({"PoolName": "a"}))["UserPool"].clone();
    assert_eq!(
        call(
            &second,
            "DescribeUserPool",
            &json!({"UserPoolId": pool["Id"]})
        )["UserPool"],
        pool
    );
    call(
        &second,
        "DeleteUserPool",
        &json!({"UserPoolId": pool["Id"]}),
    );
    let listed = call(&first, "ListUserPools", &json!({"MaxResults": 1}));
    assert_eq!(listed["UserPools"], json!([]));
    let written = std::fs::metadata(&path).unwrap().modified().unwrap();
    call(&first, "ListUserPools", &json!({"MaxResults": 1}));
    assert_eq!(
        std::fs::metadata(&path).unwrap().modified().unwrap(),
        written,
        "reading writes nothing"
    );
    assert_eq!(
        std::fs::read_to_string(path.with_file_name(".gitignore")).unwrap(),
        "*\n"
    );
    #[cfg(unix)]
    {
        let mode = |path: &Path| {
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions())
                & 0o777
        };
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }
}

#[test]
fn a_file_that_is_no_state_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |text: &str| {
        let path = folder.path().join("local.json");
        std::fs::write(&path, text).unwrap();
        Service::at_file(&path, Options::default())
            .map(|_| ())
            .unwrap_err()
    };
    assert!(matches!(
        open(r#"{"format": 999, "state": "of another age"}"#),
        StoreError::Format { found: 999, .. }
    ));
    assert!(matches!(open("nonsense"), StoreError::Damaged { .. }));
    assert!(matches!(
        open(r#"{"format": 1}"#),
        StoreError::Damaged { .. }
    ));
}

#[test]
fn accounts_in_one_file_know_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    let account = |account: &str| {
        let options = Options {
            account: account.into(),
            ..Options::default()
        };
        Service::at_file(&path, options).unwrap()
    };
    let pools = |service: &Service| {
        let listed = call(service, "ListUserPools", &json!({"MaxResults": 60}));
        listed["UserPools"].as_array().unwrap().len()
    };
    let (one, other) = (account("111111111111"), account("222222222222"));
    call(&one, "CreateUserPool", &json!({"PoolName": "a"}));
    assert_eq!((pools(&one), pools(&other)), (1, 0));
    call(&other, "CreateUserPool", &json!({"PoolName": "b"}));
    call(&other, "CreateUserPool", &json!({"PoolName": "c"}));
    assert_eq!((pools(&one), pools(&other)), (1, 2));
    assert_eq!(pools(&account("111111111111")), 1);
}

#[test]
fn a_file_of_the_first_format_is_the_account_that_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    std::fs::write(&path, r#"{"format": 1, "state": {"regions": {}}}"#).unwrap();
    let service = Service::at_file(&path, Options::default()).unwrap();
    call(&service, "CreateUserPool", &json!({"PoolName": "a"}));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(r#"{"format":2,"accounts":{"123456789012":"#));
}

#[test]
fn a_large_state_is_read_back_as_it_was_after_every_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    let service = Service::at_file(&path, Options::default()).unwrap();
    let other = Service::at_file(&path, Options::default()).unwrap();
    let changed = |operation: &str, input: &Value| {
        let answer = call(&service, operation, input);
        let states = [&service, &other].map(|one| serde_json::to_value(one.snapshot().unwrap()));
        let [here, there] = states.map(Result::unwrap);
        assert_eq!(here, there, "{operation}");
        answer
    };
    let pool = |number: usize| {
        let input =
            json!({"PoolName": format!("{number:0128}"), "UserPoolTags": {"a": "x".repeat(256)}});
        changed("CreateUserPool", &input)["UserPool"]["Id"].clone()
    };
    let pools: Vec<Value> = (0..60).map(pool).collect();
    assert!(path.with_extension("journal").exists());
    let of = |extra: Value| {
        let mut input = json!({"UserPoolId": pools[0]});
        input
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        input
    };
    let client = changed("CreateUserPoolClient", &of(json!({"ClientName": "a"})));
    let client = client["UserPoolClient"]["ClientId"].clone();
    let renamed = json!({"ClientId": client, "ClientName": "b"});
    changed("UpdateUserPoolClient", &of(renamed));
    changed("CreateUserPoolDomain", &of(json!({"Domain": "front"})));
    changed("DeleteUserPoolDomain", &of(json!({"Domain": "front"})));
    changed("DeleteUserPoolClient", &of(json!({"ClientId": client})));
    changed("DeleteUserPool", &of(json!({})));
}

#[test]
fn secrets_stay_out_of_debug_output() {
    let service = Service::in_memory(Options::default());
    assert!(!format!("{service:?}").contains("store"));
}

#[test]
fn writers_of_one_file_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    let made_by = || {
        let service = Service::at_file(&path, Options::default()).unwrap();
        move || {
            (0..10).for_each(|_| drop(call(&service, "CreateUserPool", &json!({"PoolName": "a"}))))
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3).map(|_| scope.spawn(made_by())).collect();
        workers
            .into_iter()
            .for_each(|worker| worker.join().unwrap());
    });
    let service = Service::at_file(&path, Options::default()).unwrap();
    let listed = call(&service, "ListUserPools", &json!({"MaxResults": 60}));
    assert_eq!(listed["UserPools"].as_array().unwrap().len(), 30);
}
