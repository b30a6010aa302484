//! Backends: hosts on the internet, and the private ones behind the load balancer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Face, Panel, PanelId, Port, Row, Scene, View, Way, api, first, named, routes, words};
use crate::kinds::target_group::Props as TargetGroup;
use crate::kinds::{Resource, instance};
use crate::model::Address;
use crate::render::counted;
use crate::render::layout::listed;

/// The most targets or subnets in a panel.
const TARGETS: usize = 6;

impl View<'_> {
    pub(super) fn beyond(&self, scene: &mut Scene) {
        self.hosts(scene);
        self.link(scene);
        self.load_balancer(scene);
        self.target_groups(scene);
        self.instances(scene);
    }

    fn hosts(&self, scene: &mut Scene) {
        let mut hosts: BTreeMap<String, u64> = BTreeMap::new();
        for route in routes(self) {
            if let Way::Host(host) = api::way(&route.integration) {
                *hosts.entry(host).or_default() += 1;
            }
        }
        for (host, routes) in hosts {
            let panel = Panel {
                title: "On the internet".into(),
                name: host.clone(),
                rows: vec![Row::of(Face::Faint, counted(routes, "route"))],
            };
            let id = PanelId::Host(host.clone());
            scene.panels.insert(id.clone(), panel);
            let from = Port {
                panel: PanelId::Api,
                way: Some(Way::Host(host)),
            };
            scene.join(
                from,
                Port {
                    panel: id,
                    way: None,
                },
            );
        }
    }

    fn link(&self, scene: &mut Scene) {
        for (_, node) in self.nodes() {
            let Resource::VpcLink(link) = node.resource else {
                continue;
            };
            let calls = routes(self)
                .into_iter()
                .filter(|route| route.link().is_some())
                .count();
            let panel = Panel {
                title: "VPC link".into(),
                name: link.name.clone(),
                rows: vec![Row::of(Face::Faint, counted(calls as u64, "route"))],
            };
            scene.panels.insert(PanelId::VpcLink, panel);
            // An existing load balancer is not a resource of the stack, but is called all the same.
            if named(&link.load_balancer).is_none() {
                let panel = Panel {
                    title: "Existing load balancer".into(),
                    name: words(&link.load_balancer),
                    rows: Vec::new(),
                };
                scene.panels.insert(PanelId::LoadBalancer, panel);
                let ends = [PanelId::VpcLink, PanelId::LoadBalancer];
                let [link, balancer] = ends.map(|panel| Port { panel, way: None });
                scene.join(link, balancer);
            }
        }
    }

    fn load_balancer(&self, scene: &mut Scene) {
        for (address, node) in self.nodes() {
            let Resource::LoadBalancer(balancer) = node.resource else {
                continue;
            };
            let mut rows = subnet_rows(balancer.subnets.iter().map(String::as_str).collect());
            for (_, node) in self.nodes() {
                if let Resource::Listener(listener) = node.resource {
                    let port = format!("{} {}", listener.protocol, listener.port);
                    let mut row = Row::led("listener", Face::Code, port);
                    if let Some(policy) = &listener.tls_policy {
                        row = row.noted(policy);
                    }
                    rows.push(row);
                }
            }
            rows.extend(self.security_rows(address));
            let panel = Panel {
                title: "Internal network load balancer".into(),
                name: balancer.name.clone(),
                rows,
            };
            scene.panels.insert(PanelId::LoadBalancer, panel);
        }
    }

    fn target_groups(&self, scene: &mut Scene) {
        let groups: Vec<(&Address, &TargetGroup)> = self
            .nodes()
            .filter_map(|(address, node)| match node.resource {
                Resource::TargetGroup(group) => Some((address, group)),
                _ => None,
            })
            .collect();
        let Some((_, one)) = groups.first() else {
            return;
        };
        let mut rows = Vec::new();
        for (address, group) in &groups {
            let (health, port) = (&group.health, group.port);
            let way = format!("{} {port}", group.protocol);
            rows.push(Row::led("to", Face::Code, way).noted(self.ports(address)));
            let path = health.path.as_deref().unwrap_or_default();
            let on = health.port.map(|port| format!(" on {port}"));
            let check = format!("{} {path}", health.protocol);
            let check = format!("{}{}", check.trim_end(), on.unwrap_or_default());
            let every = format!("every {} s", health.interval_seconds);
            rows.push(Row::led("health", Face::Code, check).noted(every));
        }
        let panel = Panel {
            title: "Behind the listeners".into(),
            // Their names follow from the VPC's id, which only AWS knows.
            name: counted(groups.len() as u64, "target group"),
            rows,
        };
        scene.panels.insert(PanelId::TargetGroups, panel);
        self.named_targets(scene, one);
    }

    /// The ports of the listeners of a target group.
    fn ports(&self, group: &Address) -> String {
        let ports = self.nodes().filter_map(|(_, node)| match node.resource {
            Resource::Listener(listener) if node.needs.contains(group) => {
                Some(listener.port.to_string())
            }
            _ => None,
        });
        format!("from {}", listed(&ports.collect::<Vec<_>>()))
    }

    /// Targets that gatestack registers and does not create. They are the same in every group.
    fn named_targets(&self, scene: &mut Scene, group: &TargetGroup) {
        let Some(targets) = group.targets.as_ref().filter(|targets| !targets.is_empty()) else {
            return;
        };
        let addresses = group.target_type == "ip";
        let rows = targets
            .iter()
            .map(|target| Row::of(Face::Code, target))
            .collect();
        let panel = Panel {
            title: "Existing targets".into(),
            name: if addresses {
                "IP addresses".into()
            } else {
                "EC2 instances".into()
            },
            rows: first(rows, TARGETS),
        };
        scene.panels.insert(PanelId::Targets, panel);
        let ends = [PanelId::TargetGroups, PanelId::Targets];
        let [groups, targets] = ends.map(|panel| Port { panel, way: None });
        scene.join(groups, targets);
    }

    fn instances(&self, scene: &mut Scene) {
        let mut instances: Vec<(&Address, &instance::Props)> = self
            .nodes()
            .filter_map(|(address, node)| match node.resource {
                Resource::Instance(props) => Some((address, props)),
                _ => None,
            })
            .collect();
        // `…/10` comes after `…/9`.
        instances.sort_by_key(|(address, _)| (address.as_str().len(), *address));
        let Some((address, one)) = instances.first() else {
            return;
        };
        let names = instances.iter().map(|(address, instance)| {
            let name = instance.tags.get("Name").map(String::as_str);
            Row::plain(name.unwrap_or(address.as_str())).noted(&instance.instance_type)
        });
        let mut rows = first(names.collect(), TARGETS);
        // The last part of an SSM path names the image.
        let image = one.image.rsplit('/').next().unwrap_or_default();
        rows.push(Row::led("image", Face::Code, image));
        let subnets = instances
            .iter()
            .map(|(_, instance)| instance.subnet.as_str());
        rows.extend(subnet_rows(subnets.collect()));
        rows.extend(self.security_rows(address));
        let panel = Panel {
            title: "Targets without public addresses".into(),
            name: counted(instances.len() as u64, "EC2 instance"),
            rows,
        };
        scene.panels.insert(PanelId::Targets, panel);
    }

    /// The security groups of a resource, and what they allow.
    fn security_rows(&self, of: &Address) -> Vec<Row> {
        let Some(node) = self.graph.nodes.get(of) else {
            return Vec::new();
        };
        let groups = node
            .needs
            .iter()
            .filter_map(|need| self.graph.nodes.get(need));
        let mut rows = Vec::new();
        for group in groups {
            let Resource::SecurityGroup(group) = group.resource else {
                continue;
            };
            rows.push(Row::led("group", Face::Code, &group.name));
            let ports: Vec<String> = group
                .ingress
                .iter()
                .map(|rule| rule.port.to_string())
                .collect();
            if !ports.is_empty() {
                let text = format!("{} from the load balancer", listed(&ports));
                rows.push(Row::led("admits", Face::Plain, text));
            }
        }
        rows
    }
}

fn subnet_rows(subnets: BTreeSet<&str>) -> Vec<Row> {
    let known = subnets.into_iter().filter(|subnet| !subnet.is_empty());
    let rows = known.map(|subnet| Row::led("subnet", Face::Code, subnet));
    first(rows.collect(), TARGETS)
}
