//! `dev` as users run it: the real program, a file that is edited as editors do, HTTP requests, Ctrl-C.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::openapi::pet_store;
use crate::support::backend::Backend;
use crate::support::program::{Folder, Ran, example, record};
use crate::support::screen::{screen as screen_of, with_filters};

const SMALLEST: &str = include_str!("../../stack.toml");

/// Longer than anything here takes on the slowest machine; only a broken program waits for it.
const PATIENCE: Duration = Duration::from_secs(120);

/// `gatestack dev` in a folder, at a free port.
struct Dev<'a> {
    folder: &'a Folder,
    child: Child,
    out: Lines,
    err: Lines,
    url: String,
}

/// A stream's lines as they come.
struct Lines(Receiver<String>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                if send.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self(lines)
    }

    /// The lines up to the first that begins so, and that one.
    fn until(&self, start: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.0.recv_timeout(PATIENCE);
            lines.push(line.unwrap_or_else(|_| panic!("no line `{start}` after {lines:#?}")));
            if lines.last().is_some_and(|line| line.starts_with(start)) {
                return lines;
            }
        }
    }

    /// The first line that begins so.
    fn line(&self, start: &str) -> String {
        self.until(start).pop().unwrap()
    }

    /// Everything up to the end.
    fn rest(&self) -> Vec<String> {
        self.0.iter().collect()
    }
}

fn command(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatestack"));
    command
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        // Functions run with the machine's interpreters.
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl<'a> Dev<'a> {
    fn spawn(folder: &'a Folder, more: &[&str]) -> Self {
        Self::spawn_behind(folder, None, more)
    }

    /// With this port as the proxy to the internet.
    fn spawn_behind(folder: &'a Folder, proxy: Option<&str>, more: &[&str]) -> Self {
        let arguments = [&["dev", "--listen", "127.0.0.1:0"], more].concat();
        let proxy = proxy.map(|port| ("HTTP_PROXY", format!("http://127.0.0.1:{port}")));
        let mut command = command(folder, &arguments);
        let mut child = command.envs(proxy).spawn().unwrap();
        Self {
            folder,
            out: Lines::of(child.stdout.take().unwrap()),
            err: Lines::of(child.stderr.take().unwrap()),
            child,
            url: String::new(),
        }
    }

    /// Started, and said to be ready; with what it printed.
    fn ready(folder: &'a Folder, more: &[&str]) -> (Self, Ran) {
        Self::spawn(folder, more).once_ready()
    }

    fn once_ready(self) -> (Self, Ran) {
        let mut dev = self;
        let first = dev.out.line("Stack ");
        dev.url = first.rsplit(' ').next().unwrap().to_owned();
        assert!(dev.url.starts_with("http://127.0.0.1:"), "{first}");
        let lines = |lines: Vec<String>| lines.join("\n") + "\n";
        let screen = Ran {
            code: 0,
            stdout: lines([vec![first], dev.out.until("Try: ")].concat()),
            stderr: lines(dev.err.until("Watching ")),
        };
        (dev, screen)
    }

    /// Replaces the file in one step, like editors that write a temporary file first.
    fn replace(&self, stack: &str) {
        let beside = self.folder.path().join("stack.toml~new");
        std::fs::write(&beside, stack).unwrap();
        std::fs::rename(beside, self.folder.path().join("stack.toml")).unwrap();
    }

    /// Another command that uses it over HTTP.
    fn asked(&self, arguments: &[&str]) -> Ran {
        let arguments = [&["--endpoint-url", &self.url], arguments].concat();
        let ran = Ran::from(command(self.folder, &arguments).output().unwrap());
        record(&arguments, &ran.stdout);
        ran
    }

    fn stop(mut self, signal: &str) -> (Option<i32>, Vec<String>) {
        let killed = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let code = self.child.wait().unwrap().code();
        (code, self.err.rest())
    }
}

impl Drop for Dev<'_> {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What it prints until it is ready; then Ctrl-C ends it.
pub(crate) fn first_screen(folder: &Folder, more: &[&str]) -> Ran {
    let (dev, screen) = Dev::ready(folder, more);
    let (code, _) = dev.stop("-INT");
    Ran {
        code: code.unwrap_or(-1),
        ..screen
    }
}

fn steady(text: &str, url: &str) -> String {
    let api = regex::Regex::new("execute-api/[0-9a-z]{10}/").unwrap();
    let text = text.replace(url, "http://127.0.0.1:PORT");
    api.replace_all(&text, "execute-api/API_ID/").into_owned()
}

/// A GET without credentials.
fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Answers every request with its head; the port.
fn backend() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut head = String::new();
            for line in BufReader::new(&stream).lines() {
                match line.unwrap() {
                    end if end.is_empty() => break,
                    line => head.push_str(&format!("{line}\n")),
                }
            }
            let length = head.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{head}"
            );
            (&stream).write_all(answer.as_bytes()).unwrap();
        }
    });
    port
}

/// Lines of the request log without what differs from run to run.
fn steady_log(lines: Vec<String>) -> String {
    let text = lines.join("\n");
    let times = regex::Regex::new(r"(?m)^\d\d:\d\d:\d\d").unwrap();
    let took = regex::Regex::new(r"  [0-9.]+m?s").unwrap();
    let text = times.replace_all(&text, "HH:MM:SS");
    took.replace_all(&text, "  TOOK").into_owned()
}

/// The URL that the first screen shows behind a name.
fn shown(screen: &Ran, name: &str) -> String {
    let line = screen
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with(name));
    line.unwrap().rsplit(' ').next().unwrap().to_owned()
}

fn with_rate(rate: u32) -> String {
    SMALLEST.replace("rate = 10", &format!("rate = {rate}"))
}

#[test]
fn the_first_screen_says_where_and_what_is_served() {
    let folder = Folder::with(&example("partner-api"));
    let (dev, screen) = Dev::ready(&folder, &["--backend", "9000"]);
    let url = dev.url.clone();
    with_filters(|| insta::assert_snapshot!("dev", steady(&screen_of(&screen), &url)));
    assert_eq!(dev.stop("-INT"), (Some(0), Vec::new()));
}

#[test]
fn it_is_the_aws_of_the_other_commands() {
    let folder = Folder::with(SMALLEST);
    let (dev, _) = Dev::ready(&folder, &[]);
    let local = folder.local(&["output"]);
    assert!(
        local.stdout.contains("partners.acme.client_id = "),
        "{}",
        local.stdout
    );
    // Without credentials in the environment: on this machine none are needed.
    let asked = dev.asked(&["output"]);
    assert_eq!(
        (asked.code, &asked.stdout),
        (0, &local.stdout),
        "{}",
        asked.stderr
    );
    assert_eq!(dev.stop("-TERM").0, Some(0));

    let (dev, _) = Dev::ready(&folder, &[]);
    assert_eq!(
        dev.asked(&["output"]).stdout,
        local.stdout,
        "after a restart"
    );
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn it_follows_the_file_however_it_is_written() {
    let folder = Folder::with(SMALLEST);
    let (dev, _) = Dev::ready(&folder, &[]);
    let client = |dev: &Dev| {
        dev.asked(&["output", "partners.acme.client_id", "--raw"])
            .stdout
    };
    let before = client(&dev);

    folder.write(&with_rate(11));
    assert_eq!(
        dev.err.line("reloaded"),
        "reloaded: 0 added, 1 changed, 0 destroyed"
    );
    dev.replace(&with_rate(12));
    assert_eq!(
        dev.err.line("reloaded"),
        "reloaded: 0 added, 1 changed, 0 destroyed"
    );
    dev.replace(&format!("{}# a remark\n", with_rate(12)));
    assert_eq!(dev.err.line("reloaded"), "reloaded: no changes");
    assert_eq!(client(&dev), before);

    // The same text again is no change of the file: the next line is about the next one.
    dev.replace(&format!("{}# a remark\n", with_rate(12)));
    std::thread::sleep(Duration::from_millis(600));
    dev.replace(&with_rate(13).replace("GET /hello", "GET /hi"));
    let lines = dev.err.until("reloaded");
    assert_eq!(lines, ["reloaded: 1 added, 2 changed, 1 destroyed"]);
    assert_eq!(dev.stop("-INT"), (Some(0), Vec::new()));
}

#[test]
fn a_request_is_told_with_its_caller_and_why_it_was_refused() {
    let folder = Folder::with(SMALLEST);
    let (dev, screen) = Dev::ready(&folder, &[]);
    let called = dev.asked(&["call", "acme", "GET", "/hello"]);
    assert_eq!(
        (called.code, called.stdout.as_str()),
        (0, r#"{"hello": "partner"}"#),
        "{}",
        called.stderr
    );
    let invoke_url = shown(&screen, "invoke URL");
    let refused = get(&format!("{invoke_url}/hello?secret=1"));
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    assert!(
        refused.ends_with(r#"{"message":"Unauthorized"}"#),
        "{refused}"
    );
    dev.asked(&["call", "acme", "GET", "/hello", "--without", "key"]);
    get(&format!("{invoke_url}/nowhere"));
    dev.replace(&SMALLEST.replace("\"partner\"}", "\"world\"}"));
    let log = dev.err.until("reloaded");
    let called = dev.asked(&["call", "acme", "GET", "/hello"]);
    assert_eq!(called.stdout, r#"{"hello": "world"}"#, "a reload deploys");
    insta::assert_snapshot!("request_log", steady_log(log));

    // A broken file doesn't change what is served. Other commands use a valid file.
    std::fs::write(folder.path().join("whole.toml"), SMALLEST).unwrap();
    dev.replace("[stack]\n");
    dev.err.line("not reloaded");
    let again = dev.asked(&["call", "-f", "whole.toml", "acme", "GET", "/hello"]);
    assert_eq!(again.stdout, called.stdout, "{}", again.stderr);
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn a_backend_answers_for_private_targets() {
    let folder = Folder::with(&example("partner-api"));
    let (dev, _) = Dev::ready(&folder, &["--backend", &backend().to_string()]);
    let called = dev.asked(&["call", "globex", "GET", "/policies/7?x=1"]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert!(
        called.stdout.starts_with("GET /policies/7?x=1 HTTP/1.1\n"),
        "{}",
        called.stdout
    );
    assert!(
        called.stdout.contains("\nhost: api.aws.com\n"),
        "{}",
        called.stdout
    );
    let log = dev.err.until("").concat() + &dev.err.line("");
    assert!(
        log.contains("200 GET /policies/7 → /policies/{id}  globex  "),
        "{log}"
    );
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn files_that_the_file_names_are_followed_too() {
    let folder = Folder::with(&example("partner-api"));
    let overlay = folder.path().join("stack.test.toml");
    std::fs::write(&overlay, "[stack]\nname = \"tested\"\n").unwrap();
    let (dev, _) = Dev::ready(&folder, &["--env", "test"]);
    std::fs::write(folder.path().join("backend.sh"), "#!/bin/sh\n").unwrap();
    assert_eq!(
        dev.err.line("reloaded"),
        "reloaded: 0 added, 0 changed, 2 replaced, 0 destroyed"
    );
    std::fs::write(
        &overlay,
        "[stack]\nname = \"tested\"\n[plans.XXXPlan]\nthrottle = { rate = 7 }\n",
    )
    .unwrap();
    assert_eq!(
        dev.err.line("reloaded"),
        "reloaded: 0 added, 1 changed, 0 destroyed"
    );
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn the_code_of_functions_is_followed() {
    let stack = example("m2m-lambda").replace(
        "[api]",
        "[functions.built]\nbuild = \"mkdir -p dist && cp src/*.mjs dist\"\nsources = [\"src\"]\nsource = \"dist\"\n\n[api]",
    );
    let folder = Folder::with(&stack);
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, answer: &str| {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        let code = format!("export const handler = async () => ({{ body: '{answer}' }});\n");
        std::fs::write(at(name), code).unwrap();
    };
    write("hello/index.mjs", "one");
    write("src/index.mjs", "one");
    let dev = Dev::spawn(&folder, &[]);
    let watching = dev.err.line("Watching ");
    assert!(
        watching.contains("hello") && watching.contains("src"),
        "{watching}"
    );
    let changed = "reloaded: 0 added, 1 changed, 0 destroyed";
    write("hello/index.mjs", "two");
    assert_eq!(dev.err.line("reloaded"), changed);
    write("hello/lib/more.mjs", "a new file in a new folder");
    assert_eq!(dev.err.line("reloaded"), changed);
    write("src/index.mjs", "two");
    assert_eq!(dev.err.line("reloaded"), changed);
    let built = std::fs::read_to_string(at("dist/index.mjs")).unwrap();
    assert!(built.contains("two"), "{built}");
    // What is always left out changes nothing, but the stack file is read again after a comment.
    write("hello/__pycache__/index.mjs", "noise");
    dev.replace(&(stack + "# more\n"));
    assert_eq!(dev.err.line("reloaded"), "reloaded: no changes");
    dev.stop("-INT");
}

#[test]
fn what_a_function_writes_is_shown() {
    let node = Command::new("node").arg("--version").output();
    if node.is_err() {
        // Nothing runs a function in JavaScript here.
        return;
    }
    let folder = Folder::with(&example("m2m-lambda"));
    let code = folder.path().join("hello");
    std::fs::create_dir(&code).unwrap();
    let handler = "export const handler = async (event) => {\n  console.log('asked for', event.path);\n  return { statusCode: 204 };\n};\n";
    std::fs::write(code.join("index.mjs"), handler).unwrap();
    let mut dev = Dev::spawn(&folder, &[]);
    let first = dev.out.line("Stack ");
    dev.url = first.rsplit(' ').next().unwrap().to_owned();
    dev.asked(&["call", "machine", "GET", "/hello"]);
    let (_, lines) = dev.stop("-INT");
    let written = |line: &String| line.contains("m2m-hello") && line.ends_with("asked for /hello");
    assert!(lines.iter().any(written), "{lines:#?}");
}

#[test]
fn a_link_is_followed_to_a_file_of_another_name_and_one_that_comes_is_noticed() {
    let folder = Folder::with("");
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("shared")).unwrap();
    std::fs::write(at("shared/hello.toml"), with_rate(10)).unwrap();
    std::fs::remove_file(at("stack.toml")).unwrap();
    std::os::unix::fs::symlink("shared/hello.toml", at("stack.toml")).unwrap();
    let (dev, _) = Dev::ready(&folder, &[]);
    std::fs::write(at("shared/hello.toml"), with_rate(11)).unwrap();
    dev.err.line("reloaded: ");
    std::fs::remove_file(at("shared/hello.toml")).unwrap();
    dev.err.line("not reloaded");
    std::fs::write(at("shared/hello.toml"), with_rate(12)).unwrap();
    dev.err.line("reloaded: ");
    std::fs::write(at("local-aws.toml"), "nonsense = 1\n").unwrap();
    dev.err.line("not reloaded");
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn the_files_of_a_document_are_watched() {
    let folder = pet_store();
    let document = folder.path().join("PetStore.yaml");
    let text = std::fs::read_to_string(&document).unwrap();
    let (text, schemas) = text.split_once("  schemas:\n").unwrap();
    let text = format!("{text}  schemas: {{$ref: schemas.yaml}}\n");
    let beside = folder.path().join("schemas.yaml");
    let schemas = schemas.replace("#/components/schemas/", "#/");
    std::fs::write(&beside, &schemas).unwrap();
    let text = text.replace("#/components/schemas/", "schemas.yaml#/");
    std::fs::write(&document, &text).unwrap();
    let dev = Dev::spawn(&folder, &[]);
    dev.out.line("Stack ");
    let watched = dev.err.line("Watching ");
    assert!(
        watched.contains("PetStore.yaml, schemas.yaml and stack.toml"),
        "{watched}"
    );
    std::fs::write(
        &document,
        text.replace("  /pets/{petId}:", "  /animals/{petId}:"),
    )
    .unwrap();
    assert_eq!(
        dev.err.line("reloaded"),
        "reloaded: 1 added, 1 changed, 1 destroyed"
    );
    std::fs::remove_file(&beside).unwrap();
    dev.err.line("not reloaded");
    std::fs::write(&beside, &schemas).unwrap();
    assert_eq!(dev.err.line("reloaded"), "reloaded: no changes");
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn a_broken_file_changes_nothing_and_says_why() {
    let folder = Folder::with(SMALLEST);
    let (dev, _) = Dev::ready(&folder, &[]);
    let before = dev.asked(&["output"]).stdout;
    dev.replace(&SMALLEST.replace("plan   = \"standard\"", "plan   = \"standrad\""));
    let said = dev.err.until("not reloaded").join("\n");
    insta::assert_snapshot!("a_broken_file", said);
    std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
    assert!(dev.err.line("error").contains("there is no stack file"));
    dev.err.line("not reloaded");
    folder.write(SMALLEST);
    assert_eq!(dev.err.line("reloaded"), "reloaded: no changes");
    assert_eq!(dev.asked(&["output"]).stdout, before);
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn what_goes_for_good_is_named() {
    let folder = Folder::with(SMALLEST);
    let (dev, _) = Dev::ready(&folder, &[]);
    dev.replace(&SMALLEST.replace("partners.acme", "partners.acme-re"));
    dev.err.line("reloaded: 3 added, 0 changed, 3 destroyed");
    let said = dev.err.until("    key:").join("\n");
    assert!(
        said.starts_with("This can't be undone:\n  partners.acme\n    client: "),
        "{said}"
    );
    assert_eq!(dev.stop("-INT").0, Some(0));
}

#[test]
fn machines_read_json_lines() {
    let folder = Folder::with(SMALLEST);
    let dev = Dev::spawn(&folder, &["--json"]);
    let next = |kind: &str| -> serde_json::Value {
        let line = dev.out.0.recv_timeout(PATIENCE).unwrap();
        record(&["dev", "--json"], &line);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["type"], kind, "{line}");
        line
    };
    next("version");
    let ready = next("ready");
    let url = ready["url"].as_str().unwrap();
    for part in ["invoke_url", "token_url"] {
        assert!(ready[part].as_str().unwrap().starts_with(url), "{ready}");
    }
    assert_eq!(ready["routes"][0]["path"], "/hello");
    assert_eq!(ready["routes"][0]["scopes"][0], "hello/read");

    get(&format!("{}/hello", ready["invoke_url"].as_str().unwrap()));
    let request = next("request");
    assert_eq!(
        (&request["status"], &request["route"]),
        (&401.into(), &"GET /hello".into())
    );
    assert!(
        request["refused"]
            .as_str()
            .unwrap()
            .contains("Authorization")
    );

    dev.replace(&with_rate(11));
    assert_eq!(next("reloaded")["summary"]["change"], 1);
    dev.replace(&with_rate(11).replace("partners.acme", "partners.acme-re"));
    let reloaded = next("reloaded");
    assert_eq!(reloaded["lost"][0]["address"], "partners.acme/client");
    dev.replace("[stack]\n");
    assert_eq!(next("diagnostic")["message"]["severity"], "error");
    // What is wrong may take more than one line; nothing of it is written elsewhere.
    assert_eq!(dev.stop("-INT"), (Some(0), Vec::new()));
}

#[test]
fn what_keeps_it_from_starting_is_said() {
    let folder = Folder::with(SMALLEST);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = folder.run(&["dev", "--listen", &address]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("can't listen on"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("hint: choose another address"),
        "{}",
        ran.stderr
    );
    assert!(!folder.path().join(".gatestack").exists());

    for (flags, named) in [
        (["--profile", "ci"], "--profile"),
        (["-f", "-"], "--file -"),
        (["--endpoint-url", "http://127.0.0.1:1"], "--endpoint-url"),
    ] {
        let ran = folder.run(&[&["dev"][..], &flags].concat());
        assert_eq!(ran.code, 64, "{}", ran.stderr);
        assert!(ran.stderr.contains(named), "{}", ran.stderr);
    }
    folder.write("[stack]\n");
    let ran = folder.run(&["dev", "--listen", "127.0.0.1:0"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let ran = folder.run(&["dev", "--listen", "127.0.0.1:0", "--json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.contains("\"diagnostic\""), "{}", ran.stdout);
}

#[test]
fn backends_on_other_machines_are_called_unless_told_otherwise() {
    let route =
        "\"GET /far\" = { http = \"http://backend.example.com/far\", requires = \"nothing\" }\n";
    let folder =
        Folder::with(&SMALLEST.replace("[api.routes]\n", &format!("[api.routes]\n{route}")));
    let internet = Backend::start();
    let line = "  backend     a stand-in answers for backends on other machines\n";
    for (more, said, body, called) in [
        (&[][..], false, "/far", 1),
        (&["--no-real-backends"], true, "a stand-in\n", 0),
    ] {
        let (dev, screen) = Dev::spawn_behind(&folder, Some(&internet.port), more).once_ready();
        assert_eq!(screen.stdout.contains(line), said, "{}", screen.stdout);
        let ran = dev.asked(&["call", "acme", "GET", "/far"]);
        assert!(ran.stdout.contains(body), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(internet.heard().len(), called, "{more:?}");
        dev.stop("-INT");
    }
}
