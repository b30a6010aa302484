//! Lambda.

mod invoke;
mod policies;
mod versions;

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ROLE: &str = "arn:aws:iam::123456789012:role/runs";
const FUNCTIONS: &str = "/2015-03-31/functions";
const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function";

/// An archive with one file, in base64.
fn archive(text: &str) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    writer
        .start_file("index.mjs", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap();
    STANDARD.encode(bytes.into_inner())
}

/// A refusal: its status, its code, and its body.
type Refused = (u16, String, Value);

impl Aws {
    /// An account with a role that Lambda may assume.
    fn with_role() -> Self {
        let aws = Self::new();
        aws.role("runs", TRUST);
        aws.after(60);
        aws
    }

    fn lambda_answer(&self, method: &str, path: &str, input: Value) -> Refused {
        let request = Request::builder().method(method).uri(path);
        let body = if input.is_null() {
            String::new()
        } else {
            input.to_string()
        };
        let answer = self.whole("lambda", request, body);
        let code = answer.headers().get("x-amzn-errortype");
        let code = code.map_or("", |code| code.to_str().unwrap()).to_owned();
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        (answer.status().as_u16(), code, body)
    }

    /// An answer that must be a success.
    #[track_caller]
    fn lambda(&self, method: &str, path: &str, input: Value) -> Value {
        let (status, code, body) = self.lambda_answer(method, path, input);
        assert!(status < 300, "{method} {path}: {status} {code} {body}");
        body
    }

    /// A refusal with the error's members as AWS has them: `Type` and `message`, or `Message` where nothing is found.
    #[track_caller]
    fn lambda_refused(
        &self,
        (method, path, input): (&str, &str, Value),
        (status, code, words): (u16, &str, &str),
    ) {
        let answer = self.lambda_answer(method, path, input);
        let body = match code {
            "ValidationException" | "RequestEntityTooLargeException" => json!({"message": words}),
            "ResourceNotFoundException" => json!({"Type": "User", "Message": words}),
            _ => json!({"Type": "User", "message": words}),
        };
        assert_eq!(answer, (status, code.to_owned(), body), "{method} {path}");
    }

    fn create(&self, name: &str, more: Value) -> Value {
        self.lambda("POST", FUNCTIONS, function(name, more))
    }

    /// A function that is active.
    fn active(&self, name: &str) -> Value {
        self.create(name, json!({}));
        self.after(60);
        self.read(name)
    }

    fn read(&self, name: &str) -> Value {
        self.lambda(
            "GET",
            &format!("{FUNCTIONS}/{name}/configuration"),
            Value::Null,
        )
    }
}

/// The input that creates a function.
fn function(name: &str, more: Value) -> Value {
    let mut input = json!({
        "FunctionName": name,
        "Role": ROLE,
        "Runtime": "nodejs24.x",
        "Handler": "index.handler",
        "Code": {"ZipFile": archive("export const handler = async () => 1;")},
    });
    for (member, value) in more.as_object().unwrap() {
        input[member] = value.clone();
    }
    input
}

/// Evidence: recorded, LocalStack `test_function_lifecycle`.
#[test]
fn a_function_is_pending_then_active_then_updated() {
    let aws = Aws::with_role();
    let (status, _, created) = aws.lambda_answer("POST", FUNCTIONS, function("hello", json!({})));
    assert_eq!(status, 201);
    let mut expected = json!({
        "FunctionName": "hello",
        "FunctionArn": format!("{ARN}:hello"),
        "Runtime": "nodejs24.x",
        "Role": ROLE,
        "Handler": "index.handler",
        "CodeSize": created["CodeSize"],
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": "2026-11-21T12:01:00.000+0000",
        "CodeSha256": created["CodeSha256"],
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": created["RevisionId"],
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"},
        "RuntimeVersionConfig": created["RuntimeVersionConfig"],
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
    });
    assert_eq!(created, expected);
    assert!(created["CodeSize"].as_u64().unwrap() > 100);
    let runtime = created["RuntimeVersionConfig"]["RuntimeVersionArn"]
        .as_str()
        .unwrap();
    assert!(
        runtime.starts_with("arn:aws:lambda:eu-west-1::runtime:"),
        "{runtime}"
    );
    aws.after(1);
    assert_eq!(
        aws.read("hello"),
        created,
        "it is pending for more than a second"
    );
    aws.after(60);
    let active = aws.read("hello");
    for gone in ["StateReason", "StateReasonCode"] {
        expected.as_object_mut().unwrap().remove(gone);
    }
    expected["State"] = json!("Active");
    expected["LastUpdateStatus"] = json!("Successful");
    assert_ne!(active["RevisionId"], created["RevisionId"]);
    expected["RevisionId"] = active["RevisionId"].clone();
    assert_eq!(active, expected);

    let path = format!("{FUNCTIONS}/hello/configuration");
    let updated = aws.lambda("PUT", &path, json!({"Description": "says hello"}));
    let status = |answer: &Value| {
        [
            "State",
            "LastUpdateStatus",
            "LastUpdateStatusReason",
            "LastUpdateStatusReasonCode",
        ]
        .map(|member| answer[member].as_str().unwrap_or("none").to_owned())
    };
    let doing = [
        "Active",
        "InProgress",
        "The function is being created.",
        "Creating",
    ];
    assert_eq!(status(&updated), doing);
    let busy = format!(
        "The operation cannot be performed at this time. An update is in progress for resource: {ARN}:hello"
    );
    // Evidence: recorded, LocalStack `test_lambda_concurrent_code_updates`.
    let code = format!("{FUNCTIONS}/hello/code");
    aws.lambda_refused(
        ("PUT", &code, json!({"ZipFile": archive("2")})),
        (409, "ResourceConflictException", &busy),
    );
    aws.after(60);
    let done = aws.read("hello");
    assert_eq!(status(&done), ["Active", "Successful", "none", "none"]);
    // Evidence: recorded, LocalStack `test_redundant_updates`.
    let again = aws.lambda("PUT", &path, json!({"Description": "says hello"}));
    assert_eq!(status(&again), doing);
    let revisions = [&created, &active, &updated, &done, &again].map(|one| &one["RevisionId"]);
    for (at, revision) in revisions.iter().enumerate() {
        assert!(!revisions[..at].contains(revision), "{revisions:?}");
    }
    aws.after(60);
    let path = format!("{FUNCTIONS}/hello");
    assert_eq!(
        aws.lambda_answer("DELETE", &path, Value::Null),
        (204, String::new(), Value::Null)
    );
    let gone = format!("Function not found: {ARN}:hello");
    for method in ["GET", "DELETE"] {
        let refused = (404, "ResourceNotFoundException", gone.as_str());
        aws.lambda_refused((method, &path, Value::Null), refused);
    }
}

/// Evidence: recorded, LocalStack `test_function_lifecycle`.
#[test]
fn code_is_read_by_its_digest_and_gone_with_its_function() {
    let aws = Aws::with_role();
    let created = aws.create("one", json!({}));
    let second = aws.create("two", json!({}));
    let first = created["CodeSha256"].as_str().unwrap();
    assert_eq!(second["CodeSha256"], first);
    let beside = aws.service.beside();
    assert_eq!(
        beside.code(first).unwrap().len() as u64,
        created["CodeSize"].as_u64().unwrap()
    );
    aws.after(60);
    let updated = aws.lambda(
        "PUT",
        &format!("{FUNCTIONS}/one/code"),
        json!({"ZipFile": archive("2")}),
    );
    let other = updated["CodeSha256"].as_str().unwrap();
    assert_ne!(other, first);
    assert!(beside.code(first).is_some(), "another function has it");
    let dry = json!({"ZipFile": archive("3"), "DryRun": true});
    aws.after(60);
    let dry = aws.lambda("PUT", &format!("{FUNCTIONS}/one/code"), dry);
    assert_eq!(beside.code(dry["CodeSha256"].as_str().unwrap()), None);
    assert_eq!(aws.read("one")["CodeSha256"], other);
    aws.lambda("DELETE", &format!("{FUNCTIONS}/two"), Value::Null);
    assert_eq!(beside.code(first), None);
    assert!(beside.code(other).is_some());
}

/// Evidence: recorded, LocalStack `test_list_functions`.
#[test]
fn lists_have_no_states() {
    let aws = Aws::with_role();
    aws.active("one");
    aws.create("two", json!({"Publish": true}));
    aws.after(60);
    let list = |query: &str| {
        let answer = aws.lambda("GET", &format!("{FUNCTIONS}/{query}"), Value::Null);
        let rows = answer["Functions"].as_array().unwrap().clone();
        let arns = rows
            .iter()
            .map(|row| row["FunctionArn"].as_str().unwrap().replace(ARN, ""));
        (
            arns.collect::<Vec<_>>().join(" "),
            rows,
            answer["NextMarker"].clone(),
        )
    };
    let (arns, rows, next) = list("");
    assert_eq!((arns.as_str(), next), (":one :two", Value::Null));
    for absent in ["State", "LastUpdateStatus", "RuntimeVersionConfig"] {
        assert_eq!(rows[0].get(absent), None);
    }
    assert_eq!(
        list("?FunctionVersion=ALL").0,
        ":one:$LATEST :two:$LATEST :two:1"
    );
    let (arns, _, next) = list("?MaxItems=1");
    assert_eq!(arns, ":one");
    let next = format!("?MaxItems=1&Marker={}", next.as_str().unwrap());
    let (arns, _, next) = list(&next);
    assert_eq!((arns.as_str(), next), (":two", Value::Null));
    let wrong = "1 validation error detected: Value 'invalid' at 'functionVersion' failed to satisfy constraint: Member must satisfy enum value set: [ALL]";
    aws.lambda_refused(
        (
            "GET",
            &format!("{FUNCTIONS}/?FunctionVersion=invalid"),
            Value::Null,
        ),
        (400, "ValidationException", wrong),
    );
}

/// Evidence: recorded, LocalStack `test_create_lambda_exceptions`.
#[test]
fn what_a_function_must_not_be() {
    let aws = Aws::with_role();
    let refused = |more: Value, code: &str, words: &str| {
        let status = if code == "RequestEntityTooLargeException" {
            413
        } else {
            400
        };
        aws.lambda_refused(
            ("POST", FUNCTIONS, function("hello", more)),
            (status, code, words),
        );
    };
    let invalid = "InvalidParameterValueException";
    refused(
        json!({"Role": "r1"}),
        "ValidationException",
        r"1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
    );
    let answer = aws.lambda_answer(
        "POST",
        FUNCTIONS,
        function("hello", json!({"Runtime": "nodejs99.x"})),
    );
    let words = answer.2["message"].as_str().unwrap();
    assert_eq!((answer.0, answer.1.as_str()), (400, invalid));
    assert!(words.starts_with("Value nodejs99.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["), "{words}");
    assert!(
        words.contains("nodejs24.x") && words.ends_with("] or be a valid ARN"),
        "{words}"
    );
    refused(
        json!({"Architectures": ["x86_64", "arm64"]}),
        "ValidationException",
        "1 validation error detected: Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length less than or equal to 1",
    );
    refused(
        json!({"Code": {"ZipFile": STANDARD.encode("no archive")}}),
        invalid,
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    );
    // Evidence: recorded, LocalStack `test_create_deprecated_function_runtime_with_validation_enabled`.
    refused(
        json!({"Runtime": "java8"}),
        invalid,
        "The runtime parameter of java8 is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.",
    );
    // Evidence: recorded, LocalStack `test_oversized_unzipped_lambda`.
    let mut large = STANDARD.decode(archive("1")).unwrap();
    let central = large.windows(4).position(|at| at == b"PK\x01\x02").unwrap();
    let mut says = |size: u32| {
        large[central + 24..central + 28].copy_from_slice(&size.to_le_bytes());
        json!({"Code": {"ZipFile": STANDARD.encode(&large)}})
    };
    let words = "Unzipped size must be smaller than 262144000 bytes";
    refused(says(262_144_000), invalid, words);
    // Evidence: recorded, LocalStack `test_oversized_zipped_create_lambda`.
    refused(
        json!({"Code": {"ZipFile": STANDARD.encode(vec![0; 50 << 20])}}),
        "RequestEntityTooLargeException",
        "Zipped size must be smaller than 52428800 bytes",
    );
    // Evidence: recorded, LocalStack `test_oversized_request_create_lambda`.
    refused(
        json!({"Code": {"ZipFile": "A".repeat(70_167_211)}}),
        "RequestEntityTooLargeException",
        "Request must be smaller than 70167211 bytes for the CreateFunction operation",
    );
    // Evidence: recorded, LocalStack `test_lambda_code_location_s3_errors`.
    refused(
        json!({"Code": {"S3Bucket": "absent", "S3Key": "code.zip"}}),
        invalid,
        "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist",
    );
    // Evidence: recorded, LocalStack `test_large_environment_variables_fails`.
    let large = json!({"LARGE_VAR": "x".repeat(4 << 10)});
    refused(
        json!({"Environment": {"Variables": large}}),
        invalid,
        &format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {large}"
        ),
    );
    // Evidence: recorded, LocalStack `test_invalid_vpc_config_subnet`.
    let vpc = json!({"SubnetIds": ["subnet-0123"], "SecurityGroupIds": ["sg-0123"]});
    refused(
        json!({"VpcConfig": vpc}),
        invalid,
        "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The subnet ID 'subnet-0123' does not exist",
    );
    // Evidence: recorded, LocalStack `test_layer_function_exceptions`.
    let layer = "arn:aws:lambda:eu-west-1:123456789012:layer:doesnotexist:1";
    refused(
        json!({"Layers": [layer]}),
        invalid,
        &format!("Layer version {layer} does not exist."),
    );
    // Evidence: recorded, LocalStack `test_tag_limits`.
    let tags: serde_json::Map<_, _> = (0..51).map(|at| (format!("k{at}"), json!("v"))).collect();
    refused(
        json!({"Tags": tags}),
        invalid,
        "Number of tags exceeds resource tag limit.",
    );
    let list = aws.lambda("GET", &format!("{FUNCTIONS}/"), Value::Null);
    assert_eq!(list["Functions"], json!([]));
}

/// Evidence: waited for, terraform-provider-aws retries CreateFunction while AWS says so of a new role.
#[test]
fn a_role_must_be_there_trust_lambda_and_be_known() {
    let aws = Aws::with_role();
    let words = "The role defined for the function cannot be assumed by Lambda.";
    let refused = |role: &str| {
        let role = format!("arn:aws:iam::123456789012:role/{role}");
        aws.lambda_refused(
            ("POST", FUNCTIONS, function("hello", json!({"Role": role}))),
            (400, "InvalidParameterValueException", words),
        );
    };
    refused("absent");
    aws.role("other", &TRUST.replace("lambda.", "ec2."));
    aws.role("new", TRUST);
    refused("new");
    aws.after(60);
    refused("other");
    let role = "arn:aws:iam::123456789012:role/new";
    assert_eq!(aws.create("hello", json!({"Role": role}))["Role"], role);
}

/// Evidence: recorded, LocalStack `test_vpc_config`.
#[test]
fn a_function_in_a_vpc_takes_longer() {
    let aws = Aws::with_role();
    let subnet = aws.formed("ec2", "Action=DescribeSubnets", "subnetId");
    let group = aws.formed("ec2", "Action=DescribeSecurityGroups", "groupId");
    let vpc = aws.formed("ec2", "Action=DescribeVpcs", "vpcId");
    let input = json!({"VpcConfig": {"SubnetIds": [subnet], "SecurityGroupIds": [group]}});
    // Evidence: waited for, terraform-provider-aws retries while the role "does not have permissions".
    let unable = |aws: &Aws| {
        let words = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2";
        let expected = (400, "InvalidParameterValueException", words);
        aws.lambda_refused(
            ("POST", FUNCTIONS, function("hello", input.clone())),
            expected,
        );
    };
    unable(&aws);
    let policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";
    let attach = format!(
        "Action=AttachRolePolicy&RoleName=runs&PolicyArn={}",
        encoded(policy)
    );
    aws.formed("iam", &attach, "RequestId");
    unable(&aws);
    aws.after(60);
    aws.create("hello", input.clone());
    aws.after(5);
    // Evidence: documented, "Giving Lambda functions access to resources in an Amazon VPC": network interfaces take minutes.
    assert_eq!(aws.read("hello")["State"], "Pending");
    aws.after(120);
    let active = aws.read("hello");
    assert_eq!(active["State"], "Active");
    let shown = json!({
        "VpcId": vpc,
        "SubnetIds": [subnet],
        "SecurityGroupIds": [group],
        "Ipv6AllowedForDualStack": false,
    });
    assert_eq!(active["VpcConfig"], shown);
    let empty = json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}});
    aws.lambda("PUT", &format!("{FUNCTIONS}/hello/configuration"), empty);
    assert_eq!(aws.read("hello").get("VpcConfig"), None);
}

/// Evidence: recorded, LocalStack `test_function_arns` and `test_function_name_and_qualifier_validation`.
#[test]
fn a_function_is_named_by_its_name_or_arn_or_a_part_of_it() {
    let aws = Aws::with_role();
    aws.active("hello");
    for name in [
        "hello",
        "123456789012:function:hello",
        "function:hello",
        &format!("{ARN}:hello"),
    ] {
        assert_eq!(
            aws.read(&encoded(name))["FunctionArn"],
            format!("{ARN}:hello"),
            "{name}"
        );
    }
    for name in ["hello:$LATEST", &format!("{ARN}:hello:$LATEST")] {
        assert_eq!(
            aws.read(&encoded(name))["FunctionArn"],
            format!("{ARN}:hello:$LATEST")
        );
    }
    let refused = |name: &str, query: &str, expected: (u16, &str, &str)| {
        let path = format!("{FUNCTIONS}/{}{query}", encoded(name));
        aws.lambda_refused(("GET", &path, Value::Null), expected);
    };
    let missing = "ResourceNotFoundException";
    let invalid = "InvalidParameterValueException";
    let elsewhere = ARN.replace("eu-west-1", "ap-southeast-1");
    refused(
        &format!("{elsewhere}:hello"),
        "",
        (
            404,
            missing,
            "Functions from 'ap-southeast-1' are not reachable in this region ('eu-west-1')",
        ),
    );
    refused(
        "hello:1",
        "?Qualifier=2",
        (
            400,
            invalid,
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
    );
    for (name, query) in [
        ("hello:1221", ""),
        ("hello", "?Qualifier=1221"),
        ("hello", "?Qualifier=absent"),
    ] {
        let qualifier = if query.contains("absent") {
            "absent"
        } else {
            "1221"
        };
        let words = format!("Function not found: {ARN}:hello:{qualifier}");
        refused(name, query, (404, missing, &words));
    }
    let foreign = ARN.replace("123456789012", "210987654321");
    let path = format!("{FUNCTIONS}/{}", encoded(&format!("{foreign}:hello")));
    let answer = aws.lambda_answer("GET", &path, Value::Null);
    assert_eq!(
        answer,
        (
            403,
            "AccessDeniedException".to_owned(),
            json!({"Message": null})
        )
    );
    let long = "a".repeat(65);
    let words = format!(
        "1 validation error detected: Value '{long}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"
    );
    aws.lambda_refused(
        ("POST", FUNCTIONS, function(&long, json!({}))),
        (400, invalid, &words),
    );
    // Evidence: recorded, LocalStack `test_ops_with_arn_qualifier_mismatch`.
    let path = format!("{FUNCTIONS}/hello?Qualifier=$LATEST");
    let words = "$LATEST version cannot be deleted without deleting the function.";
    aws.lambda_refused(("DELETE", &path, Value::Null), (400, invalid, words));
}

/// Evidence: recorded, LocalStack `test_advanced_logging_configuration_format_switch`.
#[test]
fn log_levels_are_of_json() {
    let aws = Aws::with_role();
    aws.active("hello");
    let path = format!("{FUNCTIONS}/hello/configuration");
    let set = |input: Value| {
        let answer = aws.lambda("PUT", &path, json!({"LoggingConfig": input}));
        aws.after(60);
        answer["LoggingConfig"].clone()
    };
    let in_json = json!({
        "LogFormat": "JSON",
        "LogGroup": "/aws/lambda/hello",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    });
    assert_eq!(set(json!({"LogFormat": "JSON"})), in_json);
    assert_eq!(
        set(json!({"LogFormat": "Text"})),
        json!({"LogFormat": "Text", "LogGroup": "/aws/lambda/hello"})
    );
}

/// Evidence: recorded, LocalStack `test_tag_lifecycle` and `test_tag_exceptions`.
#[test]
fn tags_are_of_functions() {
    let aws = Aws::with_role();
    let created = aws.create("hello", json!({"Tags": {"a": "1"}}));
    assert_eq!(created.get("Tags"), None);
    let tags = |arn: &str| format!("/2017-03-31/tags/{}", encoded(arn));
    let path = tags(&format!("{ARN}:hello"));
    let answer = aws.lambda_answer("POST", &path, json!({"Tags": {"b": "2"}}));
    assert_eq!(answer, (204, String::new(), Value::Null));
    let read = || aws.lambda("GET", &path, Value::Null)["Tags"].clone();
    assert_eq!(read(), json!({"a": "1", "b": "2"}));
    let answer = aws.lambda_answer(
        "DELETE",
        &format!("{path}?tagKeys=a&tagKeys=x"),
        Value::Null,
    );
    assert_eq!(answer.0, 204);
    assert_eq!(read(), json!({"b": "2"}));
    let whole = aws.lambda("GET", &format!("{FUNCTIONS}/hello"), Value::Null);
    assert_eq!(whole["Tags"], json!({"b": "2"}));
    assert_eq!(whole["Code"]["RepositoryType"], "S3");
    let invalid = "InvalidParameterValueException";
    let words =
        "Tags on function aliases and versions are not supported. Please specify a function ARN.";
    aws.lambda_refused(
        ("GET", &tags(&format!("{ARN}:hello:1")), Value::Null),
        (400, invalid, words),
    );
    let words = "An error occurred and the request cannot be processed.";
    aws.lambda_refused(("POST", &path, json!({"Tags": {}})), (400, invalid, words));
    let words = format!("Function not found: {ARN}:absent");
    let absent = tags(&format!("{ARN}:absent"));
    let missing = (404, "ResourceNotFoundException", words.as_str());
    aws.lambda_refused(("GET", &absent, Value::Null), missing);
}

/// Evidence: recorded, LocalStack `test_function_concurrency`, `test_function_concurrency_exceptions` and
/// `test_function_concurrency_limits`.
#[test]
fn concurrency_is_reserved_out_of_the_accounts() {
    let aws = Aws::with_role();
    aws.active("hello");
    let path = "/2017-10-31/functions/hello/concurrency";
    let read = || {
        aws.lambda(
            "GET",
            "/2019-09-30/functions/hello/concurrency",
            Value::Null,
        )
    };
    assert_eq!(read(), json!({}));
    for reserved in [0, 1, 900] {
        let input = json!({"ReservedConcurrentExecutions": reserved});
        assert_eq!(aws.lambda("PUT", path, input.clone()), input);
        assert_eq!(read(), input);
        let whole = aws.lambda("GET", &format!("{FUNCTIONS}/hello"), Value::Null);
        assert_eq!(whole["Concurrency"], input);
    }
    let limit = aws.lambda("GET", "/2016-08-19/account-settings", Value::Null);
    assert_eq!(limit["AccountLimit"]["UnreservedConcurrentExecutions"], 100);
    let words = "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";
    aws.lambda_refused(
        ("PUT", path, json!({"ReservedConcurrentExecutions": 901})),
        (400, "InvalidParameterValueException", words),
    );
    assert_eq!(aws.lambda_answer("DELETE", path, Value::Null).0, 204);
    assert_eq!(read(), json!({}));
    let words = format!("Function not found: {ARN}:absent:$LATEST");
    aws.lambda_refused(
        (
            "PUT",
            "/2017-10-31/functions/absent/concurrency",
            json!({"ReservedConcurrentExecutions": 1}),
        ),
        (404, "ResourceNotFoundException", &words),
    );
}
