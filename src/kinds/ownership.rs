//! Whose the tagged things of an account are: ours by tag, in the way by name, or nobody's business.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Desired, Findings, Found, KEY_TAG, KindInfo, Obstacle, Outputs, Owner, REPLACES_TAG, STACK_TAG,
    Scope,
};
use crate::model::{Address, OutputName};

/// Something AWS lists with its name and its tags.
#[derive(Clone, Debug)]
pub(super) struct Candidate<P> {
    /// Its name, as people see it.
    pub(super) name: String,
    /// Its tags.
    pub(super) tags: BTreeMap<String, String>,
    /// What it is.
    pub(super) props: P,
    /// What AWS tells of it.
    pub(super) outputs: Outputs,
    /// Settings of it that gatestack leaves alone, in words.
    pub(super) unmanaged: Vec<String>,
}

/// Sorts out what AWS lists of one kind, given the names that are wanted.
///
/// A thing with our tags is ours, whatever its name is. A thing with a wanted name stands in the way while the wanted
/// address has nothing: making a second of that name would leave people guessing which one is the stack's.
pub(super) fn sort_out<P>(
    scope: &Scope<'_>,
    kind: &KindInfo,
    wanted: &BTreeMap<Address, String>,
    candidates: Vec<Candidate<P>>,
) -> Findings<P> {
    let mut findings = Findings::default();
    let mut strangers = Vec::new();
    let replaced = replaced(&candidates);
    for candidate in candidates {
        match scope.desired.ground.owner_by_tags(&candidate.tags) {
            Owner::Us(address) => {
                let id = candidate.outputs.get(&OutputName::Id);
                let address = match id.filter(|id| replaced.contains(*id)) {
                    Some(id) => address.replaced(id),
                    None => address,
                };
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
            Claim::Taken(obstacle) => findings.obstacles.push(obstacle),
            Claim::Adopted(candidate) => findings.owned.push(found(address.clone(), *candidate)),
        }
    }
    findings
}

/// The ids of things whose place another of the same address takes. Who copies tags can't bring about that two of them
/// name each other: a thing's id is made after the tags of what it takes the place of.
fn replaced<P>(candidates: &[Candidate<P>]) -> BTreeSet<String> {
    let key = |candidate: &Candidate<P>| {
        let tag = |name| candidate.tags.get(name).cloned();
        (tag(STACK_TAG), tag(KEY_TAG))
    };
    let named: BTreeSet<(&String, _)> = candidates
        .iter()
        .filter_map(|candidate| Some((candidate.tags.get(REPLACES_TAG)?, key(candidate))))
        .collect();
    candidates
        .iter()
        .filter_map(|candidate| {
            let id = candidate.outputs.get(&OutputName::Id)?;
            named.contains(&(id, key(candidate))).then(|| id.clone())
        })
        .collect()
}

enum Claim<P> {
    Free,
    Taken(Obstacle),
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
    let (what, help) = match desired.ground.owner_by_tags(&namesake.tags) {
        _ if several => (
            format!(
                "several things of the kind {} are called {name:?}",
                kind.title
            ),
            "rename them, or give this one another name in the file".to_owned(),
        ),
        Owner::Stack(stack) => (
            format!(
                "the stack {stack:?} has this already: the {} {name:?}",
                kind.title
            ),
            "give it another name in one of the two stack files".to_owned(),
        ),
        Owner::Us(_) | Owner::Nobody if desired.adopt.contains(address) => {
            return Claim::Adopted(Box::new(namesake));
        }
        Owner::Us(_) | Owner::Nobody => (
            format!(
                "there is one already that gatestack did not make: the {} {name:?}",
                kind.title
            ),
            format!("rename one of the two, or take it over with --adopt '{address}'"),
        ),
    };
    Claim::Taken(Obstacle {
        address: address.clone(),
        what,
        help,
    })
}

/// Where something that stands at this address stands after `[[moved]]`.
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
    use crate::kinds::Ground;
    use crate::model::Book;

    const KIND: KindInfo = KindInfo::new("thing", "thing", "");

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
            ground: Ground {
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
            adopt: adopt.iter().copied().map(Address::new).collect(),
            outputs: BTreeMap::new(),
        };
        let scope = Scope {
            desired: &desired,
            book: &Book::default(),
        };
        sort_out(
            &scope,
            &KIND,
            &BTreeMap::from([(Address::new("thing"), "Wanted".to_owned())]),
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
                candidate("Old name", &ours("thing")),
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
            findings.obstacles[0].help.contains("--adopt 'thing'"),
            "{:?}",
            findings.obstacles
        );
        let findings = look(&["thing"], &[], vec![candidate("Wanted", &[])]);
        assert_eq!(findings.owned[0].address.as_str(), "thing");
        assert!(findings.obstacles.is_empty());
    }

    #[test]
    fn another_stacks_namesake_is_never_adopted() {
        let other = [(STACK_TAG, "others"), (KEY_TAG, "thing")];
        let findings = look(&["thing"], &[], vec![candidate("Wanted", &other)]);
        assert!(findings.owned.is_empty());
        assert!(findings.obstacles[0].what.contains("\"others\""));
        assert!(!findings.obstacles[0].help.contains("--adopt"));
    }

    #[test]
    fn two_namesakes_are_not_picked_by_chance() {
        let findings = look(
            &["thing"],
            &[],
            vec![candidate("Wanted", &[]), candidate("Wanted", &[])],
        );
        assert!(findings.owned.is_empty());
        assert_eq!(findings.obstacles.len(), 1);
    }

    #[test]
    fn a_moved_thing_fills_its_new_address() {
        let candidates = vec![
            candidate("Wanted", &ours("before")),
            candidate("Wanted", &[]),
        ];
        let findings = look(&[], &[("before", "thing")], candidates);
        assert_eq!(findings.owned[0].address.as_str(), "before");
        assert!(findings.obstacles.is_empty());
    }
}
