//! `logs`: which groups a name means, and what is shown of them.

use std::io::{BufRead as _, BufReader};

use aws_sdk_cloudwatchlogs::config::{Credentials, Region};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use gatestack::engine::{LogSource, log_sources};
use gatestack::error::Error;
use jiff::Timestamp;

use crate::support::program::{Folder, Ran, example, repository};
use crate::support::world::{desired, world_in};

const FUNCTIONS: &str = r#"
[stack]
name   = "m2m"
region = "eu-west-1"

[functions.hello]
source  = "s3://bucket/hello.zip"

[functions."by now"]
source = "s3://bucket/bye.zip"
name   = "farewell"

[functions.shared]
existing = "arn:aws:lambda:eu-west-1:123456789012:function:theirs"

[api]
name     = "m2m"
stage    = "prod"
requires = "nothing"

[api.routes]
"GET /hello"  = { function = "hello" }
"GET /theirs" = { function = "shared" }
"GET /status" = { mock = 200 }
"#;

/// The groups that a name means in a file, each after what writes to it.
fn named(text: &str, name: Option<&str>) -> Result<Vec<String>, String> {
    let sources = log_sources(&desired(text), name);
    let shown = |source: LogSource| format!("{} {}", source.address, source.group);
    match sources {
        Ok(sources) => Ok(sources.into_iter().map(shown).collect()),
        Err(Error::Fault(fault)) => Err(format!("{}: {}", fault.what, fault.hints.join(" "))),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_name_means_a_function_or_a_route_or_the_access_logs() {
    let hello = "functions.hello /aws/lambda/m2m-hello";
    let bye = "functions.\"by now\" /aws/lambda/farewell";
    let theirs = "functions.shared /aws/lambda/theirs";
    let access = "api.access_logs /aws/apigateway/m2m";
    let logging = FUNCTIONS.replace("[api]", "[api]\naccess_logs = true");
    for (text, name, expected) in [
        (FUNCTIONS, None, &[bye, hello, theirs][..]),
        (&logging, None, &[bye, hello, theirs]),
        (FUNCTIONS, Some("shared"), &[theirs]),
        (FUNCTIONS, Some("functions.shared"), &[theirs]),
        (FUNCTIONS, Some("hello"), &[hello]),
        (FUNCTIONS, Some("functions.hello"), &[hello]),
        (FUNCTIONS, Some("by now"), &[bye]),
        (FUNCTIONS, Some("GET /hello"), &[hello]),
        (FUNCTIONS, Some("api.routes.\"GET /hello\""), &[hello]),
        (&logging, Some("GET /hello"), &[hello]),
        (FUNCTIONS, Some("GET /theirs"), &[theirs]),
        (&logging, Some("GET /status"), &[access]),
        (&logging, Some("api.access_logs"), &[access]),
    ] {
        assert_eq!(named(text, name).unwrap(), expected, "{name:?}");
    }
    let none = named(FUNCTIONS, Some("GET /status")).unwrap_err();
    assert!(
        none.contains("has no function") && none.contains("access_logs = true"),
        "{none}"
    );
    let near = named(FUNCTIONS, Some("GET /helo")).unwrap_err();
    assert!(near.contains("did you mean `GET /hello`?"), "{near}");
    let other = named(FUNCTIONS, Some("nothing of this")).unwrap_err();
    assert!(
        other.contains("functions: by now, hello, shared; or name a route"),
        "{other}"
    );
}

#[test]
fn a_stack_without_functions_has_access_logs_or_nothing() {
    let example = std::fs::read_to_string(repository("examples/access-logs/stack.toml")).unwrap();
    assert_eq!(
        named(&example, None).unwrap(),
        ["api.access_logs /aws/apigateway/access-logs"]
    );
    let nothing = named(include_str!("../../stack.toml"), None).unwrap_err();
    assert!(nothing.contains("has no function"), "{nothing}");
}

/// Runs `gatestack --local ARGUMENTS` where programs are found, such as Node.js.
fn local_with_programs(folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = folder.command(&[&["--local"], arguments].concat());
    let path = std::env::var("PATH").unwrap_or_default();
    Ran::from(command.env("PATH", path).output().unwrap())
}

#[test]
fn what_a_function_wrote_is_shown() {
    let node = std::process::Command::new("node").arg("--version").output();
    if node.is_err() {
        // Nothing runs a function in JavaScript here.
        return;
    }
    let folder = Folder::with(&example("m2m-lambda"));
    let code = folder.path().join("hello");
    std::fs::create_dir(&code).unwrap();
    let handler = "export const handler = async (event) => {\n  console.error('no greeting for', event.path);\n  return { statusCode: 204 };\n};\n";
    std::fs::write(code.join("index.mjs"), handler).unwrap();
    folder.apply(&[]);
    let call = local_with_programs(&folder, &["call", "machine", "GET", "/hello", "-i"]);
    assert!(
        call.stdout.contains("204"),
        "{}{}",
        call.stdout,
        call.stderr
    );
    let logs = folder.local(&["logs", "GET", "/hello"]);
    assert_eq!(logs.code, 0, "{}", logs.stderr);
    for line in [
        "START RequestId: ",
        "no greeting for /hello",
        "END RequestId: ",
        "REPORT RequestId: ",
    ] {
        assert!(
            logs.stdout.contains(line),
            "{line} is not in\n{}",
            logs.stdout
        );
    }
    let failed = folder.local(&["logs", "hello", "--filter", "no greeting"]);
    assert_eq!(failed.stdout.lines().count(), 1, "{}", failed.stdout);
}

/// Writes lines of a group in a folder's AWS, each so many seconds ago.
fn write(folder: &Folder, stream: &str, lines: &[(i64, &str)]) {
    let world = world_in(folder);
    let config = aws_sdk_cloudwatchlogs::Config::builder()
        .behavior_version_latest()
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::from_keys("any", "any", None))
        .http_client(world.line())
        .build();
    let logs = aws_sdk_cloudwatchlogs::Client::from_conf(config);
    let group = "/aws/apigateway/access-logs";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let now = Timestamp::now().as_millisecond();
    let events = lines.iter().map(|(ago, line)| {
        let event = InputLogEvent::builder().timestamp(now - ago * 1_000);
        event.message(*line).build().unwrap()
    });
    let events = events.collect();
    runtime.block_on(async {
        let create = logs.create_log_stream().log_group_name(group);
        // It may be there.
        let _ = create.log_stream_name(stream).send().await;
        let put = logs.put_log_events().log_group_name(group);
        let put = put.log_stream_name(stream).set_log_events(Some(events));
        put.send().await.unwrap();
    });
}

/// The texts of lines, without their times.
fn texts(stdout: &str) -> Vec<&str> {
    let text = |line: &'_ str| line.find(' ').map_or(0, |at| at + 1);
    stdout.lines().map(|line| &line[text(line)..]).collect()
}

#[test]
fn lines_are_shown_in_the_order_of_their_times_and_followed() {
    let example = std::fs::read_to_string(repository("examples/access-logs/stack.toml")).unwrap();
    let folder = Folder::with(&example);
    let early = folder.local(&["logs"]);
    assert_eq!(early.code, 1);
    assert!(early.stderr.contains("is not there") && early.stderr.contains("apply it first"));
    folder.apply(&[]);
    let quiet = folder.local(&["logs", "GET", "/status"]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (0, ""));
    assert_eq!(
        quiet.stderr,
        "The local AWS writes no access logs; on AWS, each call is a line of them.\n"
    );

    write(
        &folder,
        "two",
        &[(3_000, "long ago"), (40, "a \"b\" c"), (20, "third")],
    );
    write(&folder, "one", &[(30, "second\twith a tab")]);
    let all = folder.local(&["logs", "GET /status"]);
    assert_eq!(
        texts(&all.stdout),
        ["a \"b\" c", "second\twith a tab", "third"]
    );
    let more = folder.local(&["logs", "--since", "1h"]);
    assert_eq!(texts(&more.stdout)[0], "long ago");
    let some = folder.local(&["logs", "--filter", "a \"b\""]);
    assert_eq!(texts(&some.stdout), ["a \"b\" c"]);

    let json = folder.local(&["logs", "--json", "--filter", "third"]);
    let lines: Vec<serde_json::Value> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["type"], "version");
    let line = &lines[1];
    assert_eq!(
        (line["type"].as_str(), line["message"].as_str()),
        (Some("log"), Some("third"))
    );
    assert_eq!(
        (line["stream"].as_str(), line["address"].as_str()),
        (Some("two"), Some("api.access_logs"))
    );
    line["at"].as_str().unwrap().parse::<Timestamp>().unwrap();

    let mut follows = folder.start(&["--local", "logs", "--follow", "--filter", "new"]);
    let mut out = BufReader::new(follows.stdout.take().unwrap()).lines();
    write(&folder, "one", &[(1, "a new line"), (1, "another")]);
    assert_eq!(texts(&out.next().unwrap().unwrap()), ["a new line"]);
    write(&folder, "one", &[(0, "the next new line")]);
    assert_eq!(texts(&out.next().unwrap().unwrap()), ["the next new line"]);
    follows.kill().unwrap();
    follows.wait().unwrap();
}
