//! Secrets Manager.

use super::*;

fn call(aws: &Aws, operation: &str, input: Value) -> Answer {
    aws.json(
        "secretsmanager",
        &format!("secretsmanager.{operation}"),
        input,
    )
}

/// A secret of this name, with a token as its first version's id.
fn secret(aws: &Aws, name: &str) -> Answer {
    let token = "11111111-1111-1111-1111-111111111111";
    let input = json!({"Name": name, "SecretString": "s", "ClientRequestToken": token});
    call(aws, "CreateSecret", input)
}

/// Evidence: recorded, LocalStack `test_no_client_request_token`: the raw body, whose other spelling `message` is not there.
#[test]
fn an_error_has_its_words_under_a_capital_letter() {
    let aws = Aws::new();
    let refused = call(
        &aws,
        "CreateSecret",
        json!({"Name": "a", "SecretString": "s"}),
    );
    let words = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
    assert_eq!(
        refused,
        (
            400,
            json!({"__type": "InvalidRequestException", "Message": words})
        )
    );
}

/// Evidence: recorded, moto `test_create_duplicate_secret_with_same_token` and `test_create_different_secret_with_same_token`
/// (aws_verified).
#[test]
fn a_token_makes_one_secret_of_one_value() {
    let aws = Aws::new();
    let made = secret(&aws, "a");
    assert_eq!(secret(&aws, "a"), made);
    let token = made.1["VersionId"].as_str().unwrap();
    let input = json!({"Name": "a", "SecretString": "other", "ClientRequestToken": token});
    let refused = call(&aws, "CreateSecret", input);
    let wanted = format!(
        "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {}.",
        made.1["ARN"].as_str().unwrap()
    );
    assert_eq!(
        words(&refused),
        ("ResourceExistsException", wanted.as_str())
    );
}

/// Evidence: recorded, LocalStack `test_get_secret_value_errors`, `test_secret_version_not_found` and `test_secret_not_found`.
#[test]
fn a_value_that_is_not_there_is_told_without_a_full_stop() {
    let aws = Aws::new();
    secret(&aws, "a");
    call(&aws, "CreateSecret", json!({"Name": "empty"}));
    let version = "22222222-2222-2222-2222-222222222222";
    for (input, words_of) in [
        (
            json!({"SecretId": "a", "VersionStage": "AWSPREVIOUS"}),
            "staging label: AWSPREVIOUS",
        ),
        (json!({"SecretId": "empty"}), "staging label: AWSCURRENT"),
        (
            json!({"SecretId": "a", "VersionId": version}),
            &format!("VersionId: {version}"),
        ),
    ] {
        let refused = call(&aws, "GetSecretValue", input);
        let wanted =
            format!("Secrets Manager can't find the specified secret value for {words_of}");
        assert_eq!(
            words(&refused),
            ("ResourceNotFoundException", wanted.as_str())
        );
    }
    let refused = call(&aws, "GetSecretValue", json!({"SecretId": "absent"}));
    let wanted = "Secrets Manager can't find the specified secret.";
    assert_eq!(words(&refused), ("ResourceNotFoundException", wanted));
}

/// Evidence: recorded, LocalStack `test_secret_tags`.
#[test]
fn a_secret_that_lost_its_last_tag_has_an_empty_list_of_them() {
    let aws = Aws::new();
    secret(&aws, "a");
    let tags = || call(&aws, "DescribeSecret", json!({"SecretId": "a"})).1["Tags"].clone();
    assert_eq!(tags(), Value::Null);
    let two = json!([{"Key": "tag1", "Value": "1"}, {"Key": "tag2", "Value": "2"}]);
    call(&aws, "TagResource", json!({"SecretId": "a", "Tags": two}));
    call(
        &aws,
        "UntagResource",
        json!({"SecretId": "a", "TagKeys": ["tag1"]}),
    );
    assert_eq!(tags(), json!([{"Key": "tag2", "Value": "2"}]));
    call(
        &aws,
        "UntagResource",
        json!({"SecretId": "a", "TagKeys": ["tag2"]}),
    );
    assert_eq!(tags(), json!([]));
}

/// Evidence: recorded, LocalStack `test_invalid_secret_name`.
#[test]
fn a_name_that_is_none_is_refused_before_it_is_looked_for() {
    let aws = Aws::new();
    let wanted = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    for name in ["Inv Name", " Inv Name", " Inv*Name? ", " Inv *?!]Name\\-"] {
        for (operation, input) in [
            (
                "DeleteSecret",
                json!({"SecretId": name, "ForceDeleteWithoutRecovery": true}),
            ),
            ("DescribeSecret", json!({"SecretId": name})),
            ("GetSecretValue", json!({"SecretId": name})),
            (
                "PutSecretValue",
                json!({"SecretId": name, "SecretString": "s"}),
            ),
            (
                "TagResource",
                json!({"SecretId": name, "Tags": [{"Key": "a", "Value": "b"}]}),
            ),
            ("UntagResource", json!({"SecretId": name, "TagKeys": ["a"]})),
            (
                "UpdateSecret",
                json!({"SecretId": name, "Description": "d"}),
            ),
        ] {
            let refused = call(&aws, operation, input);
            assert_eq!(
                words(&refused),
                ("ValidationException", wanted),
                "{operation} {name}"
            );
        }
        let refused = secret(&aws, name);
        assert_eq!(words(&refused), ("ValidationException", wanted), "{name}");
    }
}
