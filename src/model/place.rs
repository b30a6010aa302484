//! The possible addresses, each for one kind of resource. A tag can hold any text, so an address from AWS is only accepted if a
//! stack file can result in it.

use super::{Address, bare_or_quoted, is_unseen};

/// A row for each place: how its address is written, with `*` for an entry's name and `#` for a number, and the kind of its
/// resource, if it has one. Addresses are written and parsed only by these rows.
macro_rules! places {
    ($($(#[$doc:meta])* $place:ident $(($slot:ident: $type:ty))? = $shape:literal $(: $kind:literal)?;)*) => {
        /// A place in the stack file, or a part of one that gatestack derives.
        #[derive(Clone, Debug, Eq, PartialEq)]
        pub enum Place {
            $($(#[$doc])* $place $(($type))?,)*
        }

        impl Place {
            /// How the address of each place is written, and the kind of its resource.
            pub const SHAPES: &[(&str, Option<&str>)] = &[$(($shape, places!(@kind $($kind)?)),)*];

            /// The address.
            pub fn address(&self) -> Address {
                match self {
                    $(Self::$place $(($slot))? => written($shape, &[$($slot.to_string())?]),)*
                }
            }

            /// The kind of the resource here, by name; `None` if there is no resource.
            pub fn kind(&self) -> Option<&'static str> {
                match self {
                    $(Self::$place { .. } => places!(@kind $($kind)?),)*
                }
            }

            fn read(address: &str) -> Option<Self> {
                let own = steps(address);
                None$(.or_else(|| {
                    #[allow(unused_mut, unused_variables, reason = "a row without a slot reads none")]
                    let mut slots = slots(address, &own, $shape)?.into_iter();
                    Some(Self::$place $((slots.next()?.parse::<$type>().ok()?))?)
                }))*
            }
        }

        #[cfg(test)]
        fn any_place() -> impl proptest::strategy::Strategy<Value = Place> {
            use proptest::prelude::*;
            prop_oneof![$(places!(@any $place $($type)?)),*]
        }
    };
    (@kind) => { None };
    (@kind $kind:literal) => { Some($kind) };
    (@any $place:ident) => { Just(Place::$place).boxed() };
    (@any $place:ident $type:ty) => { <$type as tests::Slot>::any().prop_map(Place::$place).boxed() };
}

places! {
    /// The stack itself.
    Stack = "stack";
    /// `[user_pool]`.
    UserPool = "user_pool": "user_pool";
    /// The pool's prefix domain.
    PrefixDomain = "user_pool/domain": "user_pool_domain";
    /// The pool's own domain.
    OwnDomain = "user_pool/own_domain": "user_pool_domain";
    /// The DNS record of the pool's own domain.
    OwnDomainRecord = "user_pool/own_domain/record": "dns_record";
    /// `[resource_servers.NAME]`.
    ResourceServer(name: String) = "resource_servers.*": "resource_server";
    /// A resource server with an old identifier, as long as both exist.
    FormerResourceServer(name: String) = "resource_servers.*/old": "resource_server";
    /// `[app_clients.NAME]`.
    AppClient(name: String) = "app_clients.*": "app_client";
    /// `[functions.NAME]`.
    Function(name: String) = "functions.*": "function";
    /// The alias of a function.
    FunctionAlias(name: String) = "functions.*/alias": "function_alias";
    /// The role of a function.
    FunctionRole(name: String) = "functions.*/role": "function_role";
    /// The log group of a function.
    FunctionLogs(name: String) = "functions.*/logs": "log_group";
    /// What lets the API invoke a function, if its routes are too many for a statement each.
    FunctionPermission(name: String) = "functions.*/permission": "function_permission";
    /// `[load_balancer]`.
    LoadBalancer = "load_balancer": "load_balancer";
    /// The load balancer's security group.
    LoadBalancerSecurityGroup = "load_balancer/security_group": "security_group";
    /// `[load_balancer.listeners.PORT]`.
    Listener(port: u16) = "load_balancer.listeners.#": "listener";
    /// The target group of a listener.
    TargetGroup(port: u16) = "load_balancer.listeners.#/target_group": "target_group";
    /// The security group of the instances.
    InstancesSecurityGroup = "load_balancer.targets.instances/security_group": "security_group";
    /// One of the instances, from 1.
    Instance(number: u32) = "load_balancer.targets.instances/#": "instance";
    /// `[api]`.
    Api = "api": "rest_api";
    /// The VPC link of routes with `via`.
    VpcLink = "api/vpc_link": "vpc_link";
    /// The authorizer of routes that need a token.
    Authorizer = "api/authorizer": "authorizer";
    /// All routes of the API.
    Routes = "api.routes";
    /// A route by method and path, such as `GET /policies`.
    Route(name: String) = "api.routes.*": "route";
    /// What lets the API invoke a route's function.
    RoutePermission(name: String) = "api.routes.*/permission": "function_permission";
    /// API Gateway's own 4xx responses.
    ClientErrors = "api/default_4xx": "gateway_response";
    /// API Gateway's own 5xx responses.
    ServerErrors = "api/default_5xx": "gateway_response";
    /// `[api.gateway_responses.TYPE]`.
    GatewayResponse(response_type: String) = "api.gateway_responses.*": "gateway_response";
    /// The deployment that the stage serves.
    Deployment = "api/deployment": "deployment";
    /// The stage.
    Stage = "api/stage": "stage";
    /// `[api.access_logs]`.
    AccessLogs = "api.access_logs": "log_group";
    /// The role with which API Gateway writes them.
    LogRole = "api.access_logs/role": "log_role";
    /// `[api.domain]`.
    ApiDomain = "api.domain": "api_domain";
    /// The mapping of a domain without base paths.
    WholeDomain = "api.domain/mapping": "base_path_mapping";
    /// The mapping of a base path.
    BasePath(path: String) = "api.domain.base_paths.*": "base_path_mapping";
    /// The DNS record of the API's domain.
    ApiDomainRecord = "api.domain/record": "dns_record";
    /// `[plans.NAME]`.
    Plan(name: String) = "plans.*": "usage_plan";
    /// `[api_keys.NAME]`.
    ApiKey(name: String) = "api_keys.*": "api_key";
    /// The plan membership of a key of `[api_keys]`.
    ApiKeyMembership(name: String) = "api_keys.*/membership": "plan_membership";
    /// `[partners.NAME]`.
    Partner(name: String) = "partners.*";
    /// A partner's app client.
    PartnerClient(name: String) = "partners.*/client": "app_client";
    /// A partner's API key.
    PartnerKey(name: String) = "partners.*/key": "api_key";
    /// The plan membership of a partner's key.
    PartnerMembership(name: String) = "partners.*/membership": "plan_membership";
}

/// A table of the file whose entries can be renamed. A route's name defines it, so `[api.routes]` is not one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Table {
    /// `[partners]`.
    Partners,
    /// `[app_clients]`.
    AppClients,
    /// `[api_keys]`.
    ApiKeys,
    /// `[plans]`.
    Plans,
    /// `[resource_servers]`.
    ResourceServers,
    /// `[functions]`.
    Functions,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Partners,
        Self::AppClients,
        Self::ApiKeys,
        Self::Plans,
        Self::ResourceServers,
        Self::Functions,
    ];

    /// The name, as the file has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partners => "partners",
            Self::AppClients => "app_clients",
            Self::ApiKeys => "api_keys",
            Self::Plans => "plans",
            Self::ResourceServers => "resource_servers",
            Self::Functions => "functions",
        }
    }

    /// The place of its entry of this name.
    pub fn entry(self, name: impl Into<String>) -> Place {
        let entry = match self {
            Self::Partners => Place::Partner,
            Self::AppClients => Place::AppClient,
            Self::ApiKeys => Place::ApiKey,
            Self::Plans => Place::Plan,
            Self::ResourceServers => Place::ResourceServer,
            Self::Functions => Place::Function,
        };
        entry(name.into())
    }
}

impl Place {
    /// Where the stack file names the resource here: the table and the setting; `None` where it can't.
    pub fn named_in(&self) -> Option<(Address, &'static str)> {
        let (table, setting) = match self {
            Self::UserPool => (Self::UserPool, "name"),
            Self::PrefixDomain => (Self::UserPool, "domain"),
            Self::LoadBalancer => (Self::LoadBalancer, "name"),
            Self::Api => (Self::Api, "name"),
            Self::AccessLogs => (Self::AccessLogs, "group"),
            Self::Plan(name) => (Self::Plan(name.clone()), "name"),
            Self::ApiKey(name) => (Self::ApiKey(name.clone()), "name"),
            Self::Function(name) => (Self::Function(name.clone()), "name"),
            Self::PartnerKey(name) => (Self::Partner(name.clone()), "name"),
            _ => return None,
        };
        Some((table.address(), setting))
    }

    /// The prefixes of resource addresses: names of tables of the file.
    pub fn tables() -> impl Iterator<Item = &'static str> {
        let shapes = Self::SHAPES.iter().filter(|(_, kind)| kind.is_some());
        shapes.map(|(shape, _)| steps(shape)[0])
    }
}

impl Address {
    /// The place with this address; `None` for what a file can't result in, such as a duplicate.
    pub fn place(&self) -> Option<Place> {
        Place::read(self.as_str())
    }

    /// Whether this has the prefix of a table's entries.
    pub fn is_in(&self, table: Table) -> bool {
        let rest = self.as_str().strip_prefix(table.name());
        rest.is_some_and(|rest| rest.starts_with('.'))
    }

    /// Whether a file can result in a resource of this kind here.
    pub fn is_place_of(&self, kind: &str) -> bool {
        self.place().and_then(|place| place.kind()) == Some(kind)
    }
}

/// The address of a shape with this in its slot.
fn written(shape: &str, slot: &[String]) -> Address {
    Address::new(match slot {
        [name] if shape.contains('*') => shape.replacen('*', &bare_or_quoted(name), 1),
        [number] => shape.replacen('#', number, 1),
        _ => shape.to_owned(),
    })
}

/// The slots of a shape; `None` for another shape's address.
fn slots(address: &str, own: &[&str], shape: &str) -> Option<Vec<String>> {
    // Most shapes differ before their slot: that is seen without splitting them.
    let fixed = shape.bytes().take_while(|byte| !b"*#".contains(byte));
    if !fixed
        .zip(address.bytes())
        .all(|(fixed, byte)| fixed == byte)
    {
        return None;
    }
    let wanted = steps(shape);
    if own.len() != wanted.len() {
        return None;
    }
    let mut slots = Vec::new();
    for (own, wanted) in own.iter().zip(wanted) {
        match wanted.strip_suffix(['*', '#']) {
            None if *own == wanted => {}
            None => return None,
            Some(between) => {
                let slot = own.strip_prefix(between)?;
                slots.push(match wanted.ends_with('*') {
                    true => name(slot)?,
                    false => number(slot)?,
                });
            }
        }
    }
    Some(slots)
}

/// An address in pieces, each further one with the dot or slash before it.
fn steps(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut begin) = (false, false, 0);
    let mut steps = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' | '/' if !quoted => {
                steps.push(&text[begin..at]);
                begin = at;
            }
            _ => {}
        }
    }
    steps.push(&text[begin..]);
    steps
}

/// The name that is written like this, in quotes or without.
fn name(text: &str) -> Option<String> {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => {
            (!inner.is_empty() && !inner.contains(is_unseen)).then(|| without_escapes(inner))
        }
        None => (!text.is_empty() && text.chars().all(bare)).then(|| text.to_owned()),
    }
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let escaped = (character == '\\').then(|| characters.next()).flatten();
        plain.push(escaped.unwrap_or(character));
    }
    plain
}

fn number(text: &str) -> Option<String> {
    let is_number = !text.is_empty()
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A type for the slot of a place.
    pub(super) trait Slot: Sized {
        /// Anything that may.
        fn any() -> BoxedStrategy<Self>;
    }

    impl Slot for String {
        fn any() -> BoxedStrategy<Self> {
            let shown = |name: &String| !name.contains(is_unseen);
            prop_oneof!["[a-z_-]{1,8}", r#"[ ./"'\\*#{}A-Z]{1,8}"#, ".{1,8}"]
                .prop_filter("nobody sees a character", shown)
                .boxed()
        }
    }

    impl Slot for u16 {
        fn any() -> BoxedStrategy<Self> {
            (1..=Self::MAX).boxed()
        }
    }

    impl Slot for u32 {
        fn any() -> BoxedStrategy<Self> {
            (1..=Self::MAX).boxed()
        }
    }

    proptest! {
        #[test]
        fn an_address_is_read_as_the_place_that_it_was_written_for(place in any_place()) {
            let address = place.address();
            prop_assert_eq!(address.place(), Some(place.clone()), "{}", address);
            let replaced = address.replaced("a:b/c").replaced("d");
            prop_assert_eq!(replaced.place(), None);
            prop_assert_eq!(replaced.takes_its_place(), Some(address.clone()));
            let duplicate = address.duplicate("a:b/c");
            prop_assert_eq!(duplicate.place(), None);
            prop_assert_eq!(duplicate.duplicate_of(), Some(address.clone()));
            prop_assert_eq!(duplicate.owner(), address.owner());
        }
    }

    #[test]
    fn the_entries_of_a_table_stand_in_it() {
        for table in Table::ALL {
            let entry = table.entry("a b").address();
            assert_eq!(entry.as_str(), format!("{}.\"a b\"", table.name()));
            assert!(entry.is_in(table) && entry.beside("x").is_in(table));
            assert!(!Address::new(table.name()).is_in(table));
            assert_eq!(
                Table::ALL
                    .iter()
                    .filter(|other| entry.is_in(**other))
                    .count(),
                1
            );
            assert!(Place::tables().any(|name| name == table.name()));
        }
    }

    #[test]
    fn an_address_is_a_place_of_the_kinds_that_stand_there() {
        for (address, kind, fits) in [
            ("api", "rest_api", true),
            ("api2", "rest_api", false),
            ("api", "user_pool", false),
            ("api.routes.\"GET /a.b/{id}\"", "route", true),
            ("partners.acme/key", "api_key", true),
            ("partners.acme", "api_key", false),
            ("partners.\"a b\"/key", "api_key", true),
            ("partners.a b/key", "api_key", false),
            ("api_keys.acme", "api_key", true),
            ("plans.", "usage_plan", false),
            ("load_balancer.targets.instances/9", "instance", true),
            ("load_balancer.targets.instances/09", "instance", false),
            ("load_balancer/instances/9", "instance", false),
            (
                "load_balancer.listeners.80/target_group",
                "target_group",
                true,
            ),
            (
                "load_balancer.listeners.http/target_group",
                "target_group",
                false,
            ),
            ("", "rest_api", false),
        ] {
            assert_eq!(
                Address::new(address).is_place_of(kind),
                fits,
                "{address} {kind}"
            );
        }
    }
}
