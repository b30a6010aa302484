//! How functions are run here, whatever AWS does.

use super::*;

#[tokio::test]
async fn a_warm_process_is_used_again_and_two_calls_at_once_get_two() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let mut version = ground.version("nodejs20.x", "index.handler", &[("index.js", COUNTER)]);
    let first = ground.answer(&version, json!({})).await;
    let second = ground.answer(&version, json!({})).await;
    assert_eq!((&first["count"], &second["count"]), (&json!(1), &json!(2)));
    assert_eq!(first["pid"], second["pid"]);
    let (one, other) = tokio::join!(
        ground.answer(&version, json!({"wait": 300})),
        ground.answer(&version, json!({"wait": 300})),
    );
    assert_ne!(one["pid"], other["pid"]);
    let mut counts = [one["count"].as_u64(), other["count"].as_u64()];
    counts.sort_unstable();
    assert_eq!(counts, [Some(1), Some(3)]);
    // Another revision has processes of its own, and ends the others.
    version.revision = "another".into();
    let third = ground.answer(&version, json!({})).await;
    assert_eq!(third["count"], 1);
    for pid in [&one["pid"], &other["pid"]] {
        gone(pid).await;
    }
}

/// Waits until a process has ended.
async fn gone(pid: &Value) {
    let began = Instant::now();
    while std::path::Path::new(&format!("/proc/{pid}")).exists() {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{pid} is still there"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The caller's time may be paused, as with `--local`: it must not end what takes real time.
#[tokio::test(start_paused = true)]
async fn the_callers_time_may_be_paused() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", COUNTER)]);
    let invocation = ground.invocation(&version, json!({"wait": 50}));
    let outcome = ground
        .functions
        .invoke(invocation, Some(Duration::from_secs(10)));
    assert_eq!(value(&outcome.await.unwrap())["count"], 1);
}

#[tokio::test]
async fn a_caller_may_give_up_and_the_function_goes_on() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", COUNTER)]);
    ground.answer(&version, json!({})).await;
    let invocation = ground.invocation(&version, json!({"wait": 300}));
    let patience = Duration::from_millis(50);
    let given_up = ground.functions.invoke(invocation, Some(patience)).await;
    assert_eq!(given_up, Err(Unable::GivenUp));
    tokio::time::sleep(Duration::from_millis(600)).await;
    let next = ground.answer(&version, json!({})).await;
    assert_eq!(
        next["count"], 3,
        "the process of the one before is used again"
    );
}

#[tokio::test]
async fn reserved_concurrency_limits_what_runs_at_once() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let mut version = ground.version("nodejs20.x", "index.handler", &[("index.js", COUNTER)]);
    version.reserved_concurrency = Some(1);
    let invoke = || {
        let invocation = ground.invocation(&version, json!({"wait": 200}));
        ground.functions.invoke(invocation, None)
    };
    let (one, other) = tokio::join!(invoke(), invoke());
    let refused = [&one, &other].map(|ended| *ended == Err(Unable::Throttled));
    assert_eq!(refused, [false, true], "{one:?} {other:?}");
    assert!(invoke().await.is_ok(), "one is over, so the next may run");
}

#[tokio::test]
async fn a_machine_runs_so_many_at_once_and_keeps_fewer() {
    if !has("node") {
        return;
    }
    let limits = super::super::fleet::Limits {
        at_once: 2,
        idle: 1,
    };
    let ground = Ground {
        functions: Functions::within(limits),
        ..Ground::default()
    };
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", COUNTER)]);
    let call = || ground.answer(&version, json!({"wait": 200}));
    let (a, b, c) = tokio::join!(call(), call(), call());
    let mut pids = [&a, &b, &c].map(|answer| answer["pid"].as_u64().unwrap());
    pids.sort_unstable();
    let distinct = 1 + pids.windows(2).filter(|two| two[0] != two[1]).count();
    // The third waits for a process, which may be the one that isn't kept.
    assert!((2..=3).contains(&distinct), "{pids:?}");
    let (one, other) = tokio::join!(call(), call());
    let warm = [&one, &other]
        .into_iter()
        .filter(|answer| answer["count"] != 1);
    assert_eq!(warm.count(), 1, "one is kept: {one} {other}");
    let began = Instant::now();
    let _all = tokio::join!(call(), call(), call(), call());
    assert!(
        began.elapsed() >= Duration::from_millis(400),
        "two at once take twice as long"
    );
}

#[tokio::test]
async fn nothing_is_left_of_an_owner() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let version = ground.version(
        "nodejs20.x",
        "index.handler",
        &[(
            "index.js",
            "exports.handler = async () => {
               const child = require('node:child_process').spawn('sleep', ['60']);
               return {pid: process.pid, child: child.pid, root: process.env.LAMBDA_TASK_ROOT};
             };",
        )],
    );
    let answer = ground.answer(&version, json!({})).await;
    let root = std::path::PathBuf::from(answer["root"].as_str().unwrap());
    assert!(root.join("index.js").exists());
    let copy = ground.functions.clone();
    drop(ground);
    let pid = format!("/proc/{}", answer["pid"]);
    assert!(std::path::Path::new(&pid).exists(), "a copy still has it");
    // Not in a test's own runtime, whose thread waits for nothing.
    tokio::task::spawn_blocking(move || drop(copy))
        .await
        .unwrap();
    assert!(!root.exists(), "{root:?}");
    gone(&answer["pid"]).await;
    gone(&answer["child"]).await;
}

#[cfg(unix)]
#[test]
fn a_guard_ends_what_it_watches_when_its_pipe_closes() {
    use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
    use std::process::Command;

    let folder = tempfile::tempdir().unwrap().keep();
    std::fs::create_dir(folder.join("code")).unwrap();
    let guard = super::super::guard::Guard::new(&folder).unwrap();
    let mut sleeping = [(), ()].map(|()| {
        let mut sleep = Command::new("sleep");
        sleep.arg("60").process_group(0).spawn().unwrap()
    });
    for process in &sleeping {
        guard.watch(process.id());
    }
    // One that has ended is no longer watched.
    guard.reaped(sleeping[0].id());
    guard.close();
    assert_eq!(sleeping[0].try_wait().unwrap(), None);
    assert_eq!(sleeping[1].wait().unwrap().signal(), Some(9));
    assert!(!folder.exists());
    sleeping[0].kill().unwrap();
    sleeping[0].wait().unwrap();
}

#[tokio::test]
async fn only_lambdas_variables_and_the_functions_own_are_there() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "exports.handler = async () => process.env;";
    let mut version = ground.version("nodejs20.x", "index.handler", &[("index.js", code)]);
    version.environment = BTreeMap::from([
        ("TABLE".to_owned(), "t1".to_owned()),
        ("AWS_REGION".to_owned(), "elsewhere".to_owned()),
    ]);
    ground.functions.listens_at("http://127.0.0.1:4599");
    let answer = ground.answer(&version, json!({})).await;
    let mut names: Vec<&str> = answer
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_EXECUTION_ENV",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "AWS_LAMBDA_FUNCTION_NAME",
            "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_INITIALIZATION_TYPE",
            "AWS_LAMBDA_LOG_GROUP_NAME",
            "AWS_LAMBDA_LOG_STREAM_NAME",
            "AWS_LAMBDA_RUNTIME_API",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_XRAY_CONTEXT_MISSING",
            "LAMBDA_RUNTIME_DIR",
            "LAMBDA_TASK_ROOT",
            "LANG",
            "LD_LIBRARY_PATH",
            "PATH",
            "TABLE",
            "TZ",
            "_HANDLER",
            "_X_AMZN_TRACE_ID",
        ]
    );
    assert_eq!(answer["AWS_REGION"], "eu-west-1");
    assert_eq!(answer["AWS_ENDPOINT_URL"], "http://127.0.0.1:4599");
    assert_eq!(
        answer["_X_AMZN_TRACE_ID"],
        "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
    );
}

/// A function's SDK calls the local AWS or nothing, never AWS.
#[tokio::test]
async fn a_function_calls_no_aws_where_the_local_one_does_not_listen() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "exports.handler = async () => {
        const answer = await fetch(process.env.AWS_ENDPOINT_URL + '/2015-03-31/functions');
        return [answer.status, (await answer.json()).message];
    };";
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", code)]);
    let message = "the local AWS can't be called by this function, since it does not listen";
    assert_eq!(
        ground.answer(&version, json!({})).await,
        json!([501, message])
    );
}

/// The warning that a function may write to files outside of `/tmp`.
const MAY_WRITE: &str = "lets functions write to other files than those in /tmp";

#[tokio::test]
async fn only_files_in_tmp_can_be_written_or_a_warning_says_so() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "const fs = require('fs');
        exports.handler = async () => {
          const name = 'aws-local-test-' + process.pid;
          const places = [__dirname, '/var/tmp', '/dev/shm', '/tmp'];
          return places.map((place) => {
            try {
              fs.writeFileSync(place + '/' + name, 'x');
              fs.unlinkSync(place + '/' + name);
              return 'written';
            } catch (error) { return error.code; }
          });
        };";
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", code)]);
    let answer = ground.answer(&version, json!({})).await;
    let seen = ground.seen.lock().unwrap();
    match seen.iter().any(|line| line.text.contains(MAY_WRITE)) {
        true => assert_eq!(answer[3], "written"),
        false => assert_eq!(answer, json!(["EACCES", "EACCES", "EACCES", "written"])),
    }
}

/// What programs write to that is no file.
#[tokio::test]
async fn devices_can_be_written() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "const {closeSync, openSync, writeSync} = require('fs');
        const devices = ['null', 'zero', 'random', 'urandom', 'stdout', 'stderr', 'fd/1'];
        exports.handler = async () => devices.filter((device) => {
          try {
            const file = openSync(`/dev/${device}`, 'a');
            writeSync(file, 'written\\n');
            closeSync(file);
          } catch { return true; }
        });";
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", code)]);
    assert_eq!(ground.answer(&version, json!({})).await, json!([]));
}

/// Landlock keeps processes from looking into those that are not theirs.
#[tokio::test]
async fn the_environment_of_other_processes_cannot_be_read_or_a_warning_says_so() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "const {readFileSync} = require('fs');
        exports.handler = async () => ['ppid', 'pid'].map((whose) => {
          try {
            return readFileSync(`/proc/${process[whose]}/environ`).length > 0;
          } catch (error) { return error.code; }
        });";
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", code)]);
    let answer = ground.answer(&version, json!({})).await;
    let seen = ground.seen.lock().unwrap();
    if !seen.iter().any(|line| line.text.contains(MAY_WRITE)) {
        assert_eq!(answer, json!(["EACCES", true]));
    }
}

#[tokio::test]
async fn what_differs_from_aws_is_told_once() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = "exports.handler = async () => { console.log('two\\nlines'); };";
    let version = ground.version("nodejs18.x", "index.handler", &[("index.js", code)]);
    for _ in 0..2 {
        ground.answer(&version, json!({})).await;
    }
    let again = ground.version("nodejs18.x", "index.handler", &[("index.js", code)]);
    ground.answer(&again, json!({})).await;
    let mut more = ground.version("nodejs18.x", "index.handler", &[("index.js", code)]);
    more.log_format = "JSON".into();
    more.layers = vec!["arn:aws:lambda:eu-west-1:210987654321:layer:other:1".into()];
    ground.answer(&more, json!({})).await;
    let seen = ground.seen.lock().unwrap();
    let of = |by: WrittenBy| seen.iter().filter(move |line| line.by == by);
    let told = of(WrittenBy::LocalAws).map(|line| &line.text);
    // On a system that can't make files read-only.
    let told: Vec<_> = told.filter(|text| !text.contains(MAY_WRITE)).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[1].contains("layers are not there") && told[2].contains("format JSON"),
        "{told:?}"
    );
    assert!(
        told[0].starts_with("local AWS: nodejs18.x runs with this machine's Node.js "),
        "{told:?}"
    );
    let own: Vec<_> = of(WrittenBy::Function).collect();
    assert_eq!(own.len(), 4);
    assert!(own[0].text.ends_with("\tINFO\ttwo\nlines"), "{own:?}");
    assert!(own[0].request_id.is_some() && own[0].function == "hello");
}

#[tokio::test]
async fn what_can_not_run_here_says_why() {
    let ground = Ground::default();
    let version = ground.version("java21", "Main", &[]);
    let invocation = ground.invocation(&version, json!({}));
    let refused = ground.functions.invoke(invocation, None).await;
    assert_eq!(
        refused,
        Err(Unable::NotImplemented("the runtime java21".into()))
    );
    let arm = "\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\u{0}\0";
    let version = ground.version("provided.al2023", "bootstrap", &[("bootstrap", arm)]);
    let outcome = ground.invoke(&version, json!({})).await;
    let error = value(&outcome);
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("exec format error (bootstrap is a program for"),
        "{message}"
    );
}

/// AWS's runtime says neither the file nor the line.
#[tokio::test]
async fn a_syntax_error_names_the_file_and_the_line() {
    if !has("node") || !has("python3") {
        return;
    }
    let wrong = "const a = 1;\nconst b = ;\n";
    let imports = "import './lib/wrong.mjs';\nexport const handler = () => {};\n";
    let requires = "\nrequire('./wrong.js');\n";
    let parses = "export const a = 1;\nJSON.parse('{');\n";
    for (runtime, files, place) in [
        ("nodejs20.x", &[("index.mjs", wrong)][..], "index.mjs:2"),
        ("nodejs20.x", &[("index.js", wrong)], "index.js:2"),
        (
            "nodejs20.x",
            &[("index.mjs", imports), ("lib/wrong.mjs", wrong)],
            "lib/wrong.mjs:2",
        ),
        (
            "nodejs20.x",
            &[("index.js", requires), ("wrong.js", wrong)],
            "wrong.js:2",
        ),
        ("nodejs20.x", &[("index.mjs", parses)], "index.mjs:2"),
        (
            "python3.11",
            &[("index.py", "a = 1\nb = )\n")],
            "index.py, line 2",
        ),
    ] {
        let ground = Ground::default();
        let version = ground.version(runtime, "index.handler", files);
        let outcome = ground.invoke(&version, json!({})).await;
        let error = value(&outcome);
        assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError");
        let message = error["errorMessage"].as_str().unwrap();
        assert!(message.ends_with(&format!(" ({place})")), "{message}");
        let seen = ground.seen.lock().unwrap();
        assert!(
            seen.iter().any(|line| line.text.contains(message)),
            "{seen:?}"
        );
    }
}

/// Traces have the paths that they have on AWS.
#[tokio::test]
async fn a_trace_is_of_the_functions_own_folder() {
    if !has("node") || !has("python3") {
        return;
    }
    let throws = "exports.handler = async () => {\n  throw new Error('no');\n};";
    let raises = "def handler(event, context):\n    raise ValueError('no')\n";
    for (runtime, file, text, trace, frame) in [
        (
            "nodejs20.x",
            "index.js",
            throws,
            "trace",
            "/var/task/index.js:2:9",
        ),
        (
            "python3.11",
            "index.py",
            raises,
            "stackTrace",
            "\"/var/task/index.py\", line 2",
        ),
    ] {
        let ground = Ground::default();
        let version = ground.version(runtime, "index.handler", &[(file, text)]);
        let error = value(&ground.invoke(&version, json!({})).await);
        let trace = error[trace].to_string().replace("\\\"", "\"");
        assert!(trace.contains(frame), "{trace}");
        assert!(!trace.contains("aws-local-functions"), "{trace}");
    }
}

/// A process that ends between two invocations is no invocation's failure.
#[tokio::test]
async fn a_process_that_ended_while_it_was_idle_is_replaced() {
    if !has("node") {
        return;
    }
    let ground = Ground::default();
    let code = format!("{COUNTER} setTimeout(() => process.exit(3), 150);");
    let version = ground.version("nodejs20.x", "index.handler", &[("index.js", &code)]);
    assert_eq!(ground.answer(&version, json!({})).await["count"], 1);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(ground.answer(&version, json!({})).await["count"], 1);
}
