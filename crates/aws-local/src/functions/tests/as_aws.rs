//! What AWS's execution environments were seen to do.

use super::*;

/// A handler, and what it answers for `{"a": 1}`.
type Row<'r> = (&'r str, &'r str, &'r [(&'r str, &'r str)], Value);

async fn answered(rows: &[Row<'_>]) {
    let ground = Ground::default();
    for (runtime, handler, files, wanted) in rows {
        let version = ground.version(runtime, handler, files);
        let outcome = ground.invoke(&version, json!({"a": 1})).await;
        let case = format!("{runtime} {handler} {files:?}: {outcome:?}");
        assert!(!outcome.failed, "{case}");
        assert_eq!(value(&outcome), *wanted, "{case}");
    }
}

/// Evidence: documented, "Define Lambda function handler in Node.js": ES modules and CommonJS, async and callback handlers; nodejs24.x has no
/// callbacks. Evidence: recorded, LocalStack `test_invocation_type_request_response` for `null`. Evidence: reported,
/// aws/aws-lambda-nodejs-runtime-interface-client#137 for callbacks.
#[tokio::test]
async fn handlers_of_node_are_found_and_called() {
    if !has("node") {
        return;
    }
    let echo = "exports.handler = async (event) => event;";
    let package = ("package.json", r#"{"type": "module"}"#);
    answered(&[
        ("nodejs20.x", "index.handler", &[("index.js", echo)], json!({"a": 1})),
        ("nodejs20.x", "index.handler", &[("index.cjs", echo)], json!({"a": 1})),
        ("nodejs20.x", "src/app/main.handler", &[("src/app/main.js", echo)], json!({"a": 1})),
        (
            "nodejs24.x",
            "index.handler",
            &[("index.mjs", "import { other } from './other.mjs'; export const handler = async () => other;"), ("other.mjs", "export const other = 2;")],
            json!(2),
        ),
        ("nodejs24.x", "index.handler", &[("index.js", "export const handler = () => 3;"), package], json!(3)),
        ("nodejs24.x", "index.a.b", &[("index.mjs", "export const a = {b: async () => 4};")], json!(4)),
        ("nodejs20.x", "index.handler", &[("index.js", "exports.handler = async () => {};")], Value::Null),
        // What a handler returns without a promise is ignored before Node.js 24.
        ("nodejs20.x", "index.handler", &[("index.js", "exports.handler = () => 5;")], Value::Null),
        (
            "nodejs22.x",
            "index.handler",
            &[("index.js", "exports.handler = (event, context, callback) => { setTimeout(() => callback(null, 6), 20); };")],
            json!(6),
        ),
        (
            "nodejs20.x",
            "index.handler",
            &[("index.js", "exports.handler = async (event, context) => [context.functionName, context.functionVersion, context.memoryLimitInMB, context.logGroupName, context.invokedFunctionArn.slice(0, 14), context.awsRequestId.length, context.getRemainingTimeInMillis() > 4000, typeof context.logStreamName];")],
            json!(["hello", "$LATEST", "256", "/aws/lambda/hello", "arn:aws:lambda", 36, true, "string"]),
        ),
    ])
    .await;
}

/// Evidence: documented, "Define Lambda function handler in Python". Evidence: recorded, LocalStack
/// `test_invocation_type_request_response` for `null`.
#[tokio::test]
async fn handlers_of_python_are_found_and_called() {
    if !has("python3") {
        return;
    }
    answered(&[
        ("python3.11", "app.handler", &[("app.py", "def handler(event, context):\n    return event\n")], json!({"a": 1})),
        ("python3.11", "pkg/app.handler", &[("pkg/app.py", "import helper\ndef handler(event, context):\n    return helper.two\n"), ("helper.py", "two = 2\n")], json!(2)),
        ("python3.11", "pkg.app.handler", &[("pkg/app.py", "def handler(event, context):\n    return 3\n")], json!(3)),
        ("python3.11", "app.handler", &[("app.py", "def handler(event, context):\n    pass\n")], Value::Null),
        (
            "python3.11",
            "app.handler",
            &[("app.py", "def handler(event, context):\n    return [context.function_name, context.function_version, context.memory_limit_in_mb, context.log_group_name, context.invoked_function_arn[:14], len(context.aws_request_id), context.get_remaining_time_in_millis() > 4000, context.client_context, context.identity.cognito_identity_id]\n")],
            json!(["hello", "$LATEST", "256", "/aws/lambda/hello", "arn:aws:lambda", 36, true, null, null]),
        ),
    ])
    .await;
}

/// Evidence: documented, "Using the Lambda runtime API for custom runtimes": a bootstrap of the archive speaks it.
#[tokio::test]
async fn a_bootstrap_of_the_archive_speaks_the_runtime_api() {
    if !has("curl") {
        return;
    }
    let ground = Ground::default();
    let version = ground.version("provided.al2023", "main", &[("bootstrap", SHELL)]);
    for _ in 0..2 {
        let outcome = ground.invoke(&version, json!({"a": 1})).await;
        assert_eq!(value(&outcome), json!({"got": {"a": 1}, "handler": "main"}));
        assert!(outcome.tail.contains("got {\"a\":1}\n"), "{}", outcome.tail);
    }
}

/// What a failing function answers: members that are equal, and words that are in the message.
async fn failed(
    runtime: &str,
    files: &[(&str, &str)],
    kind: &str,
    words: &str,
) -> (Value, Outcome) {
    let ground = Ground::default();
    let handler = match runtime.starts_with("python") {
        true => "app.handler",
        false => "index.handler",
    };
    let mut version = ground.version(runtime, handler, files);
    version.timeout_seconds = 1;
    let outcome = ground.invoke(&version, json!({})).await;
    let error = value(&outcome);
    assert!(outcome.failed, "{files:?} {outcome:?}");
    assert_eq!(error["errorType"], kind, "{files:?} {outcome:?}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains(words), "{files:?} {message}");
    (error, outcome)
}

/// Evidence: documented, "Troubleshoot invocation issues in Lambda" (Runtime.ImportModuleError, Runtime.HandlerNotFound). Evidence:
/// reported, arithmetric/aws-lambda-ses-forwarder#154 for callbacks. Evidence: recorded, LocalStack
/// `test_lambda_selection_patterns` for an error's members.
#[tokio::test]
async fn errors_of_node_functions() {
    if !has("node") {
        return;
    }
    let index = |text: &'static str| [("index.js", text)];
    let (error, outcome) = failed(
        "nodejs20.x",
        &index("exports.handler = async () => { throw new TypeError('no'); };"),
        "TypeError",
        "no",
    )
    .await;
    assert_eq!(error["trace"][0], "TypeError: no");
    assert!(
        outcome.tail.contains("\tERROR\tInvoke Error\t")
            || outcome.tail.contains("\tERROR\tInvoke Error {"),
        "{}",
        outcome.tail
    );
    failed(
        "nodejs20.x",
        &index("exports.handler = async () => { throw 'text'; };"),
        "string",
        "text",
    )
    .await;
    let missing = "const s3 = require('@aws-sdk/client-none'); exports.handler = 1;";
    let (_, outcome) = failed(
        "nodejs20.x",
        &index(missing),
        "Runtime.ImportModuleError",
        "Error: Cannot find module '@aws-sdk/client-none'",
    )
    .await;
    assert!(
        outcome.tail.contains("npm install @aws-sdk/client-none\n"),
        "{}",
        outcome.tail
    );
    failed(
        "nodejs20.x",
        &[("other.js", "")],
        "Runtime.ImportModuleError",
        "Cannot find module",
    )
    .await;
    failed(
        "nodejs20.x",
        &index("exports.other = 1;"),
        "Runtime.HandlerNotFound",
        "index.handler is undefined or not exported",
    )
    .await;
    failed(
        "nodejs20.x",
        &index("exports.handler = 1;"),
        "Runtime.HandlerNotFound",
        "index.handler is not a function",
    )
    .await;
    failed(
        "nodejs20.x",
        &index("exports.handler = ("),
        "Runtime.UserCodeSyntaxError",
        "SyntaxError",
    )
    .await;
    failed(
        "nodejs20.x",
        &index("throw new Error('at load');"),
        "Error",
        "at load",
    )
    .await;
    failed(
        "nodejs24.x",
        &index("exports.handler = (event, context, callback) => {};"),
        "Runtime.CallbackHandlerDeprecated",
        "Node.js 24",
    )
    .await;
    failed(
        "nodejs20.x",
        &index(
            "exports.handler = () => { setTimeout(() => { throw new RangeError('later'); }, 5); };",
        ),
        "RangeError",
        "later",
    )
    .await;
    failed("nodejs20.x", &index("exports.handler = async () => { Promise.reject(new Error('lost')); await new Promise((done) => setTimeout(done, 500)); };"), "Runtime.UnhandledPromiseRejection", "Error: lost").await;
}

/// Evidence: recorded, LocalStack `test_lambda_runtime_error` and `test_lambda_handler_error`, for an error's members; documented,
/// "Troubleshoot invocation issues in Lambda" for what can't be imported.
#[tokio::test]
async fn errors_of_python_functions() {
    if !has("python3") {
        return;
    }
    let app = |text: &'static str| [("app.py", text)];
    let (error, outcome) = failed(
        "python3.11",
        &app("def handler(event, context):\n    raise ValueError('no')\n"),
        "ValueError",
        "no",
    )
    .await;
    let names: Vec<_> = error.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        ["errorMessage", "errorType", "requestId", "stackTrace"]
    );
    assert_eq!(error["stackTrace"].as_array().unwrap().len(), 1);
    assert!(
        outcome.tail.contains(
            "[ERROR] ValueError: no\nTraceback (most recent call last):\n\u{a0}\u{a0}File \""
        ),
        "{}",
        outcome.tail
    );
    let (_, outcome) = failed(
        "python3.11",
        &app("import boto3_none\n"),
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'boto3_none'",
    )
    .await;
    assert!(
        outcome.tail.contains("INIT_REPORT Init Duration: "),
        "{}",
        outcome.tail
    );
    failed(
        "python3.11",
        &app("x = 1\n"),
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'app'",
    )
    .await;
    failed(
        "python3.11",
        &app("def handler(:\n"),
        "Runtime.UserCodeSyntaxError",
        "Syntax error in module 'app'",
    )
    .await;
    failed(
        "python3.11",
        &app("def handler(event, context):\n    return {1}\n"),
        "Runtime.MarshalError",
        "Unable to marshal response",
    )
    .await;
}

/// Evidence: recorded, LocalStack `test_lambda_invoke_with_timeout` (the words of a timeout) and `test_lambda_runtime_exit` (a process that ended); reported, awslabs/aws-lambda-rust-runtime#517 for one that was killed.
#[tokio::test]
async fn lambda_answers_for_what_has_no_answer() {
    if !has("python3") || !has("node") {
        return;
    }
    let sleeps =
        "import time\ndef handler(event, context):\n    print('sleeps')\n    time.sleep(30)\n";
    let began = Instant::now();
    let (error, outcome) = failed(
        "python3.11",
        &[("app.py", sleeps)],
        "Sandbox.Timedout",
        " Error: Task timed out after 1.00 seconds",
    )
    .await;
    assert!(began.elapsed() < Duration::from_secs(6));
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("RequestId: ")
    );
    let report = outcome.tail.lines().last().unwrap();
    assert!(
        report.starts_with("REPORT RequestId: ") && report.ends_with("\tStatus: timeout\t"),
        "{report}"
    );
    assert!(outcome.tail.contains("sleeps\n"), "{}", outcome.tail);
    let exits =
        |status: &str| format!("import os\ndef handler(event, context):\n    os._exit({status})\n");
    failed(
        "python3.11",
        &[("app.py", &exits("0"))],
        "Runtime.ExitError",
        " Error: Runtime exited without providing a reason",
    )
    .await;
    failed(
        "python3.11",
        &[("app.py", &exits("7"))],
        "Runtime.ExitError",
        " Error: Runtime exited with error: exit status 7",
    )
    .await;
    let at_load = "process.exit(4);";
    failed(
        "nodejs20.x",
        &[("index.js", at_load)],
        "Runtime.ExitError",
        "exit status 4",
    )
    .await;
    failed(
        "provided.al2023",
        &[("other", "")],
        "Runtime.InvalidEntrypoint",
        "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
    )
    .await;
    #[cfg(target_os = "linux")]
    {
        let takes = "def handler(event, context):\n    block = bytearray(600_000_000)\n    for i in range(0, len(block), 4096):\n        block[i] = 1\n    import time\n    time.sleep(1)\n";
        let (_, outcome) = failed(
            "python3.11",
            &[("app.py", takes)],
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed",
        )
        .await;
        assert!(
            outcome.tail.contains("Max Memory Used: 256 MB"),
            "{}",
            outcome.tail
        );
    }
}

/// Evidence: recorded, LocalStack `test_lambda_too_large_response`.
#[tokio::test]
async fn an_answer_has_a_largest_size() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "let count = 0; exports.handler = async ({size}) => { count += 1; return size ? 'x'.repeat(size) : count; };";
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", code)]);
    // With its two quotes.
    let largest = ground.invoke(&version, json!({"size": 6_291_554})).await;
    assert!(!largest.failed);
    let outcome = ground.invoke(&version, json!({"size": 6_291_555})).await;
    assert_eq!(
        value(&outcome),
        json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."})
    );
    assert_eq!(
        ground.answer(&version, json!({})).await,
        3,
        "the process goes on"
    );
}

/// Evidence: recorded, LocalStack `test_invocation_with_logs`.
#[tokio::test]
async fn a_log_has_lambdas_lines_around_the_functions() {
    if !has("python3") {
        return;
    }
    let ground = Ground::default();
    let code = "import logging, sys\nprint('at load')\ndef handler(event, context):\n    print('out')\n    print('err', file=sys.stderr)\n    logging.getLogger().warning('warned')\n    sys.stdout.write('no end')\n";
    let version = ground.version("python3.11", "app.handler", &[("app.py", code)]);
    let invocation = ground.invocation(&version, json!({}));
    let id = invocation.request_id.clone();
    let outcome = ground.functions.invoke(invocation, None).await.unwrap();
    let lines: Vec<_> = outcome
        .tail
        .lines()
        .filter(|line| !line.starts_with("local AWS: "))
        .collect();
    assert_eq!(lines[0], "at load");
    assert_eq!(lines[1], format!("START RequestId: {id} Version: $LATEST"));
    let mut own = lines[2..6].to_vec();
    own.sort_unstable();
    assert!(
        own[0].starts_with("[WARNING]\t") && own[0].ends_with(&format!("Z\t{id}\twarned")),
        "{own:?}"
    );
    assert_eq!(own[1..], ["err", "no end", "out"]);
    assert_eq!(lines[6], format!("END RequestId: {id}"));
    let report = lines[7];
    let pattern = format!(
        r"^REPORT RequestId: {id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\t$"
    );
    assert!(
        regex::Regex::new(&pattern).unwrap().is_match(report),
        "{report}"
    );
    let streams = ground
        .beside
        .streams("eu-west-1", "/aws/lambda/hello")
        .unwrap();
    assert_eq!(streams.len(), 1);
    let name = regex::Regex::new(r"^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$").unwrap();
    assert!(name.is_match(&streams[0].name), "{}", streams[0].name);
    let logged: String = streams[0]
        .events
        .iter()
        .map(|event| event.message.as_str())
        .collect();
    assert_eq!(logged, outcome.tail);
    // A warm invocation has no start, and the tail is its own.
    let warm = ground.invoke(&version, json!({})).await;
    assert!(
        warm.tail.starts_with("START ") && !warm.tail.contains("Init Duration"),
        "{}",
        warm.tail
    );
    let _: &Bytes = &warm.payload;
}
