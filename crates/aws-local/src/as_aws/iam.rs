//! Roles and their policies.

use super::*;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/100%25/%7Bx%7D"}]}"#;

fn put(name: &str, document: &str) -> String {
    let document = encoded(document);
    format!("Action=PutRolePolicy&RoleName=runs&PolicyName={name}&PolicyDocument={document}")
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// Evidence: recorded, LocalStack `test_put_role_policy_encoding` and `test_update_assume_role_policy`.
#[test]
fn documents_come_back_as_they_were_sent() {
    let aws = Aws::new();
    aws.role("runs", TRUST);
    aws.formed("iam", &put("own", POLICY), "RequestId");
    let read = "Action=GetRolePolicy&RoleName=runs&PolicyName=own";
    assert_eq!(decoded(&aws.formed("iam", read, "PolicyDocument")), POLICY);
    let other = TRUST.replace("lambda", "ec2");
    let form = format!(
        "Action=UpdateAssumeRolePolicy&RoleName=runs&PolicyDocument={}",
        encoded(&other)
    );
    aws.formed("iam", &form, "RequestId");
    let read = "Action=GetRole&RoleName=runs";
    let trust = aws.formed("iam", read, "AssumeRolePolicyDocument");
    assert_eq!(decoded(&trust), other);
    let form = "Action=UpdateAssumeRolePolicy&RoleName=runs&PolicyDocument=a";
    let refused = aws.refused("iam", form);
    let malformed = "MalformedPolicyDocument".to_owned();
    assert_eq!(
        refused,
        (malformed, "This policy contains invalid Json".to_owned())
    );
}

/// Evidence: documented, "DeleteRole" in the API reference: attached and inline policies must go first. The words for inline ones are
/// moto's.
#[test]
fn a_role_with_policies_is_not_deleted() {
    let aws = Aws::new();
    aws.role("runs", TRUST);
    let attach = format!(
        "Action=AttachRolePolicy&RoleName=runs&PolicyArn={}",
        encoded(BASIC)
    );
    aws.formed("iam", &attach, "RequestId");
    aws.formed("iam", &put("own", POLICY), "RequestId");
    let delete = "Action=DeleteRole&RoleName=runs";
    assert_eq!(aws.refused("iam", delete).0, "DeleteConflict");
    aws.formed("iam", &attach.replace("Attach", "Detach"), "RequestId");
    let words = "Cannot delete entity, must delete policies first.";
    assert_eq!(
        aws.refused("iam", delete),
        ("DeleteConflict".to_owned(), words.to_owned())
    );
    let missing = (
        "NoSuchEntity".to_owned(),
        "The role policy with name x cannot be found.".to_owned(),
    );
    for operation in ["Get", "Delete"] {
        let form = format!("Action={operation}RolePolicy&RoleName=runs&PolicyName=x");
        assert_eq!(aws.refused("iam", &form), missing);
    }
    aws.formed(
        "iam",
        "Action=DeleteRolePolicy&RoleName=runs&PolicyName=own",
        "RequestId",
    );
    let list = aws.form("iam", "Action=ListRolePolicies&RoleName=runs").1;
    assert!(
        !list.contains("<member>") && list.contains("<IsTruncated>false"),
        "{list}"
    );
    aws.formed("iam", delete, "RequestId");
}

/// Evidence: documented, "IAM and AWS STS quotas": 10,240 characters for the policies in a role, without white space.
#[test]
fn the_policies_in_a_role_have_a_size_together() {
    let aws = Aws::new();
    aws.role("runs", TRUST);
    let of_size = |size: usize| {
        let start = POLICY.replace("100%25/%7Bx%7D", "");
        let fill = "x".repeat(size - start.len());
        start.replace("a/", &format!("a/{fill}"))
    };
    aws.formed("iam", &put("one", &of_size(5_000)), "RequestId");
    let blank = of_size(5_240).replace(",\"Action\"", ",     \"Action\"");
    aws.formed("iam", &put("two", &blank), "RequestId");
    aws.formed("iam", &put("one", &of_size(4_000)), "RequestId");
    let words = "Maximum policy size of 10240 bytes exceeded for role runs";
    assert_eq!(
        aws.refused("iam", &put("three", &of_size(1_001))),
        ("LimitExceeded".to_owned(), words.to_owned())
    );
}

/// Evidence: recorded, LocalStack `test_role_attach_policy`.
#[test]
fn a_policy_is_attached_by_an_arn() {
    let aws = Aws::new();
    aws.role("runs", TRUST);
    let attach = |arn: &str| {
        let form = format!(
            "Action=AttachRolePolicy&RoleName=runs&PolicyArn={}",
            encoded(arn)
        );
        aws.refused("iam", &form)
    };
    let words = "Invalid ARN:  Could not be parsed!";
    let refused = ("ValidationError".to_owned(), words.to_owned());
    assert_eq!(attach("longpolicynamebutnoarn"), refused);
    let arn = "arn:aws:iam::123456789012:policy/nothing";
    let words = format!("Policy {arn} does not exist or is not attachable.");
    assert_eq!(attach(arn), ("NoSuchEntity".to_owned(), words));
}

/// Evidence: documented, <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html>.
#[test]
fn a_managed_policy_is_read_with_its_document() {
    let aws = Aws::new();
    let arn = encoded(BASIC);
    let policy = aws
        .form("iam", &format!("Action=GetPolicy&PolicyArn={arn}"))
        .1;
    assert_eq!(within(&policy, "PolicyName"), "AWSLambdaBasicExecutionRole");
    assert_eq!(within(&policy, "Path"), "/service-role/");
    assert_eq!(within(&policy, "AttachmentCount"), "0");
    assert_eq!(within(&policy, "DefaultVersionId"), "v1");
    let read = format!("Action=GetPolicyVersion&VersionId=v1&PolicyArn={arn}");
    let document = decoded(&aws.formed("iam", &read, "Document"));
    let document: Value = serde_json::from_str(&document).unwrap();
    let actions = json!([
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents"
    ]);
    assert_eq!(document["Statement"][0]["Action"], actions);
    // Evidence: recorded, LocalStack `test_delete_non_existent_policy_returns_no_such_entity`.
    let arn = "arn:aws:iam::123456789012:policy/non-existent-policy";
    let form = format!("Action=GetPolicy&PolicyArn={}", encoded(arn));
    let words = format!("Policy {arn} was not found.");
    assert_eq!(
        aws.refused("iam", &form),
        ("NoSuchEntity".to_owned(), words)
    );
}

/// Evidence: documented, "UpdateRole", "UpdateRoleDescription" and "TagRole" in the API reference.
#[test]
fn a_role_changes_in_place() {
    let aws = Aws::new();
    aws.role("runs", TRUST);
    let answer = aws
        .form(
            "iam",
            "Action=UpdateRoleDescription&RoleName=runs&Description=words",
        )
        .1;
    assert_eq!(within(&answer, "Description"), "words");
    aws.formed(
        "iam",
        "Action=UpdateRole&RoleName=runs&MaxSessionDuration=7200",
        "RequestId",
    );
    let read = || aws.form("iam", "Action=GetRole&RoleName=runs").1;
    assert_eq!(within(&read(), "MaxSessionDuration"), "7200");
    assert_eq!(within(&read(), "Description"), "words");
    let tag = |key: &str, value: &str| {
        let form = format!(
            "Action=TagRole&RoleName=runs&Tags.member.1.Key={key}&Tags.member.1.Value={value}"
        );
        aws.formed("iam", &form, "RequestId");
    };
    tag("team", "one");
    tag("Team", "two");
    let tags = || {
        let body = aws.form("iam", "Action=ListRoleTags&RoleName=runs").1;
        let pairs = body.split("<member>").skip(1);
        let pairs = pairs.map(|pair| format!("{}={}", within(pair, "Key"), within(pair, "Value")));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(tags(), ["Team=two"]);
    aws.formed(
        "iam",
        "Action=UntagRole&RoleName=runs&TagKeys.member.1=TEAM",
        "RequestId",
    );
    assert_eq!(tags(), [""; 0]);
}

/// Evidence: inferred, from a new role being unknown for some seconds: so is a new trust policy, and the old one goes on until then.
#[test]
fn a_changed_trust_is_known_later() {
    let aws = Aws::new();
    let role = aws.role("runs", &TRUST.replace("lambda", "ec2"));
    aws.after(60);
    let known = |service: &str| {
        let state = aws.service.snapshot().unwrap();
        let take = crate::iam::Take {
            service,
            policy: None,
            now: crate::operation::seconds(aws.clock.now()),
        };
        let global = state.regions.get("us-east-1").unwrap();
        global.iam.may_take(&role, "123456789012", take)
    };
    let services = ["ec2.amazonaws.com", "lambda.amazonaws.com"];
    assert_eq!(services.map(known), [true, false]);
    let form = format!(
        "Action=UpdateAssumeRolePolicy&RoleName=runs&PolicyDocument={}",
        encoded(TRUST)
    );
    aws.formed("iam", &form, "RequestId");
    assert_eq!(services.map(known), [true, false]);
    aws.after(60);
    assert_eq!(services.map(known), [false, true]);
}
