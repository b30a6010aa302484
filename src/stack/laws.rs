//! What holds of every stack file, shown on those that together say all that a file can say.

use std::collections::{BTreeSet, HashSet};

use super::expand::expand;
use super::together::wholes;
use super::{schema, testing};
use crate::kinds::{Desired, KINDS, Surroundings};
use crate::model::{Place, Table};

/// What each of the stacks wants.
fn wishes() -> impl Iterator<Item = Desired> {
    wholes().chain([testing::STACK]).map(|text| {
        let checked = testing::read(text).unwrap();
        let surroundings = Surroundings::default();
        expand(&checked.file, "123456789012", Vec::new(), &surroundings)
    })
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
    // What no file wants is left from before.
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
