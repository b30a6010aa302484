//! Versions and aliases.

use super::*;

/// Evidence: recorded, LocalStack `test_version_lifecycle` and `test_publish_version_on_create`.
#[test]
fn a_version_is_published_where_something_changed() {
    let aws = Aws::with_role();
    let created = aws.create("hello", json!({"Publish": true}));
    assert_eq!(created["Version"], "1");
    assert_eq!(created["FunctionArn"], format!("{ARN}:hello"));
    aws.after(60);
    let versions = format!("{FUNCTIONS}/hello/versions");
    let publish = |input: Value| aws.lambda("POST", &versions, input);
    let first = aws.read("hello:1");
    assert_eq!(first["FunctionArn"], format!("{ARN}:hello:1"));
    assert_eq!(
        (&first["State"], &first["LastUpdateStatus"]),
        (&json!("Active"), &json!("Successful"))
    );
    let latest = aws.read("hello");
    assert_ne!(latest["RevisionId"], first["RevisionId"]);
    assert_eq!(
        publish(json!({"Description": "again"})),
        first,
        "nothing changed"
    );
    assert_eq!(aws.read("hello"), latest);
    let path = format!("{FUNCTIONS}/hello/configuration");
    aws.lambda("PUT", &path, json!({"Description": "second"}));
    aws.after(60);
    let before = aws.read("hello");
    let second = publish(json!({}));
    assert_eq!(
        (&second["Version"], &second["Description"]),
        (&json!("2"), &json!("second"))
    );
    assert_eq!(aws.read("hello:2"), second);
    assert_eq!(aws.read("hello:1"), first);
    // Evidence: recorded, LocalStack `test_function_revisions_version_and_alias`.
    assert_ne!(aws.read("hello")["RevisionId"], before["RevisionId"]);
    let listed = aws.lambda("GET", &versions, Value::Null);
    let numbers: Vec<_> = listed["Versions"].as_array().unwrap().iter().collect();
    let numbers: Vec<_> = numbers
        .iter()
        .map(|one| one["Version"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["$LATEST", "1", "2"]);
    assert_eq!(
        listed["Versions"][0]["FunctionArn"],
        format!("{ARN}:hello:$LATEST")
    );
    let path = format!("{FUNCTIONS}/hello?Qualifier=1");
    for _ in 0..2 {
        // Evidence: recorded, LocalStack `test_delete_on_nonexisting_version`.
        assert_eq!(aws.lambda_answer("DELETE", &path, Value::Null).0, 204);
    }
    let sha256 = latest["CodeSha256"].as_str().unwrap();
    let invalid = "InvalidParameterValueException";
    // Evidence: recorded, LocalStack `test_publish_with_wrong_sha256`.
    let words = format!(
        "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({sha256}). Please try again with the CodeSHA256 in $LATEST."
    );
    aws.lambda_refused(
        ("POST", &versions, json!({"CodeSha256": "other"})),
        (400, invalid, &words),
    );
    // Evidence: recorded, LocalStack `test_publish_with_wrong_revisionid`.
    let words = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
    aws.lambda_refused(
        ("POST", &versions, json!({"RevisionId": "other"})),
        (412, "PreconditionFailedException", words),
    );
}

/// Evidence: recorded, LocalStack `test_publish_with_update`.
#[test]
fn an_update_that_publishes_answers_the_version() {
    let aws = Aws::with_role();
    aws.active("hello");
    let input = json!({"ZipFile": archive("2"), "Publish": true});
    let answer = aws.lambda("PUT", &format!("{FUNCTIONS}/hello/code"), input);
    assert_eq!(
        (&answer["FunctionArn"], &answer["Version"], &answer["State"]),
        (
            &json!(format!("{ARN}:hello:1")),
            &json!("1"),
            &json!("Pending")
        )
    );
    assert_eq!(answer.get("LastUpdateStatus"), None);
    assert_eq!(aws.read("hello:1"), answer);
    let latest = aws.read("hello");
    assert_eq!(
        (&latest["State"], &latest["LastUpdateStatus"]),
        (&json!("Active"), &json!("InProgress"))
    );
    aws.after(60);
    assert_eq!(aws.read("hello:1")["State"], "Active");
}

/// Evidence: recorded, LocalStack `test_alias_lifecycle`.
#[test]
fn an_alias_leads_to_a_version() {
    let aws = Aws::with_role();
    aws.create("hello", json!({"Publish": true}));
    aws.after(60);
    let code = json!({"ZipFile": archive("2"), "Publish": true});
    aws.lambda("PUT", &format!("{FUNCTIONS}/hello/code"), code);
    aws.after(60);
    let path = format!("{FUNCTIONS}/hello/aliases");
    let input = json!({
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "words",
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
    });
    let (status, _, made) = aws.lambda_answer("POST", &path, input);
    let shown = json!({
        "AliasArn": format!("{ARN}:hello:live"),
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "words",
        "RevisionId": made["RevisionId"],
        "RoutingConfig": {"AdditionalVersionWeights": {"2": 0.25}},
    });
    assert_eq!((status, &made), (201, &shown));
    let one = format!("{path}/live");
    assert_eq!(aws.lambda("GET", &one, Value::Null), shown);
    let behind = aws.read("hello:live");
    assert_eq!(behind["FunctionArn"], format!("{ARN}:hello:live"));
    let same = |member: &str| behind[member] == aws.read("hello:1")[member];
    assert!(same("Version") && same("RevisionId") && same("CodeSha256"));
    let listed = |query: &str| {
        let all = aws.lambda("GET", &format!("{path}{query}"), Value::Null);
        all["Aliases"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            listed(""),
            listed("?FunctionVersion=1"),
            listed("?FunctionVersion=2")
        ],
        [1, 1, 0]
    );
    let input = json!({"FunctionVersion": "2", "RoutingConfig": {}});
    let updated = aws.lambda("PUT", &one, input);
    assert_eq!(
        (
            &updated["FunctionVersion"],
            &updated["Description"],
            updated.get("RoutingConfig")
        ),
        (&json!("2"), &json!("words"), None)
    );
    assert_ne!(updated["RevisionId"], made["RevisionId"]);
    let missing = "ResourceNotFoundException";
    let invalid = "InvalidParameterValueException";
    let refused = |method: &str, path: &str, input: Value, expected: (u16, &str, &str)| {
        aws.lambda_refused((method, path, input), expected);
    };
    // Evidence: inferred, from the API reference: AWS says that an alias's version can't be deleted, but not in which words.
    let version = format!("{FUNCTIONS}/hello?Qualifier=2");
    let answer = aws.lambda_answer("DELETE", &version, Value::Null);
    assert_eq!(
        (answer.0, answer.1.as_str()),
        (409, "ResourceConflictException")
    );
    // Evidence: recorded, LocalStack `test_notfound_and_invalid_routingconfigs`.
    let alias = |name: &str, version: &str, weights: Value| json!({"Name": name, "FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}});
    let words = "Number of items in AdditionalVersionWeights cannot be greater than 1";
    refused(
        "POST",
        &path,
        alias("a", "1", json!({"1": 0.1, "2": 0.2})),
        (400, invalid, words),
    );
    let words = "Invalid function version 1. Function version 1 is already included in routing configuration.";
    refused(
        "POST",
        &path,
        alias("a", "1", json!({"1": 0.5})),
        (400, invalid, words),
    );
    let words = format!("Function not found: {ARN}:hello:10");
    refused(
        "POST",
        &path,
        alias("a", "10", json!({})),
        (404, missing, &words),
    );
    refused(
        "POST",
        &path,
        alias("a", "1", json!({"10": 0.5})),
        (404, missing, &words),
    );
    let words = "$LATEST is not supported for an alias pointing to more than 1 version";
    refused(
        "POST",
        &path,
        alias("a", "$LATEST", json!({"1": 0.5})),
        (400, invalid, words),
    );
    let words = format!("Alias already exists: {ARN}:hello:live");
    refused(
        "POST",
        &path,
        alias("live", "1", json!({})),
        (409, "ResourceConflictException", &words),
    );
    let words = format!("Cannot find alias arn: {ARN}:hello:absent");
    refused(
        "GET",
        &format!("{path}/absent"),
        Value::Null,
        (404, missing, &words),
    );
    let words = format!("Function not found: {ARN}:absent:1");
    let elsewhere = format!("{FUNCTIONS}/absent/aliases");
    refused(
        "POST",
        &elsewhere,
        alias("a", "1", json!({})),
        (404, missing, &words),
    );
    // Evidence: recorded, LocalStack `test_non_existent_alias_update`.
    let words = format!("Alias not found: {ARN}:hello:absent");
    refused(
        "PUT",
        &format!("{path}/absent"),
        json!({}),
        (404, missing, &words),
    );
    // Evidence: recorded, LocalStack `test_alias_naming`.
    let words = "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
    refused(
        "POST",
        &path,
        alias("2024", "1", json!({})),
        (400, "ValidationException", words),
    );
    aws.lambda("POST", &path, alias("2024-a", "1", json!({})));
    // Evidence: recorded, LocalStack `test_non_existent_alias_deletion`.
    for _ in 0..2 {
        assert_eq!(aws.lambda_answer("DELETE", &one, Value::Null).0, 204);
    }
}
