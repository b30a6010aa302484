//! Values that wait for each other.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// A cycle in a sentence; a very long one is shortened.
pub(super) fn spelled(cycle: &[String]) -> String {
    const SHOWN: usize = 20;
    match cycle.len().checked_sub(SHOWN) {
        None | Some(0 | 1) => cycle.join(" → "),
        Some(left_out) => {
            let (start, end) = (cycle[..SHOWN - 1].join(" → "), &cycle[cycle.len() - 1]);
            format!("{start} → (and {left_out} more) → {end}")
        }
    }
}

/// Names and what each needs.
pub(super) struct Needs<'n> {
    graph: DiGraph<&'n str, ()>,
    /// Sets of names that all need each other, what is needed before what needs it.
    together: Vec<Vec<NodeIndex>>,
}

impl<'n> Needs<'n> {
    /// Names that are needed but have no entry are ignored.
    pub(super) fn of(needs: &'n BTreeMap<String, Vec<String>>) -> Self {
        let mut graph: DiGraph<&str, ()> = DiGraph::new();
        let nodes: BTreeMap<&str, NodeIndex> = needs
            .keys()
            .map(|name| (name.as_str(), graph.add_node(name)))
            .collect();
        for (name, needed) in needs {
            let needed: BTreeSet<&NodeIndex> = needed
                .iter()
                .filter_map(|needed| nodes.get(needed.as_str()))
                .collect();
            for needed in needed {
                graph.add_edge(nodes[name.as_str()], *needed, ());
            }
        }
        // Not Tarjan's algorithm, whose recursion is as deep as the longest chain.
        let together = kosaraju_scc(&graph);
        Self { graph, together }
    }

    /// Every name, what is needed before what needs it; where names need each other, in any order.
    pub(super) fn in_order(&self) -> impl Iterator<Item = &'n str> {
        self.together.iter().flatten().map(|node| self.graph[*node])
    }

    /// The cycles, each from the alphabetically first name around to it again. Of cycles that share names only one is returned.
    pub(super) fn cycles(&self) -> Vec<Vec<String>> {
        let mut cycles: Vec<_> = self
            .together
            .iter()
            .filter_map(|component| self.around(component))
            .collect();
        cycles.sort();
        cycles
    }

    /// The shortest way from the first of these names back to it, of equally short ones the alphabetically first.
    fn around(&self, component: &[NodeIndex]) -> Option<Vec<String>> {
        let first = *component.iter().min_by_key(|node| self.graph[**node])?;
        let within: HashSet<NodeIndex> = component.iter().copied().collect();
        let mut before: HashMap<NodeIndex, NodeIndex> = HashMap::new();
        let mut next = VecDeque::from([first]);
        while let Some(node) = next.pop_front() {
            let mut needed: Vec<NodeIndex> = self
                .graph
                .neighbors(node)
                .filter(|needed| within.contains(needed))
                .collect();
            needed.sort_by_key(|needed| self.graph[*needed]);
            for needed in needed {
                if needed == first {
                    let mut way = vec![first, node];
                    while let Some(node) = before.get(&way[way.len() - 1]) {
                        way.push(*node);
                    }
                    if way[way.len() - 1] != first {
                        way.push(first);
                    }
                    let names = way.iter().rev().map(|node| self.graph[*node].to_owned());
                    return Some(names.collect());
                }
                if let Entry::Vacant(first_met) = before.entry(needed) {
                    first_met.insert(node);
                    next.push_back(needed);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles(needs: &[(&str, &[&str])]) -> Vec<String> {
        let needs = needs
            .iter()
            .map(|(name, needed)| {
                (
                    (*name).to_owned(),
                    needed.iter().map(|n| (*n).to_owned()).collect(),
                )
            })
            .collect();
        Needs::of(&needs)
            .cycles()
            .into_iter()
            .map(|cycle| cycle.join(" "))
            .collect()
    }

    #[test]
    fn a_cycle_is_spelled_whole() {
        assert_eq!(
            cycles(&[("b", &["c"]), ("a", &["b"]), ("c", &["a", "d"]), ("d", &[])]),
            ["a b c a"]
        );
        assert_eq!(
            cycles(&[("a", &["a"]), ("b", &["c"]), ("c", &["b"])]),
            ["a a", "b c b"]
        );
    }

    #[test]
    fn needs_may_be_nested_deeply() {
        let name = |n: usize| format!("n{n:06}");
        let mut needs: BTreeMap<_, _> =
            (0..100_000).map(|n| (name(n), vec![name(n + 1)])).collect();
        let ordered = Needs::of(&needs);
        assert_eq!(ordered.in_order().next().unwrap(), name(99_999));
        assert!(ordered.cycles().is_empty());
        needs.insert(name(99_999), vec![name(0)]);
        assert_eq!(Needs::of(&needs).cycles()[0].len(), 100_001);
    }

    #[test]
    fn what_only_shares_a_need_is_no_cycle() {
        assert!(cycles(&[("a", &["c", "x"]), ("b", &["c"]), ("c", &[])]).is_empty());
    }
}
