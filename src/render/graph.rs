//! What the file wants as a graph: a tree and a picture for people, DOT and Mermaid for tools that draw.

mod layout;
mod measure;
mod scene;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use termtree::Tree;

use super::style::{FAINT, STRONG, paint};
use crate::kinds::{Desired, KINDS, OnChange, Resource};
use crate::model::{Address, Book};

/// How to print a graph.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// What is in what, for people.
    #[default]
    Tree,
    /// Graphviz.
    Dot,
    /// Mermaid, which GitHub draws.
    Mermaid,
    /// A picture: who calls, what they call, and what is private.
    Svg,
}

/// The resources of a stack and what each waits for.
struct Graph<'a> {
    stack: &'a str,
    nodes: BTreeMap<&'a Address, Node<'a>>,
}

struct Node<'a> {
    resource: &'a Resource,
    /// Its container: a client's pool, a route's API.
    inside: Option<Address>,
    /// Everything that must exist before it.
    needs: BTreeSet<Address>,
}

/// The graph of what a file wants.
pub fn text(desired: &Desired, format: Format) -> String {
    let graph = Graph::of(desired);
    match format {
        Format::Tree => graph.tree(),
        Format::Dot => graph.dot(),
        Format::Mermaid => graph.mermaid(),
        Format::Svg => svg::write(&layout::layout(&scene::Scene::of(
            &graph,
            &desired.context.region,
        ))),
    }
}

impl<'a> Graph<'a> {
    fn of(desired: &'a Desired) -> Self {
        let nodes = desired.resources.iter().map(|(address, wanted)| {
            let fields = wanted.resource.fields(&Book::default());
            let mut needs: BTreeSet<Address> = fields
                .iter()
                .flat_map(|(_, value)| value.awaited())
                .collect();
            needs.extend(wanted.after.iter().cloned());
            let place = fields
                .iter()
                .find(|(info, _)| info.on_change == OnChange::Place);
            let inside = place.and_then(|(_, value)| value.awaited().into_iter().next());
            (
                address,
                Node {
                    resource: &wanted.resource,
                    inside,
                    needs,
                },
            )
        });
        Self {
            stack: &desired.context.stack,
            nodes: nodes.collect(),
        }
    }

    fn tree(&self) -> String {
        let mut root = Tree::new(paint(STRONG, self.stack));
        let mut children: Children<'_> = BTreeMap::new();
        let mut roots = Vec::new();
        for (address, node) in self.in_order() {
            match node
                .inside
                .as_ref()
                .filter(|inside| self.nodes.contains_key(inside))
            {
                Some(inside) => children.entry(inside).or_default().push((address, node)),
                None => roots.push((address, node)),
            }
        }
        for (address, node) in roots {
            root.push(branch(address, node, &children));
        }
        root.to_string()
    }

    /// In order of dependency, as the kinds are listed.
    fn in_order(&self) -> Vec<(&Address, &Node<'a>)> {
        let place = |node: &Node<'_>| {
            KINDS
                .iter()
                .position(|kind| kind.name == node.resource.info().name)
        };
        let mut nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|(address, node)| (*address, node))
            .collect();
        nodes.sort_by_key(|(_, node)| place(node));
        nodes
    }

    fn dot(&self) -> String {
        let mut text = format!(
            "digraph {} {{\n  rankdir = LR\n  node [shape = box]\n",
            dot_quoted(self.stack)
        );
        for (address, node) in &self.nodes {
            let label = format!(
                "{}\\n{}",
                dot_escaped(address.as_str()),
                node.resource.info().title
            );
            text.push_str(&format!(
                "  {} [label = \"{label}\"]\n",
                dot_quoted(address.as_str())
            ));
        }
        for (need, address) in self.edges() {
            text.push_str(&format!(
                "  {} -> {}\n",
                dot_quoted(need.as_str()),
                dot_quoted(address.as_str())
            ));
        }
        text + "}\n"
    }

    fn mermaid(&self) -> String {
        let ids: BTreeMap<&Address, usize> = self
            .nodes
            .keys()
            .enumerate()
            .map(|(place, address)| (*address, place))
            .collect();
        let mut text = String::from("flowchart LR\n");
        for (address, node) in &self.nodes {
            let name = address.as_str().replace('"', "#quot;");
            text.push_str(&format!(
                "  n{}[\"{name}<br>{}\"]\n",
                ids[address],
                node.resource.info().title
            ));
        }
        for (need, address) in self.edges() {
            if let Some(need) = ids.get(need) {
                text.push_str(&format!("  n{need} --> n{}\n", ids[address]));
            }
        }
        text
    }

    /// An edge: what must exist, and what waits for it.
    fn edges(&self) -> impl Iterator<Item = (&Address, &Address)> {
        self.nodes
            .iter()
            .flat_map(|(address, node)| node.needs.iter().map(move |need| (need, *address)))
    }
}

/// The contents of each resource, in the order of the tree.
type Children<'g> = BTreeMap<&'g Address, Vec<(&'g Address, &'g Node<'g>)>>;

fn branch(address: &Address, node: &Node<'_>, children: &Children<'_>) -> Tree<String> {
    let mut label = format!("{address}  {}", paint(FAINT, node.resource.info().title));
    let others: Vec<_> = node
        .needs
        .iter()
        .filter(|need| Some(*need) != node.inside.as_ref())
        .map(Address::as_str)
        .collect();
    if !others.is_empty() {
        label.push_str(&paint(FAINT, &format!(", after {}", others.join(", "))));
    }
    let inside = children.get(address).into_iter().flatten();
    Tree::new(label).with_leaves(inside.map(|(address, child)| branch(address, child, children)))
}

fn dot_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn dot_quoted(text: &str) -> String {
    format!("\"{}\"", dot_escaped(text))
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::render::testing::desired;

    const SMALLEST: &str = include_str!("../../stack.toml");

    #[test]
    fn a_tree_shows_what_is_in_what() {
        insta::assert_snapshot!(strip_str(&text(&desired(SMALLEST), Format::Tree)).to_string());
    }

    #[test]
    fn dot_and_mermaid_draw_the_same_edges() {
        let desired = desired(SMALLEST);
        let (dot, mermaid) = (text(&desired, Format::Dot), text(&desired, Format::Mermaid));
        assert!(
            dot.contains(r#""user_pool" -> "user_pool/domain""#),
            "{dot}"
        );
        assert!(
            dot.contains(
                r#""api.routes.\"GET /hello\"" [label = "api.routes.\"GET /hello\"\nroute"]"#
            ),
            "{dot}"
        );
        assert!(
            mermaid.contains("[\"api.routes.#quot;GET /hello#quot;<br>route\"]"),
            "{mermaid}"
        );
        assert_eq!(
            dot.matches(" -> ").count(),
            mermaid.matches(" --> ").count()
        );
    }
}
