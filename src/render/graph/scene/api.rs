//! The user pool that issues tokens, and the API.

use std::collections::BTreeMap;

use super::callers::throttle;
use super::{Face, Panel, PanelId, Row, Scene, View, Way, first, host};
use super::{named, routes, words};
use crate::kinds::route::{Integration, Props as Route};
use crate::kinds::{Resource, function};
use crate::model::Address;
use crate::render::counted;

/// The most scopes in a panel.
const SCOPES: usize = 10;

impl View<'_> {
    pub(super) fn api(&self, scene: &mut Scene) {
        for (_, node) in self.nodes() {
            match node.resource {
                Resource::UserPool(pool) => {
                    let panel = Panel {
                        title: "Cognito user pool".into(),
                        name: words(&pool.name),
                        rows: self.pool_rows(),
                    };
                    scene.panels.insert(PanelId::UserPool, panel);
                }
                Resource::RestApi(api) => {
                    let mut rows = self.domain_rows();
                    if api.disable_default_endpoint {
                        rows.push(Row::led("endpoint", Face::Plain, "only at its own domain"));
                    }
                    rows.extend(self.stage_rows());
                    rows.extend(self.route_rows());
                    let panel = Panel {
                        title: "API Gateway REST API".into(),
                        name: words(&api.name),
                        rows,
                    };
                    scene.panels.insert(PanelId::Api, panel);
                }
                _ => {}
            }
        }
        Self::anyone(scene);
    }

    fn pool_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut scopes = Vec::new();
        for (address, node) in self.nodes() {
            match node.resource {
                Resource::UserPoolDomain(domain) => {
                    let row = Row::led("domain", Face::Code, words(&domain.domain));
                    let note = if domain.certificate.is_some() {
                        self.record_note(address)
                    } else {
                        "prefix".to_owned()
                    };
                    rows.push(row.noted(note));
                }
                Resource::ResourceServer(server) => {
                    let identifier = words(&server.identifier);
                    scopes.extend(server.scopes.keys().map(|scope| {
                        Row::led("scope", Face::Code, format!("{identifier}/{scope}"))
                    }));
                }
                _ => {}
            }
        }
        rows.extend(first(scopes, SCOPES));
        rows
    }

    /// How the DNS record of a domain is created.
    fn record_note(&self, domain: &Address) -> String {
        let kept = self.nodes().any(|(_, node)| {
            matches!(node.resource, Resource::DnsRecord(_)) && node.needs.contains(domain)
        });
        if kept { "DNS record in Route 53" } else { "" }.to_owned()
    }

    fn domain_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (_, node) in self.nodes() {
            let Resource::BasePathMapping(mapping) = node.resource else {
                continue;
            };
            let domain = node.needs.iter().find_map(|need| {
                match self.graph.nodes.get(need).map(|node| node.resource) {
                    Some(Resource::ApiDomain(domain)) => Some((need, domain)),
                    _ => None,
                }
            });
            let (name, note) = match domain {
                Some((address, domain)) => {
                    let tls = domain.mutual_tls.as_ref().map(|_| "mutual TLS".to_owned());
                    let notes = [tls, Some(self.record_note(address))];
                    let notes: Vec<String> = notes
                        .into_iter()
                        .flatten()
                        .filter(|note| !note.is_empty())
                        .collect();
                    (domain.name.clone(), notes.join(", "))
                }
                None => (words(&mapping.domain), "shared".to_owned()),
            };
            let path = format!("{name}/{}", mapping.base_path);
            rows.push(Row::led("domain", Face::Code, path.trim_end_matches('/')).noted(note));
        }
        rows
    }

    fn stage_rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut responses = Vec::new();
        for (_, node) in self.nodes() {
            match node.resource {
                Resource::Stage(stage) => {
                    let note = stage.throttle.as_ref().map(throttle).unwrap_or_default();
                    rows.insert(0, Row::led("stage", Face::Code, &stage.name).noted(note));
                    let group = stage.access_logs.as_ref().map(|logs| &logs.group);
                    let theirs = group.filter(|group| named(group).is_none());
                    rows.extend(theirs.map(|group| Row::led("logs", Face::Code, words(group))));
                }
                Resource::LogGroup(group) => {
                    rows.push(Row::led("logs", Face::Code, group.name()));
                }
                Resource::Authorizer(authorizer) => {
                    let row = Row::led("authorizer", Face::Plain, words(&authorizer.name));
                    rows.push(row.noted(format!("reads {}", authorizer.header)));
                }
                Resource::GatewayResponse(response) => {
                    responses.push(response.response_type.clone());
                }
                _ => {}
            }
        }
        if !responses.is_empty() {
            rows.push(Row::led("errors", Face::Code, responses.join(", ")));
        }
        rows
    }

    fn route_rows(&self) -> Vec<Row> {
        let mut ways: BTreeMap<Way, Vec<&Route>> = BTreeMap::new();
        for route in routes(self) {
            ways.entry(way(&route.integration)).or_default().push(route);
        }
        let mut rows = Vec::new();
        for (way, routes) in ways {
            let heading = match &way {
                Way::Link(port) => format!("Through the VPC link to port {port}"),
                Way::Host(host) => format!("To {host}"),
                Way::Function(function) => format!("To {function}"),
                Way::Other(words) => words.clone(),
                Way::Mock => "Answered by API Gateway".to_owned(),
            };
            rows.push(Row {
                way: Some(way),
                ..Row::of(Face::Strong, heading)
            });
            let (preflights, others): (Vec<_>, Vec<_>) =
                routes.into_iter().partition(|route| route.is_preflight());
            rows.extend(others.into_iter().map(route_row));
            if !preflights.is_empty() {
                rows.push(Row {
                    lead_face: Face::Method,
                    lead: "OPTIONS".into(),
                    public: true,
                    ..Row::plain(counted(preflights.len() as u64, "CORS preflight"))
                });
            }
        }
        rows
    }
}

fn route_row(route: &Route) -> Row {
    let mut needs: Vec<String> = route.scopes.iter().map(words).collect();
    if route.authorizer.is_some() && route.scopes.is_empty() {
        needs.push("ID token".into());
    }
    let key = if route.api_key { &["key"][..] } else { &[] };
    let scopes = needs.join(" or ");
    let needs: Vec<&str> = [scopes.as_str()]
        .into_iter()
        .filter(|scopes| !scopes.is_empty())
        .chain(key.iter().copied())
        .collect();
    Row {
        lead_face: Face::Method,
        lead: route.method.clone(),
        public: route.is_open(),
        ..Row::of(Face::Code, &route.path).noted(needs.join(" + "))
    }
}

/// The target of a route's calls.
pub(super) fn way(integration: &Integration) -> Way {
    match integration {
        Integration::Http { url, link, .. } => {
            let url = words(url);
            let host = host(&url);
            match link {
                // The host is only a header; the port picks the listener.
                Some(_) => Way::Link(port(&url, host)),
                None => Way::Host(host.to_owned()),
            }
        }
        Integration::Function { function, .. } => {
            let own = function.outputs().next();
            Way::Function(match own {
                Some(own) => own.of.to_string(),
                None => {
                    let arn = words(function);
                    let name = function::name_of(&arn);
                    name.map_or_else(|| arn.clone(), |name| format!("the function {name}"))
                }
            })
        }
        Integration::Mock(_) => Way::Mock,
        Integration::Other(words) => Way::Other(words.clone()),
    }
}

fn port(url: &str, host: &str) -> String {
    match host.rsplit_once(':') {
        Some((_, port)) => port.to_owned(),
        None if url.starts_with("https:") => "443".to_owned(),
        None => "80".to_owned(),
    }
}
