//! Names that another stack has: told at once, with the lines that give this stack names of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::Problem;
use crate::kinds::TakenName;
use crate::model::Address;

/// How many names are told one by one.
const TOLD: usize = 8;

/// Replaces the problems of taken names by one.
pub(super) fn say_at_once(stack: &str, taken: &[TakenName], problems: &mut Vec<Problem>) {
    let mut lines: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
    let mut told = Vec::new();
    for one in taken {
        let Some((table, setting)) = one.address.place().and_then(|place| place.named_in()) else {
            continue;
        };
        let line = format!("{setting} = {:?}", of_its_own(&one.name, stack));
        lines.entry(table).or_default().insert(line);
        told.push(one);
    }
    let Some(first) = told.iter().map(|one| &one.address).min().cloned() else {
        return;
    };
    let tables = lines.iter().map(|(table, lines)| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        format!("[{table}]\n{}", lines.join("\n"))
    });
    let tables: Vec<String> = tables.collect();
    let addresses: BTreeSet<&Address> = told.iter().map(|one| &one.address).collect();
    let alone = problems.iter().find(|one| addresses.contains(&one.address));
    let (what, help) = match &told[..] {
        [_] => (
            alone.map_or_else(String::new, |one| one.what.clone()),
            "give it another name in one of the two stack files, for example",
        ),
        several => (
            in_words(several),
            "give this stack names of its own, for example these, which an overlay may hold",
        ),
    };
    problems.retain(|one| !addresses.contains(&one.address));
    problems.push(Problem {
        address: first,
        what,
        help: format!("{help}\n{}", tables.join("\n")),
    });
}

/// A name that says whose it is. Names with spaces are for people, others may be for AWS alone.
fn of_its_own(name: &str, stack: &str) -> String {
    match name.contains(' ') {
        true => format!("{name} {stack}"),
        false => format!("{name}-{stack}"),
    }
}

fn in_words(taken: &[&TakenName]) -> String {
    let mut by_owner: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for one in taken {
        let named = format!("{} {:?}", one.title, one.name);
        by_owner
            .entry(one.stack.as_deref())
            .or_default()
            .push(named);
    }
    let owners = by_owner.iter().rev().map(|(stack, named)| {
        let more = named.len().saturating_sub(TOLD);
        let mut said = named[..named.len() - more].join(", ");
        if more > 0 {
            said += &format!(" and {more} more");
        }
        match stack {
            Some(stack) => format!("the stack {stack:?} has {said}"),
            None => format!("another user pool of this account has {said}"),
        }
    });
    let owners: Vec<String> = owners.collect();
    format!(
        "{} names of this stack are taken: {}",
        taken.len(),
        owners.join("; ")
    )
}
