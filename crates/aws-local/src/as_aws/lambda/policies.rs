//! Resource policies.

use super::*;

fn policy(name: &str) -> String {
    format!("{FUNCTIONS}/{name}/policy")
}

fn permission(id: &str, principal: &str, more: Value) -> Value {
    let mut input = json!({
        "StatementId": id,
        "Action": "lambda:InvokeFunction",
        "Principal": principal,
    });
    for (member, value) in more.as_object().unwrap() {
        input[member] = value.clone();
    }
    input
}

/// Evidence: recorded, LocalStack `test_add_lambda_permission_fields` and `test_add_lambda_permission_aws`.
#[test]
fn statements_are_written_as_aws_writes_them() {
    let aws = Aws::with_role();
    aws.active("hello");
    let source = "arn:aws:execute-api:eu-west-1:123456789012:abc/*/GET/hello";
    let mut statements = Vec::new();
    for (id, principal, more, written) in [
        (
            "api",
            "apigateway.amazonaws.com",
            json!({"SourceArn": source}),
            format!(
                r#""Principal":{{"Service":"apigateway.amazonaws.com"}},"Action":"lambda:InvokeFunction","Resource":"{ARN}:hello","Condition":{{"ArnLike":{{"AWS:SourceArn":"{source}"}}}}"#
            ),
        ),
        (
            "account",
            "123456789012",
            json!({}),
            format!(
                r#""Principal":{{"AWS":"arn:aws:iam::123456789012:root"}},"Action":"lambda:InvokeFunction","Resource":"{ARN}:hello""#
            ),
        ),
        (
            "role",
            ROLE,
            json!({"SourceAccount": "123456789012"}),
            format!(
                r#""Principal":{{"AWS":"{ROLE}"}},"Action":"lambda:InvokeFunction","Resource":"{ARN}:hello","Condition":{{"StringEquals":{{"AWS:SourceAccount":"123456789012"}}}}"#
            ),
        ),
        (
            "url",
            "*",
            json!({
                "Action": "lambda:InvokeFunctionUrl",
                "SourceArn": "arn:aws:s3:::test-bucket",
                "SourceAccount": "123456789012",
                "PrincipalOrgID": "o-1234567890",
                "FunctionUrlAuthType": "NONE",
            }),
            format!(
                r#""Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"{ARN}:hello","Condition":{{"StringEquals":{{"AWS:SourceAccount":"123456789012","lambda:FunctionUrlAuthType":"NONE","aws:PrincipalOrgID":"o-1234567890"}},"ArnLike":{{"AWS:SourceArn":"arn:aws:s3:::test-bucket"}}}}"#
            ),
        ),
        (
            "skill",
            "*",
            json!({"EventSourceToken": "amzn1.ask.skill.x"}),
            format!(
                r#""Principal":"*","Action":"lambda:InvokeFunction","Resource":"{ARN}:hello","Condition":{{"StringEquals":{{"lambda:EventSourceToken":"amzn1.ask.skill.x"}}}}"#
            ),
        ),
    ] {
        let (status, _, answer) =
            aws.lambda_answer("POST", &policy("hello"), permission(id, principal, more));
        let statement = format!(r#"{{"Sid":"{id}","Effect":"Allow",{written}}}"#);
        assert_eq!((status, answer), (201, json!({"Statement": statement})));
        statements.push(statement);
    }
    let read = aws.lambda("GET", &policy("hello"), Value::Null);
    let all = statements.join(",");
    assert_eq!(
        read["Policy"],
        format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{all}]}}"#)
    );
    // Evidence: recorded, LocalStack `test_function_revisions_permissions`.
    assert_eq!(read["RevisionId"], aws.read("hello")["RevisionId"]);
}

/// Evidence: recorded, LocalStack `test_permission_exceptions` and `test_remove_multi_permissions`.
#[test]
fn what_a_policy_refuses() {
    let aws = Aws::with_role();
    aws.active("hello");
    let refused = |method: &str, path: &str, input: Value, expected: (u16, &str, &str)| {
        aws.lambda_refused((method, path, input), expected);
    };
    let (missing, invalid) = (
        "ResourceNotFoundException",
        "InvalidParameterValueException",
    );
    let none = (404, missing, "The resource you requested does not exist.");
    for path in [
        policy("hello"),
        policy("absent"),
        format!("{}?Qualifier=7", policy("hello")),
    ] {
        refused("GET", &path, Value::Null, none);
    }
    let one = |id: &str| permission(id, "s3.amazonaws.com", json!({}));
    let pattern = "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)";
    refused(
        "POST",
        &policy("hello"),
        one("example.com"),
        (400, "ValidationException", pattern),
    );
    let latest = format!("{}?Qualifier=$LATEST", policy("hello"));
    let words = "We currently do not support adding policies for $LATEST.";
    refused("POST", &latest, one("s3"), (400, invalid, words));
    let words = "The provided principal was invalid. Please check the principal and try again.";
    for principal in [
        "invalid.nonaws.com",
        "arn:aws:iam::123456789012:role/absent",
        "1234",
    ] {
        let input = permission("s3", principal, json!({}));
        refused("POST", &policy("hello"), input, (400, invalid, words));
    }
    for (qualifier, words) in [
        (
            "absent",
            format!("Cannot find alias arn: {ARN}:hello:absent"),
        ),
        ("42", format!("Function not found: {ARN}:hello:42")),
        ("with-$", format!("Function not found: {ARN}:hello:with-$")),
    ] {
        let path = format!("{}?Qualifier={qualifier}", policy("hello"));
        refused("POST", &path, one("s3"), (404, missing, &words));
    }
    let words = format!("Function not found: {ARN}:absent");
    refused("POST", &policy("absent"), one("s3"), (404, missing, &words));
    let statement = |name: &str, id: &str| format!("{}/{id}", policy(name));
    let words = "No policy is associated with the given resource.";
    refused(
        "DELETE",
        &statement("hello", "s3"),
        Value::Null,
        (404, missing, words),
    );
    let words = format!("No policy found for: {ARN}:absent");
    refused(
        "DELETE",
        &statement("absent", "s3"),
        Value::Null,
        (404, missing, &words),
    );
    aws.lambda("POST", &policy("hello"), one("s3"));
    let words = "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing statement.";
    refused(
        "POST",
        &policy("hello"),
        one("s3"),
        (409, "ResourceConflictException", words),
    );
    let words = "Statement other is not found in resource policy.";
    refused(
        "DELETE",
        &statement("hello", "other"),
        Value::Null,
        (404, missing, words),
    );
    // Evidence: recorded, LocalStack `test_function_revisions_permissions`.
    let words = "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id";
    let stale = permission("b", "s3.amazonaws.com", json!({"RevisionId": "other"}));
    let expected = (412, "PreconditionFailedException", words);
    refused("POST", &policy("hello"), stale, expected);
    let path = format!("{}?RevisionId=other", statement("hello", "s3"));
    refused("DELETE", &path, Value::Null, expected);
    let revision = aws.read("hello")["RevisionId"].as_str().unwrap().to_owned();
    let path = format!("{}?RevisionId={revision}", statement("hello", "s3"));
    assert_eq!(aws.lambda_answer("DELETE", &path, Value::Null).0, 204);
    assert_ne!(aws.read("hello")["RevisionId"], revision);
    refused("GET", &policy("hello"), Value::Null, none);
}

/// Evidence: recorded, LocalStack `test_lambda_permission_fn_versioning`.
#[test]
fn a_version_and_an_alias_have_policies_of_their_own() {
    let aws = Aws::with_role();
    aws.active("hello");
    let one = permission("s3", "s3.amazonaws.com", json!({}));
    aws.lambda("POST", &policy("hello"), one.clone());
    aws.lambda("POST", &format!("{FUNCTIONS}/hello/versions"), json!({}));
    let alias = json!({"Name": "live", "FunctionVersion": "1"});
    let alias = aws.lambda("POST", &format!("{FUNCTIONS}/hello/aliases"), alias);
    for qualifier in ["1", "live"] {
        let path = format!("{}?Qualifier={qualifier}", policy("hello"));
        let none = (
            404,
            "ResourceNotFoundException",
            "The resource you requested does not exist.",
        );
        aws.lambda_refused(("GET", &path, Value::Null), none);
        let answer = aws.lambda("POST", &path, one.clone());
        let statement = answer["Statement"].as_str().unwrap();
        let resource = format!(r#""Resource":"{ARN}:hello:{qualifier}""#);
        assert!(statement.contains(&resource), "{statement}");
    }
    let read = |path: String| aws.lambda("GET", &path, Value::Null)["RevisionId"].clone();
    let of_alias = read(format!("{}?Qualifier=live", policy("hello")));
    assert_ne!(of_alias, alias["RevisionId"]);
    assert_eq!(of_alias, read(format!("{FUNCTIONS}/hello/aliases/live")));
    assert_eq!(
        read(format!("{}?Qualifier=1", policy("hello"))),
        aws.read("hello:1")["RevisionId"]
    );
}

/// Evidence: documented, "Lambda quotas": a resource-based policy has 20 KB; the words are of the exception as users quote it.
#[test]
fn a_policy_has_at_most_20_kb() {
    let aws = Aws::with_role();
    aws.active("hello");
    let mut fit = 0;
    let refused = loop {
        let source = format!("arn:aws:execute-api:eu-west-1:123456789012:abc/*/GET/{fit}");
        let input = permission(
            &format!("s{fit}"),
            "apigateway.amazonaws.com",
            json!({"SourceArn": source}),
        );
        let (status, code, body) = aws.lambda_answer("POST", &policy("hello"), input);
        if status != 201 {
            break (status, code, body["message"].as_str().unwrap().to_owned());
        }
        fit += 1;
    };
    assert_eq!(
        (refused.0, refused.1.as_str()),
        (400, "PolicyLengthExceededException")
    );
    assert!(
        refused.2.starts_with("The final policy size (20")
            && refused.2.ends_with("is bigger than the limit (20480)."),
        "{refused:?}"
    );
    assert!((70..90).contains(&fit), "{fit}");
    let text = aws.lambda("GET", &policy("hello"), Value::Null)["Policy"]
        .as_str()
        .unwrap()
        .len();
    assert!(text <= 20_480, "{text}");
}
