//! The inverse of `expand`: the tables for wanted or live resources. No command writes `stack.toml` yet; one that takes over
//! existing resources or changes made by hand would use this.
//!
//! Each table comes with the law `expand(extract(resources)) == resources`. So far these are `[plans]` and `[resource_servers]`;
//! other resources are ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::expand;
use super::file::{Period, Plan, Quota, ResourceServer, Throttle};
use super::interpolate::{self, Reference, escape};
use super::template::Template;
use crate::kinds::{Resource, resource_server, stage, usage_plan};
use crate::model::{Address, Output, Piece, Place, Text};

/// The tables of a stack file that can be made from resources, without settings that have their default.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Tables {
    /// `[resource_servers]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_servers: BTreeMap<String, ResourceServer>,
    /// `[plans]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plans: BTreeMap<String, Plan>,
}

/// Something of a resource that a stack file can't express.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{address}: a stack file can't say {what}")]
pub struct Unsayable {
    /// Its address.
    pub address: Address,
    /// What it is, as the object of a sentence.
    pub what: String,
}

/// The tables for these resources, by their addresses.
///
/// # Errors
/// The first thing that a stack file can't express.
pub fn extract<'a>(
    resources: impl IntoIterator<Item = (&'a Address, &'a Resource)>,
) -> Result<Tables, Unsayable> {
    let mut tables = Tables::default();
    for (address, resource) in resources {
        let at = |what: String| Unsayable {
            address: address.clone(),
            what,
        };
        match (address.place(), resource) {
            (Some(Place::Plan(name)), Resource::UsagePlan(props)) => {
                let plan = plan(&name, props).map_err(at)?;
                tables.plans.insert(name, plan);
            }
            (Some(Place::ResourceServer(name)), Resource::ResourceServer(props)) => {
                let server = resource_server(&name, props).map_err(at)?;
                tables.resource_servers.insert(name, server);
            }
            _ => {}
        }
    }
    Ok(tables)
}

fn plan(table: &str, props: &usage_plan::Props) -> Result<Plan, String> {
    if props.stages.len() > 1 {
        return Err("more than one stage".into());
    }
    let stage = props
        .stages
        .first()
        .map(|stage| format!(" on {}", stage.stage));
    let routes = props.method_throttles.iter().map(|(method, limit)| {
        let route = stage
            .as_deref()
            .and_then(|stage| method.strip_suffix(stage));
        let route = route.ok_or_else(|| format!("a throttle of {method}"))?;
        Ok((route.to_owned(), throttle(limit)?))
    });
    Ok(Plan {
        name: name(&props.name, table)?,
        description: optional(&props.description)?,
        throttle: props.throttle.as_ref().map(throttle).transpose()?,
        quota: props.quota.as_ref().map(quota).transpose()?,
        routes: routes.collect::<Result<_, String>>()?,
    })
}

fn throttle(throttle: &stage::Throttle) -> Result<Throttle, String> {
    Ok(Throttle {
        rate: throttle.rate,
        burst: whole(throttle.burst)?,
    })
}

fn quota(quota: &usage_plan::Quota) -> Result<Quota, String> {
    let mut periods = Period::ALL.into_iter();
    let per = periods.find(|period| expand::period(*period) == quota.period);
    Ok(Quota {
        requests: whole(quota.requests)?,
        per: per.ok_or_else(|| format!("a quota per `{}`", quota.period))?,
        offset: whole(quota.offset)?,
    })
}

fn whole(number: i32) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| format!("a limit of {number}"))
}

fn resource_server(table: &str, props: &resource_server::Props) -> Result<ResourceServer, String> {
    let scopes = props.scopes.iter();
    let scopes = scopes.map(|(scope, text)| Ok((scope.clone(), template(text)?)));
    Ok(ResourceServer {
        identifier: name(&props.identifier, table)?,
        existing: false,
        name: name(&props.name, table)?,
        scopes: scopes.collect::<Result<_, String>>()?,
    })
}

/// The `name`; `None` if it is the table's key.
fn name(text: &Text, table: &str) -> Result<Option<Template>, String> {
    let is_tables = *text == Text::literal(table);
    (!is_tables).then(|| template(text)).transpose()
}

/// A text that is omitted if it is empty.
fn optional(text: &Text) -> Result<Option<Template>, String> {
    let is_empty = *text == Text::default() || *text == Text::literal("");
    (!is_empty).then(|| template(text)).transpose()
}

/// The text for a file. Known values are written out, even if they came from a reference.
fn template(text: &Text) -> Result<Template, String> {
    let mut written = String::new();
    for piece in text.clone().into_pieces() {
        match piece {
            Piece::Literal(text) => written.push_str(&escape(&text)),
            // `$${` is a dollar sign and a brace.
            Piece::Output(_) if written.ends_with('$') => {
                return Err("a dollar sign before a reference".into());
            }
            Piece::Output(output) => written.push_str(&reference(&output)?),
        }
    }
    Ok(Template::new(written))
}

/// The reference for an output.
fn reference(output: &Output) -> Result<String, String> {
    let entry = match output.of.place() {
        Some(Place::AppClient(name) | Place::PartnerClient(name) | Place::ApiKey(name)) => name,
        _ => String::new(),
    };
    let mut all = interpolate::references(&entry).into_iter();
    let stands_for = |reference: &Reference| expand::output_of(reference).as_ref() == Some(output);
    let found = all.find(|(_, reference)| stands_for(reference));
    let (written, _) = found.ok_or_else(|| format!("the {:?} of {}", output.name, output.of))?;
    Ok(format!("${{{written}}}"))
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::kinds::{Lookups, Wanted};
    use crate::model::OutputName;
    use crate::stack::expand::expand;
    use crate::stack::file::File;
    use crate::stack::testing;

    /// The resources of a file's tables.
    fn expanded(tables: Tables) -> BTreeMap<Address, Wanted> {
        let file = File {
            plans: tables.plans,
            resource_servers: tables.resource_servers,
            ..testing::read(testing::STACK).unwrap().file
        };
        let lookups = Lookups::default();
        let desired = expand(&file, "123456789012", Default::default(), &lookups);
        let is_of_table = |address: &Address| {
            matches!(
                address.place(),
                Some(Place::Plan(_) | Place::ResourceServer(_))
            )
        };
        let mut resources = desired.resources;
        resources.retain(|address, _| is_of_table(address));
        resources
    }

    fn extracted(wanted: &BTreeMap<Address, Wanted>) -> Result<Tables, Unsayable> {
        extract(
            wanted
                .iter()
                .map(|(address, wanted)| (address, &wanted.resource)),
        )
    }

    fn table() -> impl Strategy<Value = String> {
        "[a-z]{1,4}|[a-z. @]{1,6}"
    }

    fn text() -> impl Strategy<Value = Template> {
        let references = interpolate::references("acme").into_iter();
        let references: Vec<_> = references.map(|(name, _)| format!("${{{name}}}")).collect();
        let literal = r#"[a-z ${}"'\\]{0,6}"#.prop_map(|text| format!("{} ", escape(&text)));
        let pieces = prop_oneof![literal, prop::sample::select(references)];
        prop::collection::vec(pieces, 0..4).prop_map(|pieces| Template::new(pieces.concat()))
    }

    fn limit() -> impl Strategy<Value = u32> {
        0..=i32::MAX.unsigned_abs()
    }

    prop_compose! {
        fn any_plan()(
            name in option::of(text()),
            description in option::of(text()),
            throttle in option::of((0.0..1e9, limit())),
            quota in option::of((limit(), prop::sample::select(Period::ALL.to_vec()), limit())),
            routes in btree_map("(GET|ANY) /[a-z]{0,2}", (0.0..1e9, limit()), 0..3),
        ) -> Plan {
            Plan {
                name,
                description,
                throttle: throttle.map(|(rate, burst)| Throttle { rate, burst }),
                quota: quota.map(|(requests, per, offset)| Quota { requests, per, offset }),
                routes: routes
                    .into_iter()
                    .map(|(route, (rate, burst))| (route, Throttle { rate, burst }))
                    .collect(),
            }
        }
    }

    prop_compose! {
        fn any_server()(
            identifier in option::of(text()),
            name in option::of(text()),
            scopes in btree_map(table(), text(), 0..3),
        ) -> ResourceServer {
            ResourceServer { identifier, existing: false, name, scopes }
        }
    }

    proptest! {
        #[test]
        fn what_was_extracted_brings_the_same_about(
            plans in btree_map(table(), any_plan(), 0..3),
            resource_servers in btree_map(table(), any_server(), 0..3),
        ) {
            let wanted = expanded(Tables { plans, resource_servers });
            let tables = extracted(&wanted).unwrap();
            let written = toml::to_string(&tables).unwrap();
            let read: Tables = toml::from_str(&written).unwrap();
            prop_assert_eq!(expanded(read), wanted, "{}", written);
        }
    }

    #[test]
    fn what_holds_without_a_line_is_left_out() {
        let plan = Plan {
            name: Some(Template::new("gold")),
            description: Some(Template::new("")),
            ..Plan::default()
        };
        let tables = Tables {
            plans: BTreeMap::from([("gold".to_owned(), plan)]),
            ..Tables::default()
        };
        let written = toml::to_string(&extracted(&expanded(tables)).unwrap()).unwrap();
        assert_eq!(written, "[plans.gold]\n");
    }

    #[test]
    fn what_a_file_can_not_say_is_refused() {
        let text = Text::joined([
            Piece::Literal("$".into()),
            Piece::Output(Output {
                of: Place::Api.address(),
                name: OutputName::Id,
            }),
        ]);
        assert!(template(&text).is_err());
        assert!(template(&Text::output(&Place::Stage.address(), OutputName::Id)).is_err());
        let mut wanted = expanded(Tables {
            plans: BTreeMap::from([("gold".to_owned(), Plan::default())]),
            ..Tables::default()
        });
        for one in wanted.values_mut() {
            let Resource::UsagePlan(props) = &mut one.resource else {
                continue;
            };
            let throttle = stage::Throttle {
                rate: 1.0,
                burst: 1,
            };
            props
                .method_throttles
                .insert("GET /a on old".into(), throttle);
        }
        let refused = extracted(&wanted).unwrap_err().to_string();
        assert_eq!(
            refused,
            "plans.gold: a stack file can't say a throttle of GET /a on old"
        );
    }
}
