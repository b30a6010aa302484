//! Which credentials a command uses: a named profile decides alone, and must exist.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

const STACK: &str = "[stack]\nname = \"a\"\nregion = \"eu-west-1\"\n[plans.a]\n";

/// The responses of STS for an assumed role, and of single sign-on after a login.
const OF_A_ROLE: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser>\
    <AssumedRoleId>AROA:gatestack</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/deploy/gatestack</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>made-up</SecretAccessKey><SessionToken>made-up</SessionToken>\
    <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
const OF_SINGLE_SIGN_ON: &str = r#"{"roleCredentials": {"accessKeyId": "ASIASSO", "secretAccessKey": "made-up",
    "sessionToken": "made-up", "expiration": 4070908800000}}"#;
const REFUSED: &str = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>refused</Message></Error></ErrorResponse>";

/// A server that issues the credentials of a role, refuses every other request and records the access key of each.
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
                let mut signs_on = false;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    let line = line.trim().to_ascii_lowercase();
                    signs_on |= line.starts_with("get /federation/credentials?");
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
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let takes_a_role = String::from_utf8_lossy(&body).contains("Action=AssumeRole");
                let (status, body) = match (takes_a_role, signs_on) {
                    (true, _) => ("200 OK", OF_A_ROLE),
                    (_, true) => ("200 OK", OF_SINGLE_SIGN_ON),
                    _ => ("403 Forbidden", REFUSED),
                };
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
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
        .env("AWS_ENDPOINT_URL_STS", &aws.url)
        .env("AWS_ENDPOINT_URL_SSO", &aws.url)
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
        "[profile process]\ncredential_process = cat process.json\n[profile empty]\nregion = eu-west-1\n\
         [profile role]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = prod\n\
         [profile sso]\nsso_session = team\nsso_account_id = 123456789012\nsso_role_name = deploy\n\
         [sso-session team]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n",
    );
    // Named after the SHA-1 of the session's name, as `aws sso login` does.
    write(
        ".aws/sso/cache/d25187dc137f35c88bc80ec8c3ffbdb17b5eb873.json",
        r#"{"accessToken": "made-up", "expiresAt": "2099-01-01T00:00:00Z", "region": "eu-west-1", "startUrl": "https://example.awsapps.com/start"}"#,
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
    assert_eq!(keys(&["--profile", "role"], &[]), ["akiaprod", "asiarole"]);
    assert_eq!(keys(&["--profile", "sso"], &[]), ["asiasso"]);
    // As for every AWS SDK, the access keys of the environment come before the profile of the environment.
    assert_eq!(keys(&[], &[("AWS_PROFILE", "prod")]), ["akiaenvironment"]);

    let (said, keys) = plan(home.path(), &["--profile", "empty"], &OF_THE_ENVIRONMENT);
    assert_eq!(keys, [""; 0], "{said}");
    assert!(
        said.contains("no usable credentials: the profile has neither keys nor a way to get some"),
        "{said}"
    );
}

#[test]
fn a_profile_that_is_not_there_is_an_error() {
    let home = home();
    let (said, keys) = plan(home.path(), &["--profile", "prodd"], &OF_THE_ENVIRONMENT);
    assert_eq!(keys, [""; 0], "{said}");
    for words in [
        "--profile names the profile `prodd`, which is not in ~/.aws/config or ~/.aws/credentials",
        "did you mean `prod`?",
        "empty, process, prod, role, sso",
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
    assert!(said.contains("existing profiles: stage"), "{said}");
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
