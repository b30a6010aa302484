//! Steps in topological order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, Key, wait_for_each_other};
use crate::plan::{Problem, Step};

/// The steps in topological order; of those that may come next, first the one before the longest wait, then by address.
pub(super) fn sort(drafts: BTreeMap<Key, Draft>) -> Result<Vec<Step>, Problem> {
    let mut users: BTreeMap<&Key, Vec<&Key>> = BTreeMap::new();
    for (key, draft) in &drafts {
        for need in &draft.needs {
            users.entry(need).or_default().push(key);
        }
    }
    let mut open: BTreeMap<&Key, usize> = drafts
        .iter()
        .map(|(key, draft)| (key, draft.needs.len()))
        .collect();
    let waits = waits(&drafts, &users);
    let mut order: Vec<&Key> = Vec::new();
    let mut next: BTreeSet<(Reverse<u32>, &Key)> = BTreeSet::new();
    let rank = |key: &Key| Reverse(waits.get(key).copied().unwrap_or_default());
    next.extend(
        open.iter()
            .filter(|(_, needs)| **needs == 0)
            .map(|(key, _)| (rank(key), *key)),
    );
    while let Some((_, key)) = next.pop_first() {
        order.push(key);
        for user in users.get(key).into_iter().flatten() {
            if let Some(needs) = open.get_mut(*user) {
                *needs -= 1;
                if *needs == 0 {
                    next.insert((rank(user), *user));
                }
            }
        }
    }
    if let Some(stuck) = drafts.keys().find(|key| open[key] > 0) {
        return Err(wait_for_each_other(stuck));
    }
    let places: BTreeMap<&Key, usize> = order
        .iter()
        .enumerate()
        .map(|(place, key)| (*key, place))
        .collect();
    let step = |key: &&Key| {
        let draft = &drafts[*key];
        Step {
            address: draft.address.clone(),
            operation: draft.operation.clone(),
            carries: draft.carries.clone(),
            lane: draft.operation.resource().info().lane,
            needs: draft.needs.iter().map(|need| places[need]).collect(),
            replaces: draft.replaces.clone(),
        }
    };
    Ok(order.iter().map(step).collect())
}

/// How many seconds AWS takes, at the least, from each step to the end of everything that needs it.
fn waits<'a>(
    drafts: &'a BTreeMap<Key, Draft>,
    users: &BTreeMap<&'a Key, Vec<&'a Key>>,
) -> BTreeMap<&'a Key, u32> {
    fn of<'a>(
        key: &'a Key,
        drafts: &'a BTreeMap<Key, Draft>,
        users: &BTreeMap<&'a Key, Vec<&'a Key>>,
        known: &mut BTreeMap<&'a Key, u32>,
    ) -> u32 {
        if let Some(known) = known.get(key) {
            return *known;
        }
        // Cycles are reported by the sort; here they must only not loop for ever.
        known.insert(key, 0);
        let own = drafts[key].operation.settles_in();
        let behind = users
            .get(key)
            .into_iter()
            .flatten()
            .map(|user| of(user, drafts, users, known))
            .max()
            .unwrap_or_default();
        known.insert(key, own + behind);
        own + behind
    }
    let mut known = BTreeMap::new();
    for key in drafts.keys() {
        of(key, drafts, users, &mut known);
    }
    known
}
