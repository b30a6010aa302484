//! Whose credentials a command takes: a profile that is named decides alone, and has to be there.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

const STACK: &str = "[stack]\nname = \"a\"\nregion = \"eu-west-1\"\n[plans.a]\n";

/// Something that refuses every request and remembers by whose access key it came.
struct Refuses {
    url: String,
    keys: Arc<Mutex<Vec<String>>>,
}

impl Refuses {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&keys);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let line = line.trim().to_ascii_lowercase();
                    if let Some(value) = line.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if let Some((_, rest)) = line.split_once("credential=") {
                        let key = rest.split('/').next().unwrap().to_owned();
                        seen.lock().unwrap().push(key);
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>refused</Message></Error></ErrorResponse>";
                write!(
                    stream,
                    "HTTP/1.1 403 Forbidden\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                )
                .unwrap();
            }
        });
        Self { url, keys }
    }
}

/// What a `plan` with these arguments and this environment says, and the access keys that AWS saw.
fn plan(home: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (String, Vec<String>) {
    let aws = Refuses::start();
    let output = Command::new(env!("CARGO_BIN_EXE_gatestack"))
        .args(["plan", "--endpoint-url", &aws.url])
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let mut keys = aws.keys.lock().unwrap().clone();
    keys.dedup();
    let said = String::from_utf8(output.stderr).unwrap();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    (said, keys)
}

const OF_THE_ENVIRONMENT: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT"),
    ("AWS_SECRET_ACCESS_KEY", "made-up"),
];

fn home() -> TempDir {
    let home = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("stack.toml", STACK);
    write(
        ".aws/credentials",
        "[prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = made-up\n",
    );
    write(
        ".aws/config",
        "[profile process]\ncredential_process = cat process.json\n[profile empty]\nregion = eu-west-1\n",
    );
    write(
        "process.json",
        r#"{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "made-up"}"#,
    );
    write(
        "elsewhere/credentials",
        "[stage]\naws_access_key_id = AKIASTAGE\naws_secret_access_key = made-up\n",
    );
    home
}

#[test]
fn a_named_profile_decides_alone() {
    let home = home();
    let keys = |arguments: &[&str], more: &[(&str, &str)]| {
        let environment = [&OF_THE_ENVIRONMENT, more].concat();
        plan(home.path(), arguments, &environment).1
    };
    assert_eq!(keys(&[], &[]), ["akiaenvironment"]);
    assert_eq!(keys(&["--profile", "prod"], &[]), ["akiaprod"]);
    assert_eq!(keys(&["--profile", "process"], &[]), ["akiaprocess"]);
    let elsewhere = [("AWS_SHARED_CREDENTIALS_FILE", "elsewhere/credentials")];
    assert_eq!(keys(&["--profile", "stage"], &elsewhere), ["akiastage"]);
    // As for every AWS SDK, the access keys of the environment come before the profile of the environment.
    assert_eq!(keys(&[], &[("AWS_PROFILE", "prod")]), ["akiaenvironment"]);

    let (said, keys) = plan(home.path(), &["--profile", "empty"], &OF_THE_ENVIRONMENT);
    assert_eq!(keys, [""; 0], "{said}");
    assert!(said.contains("no usable credentials"), "{said}");
}

#[test]
fn a_profile_that_is_not_there_is_an_error() {
    let home = home();
    let (said, keys) = plan(home.path(), &["--profile", "prodd"], &OF_THE_ENVIRONMENT);
    assert_eq!(keys, [""; 0], "{said}");
    for words in [
        "--profile names the profile `prodd`, which is not in ~/.aws/config or ~/.aws/credentials",
        "did you mean `prod`?",
        "empty, process, prod",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }

    let environment = [&OF_THE_ENVIRONMENT[..], &[("AWS_PROFILE", "nobody")]].concat();
    let (said, keys) = plan(home.path(), &[], &environment);
    assert_eq!(keys, [""; 0], "{said}");
    assert!(
        said.contains("AWS_PROFILE names the profile `nobody`"),
        "{said}"
    );

    let elsewhere = [
        ("AWS_CONFIG_FILE", "nowhere/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "elsewhere/credentials"),
    ];
    let (said, keys) = plan(home.path(), &["--profile", "prod"], &elsewhere);
    assert_eq!(keys, [""; 0], "{said}");
    let files = "which is not in nowhere/config (no such file) or elsewhere/credentials";
    assert!(said.contains(files), "{said}");
    assert!(said.contains("profiles that are there: stage"), "{said}");
}

#[test]
fn this_machine_needs_no_credentials_and_a_profile_is_taken_at_its_word_there_too() {
    let home = home();
    assert_eq!(plan(home.path(), &[], &[]).1, ["local"]);
    assert_eq!(
        plan(home.path(), &["--profile", "prod"], &[]).1,
        ["akiaprod"]
    );
}
