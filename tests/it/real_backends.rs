//! Backends on other machines: `--local` calls none of them unless told to. A proxy stands for the internet.

use crate::support::backend::Backend;
use crate::support::program::{Folder, Ran};

/// A route to another machine, one to a port of this one, and one to a private target.
fn stack(near: &str) -> String {
    format!(
        r#"
[stack]
name = "claims"
region = "eu-west-1"

[load_balancer]
subnets = {{ vpc = "default", tags = {{ tier = "private" }} }}
listeners = {{ 80 = {{ to = 8080 }} }}
targets = {{ ips = ["172.31.128.10"] }}

[api]
name = "claims"
stage = "prod"
requires = {{ api_key = true }}

[api.routes]
"GET /far" = {{ http = "http://backend.example.com/far" }}
"GET /near" = {{ http = "http://127.0.0.1:{near}/near" }}
"GET /private" = {{ http = "http://backend.internal/private", via = "load_balancer" }}

[plans.all]

[api_keys.batch]
plan = "all"
"#
    )
}

struct Internet {
    folder: Folder,
    proxy: Backend,
    near: Backend,
}

impl Internet {
    fn begin() -> Self {
        let near = Backend::start();
        let folder = Folder::with(&stack(&near.port));
        folder.apply(&["-q"]);
        Self {
            folder,
            proxy: Backend::start(),
            near,
        }
    }

    fn local(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.command(&[&["--local"], arguments].concat());
        let proxy = format!("http://127.0.0.1:{}", self.proxy.port);
        Ran::from(command.env("HTTP_PROXY", proxy).output().unwrap())
    }

    /// The hosts and paths that were called beyond this machine.
    fn called(&self) -> Vec<String> {
        let heads = self.proxy.heard();
        let urls = heads.iter().filter_map(|head| head.split(' ').nth(1));
        urls.map(str::to_owned).collect()
    }
}

const FAR: &str =
    "note: a stand-in answered for backends on other machines: --real-backends calls\n  them\n";
const PRIVATE: &str =
    "note: a stand-in answered for the private targets: name yours with --backend\n  PORT\n";

#[test]
fn a_local_call_stays_on_this_machine() {
    let internet = Internet::begin();
    let call = |path: &str, more: &[&str]| {
        let ran = internet.local(&[&["call", "batch", "GET", path], more].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        (ran.stdout, ran.stderr)
    };
    let stood_in = "a stand-in\n".to_owned();
    assert_eq!(call("/far", &[]), (stood_in.clone(), FAR.to_owned()));
    assert_eq!(call("/private", &[]), (stood_in, PRIVATE.to_owned()));
    assert_eq!(internet.called(), Vec::<String>::new());

    let (body, said) = call("/far", &["--real-backends"]);
    assert!(body.contains("/far") && said.is_empty(), "{body}{said}");
    assert_eq!(internet.called(), ["http://backend.example.com/far"]);

    // This machine is called as it is.
    assert_eq!(
        call("/near", &[]),
        (r#"{"path":"/near"}"#.to_owned(), String::new())
    );
    assert_eq!(internet.near.heard().len(), 1);
    let (body, said) = call("/private", &["--backend", &internet.near.port]);
    assert_eq!(
        (body.as_str(), said.as_str()),
        (r#"{"path":"/private"}"#, "")
    );
    assert_eq!(internet.called(), Vec::<String>::new());
}

#[test]
fn a_local_verification_stays_on_this_machine() {
    let internet = Internet::begin();
    let verified = |more: &[&str]| {
        let ran = internet.local(&[&["verify"], more].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    let said = verified(&[]);
    assert!(said.contains(FAR) && said.contains(PRIVATE), "{said}");
    assert_eq!(internet.called(), Vec::<String>::new());

    let said = verified(&["--real-backends"]);
    assert!(!said.contains(FAR), "{said}");
    let called = internet.called();
    assert!(!called.is_empty());
    assert!(
        called
            .iter()
            .all(|url| url == "http://backend.example.com/far"),
        "{called:?}"
    );

    internet
        .folder
        .write(&stack(&internet.near.port).replace("8080", "8081"));
    let ran = internet.local(&["apply", "--yes", "--verify"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(FAR), "{}", ran.stdout);
    assert_eq!(internet.called(), Vec::<String>::new());
}

#[test]
fn real_backends_are_the_local_aws_s_affair() {
    let internet = Internet::begin();
    for command in [&["verify"][..], &["call", "batch", "GET", "/far"]] {
        let ran = internet
            .folder
            .run(&[command, &["--real-backends"]].concat());
        assert_eq!(ran.code, 64);
        let said = "the argument '--real-backends' is for the local AWS and needs '--local'";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}
