//! The contents of a diagram, before the layout: panels of rows in columns, and their calls.

mod api;
mod beyond;
mod callers;

use std::collections::{BTreeMap, BTreeSet};

use super::measure::Face;
use super::{Graph, Node};
use crate::kinds::app_client::Mark;
use crate::kinds::{InPicture, Resource};
use crate::model::{Address, Piece, Text};

/// What a picture shows.
pub(super) struct Scene {
    /// The stack's name.
    pub(super) title: String,
    /// Its address.
    pub(super) subtitle: String,
    /// The panels, column by column and from the top.
    pub(super) panels: BTreeMap<PanelId, Panel>,
    /// The calls between panels: always to the right or down.
    pub(super) arrows: BTreeSet<(Port, PanelId)>,
}

/// Columns, from left to right.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Column {
    /// Callers.
    Callers,
    /// What they call.
    Api,
    /// The targets of their calls.
    Onward,
    /// The private part.
    Private,
}

/// A panel, in the order from left to right, then from the top.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum PanelId {
    /// App clients that are no partner's.
    AppClients,
    /// A usage plan with its keys.
    Plan(Address),
    /// API keys on no plan.
    KeysWithoutPlan,
    /// Callers of public routes.
    Anyone,
    UserPool,
    Api,
    /// Kinds that are not in the table.
    Others,
    VpcLink,
    /// A host on the internet.
    Host(String),
    LoadBalancer,
    TargetGroups,
    /// What answers.
    Targets,
}

impl PanelId {
    pub(super) fn column(&self) -> Column {
        match self {
            Self::AppClients | Self::Plan(_) | Self::KeysWithoutPlan | Self::Anyone => {
                Column::Callers
            }
            Self::UserPool | Self::Api | Self::Others => Column::Api,
            Self::VpcLink | Self::Host(_) => Column::Onward,
            Self::LoadBalancer | Self::TargetGroups | Self::Targets => Column::Private,
        }
    }
}

/// Where an arrow begins.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Port {
    /// In which panel.
    pub(super) panel: PanelId,
    /// At the routes that go this way; else at the head of the panel.
    pub(super) way: Option<Way>,
}

/// The target of a route's calls.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Way {
    /// Through the VPC link, to this port.
    Link(String),
    /// To a host on the internet.
    Host(String),
    /// To a function, by its address or in words.
    Function(String),
    /// Somewhere else, in words.
    Other(String),
    /// Nowhere: API Gateway answers.
    Mock,
}

/// A box with a head and rows.
#[derive(Debug, Default)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) name: String,
    /// A note about it.
    pub(super) rows: Vec<Row>,
}

/// A row of a panel: the first column, the text, and the note at the right.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// How the lead looks.
    pub(super) lead_face: Face,
    /// The first column, such as a method.
    pub(super) lead: String,
    /// How the text looks.
    pub(super) face: Face,
    /// What the row says.
    pub(super) text: String,
    pub(super) note: String,
    /// Whether this is public.
    pub(super) public: bool,
    /// Whether routes begin here that go this way.
    pub(super) way: Option<Way>,
}

impl Row {
    fn plain(text: impl Into<String>) -> Self {
        Self::of(Face::Plain, text)
    }

    fn of(face: Face, text: impl Into<String>) -> Self {
        Self {
            face,
            text: text.into(),
            ..Self::default()
        }
    }

    fn led(lead: &str, face: Face, text: impl Into<String>) -> Self {
        Self {
            lead_face: Face::Faint,
            lead: lead.to_owned(),
            ..Self::of(face, text)
        }
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A graph with indexes.
struct View<'a> {
    graph: &'a Graph<'a>,
    /// The plan each key is on.
    plan_of_key: BTreeMap<Address, Address>,
}

impl Scene {
    /// What there is to show of a graph.
    pub(super) fn of(graph: &Graph<'_>, region: &str) -> Self {
        let view = View::of(graph);
        let mut scene = Self {
            title: graph.stack.to_owned(),
            subtitle: region.to_owned(),
            panels: BTreeMap::new(),
            arrows: BTreeSet::new(),
        };
        view.callers(&mut scene);
        view.api(&mut scene);
        view.beyond(&mut scene);
        view.others(&mut scene);
        for (need, address) in graph.edges() {
            view.arrow(&mut scene, need, address);
        }
        scene
    }

    /// An arrow between two panels, from the left or upper one.
    fn join(&mut self, one: Port, other: Port) {
        let (from, to) = if one.panel < other.panel {
            (one, other)
        } else {
            (other, one)
        };
        let shown = |panel| self.panels.contains_key(panel);
        if from.panel != to.panel && shown(&from.panel) && shown(&to.panel) {
            self.arrows.insert((from, to.panel));
        }
    }
}

impl<'a> View<'a> {
    fn of(graph: &'a Graph<'a>) -> Self {
        let memberships = graph.nodes.values().filter_map(|node| match node.resource {
            Resource::PlanMembership(props) => Some((named(&props.key)?, named(&props.plan)?)),
            _ => None,
        });
        Self {
            graph,
            plan_of_key: memberships.collect(),
        }
    }

    fn nodes(&self) -> impl Iterator<Item = (&'a Address, &'a Node<'a>)> {
        self.graph
            .nodes
            .iter()
            .map(|(address, node)| (*address, node))
    }

    fn panel(&self, address: &Address) -> Option<PanelId> {
        let node = self.graph.nodes.get(address)?;
        match node.resource.info().in_picture {
            InPicture::Others => Some(PanelId::Others),
            InPicture::UserPool => Some(PanelId::UserPool),
            InPicture::Api => Some(PanelId::Api),
            InPicture::VpcLink => Some(PanelId::VpcLink),
            InPicture::LoadBalancer => Some(PanelId::LoadBalancer),
            InPicture::TargetGroups => Some(PanelId::TargetGroups),
            InPicture::Targets => Some(PanelId::Targets),
            InPicture::Caller => Some(self.caller(address, node.resource)),
            InPicture::WithUser => self.wearer(address),
            InPicture::WithNeed => node.needs.iter().find_map(|need| self.panel(need)),
        }
    }

    fn caller(&self, address: &Address, resource: &Resource) -> PanelId {
        let key = match resource {
            Resource::UsagePlan(_) => return PanelId::Plan(address.clone()),
            Resource::ApiKey(_) => Some(address.clone()),
            Resource::PlanMembership(props) => named(&props.key),
            Resource::AppClient(props) => match &props.mark {
                Mark::OnKeys(_) => props.mark.keys().find_map(named),
                Mark::OnPool(_) => return PanelId::AppClients,
            },
            _ => None,
        };
        match key.and_then(|key| self.plan_of_key.get(&key)) {
            Some(plan) => PanelId::Plan(plan.clone()),
            None => PanelId::KeysWithoutPlan,
        }
    }

    /// Where the user of a security group is shown.
    fn wearer(&self, group: &Address) -> Option<PanelId> {
        self.nodes()
            .filter(|(_, node)| !worn(node) && node.needs.contains(group))
            .find_map(|(address, _)| self.panel(address))
    }

    fn arrow(&self, scene: &mut Scene, need: &Address, address: &Address) {
        let ends = [need, address].map(|end| self.graph.nodes.get(end));
        if ends.into_iter().flatten().any(worn) {
            return;
        }
        // A deployment's dependencies are not calls.
        if let Some(Resource::Deployment(_)) = ends[1].map(|node| node.resource) {
            return;
        }
        let (Some(one), Some(other)) = (self.panel(need), self.panel(address)) else {
            return;
        };
        let way = match self.graph.nodes.get(address).map(|node| node.resource) {
            Some(Resource::Route(route)) if one == PanelId::VpcLink => {
                Some(api::way(&route.integration))
            }
            _ => None,
        };
        scene.join(
            Port {
                panel: one,
                way: None,
            },
            Port { panel: other, way },
        );
    }

    fn others(&self, scene: &mut Scene) {
        let unknown = self
            .nodes()
            .filter(|(_, node)| node.resource.info().in_picture == InPicture::Others);
        let rows: Vec<Row> = unknown
            .map(|(address, node)| {
                Row::of(Face::Code, address.as_str()).noted(node.resource.info().title)
            })
            .collect();
        if !rows.is_empty() {
            let panel = Panel {
                title: "Also in the stack".into(),
                name: crate::render::counted(rows.len() as u64, "resource"),
                rows,
            };
            scene.panels.insert(PanelId::Others, panel);
        }
    }
}

fn worn(node: &Node<'_>) -> bool {
    node.resource.info().in_picture == InPicture::WithUser
}

/// The resource that a text is an output of.
fn named(text: &Text) -> Option<Address> {
    text.outputs().next().map(|output| output.of.clone())
}

/// A text for display, with addresses for unknown outputs.
fn words(text: &Text) -> String {
    text.clone()
        .into_pieces()
        .into_iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text,
            Piece::Output(output) => format!("${{{}}}", output.of),
        })
        .collect()
}

/// The first rows, and how many more there are.
fn first(mut rows: Vec<Row>, most: usize) -> Vec<Row> {
    // A line that says "and 1 more" is as long as the one it replaces.
    if rows.len() > most + 1 {
        let more = rows.len() - most;
        rows.truncate(most);
        rows.push(Row::of(Face::Faint, format!("and {more} more")));
    }
    rows
}

/// `100,000`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The host of a URL, with its port. No URL parser: path parameters have braces, which are invalid in a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The routes of an API.
fn routes<'a>(view: &View<'a>) -> Vec<&'a crate::kinds::route::Props> {
    let mut routes: Vec<_> = view
        .nodes()
        .filter_map(|(_, node)| match node.resource {
            Resource::Route(props) => Some(props),
            _ => None,
        })
        .collect();
    routes.sort_by_key(|route| (&route.path, &route.method));
    routes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_ends_where_the_path_begins() {
        assert_eq!(host("https://example.com:8443/a/{id}"), "example.com:8443");
        assert_eq!(host("http://example.com?a=b"), "example.com");
    }

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(
            [999, 1000, 1_234_567, -100_000].map(grouped),
            ["999", "1,000", "1,234,567", "-100,000"]
        );
    }
}
