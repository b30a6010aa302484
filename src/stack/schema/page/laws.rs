//! What the page says holds: its examples are valid, and its defaults are what a file without the line means.

use serde_json::{Map, Value};

use super::*;

/// A stack in which every table has only its required keys.
const SMALL: &str = r#"
stack          = { name = "hello", region = "eu-central-1" }
user_pool      = { name = "hello", domain = "hello-1" }
load_balancer  = { subnets = { vpc = "default" }, listeners = { 80 = { to = 8080 } }, targets = { ips = ["10.7.1.10"] } }

resource_servers.hello = { scopes = { read = "Read greetings" } }
app_clients.shop       = { flows = ["code"], scopes = ["openid"], callback_urls = ["https://shop.example.com/"] }
plans.standard         = {}
api_keys.batch         = {}
partners.acme-re       = { plan = "standard" }
functions.hello        = { source = "s3://code/hello.zip" }

[api]
name  = "hello"
stage = "prod"

[api.routes]
"GET /" = { mock = 200 }

[api.domain]
name        = "api.example.com"
certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
"#;

/// What an example needs beside it, and what it excludes: the definition, the setting, removed and added ones.
const BESIDE: &[(&str, &str, &[&str], &str)] = &[
    ("Api", "endpoint_access", &[], r#"tls = "1.3""#),
    ("ApiDomain", "endpoint_access", &[], r#"tls = "1.3""#),
    ("Route", "http", &["mock"], ""),
    ("Route", "function", &["mock"], ""),
    ("Function", "existing", &["source"], ""),
    (
        "Function",
        "build",
        &["source"],
        "source = \"made\"\nsources = [\"Cargo.toml\"]",
    ),
    (
        "Function",
        "sources",
        &["source"],
        "source = \"made\"\nbuild = \"make\"",
    ),
    (
        "Route",
        "via",
        &["mock"],
        r#"http = "http://claims.example.com""#,
    ),
    (
        "Route",
        "send_headers",
        &["mock"],
        r#"http = "https://claims.example.com""#,
    ),
    (
        "Route",
        "timeout",
        &["mock"],
        r#"http = "https://claims.example.com""#,
    ),
    (
        "LoadBalancer",
        "existing",
        &["subnets", "listeners", "targets"],
        "",
    ),
    ("ResourceServer", "existing", &["scopes"], ""),
    ("UserPool", "existing", &["name", "domain"], ""),
    ("Targets", "instances", &["ips"], ""),
    ("Targets", "instance_ids", &["ips"], ""),
    ("Targets", "instance_tags", &["ips"], ""),
    ("Listener", "protocol", &[], CERTIFICATE),
    ("Listener", "certificate", &[], r#"protocol = "tls""#),
    (
        "Listener",
        "tls_policy",
        &[],
        "protocol = \"tls\"\ncertificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/1\"",
    ),
    ("ApiDomain", "existing", &["certificate"], ""),
    (
        "CorsSettings",
        "credentials",
        &[],
        r#"origin = "https://shop.example.com""#,
    ),
    ("HealthCheck", "path", &[], r#"protocol = "http""#),
];

const CERTIFICATE: &str = r#"certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/1""#;

fn parsed(text: &str) -> Map<String, Value> {
    let table: toml::Table = text.parse().unwrap();
    match serde_json::to_value(table).unwrap() {
        Value::Object(table) => table,
        _ => unreachable!(),
    }
}

/// The examples of what a table requires.
fn needed(schema: &'static Value) -> Map<String, Value> {
    let settings = Setting::of(schema).into_iter();
    let needed = settings.filter(|setting| setting.required);
    needed
        .filter_map(|setting| Some((setting.key.to_owned(), setting.example()?.clone())))
        .collect()
}

/// The table in a small stack; added if the stack lacks it.
fn table_in<'a>(stack: &'a mut Map<String, Value>, table: &Table) -> &'a mut Map<String, Value> {
    let mut at = stack;
    let keys: Vec<_> = table.written[0].split('.').collect();
    for (place, key) in keys.iter().enumerate() {
        let last = place + 1 == keys.len();
        let key = match at.keys().next() {
            Some(only) if ["NAME", "PORT", "\"METHOD /path\""].contains(key) => only.clone(),
            _ if *key == "TYPE" => "UNAUTHORIZED".to_owned(),
            _ => (*key).to_owned(),
        };
        let made = || match last {
            true => Value::Object(needed(table.schema)),
            false => Value::Object(Map::new()),
        };
        let next = at.entry(key).or_insert_with(made);
        // A boolean or a list instead of its table.
        if !next.is_object() {
            *next = made();
        }
        at = next.as_object_mut().unwrap();
    }
    at
}

/// The small stack with an example in its place.
fn with_example(table: &Table, setting: &Setting, example: &Value) -> String {
    with(table, setting, Some(example))
}

/// The small stack with this in a setting's place, or without the setting.
fn with(table: &Table, setting: &Setting, value: Option<&Value>) -> String {
    let mut stack = parsed(SMALL);
    if table.listed {
        let mut entry = needed(table.schema);
        entry.extend(value.map(|value| (setting.key.to_owned(), value.clone())));
        stack.insert(table.written[0].clone(), Value::Array(vec![entry.into()]));
        return toml::to_string(&stack).unwrap();
    }
    let at = table_in(&mut stack, table);
    for (definition, key, goes, comes) in BESIDE {
        if (*definition, *key) == (table.definition(), setting.key) {
            at.retain(|key, _| !goes.contains(&key.as_str()));
            at.extend(parsed(comes));
        }
    }
    at.shift_remove(setting.key);
    at.extend(value.map(|value| (setting.key.to_owned(), value.clone())));
    if table.definition() == "Instances" {
        let targets = stack["load_balancer"]["targets"].as_object_mut().unwrap();
        targets.shift_remove("ips");
    }
    toml::to_string(&stack).unwrap()
}

#[test]
fn the_page_is_what_the_schema_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/stack-file.md");
    if std::env::var_os("GATESTACK_UPDATE_SCHEMA").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page(),
        "docs/stack-file.md is old: run the tests with GATESTACK_UPDATE_SCHEMA=1"
    );
}

#[test]
fn every_setting_says_what_holds_without_it() {
    let mut wrong = Vec::new();
    for table in tables() {
        for setting in Setting::of(table.schema) {
            let place = format!("{}.{}", table.heading(), setting.key);
            if setting.absent().is_none() {
                wrong.push(format!(
                    "{place} does not say what holds where it is left out"
                ));
            }
            if setting.default().is_some() && setting.said().1.is_some() {
                wrong.push(format!("{place} says a default beside the one that is set"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The default in a sentence, if it can be expressed as the setting's value in the small stack.
fn sentence(table: &Table, absent: &str) -> Option<Value> {
    let name = match absent {
        "the table's name" => {
            let (above, _) = table.written[0].rsplit_once('.')?;
            let entries = parsed(SMALL)[above].as_object()?.keys().next().cloned();
            entries.unwrap()
        }
        "the stack's name" => "hello".to_owned(),
        _ => return None,
    };
    Some(name.into())
}

#[test]
fn a_documented_default_is_what_a_file_without_the_line_means() {
    // What the small stack lacks is reported with the line as without it.
    let meant = |text: &str| {
        let lookups = Lookups::default();
        let wanted =
            |checked: Checked| expand(&checked.file, "123456789012", Default::default(), &lookups);
        read(text).map(wanted).map_err(|_| codes(text))
    };
    let mut held = 0;
    for table in tables() {
        for setting in Setting::of(table.schema) {
            let said = setting.said().1;
            let sentence = said.and_then(|absent| sentence(&table, &absent));
            let Some(default) = setting.default().cloned().or(sentence) else {
                continue;
            };
            if setting.required {
                continue;
            }
            let said = meant(&with(&table, &setting, Some(&default)));
            let left_out = meant(&with(&table, &setting, None));
            assert_eq!(said, left_out, "{}.{}", table.heading(), setting.key);
            held += usize::from(said.is_ok());
        }
    }
    assert!(held > 40, "the defaults are found: {held}");
}

#[test]
fn every_example_is_valid_in_a_small_stack() {
    assert!(read(SMALL).is_ok(), "{:?}", read(SMALL).err());
    let mut wrong = Vec::new();
    let mut held = 0;
    for table in tables() {
        for setting in Setting::of(table.schema) {
            let place = format!("{}.{}", table.heading(), setting.key);
            match setting.example() {
                None => wrong.push(format!("{place} has no example")),
                Some(example) => {
                    let stack = with_example(&table, &setting, example);
                    if let Err(found) = read(&stack) {
                        wrong.push(format!(
                            "{place}
{stack}
{found:#?}"
                        ));
                    }
                    held += 1;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(held > 80, "the examples are found: {held}");
}
