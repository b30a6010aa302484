//! Properties of every kind, and the reference page from the registry.

use std::collections::BTreeSet;

use gatestack::kinds::{OnChange, fields_of_kinds};
use gatestack::model::Address;

use crate::support::program::example;
use crate::support::world::{desired, stack_of};

#[test]
fn every_kind_is_declared_well() {
    let mut names = BTreeSet::new();
    for (kind, fields) in fields_of_kinds() {
        assert!(
            names.insert(kind.name),
            "two kinds are called {}",
            kind.name
        );
        assert!(
            kind.doc.ends_with('.'),
            "{}: the documentation is sentences",
            kind.name
        );
        assert!(!fields.is_empty(), "{} has no fields", kind.name);
        let mut seen = BTreeSet::new();
        for field in &fields {
            assert!(
                seen.insert(field.name),
                "{} has two fields {}",
                kind.name,
                field.name
            );
            assert!(
                field.doc.ends_with('.'),
                "{}.{}: the documentation is sentences",
                kind.name,
                field.name
            );
            if let OnChange::Replace(why) | OnChange::Refuse(why) = field.on_change {
                assert!(!why.is_empty(), "{}.{}: a reason", kind.name, field.name);
                // Another domain can be made beside the old one; credentials, users and stages can't.
                let comes_back = kind.name == "api_domain";
                assert!(
                    comes_back
                        || kind.loss.is_none()
                        || !matches!(field.on_change, OnChange::Replace(_)),
                    "{}.{}: what people would lose is never replaced",
                    kind.name,
                    field.name
                );
            }
            if let OnChange::Refuse(ways_out) = field.on_change {
                assert!(
                    ways_out.contains('`') || ways_out.contains("the line"),
                    "{}.{}: a refusal says what to write or to run instead",
                    kind.name,
                    field.name
                );
            }
            if let Some(other) = field.refers_to {
                assert!(
                    fields_of_kinds().iter().any(|(kind, _)| kind.name == other),
                    "{}.{} refers to a kind {other}, which there is not",
                    kind.name,
                    field.name
                );
            }
        }
        if let Some(container) = kind.goes_with {
            assert!(
                fields
                    .iter()
                    .any(|field| field.refers_to == Some(container)),
                "{} goes with its {container}, so a field says which",
                kind.name
            );
        }
    }
}

/// Everything whose outputs are in a resource's properties.
fn held(properties: &serde_json::Value) -> BTreeSet<String> {
    match properties {
        serde_json::Value::Object(members) => {
            let output = members.get("output").and_then(|output| output.get("of"));
            let of = output.and_then(|of| of.as_str()).map(str::to_owned);
            members.values().flat_map(held).chain(of).collect()
        }
        serde_json::Value::Array(items) => items.iter().flat_map(held).collect(),
        _ => BTreeSet::new(),
    }
}

/// The planner orders steps by it, and the executor tells a step no other outputs.
#[test]
fn the_fields_of_a_resource_await_every_output_that_it_holds() {
    let mut holding = BTreeSet::new();
    let whole = include_str!("../foreign/whole.toml");
    for text in [whole, &example("partner-api"), &stack_of(2, 2)] {
        for (address, wanted) in desired(text).resources {
            let awaited = wanted.resource.awaited();
            let awaited: BTreeSet<String> = awaited.iter().map(Address::to_string).collect();
            let held = held(&serde_json::to_value(&wanted.resource).unwrap());
            assert_eq!(held, awaited, "{address}");
            if !held.is_empty() {
                holding.insert(wanted.resource.info().name);
            }
        }
    }
    assert!(holding.len() >= 15, "{holding:?}");
}

/// `docs/resources.md`, from the registry. `UPDATE_DOCS=1 cargo test reference_page` writes it.
#[test]
fn the_reference_page_is_what_the_registry_says() {
    let mut page = String::from(
        "# Resources\n\nWhat gatestack provisions, from its registry of kinds. A field is changed in place unless its note says otherwise. What holds where\n\
         the file does not say it stands in [stack-file.md](stack-file.md).\n",
    );
    for (kind, fields) in fields_of_kinds() {
        page += &format!("\n## {}\n\n{}\n", kind.title, kind.doc);
        if let Some(loss) = kind.loss {
            page += &format!("\nDeleting it needs consent: {loss}.\n");
        }
        if let Some(why) = kind.outlives {
            page += &format!("\nA destroy leaves it: {why}.\n");
        }
        if let Some(bill) = kind.billable {
            page += &format!("\nCost: {bill}\n");
        }
        page += "\n| field | meaning | a change |\n|---|---|---|\n";
        for field in fields
            .iter()
            .filter(|field| field.on_change != OnChange::Place)
        {
            let change = match field.on_change {
                OnChange::InPlace | OnChange::Place => String::new(),
                OnChange::Replace(why) => format!("replaces it: {why}"),
                OnChange::Refuse(ways_out) => format!("is refused: {ways_out}"),
            };
            page += &format!(
                "| `{}` | {} | {change} |\n",
                field.name,
                field.doc.replace('|', "\\|")
            );
        }
    }
    // A default is the file's, and is on its page.
    assert!(!page.contains("Left out"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/resources.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(path).unwrap_or_default(),
        page,
        "UPDATE_DOCS=1 cargo test reference_page"
    );
}

/// A code never changes its meaning, so no two notes may have one.
#[test]
fn every_note_of_a_plan_has_a_code_of_its_own() {
    let mut paths = Vec::new();
    for room in ["src/plan", "src/kinds"] {
        let room = crate::support::program::repository(room);
        paths.push(room.with_extension("rs"));
        crate::rooms::files(&room, &mut paths);
    }
    let sources = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    let mut seen = BTreeSet::new();
    for source in sources {
        for (place, _) in source.match_indices("\"GS1") {
            let code = &source[place + 1..place + 6];
            assert!(
                seen.insert(code.to_owned()),
                "two notes have the code {code}"
            );
        }
    }
    assert!(seen.contains("GS101"), "{seen:?}");
}

/// What differs from kind to kind is declared by the kind: who tells them apart by a name forgets the next one.
#[test]
fn nothing_else_tells_kinds_apart_by_name() {
    let src = crate::support::program::repository("src");
    let kinds = src.join("kinds");
    let mut paths = Vec::new();
    crate::rooms::files(&src, &mut paths);
    paths.retain(|path| !path.starts_with(&kinds));
    assert!(paths.len() > 100, "{paths:?}");
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        let (code, _) = source
            .split_once("#[cfg(test)]\nmod tests {")
            .unwrap_or((&source, ""));
        for (kind, _) in fields_of_kinds() {
            let compared = format!("name == \"{}\"", kind.name);
            assert!(!code.contains(&compared), "{}: {compared}", path.display());
        }
    }
}
