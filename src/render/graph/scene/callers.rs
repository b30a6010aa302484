//! Callers: partners and keys by their plan, app clients, and anyone for public routes.

use std::collections::{BTreeMap, BTreeSet};

use super::{Face, Panel, PanelId, Port, Row, Scene, View, first, grouped};
use super::{named, routes, words};
use crate::kinds::Resource;
use crate::kinds::app_client::Mark;
use crate::kinds::stage::Throttle;
use crate::kinds::usage_plan::Quota;
use crate::model::{Address, Text};
use crate::render::counted;

/// The most names in a panel.
const NAMES: usize = 10;

/// A partner or a key by its name, and its scopes.
type Member<'a> = (String, &'a BTreeSet<Text>);

impl View<'_> {
    pub(super) fn callers(&self, scene: &mut Scene) {
        self.plans(scene);
        self.app_clients(scene);
        let public = routes(self)
            .into_iter()
            .filter(|route| route.is_open() && !route.is_preflight())
            .count();
        if public > 0 {
            let panel = Panel {
                title: "Without token or key".into(),
                name: "Anyone".into(),
                rows: vec![Row::of(Face::Faint, counted(public as u64, "public route"))],
            };
            scene.panels.insert(PanelId::Anyone, panel);
        }
    }

    /// Callers of public routes, which are not resources.
    pub(super) fn anyone(scene: &mut Scene) {
        let [anyone, api] = [PanelId::Anyone, PanelId::Api].map(|panel| Port { panel, way: None });
        scene.join(anyone, api);
    }

    fn plans(&self, scene: &mut Scene) {
        for (address, node) in self.nodes() {
            if let Resource::UsagePlan(plan) = node.resource {
                let limits = [
                    plan.throttle.as_ref().map(throttle),
                    plan.quota.as_ref().map(quota),
                ];
                let panel = Panel {
                    title: "Usage plan".into(),
                    name: words(&plan.name),
                    rows: limits
                        .into_iter()
                        .flatten()
                        .map(|limit| Row::of(Face::Faint, limit))
                        .collect(),
                };
                scene.panels.insert(PanelId::Plan(address.clone()), panel);
            }
        }
        let scopes = self.scopes_of_keys();
        let mut members: BTreeMap<PanelId, [Vec<Member<'_>>; 2]> = BTreeMap::new();
        let none = BTreeSet::new();
        for (address, node) in self.nodes() {
            if let Resource::ApiKey(key) = node.resource {
                let panel = self.caller(address, node.resource);
                let off = if key.enabled { "" } else { " (disabled)" };
                let name = format!("{}{off}", words(&key.name));
                // A partner's key is shown as the partner; any other as itself.
                let partner = address.owner() != *address;
                members.entry(panel).or_default()[usize::from(!partner)]
                    .push((name, scopes.get(address).copied().unwrap_or(&none)));
            }
        }
        for (panel, lists) in members {
            let panel = scene.panels.entry(panel).or_insert_with(|| Panel {
                title: "API keys".into(),
                name: "On no plan".into(),
                rows: Vec::new(),
            });
            for (members, word) in lists.into_iter().zip(["partner", "API key"]) {
                panel.rows.extend(named_rows(members, word));
            }
        }
    }

    /// The scopes of each key's partner.
    fn scopes_of_keys(&self) -> BTreeMap<Address, &BTreeSet<Text>> {
        let clients = self.nodes().filter_map(|(_, node)| match node.resource {
            Resource::AppClient(client) => Some(client),
            _ => None,
        });
        let of_keys = clients.flat_map(|client| {
            let keys = client.mark.keys().filter_map(named);
            keys.map(|key| (key, &client.scopes))
        });
        of_keys.collect()
    }

    fn app_clients(&self, scene: &mut Scene) {
        let clients: Vec<Row> = self
            .nodes()
            .filter_map(|(_, node)| match node.resource {
                Resource::AppClient(client) if matches!(client.mark, Mark::OnPool(_)) => {
                    let flows: Vec<_> = client.flows.iter().map(String::as_str).collect();
                    Some(Row::plain(words(&client.name)).noted(flows.join(", ")))
                }
                _ => None,
            })
            .collect();
        if !clients.is_empty() {
            let panel = Panel {
                title: "Without an API key".into(),
                name: counted(clients.len() as u64, "app client"),
                rows: first(clients, NAMES),
            };
            scene.panels.insert(PanelId::AppClients, panel);
        }
    }
}

/// The number, the scopes, and the first names.
fn named_rows(members: Vec<Member<'_>>, word: &str) -> Vec<Row> {
    let Some((_, scopes)) = members.first() else {
        return Vec::new();
    };
    let alike = members.iter().all(|(_, others)| others == scopes);
    let said = |scopes: &BTreeSet<Text>| scopes.iter().map(words).collect::<Vec<_>>().join(", ");
    let mut rows = vec![Row::of(Face::Strong, counted(members.len() as u64, word))];
    if alike && !scopes.is_empty() {
        rows.push(Row::led("each", Face::Code, said(scopes)));
    }
    let names = members.into_iter().map(|(name, scopes)| {
        let note = if alike { String::new() } else { said(scopes) };
        Row::plain(name).noted(note)
    });
    rows.extend(first(names.collect(), NAMES));
    rows
}

/// `50 a second, 100 at once`.
pub(super) fn throttle(throttle: &Throttle) -> String {
    format!(
        "{} a second, {} at once",
        throttle.rate,
        grouped(throttle.burst.into())
    )
}

fn quota(quota: &Quota) -> String {
    format!(
        "{} a {}",
        grouped(quota.requests.into()),
        quota.period.to_lowercase()
    )
}
