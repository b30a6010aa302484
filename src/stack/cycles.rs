//! Values that wait for each other.

use std::collections::BTreeMap;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// The cycles among names and what each needs, spelled from the alphabetically first name around to it again. Names that
/// are needed but have no entry are ignored. Of cycles that share names only one is spelled.
pub(super) fn find(needs: &BTreeMap<String, Vec<String>>) -> Vec<Vec<String>> {
    let mut graph: DiGraph<&str, ()> = DiGraph::new();
    let nodes: BTreeMap<&str, NodeIndex> = needs
        .keys()
        .map(|name| (name.as_str(), graph.add_node(name)))
        .collect();
    for (name, needed) in needs {
        for needed in needed
            .iter()
            .filter_map(|needed| nodes.get(needed.as_str()))
        {
            graph.update_edge(nodes[name.as_str()], *needed, ());
        }
    }
    let mut cycles: Vec<_> = tarjan_scc(&graph)
        .into_iter()
        .filter_map(|component| {
            let first = *component.iter().min_by_key(|node| graph[**node])?;
            let around = graph
                .neighbors(first)
                .filter(|next| component.contains(next))
                .filter_map(|next| {
                    petgraph::algo::astar(&graph, next, |node| node == first, |_| 1, |_| 0)
                        .map(|(_, path)| path)
                });
            let path = around.min_by_key(|path| {
                (
                    path.len(),
                    path.iter().map(|node| graph[*node]).collect::<Vec<_>>(),
                )
            })?;
            Some(
                [first]
                    .into_iter()
                    .chain(path)
                    .map(|node| graph[node].to_owned())
                    .collect::<Vec<_>>(),
            )
        })
        .collect();
    cycles.sort();
    cycles
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
        find(&needs)
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
    fn what_only_shares_a_need_is_no_cycle() {
        assert!(cycles(&[("a", &["c", "x"]), ("b", &["c"]), ("c", &[])]).is_empty());
    }
}
