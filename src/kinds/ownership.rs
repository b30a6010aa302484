//! The ownership of tagged resources: ours by tag, an obstacle by name, or ignored.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Desired, Findings, Found, KEY_TAG, KindInfo, Obstacle, Outputs, Owner, REPLACES_TAG, STACK_TAG,
    Scope, TakenName,
};
use crate::model::{Address, OutputName, shell_word};

/// A listed resource with its name and its tags.
#[derive(Clone, Debug)]
pub(super) struct Candidate<P> {
    /// Its display name.
    pub(super) name: String,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) props: P,
    pub(super) outputs: Outputs,
    /// Settings of it that gatestack leaves alone, in words.
    pub(super) unmanaged: Vec<String>,
}

/// Sorts out what AWS lists of one kind, given the names that are wanted.
///
/// A resource with our tags is ours, whatever its name. One with a wanted name is an obstacle while the wanted address is empty:
/// it would be unclear which of two with that name is the stack's.
pub(super) fn sort_out<P>(
    scope: &Scope<'_>,
    kind: &KindInfo,
    wanted: &BTreeMap<Address, String>,
    candidates: Vec<Candidate<P>>,
) -> Findings<P> {
    let mut findings = Findings::default();
    let mut strangers = Vec::new();
    let successors = successors(scope.desired, &candidates);
    for candidate in candidates {
        match scope.desired.context.owner_by_tags(&candidate.tags) {
            Owner::Us(address) if !address.is_place_of(kind.name) => {
                let outputs = &candidate.outputs;
                let misplaced = misplaced(&address, kind, &candidate.name, outputs);
                findings.misplaced.push(misplaced);
            }
            Owner::Us(address) => {
                let id = candidate.outputs.get(&OutputName::Id);
                let address = place(kind, address, id, &successors);
                findings.owned.push(found(address, candidate));
            }
            Owner::Stack(_) | Owner::Nobody => strangers.push(candidate),
        }
    }
    let taken: BTreeSet<Address> = findings
        .owned
        .iter()
        .map(|found| after_moves(scope.desired, &found.address))
        .collect();
    for (address, name) in wanted
        .iter()
        .filter(|(address, _)| !taken.contains(address))
    {
        let (namesakes, others) = strangers
            .into_iter()
            .partition(|stranger| stranger.name == *name);
        strangers = others;
        match claim(scope.desired, kind, address, namesakes) {
            Claim::Free => {}
            Claim::Taken(obstacle, name) => {
                findings.obstacles.push(obstacle);
                findings.names_taken.extend(name);
            }
            Claim::Adopted(candidate) => findings.owned.push(found(address.clone(), *candidate)),
        }
    }
    findings
}

/// A resource with the stack's tags, at an address where no file can want it: the tag is wrong.
pub(super) fn misplaced(
    address: &Address,
    kind: &KindInfo,
    name: &str,
    outputs: &Outputs,
) -> Obstacle {
    let arn = outputs.get(&OutputName::Arn);
    let told = arn.or_else(|| outputs.get(&OutputName::Id));
    let told = told.map_or("", String::as_str);
    let untag = arn.map(|arn| {
        format!(
            "\naws resourcegroupstaggingapi untag-resources --resource-arn-list {} --tag-keys {STACK_TAG} {KEY_TAG}",
            shell_word(arn)
        )
    });
    Obstacle {
        address: address.clone(),
        what: format!(
            "the {} {name:?} ({told}) is tagged {KEY_TAG}={:?}, where no stack file can have {} {}",
            kind.title,
            address.as_str(),
            article(kind.title),
            kind.title
        ),
        help: format!(
            "restore the tag; if it is not the stack's, remove its tags {STACK_TAG} and {KEY_TAG}{}",
            untag.unwrap_or_default()
        ),
    }
}

fn article(title: &str) -> &'static str {
    match title.starts_with(['a', 'e', 'i', 'o', 'A']) {
        true => "an",
        false => "a",
    }
}

/// The id of the replacement, by the id of the replaced one. A `[[moved]]` may be what replaces it: then it still has the tags of the
/// address before.
fn successors<P>(desired: &Desired, candidates: &[Candidate<P>]) -> BTreeMap<String, String> {
    let at = |candidate: &Candidate<P>| match desired.context.owner_by_tags(&candidate.tags) {
        Owner::Us(address) => Some(after_moves(desired, &address)),
        Owner::Stack(_) | Owner::Nobody => None,
    };
    let named: BTreeMap<(&String, Address), &Candidate<P>> = candidates
        .iter()
        .filter_map(|new| Some(((new.tags.get(REPLACES_TAG)?, at(new)?), new)))
        .collect();
    candidates
        .iter()
        .filter_map(|old| {
            let id = old.outputs.get(&OutputName::Id)?;
            let new = named.get(&(id, at(old)?))?.outputs.get(&OutputName::Id)?;
            Some((id.clone(), new.clone()))
        })
        .collect()
}

/// The final address of a resource: this one, or one below its replacement, so that what is only known by another's tag is
/// deleted before that other; if the older ones of a kind stay, all of them are beside the newest. Resources that replace each other,
/// which only edited tags can cause, all get this address: none of them counts as the older one.
fn place(
    kind: &KindInfo,
    address: Address,
    id: Option<&String>,
    successors: &BTreeMap<String, String>,
) -> Address {
    let mut line: Vec<&String> = Vec::new();
    let mut next = id;
    while let Some(id) = next {
        if line.contains(&id) {
            return address;
        }
        line.push(id);
        next = successors.get(id);
    }
    // The last one is the replacement.
    line.pop();
    if let (true, Some(older)) = (kind.older_stay, line.first()) {
        return address.older(older);
    }
    line.iter()
        .rev()
        .fold(address, |address, id| address.replaced(id))
}

enum Claim<P> {
    Free,
    Taken(Obstacle, Option<TakenName>),
    Adopted(Box<Candidate<P>>),
}

fn claim<P>(
    desired: &Desired,
    kind: &KindInfo,
    address: &Address,
    mut namesakes: Vec<Candidate<P>>,
) -> Claim<P> {
    let several = namesakes.len() > 1;
    let Some(namesake) = namesakes.pop() else {
        return Claim::Free;
    };
    let name = namesake.name.clone();
    let owner = desired.context.owner_by_tags(&namesake.tags);
    let taken = match &owner {
        Owner::Stack(stack) if !several => Some(TakenName {
            address: address.clone(),
            title: kind.title.to_owned(),
            name: name.clone(),
            stack: Some(stack.to_string()),
        }),
        _ => None,
    };
    let (what, help) = match owner {
        _ if several => (
            format!(
                "several things of the kind {} are called {name:?}",
                kind.title
            ),
            "rename them, or give this one another name in the file".to_owned(),
        ),
        Owner::Stack(stack) => (
            format!(
                "the {} {name:?} already belongs to the stack {stack:?}",
                kind.title
            ),
            "give it another name in one of the two stack files".to_owned(),
        ),
        Owner::Us(_) | Owner::Nobody if desired.adopt.name(address) => {
            return Claim::Adopted(Box::new(namesake));
        }
        Owner::Us(_) | Owner::Nobody => (
            format!(
                "the {} {name:?} exists already, and gatestack did not make it",
                kind.title
            ),
            format!(
                "rename one of the two, or take it over with {}",
                take_over(address)
            ),
        ),
    };
    let obstacle = Obstacle {
        address: address.clone(),
        what,
        help,
    };
    Claim::Taken(obstacle, taken)
}

/// The flag that adopts an unmanaged resource.
pub(super) fn take_over(address: &Address) -> String {
    format!("--adopt '{address}'")
}

/// The address after `[[moved]]`.
pub(super) fn after_moves(desired: &Desired, address: &Address) -> Address {
    desired
        .moved
        .iter()
        .find_map(|(from, to)| address.moved(from, to))
        .unwrap_or_else(|| address.clone())
}

fn found<P>(address: Address, candidate: Candidate<P>) -> Found<P> {
    Found {
        unmanaged: candidate.unmanaged,
        ..Found::new(address, candidate.props, candidate.outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::StackContext;
    use crate::model::{Book, Patterns};

    const KIND: KindInfo = KindInfo::new("usage_plan", "usage plan", "");

    fn candidate(name: &str, tags: &[(&str, &str)]) -> Candidate<&'static str> {
        Candidate {
            name: name.into(),
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            props: "",
            outputs: Outputs::new(),
            unmanaged: Vec::new(),
        }
    }

    fn look(
        adopt: &[&str],
        moved: &[(&str, &str)],
        candidates: Vec<Candidate<&'static str>>,
    ) -> Findings<&'static str> {
        let desired = Desired {
            context: StackContext {
                stack: "claims".into(),
                region: "eu-west-1".into(),
                account: "123456789012".into(),
                tags: BTreeMap::new(),
            },
            resources: BTreeMap::new(),
            moved: moved
                .iter()
                .map(|(from, to)| (Address::new(*from), Address::new(*to)))
                .collect(),
            adopt: Patterns::new(adopt.iter().map(|text| (*text).to_owned())),
            leaving: BTreeSet::new(),
            open_on_purpose: BTreeSet::new(),
            existing_functions: BTreeMap::new(),
            outputs: BTreeMap::new(),
            lock: true,
            existing_pool: None,
            others_scopes: false,
            guests: BTreeMap::new(),
        };
        let scope = Scope {
            desired: &desired,
            book: &Book::default(),
            destroy: false,
        };
        sort_out(
            &scope,
            &KIND,
            &BTreeMap::from([(Address::new("plans.a"), "Wanted".to_owned())]),
            candidates,
        )
    }

    fn ours(key: &'static str) -> [(&'static str, &'static str); 2] {
        [(STACK_TAG, "claims"), (KEY_TAG, key)]
    }

    #[test]
    fn ours_by_tag_whatever_its_name_and_a_namesake_then_is_nobodys_business() {
        let findings = look(
            &[],
            &[],
            vec![
                candidate("Old name", &ours("plans.a")),
                candidate("Wanted", &[]),
            ],
        );
        assert_eq!(findings.owned.len(), 1);
        assert!(findings.obstacles.is_empty());
    }

    #[test]
    fn a_namesake_stands_in_the_way_until_it_is_adopted() {
        let findings = look(&[], &[], vec![candidate("Wanted", &[])]);
        assert!(findings.owned.is_empty());
        assert!(
            findings.obstacles[0].help.contains("--adopt 'plans.a'"),
            "{:?}",
            findings.obstacles
        );
        let findings = look(&["plans.a"], &[], vec![candidate("Wanted", &[])]);
        assert_eq!(findings.owned[0].address.as_str(), "plans.a");
        assert!(findings.obstacles.is_empty());
    }

    #[test]
    fn another_stacks_namesake_is_never_adopted() {
        let other = [(STACK_TAG, "others"), (KEY_TAG, "plans.a")];
        let findings = look(&["plans.a"], &[], vec![candidate("Wanted", &other)]);
        assert!(findings.owned.is_empty());
        assert!(findings.obstacles[0].what.contains("\"others\""));
        assert!(!findings.obstacles[0].help.contains("--adopt"));
    }

    #[test]
    fn two_namesakes_are_not_picked_by_chance() {
        let findings = look(
            &["plans.a"],
            &[],
            vec![candidate("Wanted", &[]), candidate("Wanted", &[])],
        );
        assert!(findings.owned.is_empty());
        assert_eq!(findings.obstacles.len(), 1);
    }

    #[test]
    fn what_is_replaced_stands_below_what_replaces_it() {
        let thing = |id: &str, replaces: Option<&str>| {
            let mut tags = ours("plans.a").to_vec();
            tags.extend(replaces.map(|old| (REPLACES_TAG, old)));
            let mut candidate = candidate("Wanted", &tags);
            candidate.outputs.insert(OutputName::Id, id.into());
            candidate
        };
        let candidates = vec![
            thing("b", Some("a")),
            thing("a", Some("gone")),
            thing("c", Some("b")),
        ];
        let owned = look(&[], &[], candidates).owned;
        let places: Vec<_> = owned.iter().map(|found| found.address.as_str()).collect();
        assert_eq!(
            places,
            [
                "plans.a/replaced/b",
                "plans.a/replaced/b/replaced/a",
                "plans.a"
            ]
        );
    }

    #[test]
    fn things_that_replace_each_other_are_both_at_the_address() {
        let thing = |id: &str, replaces: &str| {
            let mut tags = ours("plans.a").to_vec();
            tags.push((REPLACES_TAG, replaces));
            let tags: Vec<_> = tags.into_iter().collect();
            let mut candidate = Candidate {
                tags: tags
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect(),
                ..candidate("Wanted", &[])
            };
            candidate.outputs.insert(OutputName::Id, id.into());
            candidate
        };
        let owned = look(&[], &[], vec![thing("a", "b"), thing("b", "a")]).owned;
        let places: Vec<_> = owned.iter().map(|found| found.address.as_str()).collect();
        assert_eq!(places, ["plans.a", "plans.a"]);
        let owned = look(&[], &[], vec![thing("a", "a")]).owned;
        assert_eq!(owned[0].address.as_str(), "plans.a");
    }

    #[test]
    fn a_moved_thing_fills_its_new_address() {
        let candidates = vec![
            candidate("Wanted", &ours("plans.before")),
            candidate("Wanted", &[]),
        ];
        let findings = look(&[], &[("plans.before", "plans.a")], candidates);
        assert_eq!(findings.owned[0].address.as_str(), "plans.before");
        assert!(findings.obstacles.is_empty());
    }
}
