//! Builds of functions' code: when they run, and what a plan has of them.

use std::fs;

use crate::functions::m2m;
use crate::support::program::{Folder, unwrapped};
use crate::support::world::{somebody, world_in};

/// The example, whose function is built from `src` by this command into `made`.
fn building(command: &str) -> (Folder, String) {
    let (folder, text) = m2m();
    let source = folder.path().join("src");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("a.mjs"), "export const handler = 1;\n").unwrap();
    let settings = format!("source = \"made\"\nsources = [\"src\"]\nbuild = \"{command}\"");
    let text = text.replace("source      = \"hello\"", &settings);
    folder.write(&text);
    (folder, text)
}

#[test]
fn a_build_runs_in_apply_and_only_if_its_sources_changed() {
    let build =
        "mkdir -p made && cp src/a.mjs made/index.mjs && date +%N >> made/when && echo built it";
    let (folder, text) = building(build);
    let applied = folder.apply(&[]);
    assert!(applied.stderr.contains("built it"), "{}", applied.stderr);
    assert_eq!(folder.planned(), [""; 0]);
    let source = folder.path().join("src/a.mjs");
    fs::write(source, "export const handler = 2;\n").unwrap();
    assert_eq!(folder.planned(), ["update functions.hello"]);
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);

    folder.write(&text.replace(build, "echo it is wrong; exit 3"));
    let ran = folder.local(&["apply", "--yes"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("it is wrong"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing was written"), "{}", ran.stderr);
}

#[test]
fn a_plan_builds_only_with_build_and_only_what_it_uploads() {
    let build =
        "mkdir -p made && cp src/a.mjs made/index.mjs && echo x >> made/times && echo built it";
    let (folder, text) = building(build);
    let times = || fs::read_to_string(folder.path().join("made/times")).unwrap_or_default();
    assert_eq!(folder.local(&["plan"]).code, 0);
    assert_eq!(times(), "", "a plan builds nothing");
    let planned = folder.local(&["plan", "--build"]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    let shown = format!("building hello: {build} built it");
    assert!(
        unwrapped(&planned.stderr).contains(&shown),
        "{}",
        planned.stderr
    );
    assert_eq!(times(), "x\n");

    // With JSON, only the plan is on the standard output.
    let json = folder.local(&["plan", "--build", "--json"]);
    serde_json::from_str::<serde_json::Value>(&json.stdout).unwrap();
    assert_eq!(times(), "x\nx\n");

    // A saved plan is applied as it was saved, and the code is built again.
    let saved = folder.local(&["plan", "--build", "--out", "it.plan"]);
    assert_eq!(saved.code, 0, "{}", saved.stderr);
    let applied = folder.local(&["apply", "it.plan"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert_eq!(times().lines().count(), 4);
    assert_eq!(folder.planned(), [""; 0]);

    // Nothing is uploaded, so nothing is built.
    folder.write(&text.replace("Hello from", "Hi from"));
    let planned = folder.local(&["plan", "--build"]);
    assert!(
        planned.stdout.contains("~ functions.hello"),
        "{}",
        planned.stdout
    );
    assert_eq!(times().lines().count(), 4);
    let destroy = folder.local(&["plan", "--destroy", "--build"]);
    assert_eq!(destroy.code, 64, "{}", destroy.stderr);
}

#[test]
fn a_plan_with_a_failing_build_is_none() {
    let changes = "mkdir -p made && cp src/a.mjs made/index.mjs && date +%N >> src/when";
    for (build, told) in [
        (
            "echo it is wrong; exit 3",
            &["it is wrong", "it ended with status 3"][..],
        ),
        (
            "mkdir -p made && echo 1 > made/main.mjs",
            &["index.handler"],
        ),
        (changes, &["changed during the builds", "functions.hello"]),
    ] {
        let (folder, _) = building(build);
        let ran = folder.local(&["plan", "--build", "--out", "it.plan"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{build}");
        for told in told.iter().chain(&["nothing was written"]) {
            let shown = unwrapped(&ran.stderr);
            assert!(shown.contains(told), "{build}: {}", ran.stderr);
        }
        assert!(!folder.path().join("it.plan").exists(), "{build}");
        let ran = folder.local(&["apply", "--yes"]);
        assert_eq!(ran.code, 1, "{build}: {}", ran.stdout);
        for told in told.iter().chain(&["nothing was written"]) {
            let shown = unwrapped(&ran.stderr);
            assert!(shown.contains(told), "{build}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_build_that_makes_the_code_of_two_functions_runs_once() {
    let build = "mkdir -p made/a made/b && echo x >> times && cp src/a.mjs made/a/index.mjs && cp src/b.mjs made/b/index.mjs";
    let (folder, _) = m2m();
    let source = folder.path().join("src");
    fs::create_dir(&source).unwrap();
    for name in ["a", "b"] {
        let code = format!(
            "export const handler = async () => ({{ statusCode: 200, body: '{name}' }});\n"
        );
        fs::write(source.join(format!("{name}.mjs")), code).unwrap();
    }
    let function = |name: &str| {
        format!(
            "[functions.{name}]\nsource = \"made/{name}\"\nsources = [\"src\"]\nbuild = \"{build}\"\n"
        )
    };
    let stack = format!(
        "[stack]\nname = \"two\"\nregion = \"eu-west-1\"\n{}{}[api]\nname = \"two\"\nstage = \"prod\"\nrequires = \"nothing\"\n\
         [api.routes]\n\"GET /a\" = {{ function = \"a\" }}\n\"GET /b\" = {{ function = \"b\" }}\n",
        function("a"),
        function("b"),
    );
    folder.write(&stack);
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    let times = fs::read_to_string(folder.path().join("times")).unwrap();
    assert_eq!(times, "x\n");
    let lambda = somebody!(world_in(&folder), aws_sdk_lambda);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let code = |name: &str| {
        let get = lambda.get_function().function_name(format!("two-{name}"));
        let got = runtime.block_on(get.send()).unwrap();
        got.configuration.unwrap().code_sha256.unwrap()
    };
    assert_ne!(code("a"), code("b"));
    fs::write(source.join("b.mjs"), "export const handler = 2;\n").unwrap();
    let both = ["update functions.a", "update functions.b"];
    assert_eq!(folder.planned(), both, "both read what changed");
}
