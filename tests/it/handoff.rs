//! `handoff` of the real program: what is written where, its permissions, and that it is repeatable.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use age::x25519::Identity;
use serde_json::Value;

use crate::support::program::{Folder, Ran};
use crate::support::screen::screen;

/// Two partners, one of them with only a read scope.
const STACK: &str = r#"
[stack]
name   = "claims"
region = "eu-west-1"

[user_pool]
name   = "claims"
domain = "claims-${account.id}"

[resource_servers.claims]
scopes = { read = "Read claims", write = "File claims" }

[api]
name     = "claims"
stage    = "prod"
cors     = true
requires = { scopes = ["claims/read"], api_key = true }

[api.routes]
"GET /claims"         = { mock = 200 }
"GET /claims/{id}"    = { mock = 200 }
"POST /claims"        = { mock = 200, requires = { scopes = ["claims/write"], api_key = true } }
"ANY /files/{rest+}"  = { mock = 200, requires = { scopes = ["claims/read", "claims/write"] } }
"GET /me"             = { mock = 200, requires = { token = "id" } }
"GET /health"         = { mock = 200, requires = "nothing" }

[plans.standard]

[partners.acme]
plan   = "standard"
scopes = ["claims/read"]

[partners.globex]
plan   = "standard"
scopes = ["claims/read", "claims/write"]
"#;

fn applied() -> Folder {
    let folder = Folder::with(STACK);
    folder.apply(&[]);
    folder
}

/// Runs a hand-off, which must succeed without secrets or warnings on the screen.
fn handed(folder: &Folder, arguments: &[&str]) -> Ran {
    let ran = folder.local(&[&["handoff"], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    ran
}

fn refused(folder: &Folder, arguments: &[&str], code: i32, words: &str) {
    let ran = folder.local(arguments);
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(words), "{words}: {said}");
    assert_eq!(ran.stdout, "");
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every file of a folder.
fn files(path: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, std::fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Every text of the local AWS's state that a member of this name holds.
fn held(folder: &Folder, member: &str) -> Vec<String> {
    fn within(value: &Value, member: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(text) if name == member => found.push(text.clone()),
                        value => within(value, member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| within(item, member, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    within(
        &json(&folder.path().join(".gatestack/local.json")),
        member,
        &mut found,
    );
    found
}

#[test]
fn a_folder_is_its_owners_and_the_same_each_time() {
    let folder = applied();
    let path = folder.path().join("acme");
    handed(&folder, &["acme", "--to", "acme"]);
    assert_eq!(mode(&path), 0o700);
    let first = files(&path);
    assert_eq!(
        first.keys().map(String::as_str).collect::<Vec<_>>(),
        [
            "README.md",
            "credentials.env",
            "credentials.json",
            "openapi.json",
            "postman_collection.json",
            "postman_environment.json"
        ]
    );
    for name in first.keys() {
        assert_eq!(mode(&path.join(name)), 0o600, "{name}");
    }
    handed(&folder, &["partners.acme", "--to", "acme/"]);
    assert_eq!(files(&path), first);

    let credentials = json(&path.join("credentials.json"));
    for member in ["client_secret", "api_key"] {
        let secret = credentials[member].as_str().unwrap();
        assert!(secret.len() >= 40, "{member}");
        assert!(
            !folder.everything_written().contains(secret),
            "{member} was printed"
        );
        let state = std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
        assert!(state.contains(secret), "{member} is AWS's own");
        for open in ["README.md", "openapi.json", "postman_collection.json"] {
            assert!(
                !String::from_utf8_lossy(&first[open]).contains(secret),
                "{open}"
            );
        }
    }
    let output = folder.local(&["output", "--raw", "partners.acme.client_id"]);
    assert_eq!(
        credentials["client_id"].as_str(),
        Some(output.stdout.trim())
    );
}

#[test]
fn nothing_is_written_over_that_is_somebody_elses() {
    let folder = applied();
    let notes = folder.path().join("notes");
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(notes.join("todo"), "mine").unwrap();
    refused(
        &folder,
        &["handoff", "acme", "--to", "notes"],
        1,
        "not a bundle of acme's",
    );
    handed(&folder, &["acme", "--to", "notes", "--force"]);
    assert_eq!(std::fs::read(notes.join("todo")).unwrap(), b"mine");

    std::fs::write(folder.path().join("mine.json"), "{}").unwrap();
    refused(
        &folder,
        &["handoff", "acme", "--to", "mine.json"],
        1,
        "not a bundle of acme's",
    );
    handed(&folder, &["acme", "--to", "acme.json"]);
    handed(&folder, &["acme", "--to", "acme.json"]);
    // One partner's files must not be mixed with another's.
    refused(
        &folder,
        &["handoff", "globex", "--to", "acme.json"],
        1,
        "not a bundle of globex's",
    );
    handed(&folder, &["acme", "--to", "acme"]);
    refused(
        &folder,
        &["handoff", "globex", "--to", "acme"],
        1,
        "not a bundle of globex's",
    );
    refused(
        &folder,
        &["handoff", "acme", "--to", "stack.toml/"],
        1,
        "not a folder",
    );
    for to in ["-", "acme.zip", "acme.age", "ssm:", "age1nobody"] {
        refused(&folder, &["handoff", "acme", "--to", to], 64, "error: ");
    }
    let both = ["handoff", "acme", "--to", "a", "--to", "b"];
    refused(&folder, &both, 64, "one destination");
    refused(
        &folder,
        &["handoff", "acme", "--to", "a", "--out", "b"],
        64,
        "--out",
    );
}

#[test]
fn what_is_encrypted_is_the_document_and_nothing_else_is_left() {
    let folder = applied();
    handed(&folder, &["acme", "--to", "acme.json"]);
    let document = std::fs::read(folder.path().join("acme.json")).unwrap();
    assert_eq!(mode(&folder.path().join("acme.json")), 0o600);
    std::fs::remove_file(folder.path().join("acme.json")).unwrap();

    let [one, other] = [(); 2].map(|()| Identity::generate());
    let [to_one, to_other] = [&one, &other].map(|it| it.to_public().to_string());
    let before = files_of(folder.path());
    handed(&folder, &["acme", "--to", &to_one, "--to", &to_other]);
    let path = folder.path().join("acme.age");
    let closed = std::fs::read(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    for identity in [&one, &other] {
        assert_eq!(age::decrypt(identity, &closed).unwrap(), document);
    }
    assert!(age::decrypt(&Identity::generate(), &closed).is_err());
    let mut after = files_of(folder.path());
    after.retain(|name| name != "acme.age");
    assert_eq!(after, before);

    let again = ["handoff", "acme", "--to", &to_one];
    refused(&folder, &again, 1, "acme.age is there already");
    handed(&folder, &["acme", "--to", &to_one, "--out", "again.age"]);
    handed(&folder, &["acme", "--to", &to_one, "--force"]);
    let closed = std::fs::read(&path).unwrap();
    assert_eq!(age::decrypt(&one, &closed).unwrap(), document);
    assert!(age::decrypt(&other, &closed).is_err());

    use age::secrecy::ExposeSecret as _;
    let identity = one.to_string();
    let given = ["handoff", "acme", "--to", identity.expose_secret()];
    refused(&folder, &given, 64, "secret half");
    assert!(
        !folder
            .everything_written()
            .contains(identity.expose_secret())
    );
}

#[test]
fn keys_and_places_that_are_neither_are_refused() {
    let folder = applied();
    let identity = Identity::generate();
    let upper = identity.to_public().to_string().to_uppercase();
    handed(&folder, &["acme", "--to", &upper]);
    let closed = std::fs::read(folder.path().join("acme.age")).unwrap();
    assert!(age::decrypt(&identity, &closed).is_ok());
    std::fs::remove_file(folder.path().join("acme.age")).unwrap();

    use age::secrecy::ExposeSecret as _;
    let before = files_of(folder.path());
    let secret = identity.to_string().expose_secret().to_owned();
    let ssh =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB6hRyTKBLwR0TVPqTZWXBDgKnAvMdMmSVPyLEpq4Tvf ann";
    for (to, words) in [
        (format!("  {secret}"), "secret half"),
        (secret.to_lowercase() + "\n", "secret half"),
        (ssh.to_owned(), "an SSH key"),
        (
            "arn:aws:kms:eu-west-1:123456789012:key/1".to_owned(),
            "is not a destination",
        ),
    ] {
        refused(&folder, &["handoff", "acme", "--to", &to], 64, words);
    }
    for arguments in [
        ["handoff", &secret, "--to", "acme"],
        ["handoff", "acme", &secret, "--force"],
    ] {
        refused(&folder, &arguments, 64, "secret half");
    }
    assert_eq!(files_of(folder.path()), before);
    let written = folder.everything_written();
    assert!(!written.to_uppercase().contains(&secret.to_uppercase()));
    assert!(!written.contains("AAAAC3NzaC1lZDI1NTE5"));
}

#[test]
fn what_others_may_write_to_is_no_place_for_secrets() {
    use std::fs::{Permissions, create_dir, set_permissions};

    let folder = applied();
    let set = |name: &str, mode| {
        set_permissions(folder.path().join(name), Permissions::from_mode(mode)).unwrap();
    };
    create_dir(folder.path().join("shared")).unwrap();
    for (mode, way) in [(0o777, "chmod go-w"), (0o1777, "such as one below it")] {
        set("shared", mode);
        refused(&folder, &["handoff", "acme", "--to", "shared"], 1, way);
    }
    // Nor below one, unless its contents are protected as in /tmp.
    set("shared", 0o777);
    for to in ["shared/acme", "shared/deep/acme", "shared/acme.json"] {
        refused(&folder, &["handoff", "acme", "--to", to], 1, "chmod go-w");
    }
    let export = [
        "export",
        "postman",
        "--partner",
        "acme",
        "--with-secrets",
        "shared/acme.json",
    ];
    refused(&folder, &export, 1, "chmod go-w");
    assert_eq!(files_of(&folder.path().join("shared")), [""; 0]);
    set("shared", 0o1777);
    handed(&folder, &["acme", "--to", "shared/acme"]);
    handed(&folder, &["acme", "--to", "shared/acme.json"]);

    // A link's target is checked too.
    set("shared", 0o777);
    std::os::unix::fs::symlink("shared", folder.path().join("link")).unwrap();
    refused(
        &folder,
        &["handoff", "acme", "--to", "link/acme"],
        1,
        "chmod go-w",
    );

    // A folder that others can only read is made private before secrets are written, unless it has other contents.
    create_dir(folder.path().join("mine")).unwrap();
    set("mine", 0o755);
    let ran = handed(&folder, &["acme", "--to", "mine"]);
    assert!(
        ran.stdout.contains("which only you can read"),
        "{}",
        ran.stdout
    );
    assert_eq!(mode(&folder.path().join("mine")), 0o700);
    create_dir(folder.path().join("notes")).unwrap();
    std::fs::write(folder.path().join("notes/todo"), "mine").unwrap();
    set("notes", 0o755);
    let ran = handed(&folder, &["acme", "--to", "notes", "--force"]);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("other users can list the folder"), "{said}");
    assert_eq!(mode(&folder.path().join("notes")), 0o755);
}

/// The output of the commands in a bundle's README.
fn try_it(bundle: &Path) -> std::process::Output {
    let readme = std::fs::read_to_string(bundle.join("README.md")).unwrap();
    let (_, rest) = readme.split_once("```sh\n").unwrap();
    let (commands, _) = rest.split_once("```").unwrap();
    let shell = std::process::Command::new("bash")
        .args(["-c", commands])
        .current_dir(bundle)
        .env("no_proxy", "127.0.0.1")
        .output();
    shell.unwrap()
}

#[test]
fn what_a_bundle_says_to_type_works_where_it_was_made() {
    let folder = applied();
    folder.served(&[], |url| {
        let at = ["--endpoint-url", url];
        let ran = folder.run(&[&["handoff", "acme", "--to", "acme"][..], &at].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let bundle = folder.path().join("acme");
        let done = try_it(&bundle);
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(said.starts_with("HTTP/1.1 200"), "{done:?}");

        // It resolves to the same file for every reader.
        let facts = json(&bundle.join("credentials.json"));
        let invoke_url = facts["invoke_url"].as_str().unwrap();
        assert!(
            invoke_url.starts_with(&format!("{url}/_aws/execute-api/")),
            "{facts}"
        );
        let environment = json(&bundle.join("postman_environment.json"));
        let values = environment["values"].as_array().unwrap();
        assert!(
            values
                .iter()
                .any(|it| it["key"] == "invoke_url" && it["value"] == *invoke_url)
        );
        let openapi = json(&bundle.join("openapi.json"));
        assert_eq!(openapi["servers"][0]["url"], *invoke_url);
        let export = ["export", "postman", "--partner", "acme", "--out", "postman"];
        assert_eq!(folder.run(&[&export[..], &at].concat()).code, 0);
        let exported = json(&folder.path().join("postman/acme.postman_environment.json"));
        assert_eq!(exported["values"][0]["value"], *invoke_url);

        // An answer that is no token is shown, and never sent as one.
        let path = bundle.join("credentials.env");
        let right = std::fs::read_to_string(&path).unwrap();
        let secret = facts["client_secret"].as_str().unwrap();
        std::fs::write(&path, right.replace(secret, "wrong")).unwrap();
        let done = try_it(&bundle);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(
            said.contains("no token: {\"error\":\"invalid_client\""),
            "{said}"
        );
        assert!(!done.status.success() && done.stdout.is_empty(), "{done:?}");
    });
}

#[test]
fn a_readme_says_how_much_and_for_how_long() {
    let folder = Folder::with(&STACK.replace(
        "[plans.standard]",
        "[plans.standard]\nthrottle = { rate = 50, burst = 100 }\nquota = { requests = 1000, per = \"month\" }",
    ));
    folder.apply(&[]);
    handed(&folder, &["acme", "--to", "acme"]);
    let readme = std::fs::read_to_string(folder.path().join("acme/README.md")).unwrap();
    for words in [
        "| rate | 50 requests a second, at most 100 at once |",
        "| quota | 1000 requests a month |",
        "| tokens | valid for 1h |",
        "use it until it expires",
        "Invoke-RestMethod -Method Get",
        "`invalid_client`",
    ] {
        assert!(readme.contains(words), "{words}: {readme}");
    }
}

fn files_of(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_store_keeps_one_partners_credentials_and_changes_only_when_they_do() {
    for (to, other, member) in [
        ("ssm:/partners/acme", "ssm:/elsewhere/acme", "value"),
        (
            "secretsmanager:partners/acme",
            "secretsmanager:elsewhere",
            "secret_string",
        ),
    ] {
        let folder = applied();
        let kept = |folder: &Folder| -> Vec<Value> {
            let texts = held(folder, member).into_iter();
            texts
                .filter_map(|text| serde_json::from_str(&text).ok())
                .collect()
        };
        let says = |ran: Ran, words: &str| {
            let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(words), "{said}");
        };
        says(handed(&folder, &["acme", "--to", to]), "(new)");
        handed(&folder, &["acme", "--to", "acme.json"]);
        let mut document = json(&folder.path().join("acme.json"));
        let own = [
            "gatestack_handoff",
            "stack",
            "partner",
            "curl",
            "openapi",
            "postman",
        ];
        let members = document.as_object_mut().unwrap();
        own.iter().for_each(|name| drop(members.remove(*name)));
        assert_eq!(kept(&folder), [document.clone()]);
        says(handed(&folder, &["acme", "--to", to]), "(unchanged)");
        assert_eq!(kept(&folder), [document.clone()]);

        refused(
            &folder,
            &["handoff", "globex", "--to", to],
            1,
            "it belongs to partners.acme of the stack claims",
        );
        assert_eq!(kept(&folder), [document.clone()]);

        folder.write(&STACK.replacen(
            "scopes = [\"claims/read\"]\n\n",
            "scopes = [\"claims/write\"]\n\n",
            1,
        ));
        folder.apply(&[]);
        says(
            handed(&folder, &["acme", "--to", to]),
            "(with a new version)",
        );
        // Secrets Manager keeps the version before, too.
        let scopes: Vec<Value> = kept(&folder)
            .iter()
            .map(|it| it["scopes"].clone())
            .collect();
        assert!(
            scopes.contains(&serde_json::json!(["claims/write"])),
            "{scopes:?}"
        );
        says(handed(&folder, &["acme", "--to", other]), "(new)");
        // Handed-over credentials are not the stack's.
        assert!(folder.planned().is_empty(), "{:?}", folder.planned());
    }
}

/// What a partner's OpenAPI document says may be called.
fn described(folder: &Folder, partner: &str) -> Vec<String> {
    let file = format!("{partner}.json");
    handed(folder, &[partner, "--to", &file]);
    let document: openapiv3::OpenAPI =
        serde_json::from_value(json(&folder.path().join(file))["openapi"].clone()).unwrap();
    let operations = document.operations();
    operations
        .map(|(path, method, _)| format!("{method} {path}"))
        .collect()
}

#[test]
fn a_partner_is_told_of_the_routes_that_its_scopes_open() {
    let folder = applied();
    let any = ["get", "put", "post", "delete", "head", "patch"];
    let mut acme = vec!["get /claims".to_owned(), "get /claims/{id}".to_owned()];
    acme.extend(any.map(|method| format!("{method} /files/{{rest}}")));
    acme.push("get /health".to_owned());
    assert_eq!(described(&folder, "acme"), acme);
    let mut globex = acme;
    globex.insert(1, "post /claims".to_owned());
    assert_eq!(described(&folder, "globex"), globex);
}

#[test]
fn screens() {
    let folder = applied();
    std::fs::write(folder.path().join("mine.json"), "{}").unwrap();
    let to = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let mut text = String::new();
    for arguments in [
        &["handoff", "acme", "--to", "acme.json"][..],
        &["handoff", "acme", "--to", to],
        &["handoff", "acme", "--to", to],
        &[
            "handoff", "acme", "--to", to, "--to", to, "--out", "two.age",
        ],
        &["handoff", "acme", "--to", "ssm:/partners/acme"],
        &["handoff", "acme", "--to", "ssm:/partners/acme"],
        &["handoff", "globex", "--to", "ssm:/partners/acme"],
        &["handoff", "acme", "--to", "secretsmanager:acme"],
        &["handoff", "acme", "--to", "mine.json"],
        &["handoff", "acme", "--to", "-"],
        &["handoff", "acme", "--to", "acme.zip"],
        &["export", "postman"],
        &["export", "postman", "--with-secrets", "secrets.json"],
        &["export", "postman", "--partner", "acme", "--out", "out"],
    ] {
        let ran = folder.local(arguments);
        text += &format!(
            "$ gatestack --local {}\n{}\n",
            arguments.join(" "),
            screen(&ran)
        );
    }
    insta::assert_snapshot!("handoff", text);
}

#[test]
fn a_disabled_partner_is_not_handed_anything() {
    let folder =
        Folder::with(&STACK.replacen("[partners.acme]", "[partners.acme]\nenabled = false", 1));
    folder.apply(&[]);
    refused(
        &folder,
        &["handoff", "acme", "--to", "acme"],
        1,
        "partners.acme is disabled in the file",
    );
    assert!(!folder.path().join("acme").exists());
}

#[test]
fn nobody_gets_anything_before_it_is_applied() {
    let folder = Folder::with(STACK);
    refused(
        &folder,
        &["handoff", "acme", "--to", "acme"],
        1,
        "apply it first",
    );
    refused(&folder, &["export", "postman"], 1, "apply it first");
    assert!(!folder.path().join("acme").exists());
    refused(
        &folder,
        &["handoff", "acne", "--to", "acme"],
        1,
        "did you mean `acme`?",
    );
}

/// The environment's variables.
fn variables(path: &Path) -> BTreeMap<String, String> {
    let environment = json(path);
    let values = environment["values"].as_array().unwrap();
    values
        .iter()
        .map(|value| {
            let text = |member: &str| value[member].as_str().unwrap().to_owned();
            (text("key"), text("value"))
        })
        .collect()
}

#[test]
fn a_collection_has_no_secrets_unless_a_file_is_named_for_them() {
    let folder = applied();
    let path = |name: &str| folder.path().join(name);
    let export = |arguments: &[&str]| {
        let ran = folder.local(&[&["export", "postman"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stderr);
    };
    export(&["--partner", "acme", "--out", "out/postman"]);
    let empty = variables(&path("out/postman/acme.postman_environment.json"));
    for (name, value) in &empty {
        let secret = matches!(name.as_str(), "client_secret" | "api_key" | "access_token");
        assert_eq!(value.is_empty(), secret, "{name}");
    }
    export(&["--partner", "acme", "--with-secrets", "filled.json"]);
    assert_eq!(mode(&path("filled.json")), 0o600);
    assert!(!path("acme.postman_environment.json").exists());
    let filled = variables(&path("filled.json"));
    assert!(filled["client_secret"].len() >= 40 && filled["api_key"].len() >= 40);
    for (name, value) in empty {
        assert!(value.is_empty() || filled[&name] == value, "{name}");
    }
    let collection = std::fs::read_to_string(path("acme.postman_collection.json")).unwrap();
    for secret in [&filled["client_secret"], &filled["api_key"]] {
        assert!(!collection.contains(secret.as_str()));
        assert!(!folder.everything_written().contains(secret.as_str()));
    }

    // All callers together: every call that any of them may make, without a client.
    export(&[]);
    let all = json(&path("claims.postman_collection.json"));
    let names: Vec<&str> = all["item"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "Get a token",
            "/claims",
            "/claims/{id}",
            "/files/{rest+}",
            "/health"
        ]
    );
    assert_eq!(
        variables(&path("claims.postman_environment.json"))["client_id"],
        ""
    );
    refused(
        &folder,
        &["export", "postman", "--with-secrets", "x.json"],
        1,
        "name it with --partner",
    );

    std::fs::write(path("mine.json"), "{\"mine\": 1}").unwrap();
    let over = [
        "export",
        "postman",
        "--partner",
        "acme",
        "--with-secrets",
        "mine.json",
    ];
    refused(&folder, &over, 1, "not a collection or environment");
    assert_eq!(
        std::fs::read_to_string(path("mine.json")).unwrap(),
        "{\"mine\": 1}"
    );
}
