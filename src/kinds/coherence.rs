//! Whether the wanted resources can come from a stack file. A saved plan may have been forged: plans show neither a resource's
//! parent nor its tags, so these must follow from the rest.

use super::OnChange;
use super::desired::{Desired, KEY_TAG, STACK_TAG};
use super::registry::Resource;
use crate::model::{
    Address, Book, OutputName, Place, Text, Value, endpoints, is_key_character, is_unseen,
};

/// What an output about a resource says.
enum Says {
    /// That output of the resource.
    Output(OutputName),
    /// The address of the token endpoint.
    TokenUrl,
}

/// Outputs about something that may be an existing resource, and its address if it is the stack's own.
const MAY_BE_POINTED_AT: [(&str, Place, Says); 5] = [
    (
        "load_balancer.dns_name",
        Place::LoadBalancer,
        Says::Output(OutputName::Target),
    ),
    (
        "api.domain.target",
        Place::ApiDomain,
        Says::Output(OutputName::Target),
    ),
    (
        "user_pool_id",
        Place::UserPool,
        Says::Output(OutputName::Id),
    ),
    ("issuer", Place::UserPool, Says::Output(OutputName::Issuer)),
    ("token_url", Place::UserPool, Says::TokenUrl),
];

impl Desired {
    /// What no stack file can result in, by address, each in a sentence without a full stop.
    pub fn incoherences(&self) -> Vec<(Address, String)> {
        let mut found = Vec::new();
        let stack = || Place::Stack.address();
        if self.has_unseen_characters() {
            let what = "a name or address holds an invisible character".to_owned();
            found.push((stack(), what));
        }
        let name = &self.context.stack;
        if name.is_empty() || !name.chars().all(is_key_character) {
            found.push((stack(), "no stack file has such a name".to_owned()));
        }
        let region = &self.context.region;
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if region.is_empty() || !region.chars().all(is_region) {
            found.push((stack(), "its Region is not valid".to_owned()));
        }
        for (name, text) in &self.outputs {
            if !self.output_follows(name, text) {
                let what = format!("the output `{name}` does not follow from what is wanted");
                found.push((stack(), what));
            }
        }
        for (address, wanted) in &self.resources {
            let of_this = self.incoherences_of(address, &wanted.resource);
            found.extend(of_this.into_iter().map(|what| (address.clone(), what)));
        }
        found
    }

    fn incoherences_of(&self, address: &Address, resource: &Resource) -> Vec<String> {
        let mut found = Vec::new();
        let fields = resource.fields(&Book::default());
        for (info, value) in &fields {
            let awaited = value.awaited();
            let absent = awaited.iter().find(|of| !self.resources.contains_key(*of));
            found.extend(absent.map(|of| {
                format!(
                    "`{}` refers to {of}, which the plan does not have",
                    info.name
                )
            }));
            // What is in a pool of another stack is only applied with the stack file.
            let in_existing =
                matches!(value, Value::Text(id) if self.existing_pool.as_ref() == Some(id));
            // The key of a guest is another stack's, and `follows` knows it.
            let of_guest = info.name == "key" && self.guests.contains_key(&address.owner());
            let stands_nowhere = info.on_change == OnChange::Place
                && awaited.is_empty()
                && *value != Value::Unset
                && !in_existing
                && !of_guest;
            if stands_nowhere {
                found.push(format!("`{}` is not the stack's own", info.name));
            }
            if info.name == "tags" && !self.has_own_tags(address, value) {
                found.push("its tags name another stack or address".to_owned());
            }
        }
        if !address.is_place_of(resource.info().name) {
            found.push(format!(
                "no stack file has a {} there",
                resource.info().title
            ));
        }
        if !resource.follows(address, self) {
            found.push("what marks it as the stack's does not follow from its address".to_owned());
        }
        found
    }

    fn has_own_tags(&self, address: &Address, tags: &Value) -> bool {
        let Value::Map(tags) = tags else {
            return false;
        };
        let own = self.context.tags_of(address);
        [STACK_TAG, KEY_TAG]
            .iter()
            .all(|key| tags.get(*key) == own.get(*key).map(Value::from).as_ref())
    }

    /// Drops outputs that can't be checked against the plan, because they are read from existing resources.
    pub fn tell_only_what_follows(&mut self) {
        let resources = &self.resources;
        self.outputs.retain(|name, _| {
            let mut pointed = MAY_BE_POINTED_AT.iter();
            !pointed.any(|(one, of, _)| one == name && !resources.contains_key(&of.address()))
        });
    }

    /// Whether an output follows from the wanted resources. Outputs of existing resources follow only from the stack file.
    fn output_follows(&self, name: &str, text: &Text) -> bool {
        let wanted = || self.resources.values().map(|wanted| &wanted.resource);
        let region = &self.context.region;
        let tells = |of: Address, output| {
            self.resources.contains_key(&of) && *text == Text::output(&of, output)
        };
        let literal = |is: &str| *text == Text::literal(is);
        let mut pointed = MAY_BE_POINTED_AT.iter();
        if let Some((_, of, says)) = pointed.find(|(one, ..)| *one == name) {
            let of = of.address();
            return !self.resources.contains_key(&of)
                || match says {
                    Says::Output(output) => tells(of, *output),
                    Says::TokenUrl => wanted().any(|one| match one {
                        Resource::UserPoolDomain(domain) => {
                            let host = domain.domain.resolve(&Book::default());
                            let host = host.unwrap_or_default();
                            literal(&endpoints::token_url(&match host.contains('.') {
                                true => host,
                                false => endpoints::prefix_domain(&host, region),
                            }))
                        }
                        _ => false,
                    }),
                };
        }
        match name {
            "account" => literal(&self.context.account),
            "region" => literal(region),
            "stage" => {
                wanted().any(|one| matches!(one, Resource::Stage(stage) if literal(&stage.name)))
            }
            "api_id" => tells(Place::Api.address(), OutputName::Id),
            "invoke_url" => wanted().any(|one| match one {
                Resource::Stage(stage) => {
                    let api = Text::output(&Place::Api.address(), OutputName::Id);
                    *text == endpoints::invoke_url(api, region, &stage.name)
                }
                Resource::BasePathMapping(mapping) => {
                    let own = wanted().find_map(|one| match one {
                        Resource::ApiDomain(domain) => Some(domain.name.clone()),
                        _ => None,
                    });
                    let domain = mapping.domain.resolve(&Book::default()).or(own);
                    let domain = domain.unwrap_or_default();
                    let path = &mapping.base_path;
                    literal(format!("https://{domain}/{path}").trim_end_matches('/'))
                }
                _ => false,
            }),
            "user_pool.own_domain.target" => tells(Place::OwnDomain.address(), OutputName::Target),
            _ => name.strip_suffix(".client_id").is_some_and(|owner| {
                let owner = Address::new(owner);
                if let Some(guest) = self.guests.get(&owner) {
                    return literal(guest.client.as_deref().unwrap_or_default());
                }
                tells(owner.client(), OutputName::Id) || tells(owner, OutputName::Id)
            }),
        }
    }

    fn has_unseen_characters(&self) -> bool {
        let context = &self.context;
        let moved = self.moved.iter().flat_map(|(from, to)| [from, to]);
        let addresses = self.resources.keys().chain(moved);
        let addresses = addresses.chain(&self.leaving);
        let patterns = self.adopt.texts().iter().map(String::as_str);
        addresses
            .map(Address::as_str)
            .chain(patterns)
            .chain([&*context.stack, &*context.account])
            .chain(context.tags.keys().map(String::as_str))
            .chain(self.outputs.keys().map(String::as_str))
            .any(|text| text.contains(is_unseen))
    }
}
