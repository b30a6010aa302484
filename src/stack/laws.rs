//! Properties of every stack file, tested on files that together contain everything.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use toml::{Table as TomlTable, Value};

use super::cycles::Needs;
use super::expand::expand;
use super::interpolate::SAID;
use super::template::{GatewayTemplate, Template};
use super::together::wholes;
use super::{schema, testing};
use crate::kinds::{Desired, KINDS, Lookups, Resource};
use crate::model::{Patterns, Place, Table};
use crate::stack::{Code, spans::KeyPath};

/// What a stack wants.
fn wanted(text: &str) -> Desired {
    let checked = testing::read(text).unwrap_or_else(|found| panic!("{found:?}\n{text}"));
    let lookups = Lookups::default();
    expand(&checked.file, "123456789012", Default::default(), &lookups)
}

/// The wanted resources of each of the stacks.
fn wishes() -> impl Iterator<Item = Desired> {
    let stacks = wholes().chain([testing::STACK]).map(str::to_owned);
    stacks.chain([shared()]).map(|text| wanted(&text))
}

/// A stack with more routes to one function than its policy has statements for.
fn shared() -> String {
    let routes: String = (0..100)
        .map(|n| format!("\"GET /r{n}\" = {{ function = \"f\" }}\n"))
        .collect();
    let routes = format!("[api.routes]\n{routes}");
    let stack = testing::STACK.replace("[api.routes]\n", &routes);
    format!("{stack}\n[functions.f]\nsource = \"s3://bucket/f.zip\"\n")
}

/// The largest stack, with this value at a path.
fn whole_with(path: &[&str], value: Value) -> String {
    let mut whole: TomlTable = wholes().next().unwrap().parse().unwrap();
    let (last, above) = path.split_last().unwrap();
    let mut at = &mut whole;
    for key in above {
        at = at[*key].as_table_mut().unwrap();
    }
    at.insert((*last).to_owned(), value);
    toml::to_string(&whole).unwrap()
}

/// The first name in a table of the largest stack.
fn first_of(table: &str) -> String {
    let whole: TomlTable = wholes().next().unwrap().parse().unwrap();
    whole[table]
        .as_table()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .clone()
}

/// A reference as written in the largest stack.
fn written(reference: &str) -> String {
    let (table, _) = reference.split_once('.').unwrap();
    match reference.contains(".NAME.") {
        true => format!("${{{}}}", reference.replace("NAME", &first_of(table))),
        false => format!("${{{reference}}}"),
    }
}

#[test]
fn what_a_file_wants_stands_where_its_kind_stands() {
    let mut seen = HashSet::new();
    for desired in wishes() {
        for (address, wanted) in &desired.resources {
            let place = address.place().unwrap_or_else(|| panic!("{address}"));
            assert_eq!(place.address(), *address);
            assert_eq!(place.kind(), Some(wanted.resource.info().name), "{address}");
            seen.insert(std::mem::discriminant(&place));
        }
    }
    // What no file can want remains from before.
    let former = Place::SHAPES
        .iter()
        .filter(|(shape, _)| shape.ends_with("/old"));
    let wanted = Place::SHAPES.iter().filter(|(_, kind)| kind.is_some());
    assert_eq!(seen.len(), wanted.count() - former.count());
}

#[test]
fn each_kind_has_a_place_and_each_place_a_kind_that_is_there() {
    let kinds: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let placed: BTreeSet<&str> = Place::SHAPES.iter().filter_map(|(_, kind)| *kind).collect();
    assert_eq!(placed, kinds);
}

#[test]
fn the_tables_of_addresses_are_the_files() {
    let known = schema::properties(schema::resolved()).unwrap();
    for table in Place::tables() {
        assert!(known.contains_key(table), "{table}");
    }
    let named = known.iter().filter(|(name, schema)| {
        let entry = schema.get("additionalProperties");
        let is_table =
            entry.is_some_and(|entry| schema::properties(schema::follow(entry)).is_some());
        is_table && *name != "vars"
    });
    let named: BTreeSet<&str> = named.map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, Table::ALL.map(Table::name).into());
}

#[test]
fn each_reference_stands_for_something_of_what_is_wanted() {
    let plan = first_of("plans");
    for (reference, _) in SAID {
        let text = whole_with(&["plans", &plan, "description"], written(reference).into());
        let desired = wanted(&text);
        let address = Place::Plan(plan.clone()).address();
        let Resource::UsagePlan(props) = &desired.resources[&address].resource else {
            panic!("{address}");
        };
        let value = serde_json::to_string(&props.description).unwrap();
        assert!(
            value.len() > 2 && !value.contains("${"),
            "{reference}: {value}"
        );
        for output in props.description.outputs() {
            assert!(
                desired.resources.contains_key(&output.of),
                "{reference}: {value}"
            );
        }
    }
}

#[test]
fn what_expand_takes_from_a_template_is_made_out() {
    for text in [
        include_str!("expand.rs"),
        include_str!("expand/answers.rs"),
        include_str!("expand/api.rs"),
        include_str!("expand/domain.rs"),
        include_str!("expand/load_balancer.rs"),
        include_str!("expand/pool.rs"),
        include_str!("expand/references.rs"),
    ] {
        assert!(!text.contains("as_written"));
    }
}

/// Each text of a table's first entry that may contain references, with this one in it: the path, and the value.
fn templates_of(table: &str, reference: &str) -> Vec<(String, Value)> {
    let path = KeyPath::from([table, &first_of(table)]);
    let entry = schema::follow(schema::at(&path).unwrap());
    let is_template = |schema: &serde_json::Value| {
        let formats = [Template::FORMAT, GatewayTemplate::FORMAT];
        schema["format"]
            .as_str()
            .is_some_and(|format| formats.contains(&format))
    };
    let settings = schema::properties(entry).unwrap().iter();
    let templates = settings.filter_map(|(key, schema)| {
        let text = Value::from(reference);
        let value = if is_template(schema) {
            text
        } else if is_template(&schema["items"]) {
            Value::from(vec![text])
        } else if is_template(&schema["additionalProperties"]) {
            Value::Table([("key".to_owned(), text)].into_iter().collect())
        } else {
            return None;
        };
        Some((key.clone(), value))
    });
    templates.collect()
}

#[test]
fn what_waits_for_its_own_id_is_seen_in_each_of_its_texts() {
    let mut seen = 0;
    for (table, reference) in [
        ("app_clients", "app_clients.NAME.client_id"),
        ("partners", "partners.NAME.client_id"),
        ("api_keys", "api_keys.NAME.id"),
    ] {
        let name = first_of(table);
        for (key, value) in templates_of(table, &written(reference)) {
            let text = whole_with(&[table, &name, &key], value);
            let codes = testing::codes(&text);
            assert!(codes.contains(&Code::Cycle), "{table}.{key}: {codes:?}");
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

/// The paths of all texts in a table, those in lists with their place.
fn texts_in(at: &[String], value: &Value, found: &mut Vec<Vec<String>>) {
    let below = |step: &str| [at, &[step.to_owned()]].concat();
    match value {
        Value::String(_) => found.push(at.to_vec()),
        Value::Table(table) => {
            for (key, value) in table {
                texts_in(&below(key), value, found);
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                texts_in(&below(&place.to_string()), value, found);
            }
        }
        _ => {}
    }
}

/// Exchanges the text at a path.
fn exchange(value: &mut Value, path: &[String], text: &str) {
    match (path, value) {
        ([], value) => *value = text.into(),
        ([key, rest @ ..], Value::Table(table)) => exchange(&mut table[key], rest, text),
        ([place, rest @ ..], Value::Array(items)) => {
            exchange(&mut items[place.parse::<usize>().unwrap()], rest, text);
        }
        (path, value) => panic!("{path:?} {value}"),
    }
}

/// The check for cycles is of what a file says; here is what it would come to.
#[test]
fn nothing_that_a_good_file_wants_waits_for_itself() {
    let whole: TomlTable = wholes().next().unwrap().parse().unwrap();
    let whole = Value::Table(whole);
    let mut paths = Vec::new();
    texts_in(&[], &whole, &mut paths);
    let mut good = 0;
    for path in &paths {
        for (reference, _) in SAID {
            let mut whole = whole.clone();
            exchange(&mut whole, path, &written(reference));
            let text = toml::to_string(&whole).unwrap();
            let Ok(checked) = testing::read(&text) else {
                continue;
            };
            let lookups = Lookups::default();
            let desired = expand(&checked.file, "123456789012", Patterns::default(), &lookups);
            let of_kind = |kind: &'static str| {
                let all = desired.resources.iter();
                let of_kind = all.filter(move |(_, wanted)| wanted.resource.info().name == kind);
                of_kind.map(|(address, _)| address.clone())
            };
            let needs = desired.resources.iter().map(|(address, wanted)| {
                let needed = wanted.resource.awaited().into_iter();
                let marked_on = wanted.resource.info().marked_on.into_iter();
                let needed = needed.chain(marked_on.flat_map(of_kind));
                let needed = needed.chain(wanted.after.iter().cloned());
                (
                    address.to_string(),
                    needed.map(|it| it.to_string()).collect(),
                )
            });
            let needs: BTreeMap<String, Vec<String>> = needs.collect();
            let cycles = Needs::of(&needs).cycles();
            assert!(cycles.is_empty(), "{reference} at {path:?}: {cycles:?}");
            good += 1;
        }
    }
    assert!(good >= 100, "{good}");
}

/// The largest stack, with a custom domain of the pool with this name and a zone for its record.
fn with_own_domain(name: &str) -> String {
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    let own = [
        ("name", name),
        ("certificate", certificate),
        ("zone", "example.com"),
    ];
    let own = own.map(|(key, text)| (key.to_owned(), Value::from(text)));
    whole_with(
        &["user_pool", "own_domain"],
        Value::Table(own.into_iter().collect()),
    )
}

#[test]
fn the_record_of_an_own_domain_has_the_name_that_is_meant() {
    let desired = wanted(&with_own_domain("${stack.name}.example.com"));
    let address = Place::OwnDomainRecord.address();
    let Resource::DnsRecord(record) = &desired.resources[&address].resource else {
        panic!("{address}");
    };
    assert_eq!(
        record.name,
        format!("{}.example.com", desired.context.stack)
    );
    let waiting = with_own_domain(&format!("{}.example.com", written("api_keys.NAME.id")));
    assert_eq!(testing::codes(&waiting), [Code::MisplacedReference]);
}
