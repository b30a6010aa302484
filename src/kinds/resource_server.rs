//! A resource server of a user pool: an identifier and its scopes.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cognitoidentityprovider::types::{ResourceServerScopeType, ResourceServerType};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::marks::{Bearer, MarkedPool};
use super::observation::Other;
use super::ownership::{Candidate, after_moves, sort_out};
use super::user_pool::{OTHER_CLIENTS, OTHER_RESOURCE_SERVERS};
use super::uses::Leaving;
use super::{
    Action, Dependent, Desired, Field, Findings, Found, InPicture, Kind, KindInfo, Lane,
    LiveReference, Look, Note, Obstacle, OnChange, Outputs, Replace, Resource, STACK_TAG, Scope,
    Task, app_client::notes::clients, distinct, gone_is_success, literal, marks,
};
use crate::aws::{Answer, AwsError, Operation, Reader, Replacing, Writer};
use crate::model::shorten::some_of;
use crate::model::{Address, OutputName, Place, Table, Text, Value};

/// A resource server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's id.
    pub user_pool: Text,
    /// The address in its mark on the pool or the API.
    pub mark: String,
    /// The id of the stack's API, which has the mark if the pool is not the stack's.
    pub marked_on: Option<Text>,
    /// The identifier.
    pub identifier: Text,
    /// The display name.
    pub name: Text,
    /// Scope name = description.
    pub scopes: BTreeMap<String, Text>,
}

/// The field with the scopes.
const SCOPES: &str = "scopes";
/// Everything that depends on a resource server and is not the stack's.
pub const DEPENDENTS: &[&str] = &[OTHER_CLIENTS];

/// How many clients are read concurrently.
const AT_A_TIME: usize = 10;

/// UpdateResourceServer replaces the name and every scope (Amazon Cognito API reference, "UpdateResourceServer").
const UPDATE: Replacing = Replacing {
    update: "UpdateResourceServer",
    describe: "DescribeResourceServer",
    member: "ResourceServer",
    settled: &[
        "Identifier",
        "ManagedBy",
        "Name",
        "Scopes.ScopeDescription",
        "UserPoolId",
    ],
    matched: &[("Scopes", "ScopeName")],
};

/// A resource server.
#[derive(Debug)]
pub struct ResourceServer;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The mark on the pool.
    Mark,
    /// Name and scopes, which AWS replaces together.
    Settings,
}

impl Kind for ResourceServer {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::UserPool),
        phase: 1,
        goes_with: Some("user_pool"),
        replace: Replace::CreateFirst,
        in_picture: InPicture::UserPool,
        dependents: DEPENDENTS,
        when_different: "scopes are missing, or there are more",
        ..KindInfo::new(
            "resource_server",
            "resource server",
            "A resource server of the user pool: an identifier, and the scopes below it that app clients may ask for. \
             AWS's rules: Amazon Cognito developer guide, \"Scopes, M2M, and resource servers\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("user_pool", "user_pool", |server: &Props, book| {
            server.user_pool.value(book)
        }),
        Field::place("marked_on", "rest_api", |server: &Props, book| {
            server.marked_on.as_ref().map(|api| api.value(book)).into()
        }),
        Field::new(
            "mark",
            "The tag that says that the resource server is the stack's: of the pool, or of the API if the pool is not the stack's.",
            |server: &Props, _| {
                Some(server.mark.as_str())
                    .filter(|mark| !mark.is_empty())
                    .into()
            },
        )
        .by(Part::Mark),
        Field::new(
            "identifier",
            "The part of a scope before the slash.",
            |server: &Props, book| server.identifier.value(book),
        )
        .on_change(OnChange::Replace(
            "the identifier is what its scopes are called by",
        )),
        Field::new(
            "name",
            "The name people see in the console.",
            |server: &Props, book| server.name.value(book),
        )
        .by(Part::Settings),
        Field::new(
            SCOPES,
            "The scopes and their descriptions.",
            |server: &Props, book| {
                Value::map(
                    server
                        .scopes
                        .iter()
                        .map(|(scope, description)| (scope, description.value(book))),
                )
            },
        )
        .by(Part::Settings),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        let api = Text::output(&Place::Api.address(), OutputName::Id);
        want.mark == address.as_str() && want.marked_on.as_ref().is_none_or(|on| *on == api)
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let Some(pool) = marks::home(reader, scope, is_place).await? else {
            return Ok(Findings::default());
        };
        let wanted: BTreeMap<_, _> = scope
            .desired
            .resources
            .iter()
            .filter_map(|(address, wanted)| match &wanted.resource {
                Resource::ResourceServer(props) => {
                    Some((address.clone(), props.identifier.resolve(scope.book)?))
                }
                _ => None,
            })
            .collect();
        let servers = reader.resource_servers(&pool.id).await?;
        let mut candidates: Vec<_> = servers
            .iter()
            .map(|server| candidate(&pool, server))
            .collect();
        let stacks = marks::stacks_in(reader, scope, &pool.pool).await?;
        pool.tag(scope, &mut candidates);
        let marked_twice: Vec<Obstacle> = candidates
            .iter()
            .filter(|candidate| !candidate.tags.is_empty())
            .filter_map(|candidate| {
                let stack = stacks.get(&candidate.name)?;
                let address = pool.address_of(scope, &candidate.name)?;
                Some(marked_twice(address, &candidate.name, stack))
            })
            .collect();
        for candidate in candidates
            .iter_mut()
            .filter(|candidate| !candidate.tags.is_empty())
        {
            candidate.props.mark = pool
                .address_of(scope, &candidate.name)
                .map_or_else(String::new, ToString::to_string);
        }
        let strangers = candidates
            .iter()
            .filter(|candidate| candidate.tags.is_empty());
        let strangers: Vec<String> = strangers.map(|stranger| stranger.name.clone()).collect();
        // Another stack's is never taken over.
        for candidate in candidates.iter_mut().filter(|one| one.tags.is_empty()) {
            let stack = stacks.get(&candidate.name);
            let stack = stack.map(|stack| (STACK_TAG.to_owned(), stack.clone()));
            candidate.tags.extend(stack);
        }
        let mut findings = sort_out(scope, &Self::INFO, &wanted, candidates);
        findings.misplaced.extend(marked_twice);
        let adopted = |name: &String| {
            let mut owned = findings.owned.iter();
            owned.any(|found| found.props.identifier.resolve(scope.book).as_ref() == Some(name))
        };
        let strangers: Vec<String> = strangers
            .into_iter()
            .filter(|name| !adopted(name))
            .collect();
        findings
            .obstacles
            .extend(without_server(scope, &wanted, &findings.owned, &servers));
        // Of a pool that is not the stack's, the rest is of no interest.
        if pool.api.is_none() {
            let is_wanted = |name: &&String| wanted.values().any(|wanted| wanted == *name);
            let unknown = strangers.iter().filter(|name| !stacks.contains_key(*name));
            findings.neighbours = unknown.filter(|name| !is_wanted(name)).count();
            let of_stacks = strangers.iter().filter_map(|name| stacks.get(name));
            findings.remarks = marks::remarks(&pool.address, Self::INFO.title, of_stacks);
            let strangers = servers.iter().filter(|server| {
                let mut names = strangers.iter();
                names.any(|name| server.identifier.as_ref() == Some(name))
            });
            findings
                .dependents
                .extend(not_ours(&pool.address, strangers, &stacks));
        }
        for duplicate in marks::duplicates(reader, scope, is_place).await? {
            let servers = reader.resource_servers(&duplicate.id).await?;
            let others = servers.iter().filter(|server| {
                let identifier = server.identifier.as_deref();
                identifier.is_some_and(|name| duplicate.address_of(scope, name).is_none())
            });
            findings
                .dependents
                .extend(not_ours(&duplicate.address, others, &stacks));
        }
        findings
            .obstacles
            .extend(held_elsewhere(scope, &wanted, &findings.owned));
        let there: BTreeSet<&str> = servers
            .iter()
            .filter_map(|server| server.identifier.as_deref())
            .collect();
        pool.add_lonely(scope, &there, &mut findings, |address, identifier| Props {
            user_pool: pool.id.as_str().into(),
            mark: address.to_string(),
            marked_on: pool.api.as_deref().map(Text::from),
            identifier: identifier.into(),
            name: Text::default(),
            scopes: BTreeMap::new(),
        });
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (pool, identifier) = (task.text(&want.user_pool), task.text(&want.identifier));
        let api = want.marked_on.as_ref().map(|api| task.text(api));
        let bearer = Bearer::of(&pool, api.as_deref());
        keep_old_mark(writer, &pool, bearer, &want.mark, &identifier).await?;
        marks::set(writer, bearer, &want.mark, &identifier).await?;
        let request = writer
            .cognito()
            .create_resource_server()
            .user_pool_id(&pool)
            .identifier(&identifier)
            .name(task.text(&want.name))
            .set_scopes(scopes(task));
        writer
            .call(
                Operation::cognito("CreateResourceServer", &pool),
                request.send(),
            )
            .await?;
        Ok(Outputs::from([(OutputName::Id, identifier)]))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (pool, identifier) = (task.text(&want.user_pool), live.output(OutputName::Id));
        for part in distinct(changed) {
            match part {
                Part::Mark => {
                    let api = want.marked_on.as_ref().map(|api| task.text(api));
                    let bearer = Bearer::of(&pool, api.as_deref());
                    marks::move_to(writer, bearer, &want.mark, identifier, is_place).await?;
                }
                Part::Settings => {
                    let answer = Answer::default();
                    let describe = writer
                        .cognito()
                        .describe_resource_server()
                        .user_pool_id(&pool)
                        .identifier(identifier);
                    writer
                        .call(
                            Operation::cognito(UPDATE.describe, &pool),
                            describe.customize().interceptor(answer.clone()).send(),
                        )
                        .await?;
                    let carried = UPDATE.carry_over(&answer);
                    let request = writer
                        .cognito()
                        .update_resource_server()
                        .user_pool_id(&pool)
                        .identifier(identifier)
                        .name(task.text(&want.name))
                        .set_scopes(scopes(task));
                    writer
                        .call(
                            Operation::cognito(UPDATE.update, &pool),
                            request.customize().interceptor(carried).send(),
                        )
                        .await?;
                }
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let (pool, identifier) = (
            literal(&live.props.user_pool),
            literal(&live.props.identifier),
        );
        let request = writer
            .cognito()
            .delete_resource_server()
            .user_pool_id(&pool)
            .identifier(&identifier);
        gone_is_success(
            writer
                .call(
                    Operation::cognito("DeleteResourceServer", &pool),
                    request.send(),
                )
                .await,
        )?;
        let api = live.props.marked_on.as_ref().map(literal);
        let bearer = Bearer::of(&pool, api.as_deref());
        marks::clear(writer, bearer, |address, marked| {
            is_place(address) && marked == identifier
        })
        .await
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        scope_removed(look).into_iter().collect()
    }
}

/// The resource servers that are deleted with a pool and that gatestack did not create. They have neither an id nor a date: one
/// that was created again with the same scopes can't be distinguished, which makes no difference to tokens.
fn not_ours<'a>(
    pool: &Address,
    others: impl Iterator<Item = &'a ResourceServerType>,
    stacks: &BTreeMap<String, String>,
) -> Option<Dependent> {
    let others: Vec<Other> = others
        .filter_map(|server| {
            let identifier = server.identifier.clone()?;
            let mut scopes: Vec<&str> = server
                .scopes()
                .iter()
                .map(ResourceServerScopeType::scope_name)
                .collect();
            scopes.sort_unstable();
            let identity = format!("{identifier} {}", scopes.join(" "));
            let stack = stacks.get(&identifier);
            Some(Other::new(&identifier, identity).of_stack(stack))
        })
        .collect();
    Dependent::of(
        pool,
        OTHER_RESOURCE_SERVERS,
        (ResourceServer::INFO.name, ResourceServer::INFO.title),
        &others,
        "tokens with their scopes are no longer issued",
    )
}

/// Clients that gatestack did not create and that lose scopes, by resource server. Otherwise only the stack's clients in a pool
/// are read, so these are read only if a scope is deleted and its pool stays.
pub(super) async fn held_by_others(
    reader: &Reader,
    leaving: &Leaving<'_>,
) -> Result<Vec<Dependent>, AwsError> {
    let book = leaving.observation.book();
    let named = |resource: &Resource| match resource {
        Resource::ResourceServer(server) => server.identifier.resolve(&book).map(|identifier| {
            let scopes = server.scopes.keys();
            scopes
                .map(|scope| format!("{identifier}/{scope}"))
                .collect()
        }),
        _ => None,
    };
    let wanted = leaving.desired.resources.keys();
    let kept: BTreeSet<String> = wanted
        .filter_map(|address| named(leaving.wanted(address)?))
        .flat_map(|scopes: Vec<String>| scopes)
        .collect();
    let ours = leaving.ids_of("app_client");
    let mut dependents = Vec::new();
    for (address, live) in leaving.all_of(ResourceServer::INFO.name) {
        let Resource::ResourceServer(server) = &live.resource else {
            continue;
        };
        let pool = literal(&server.user_pool);
        let pool_goes = leaving.all_of("user_pool").any(|(address, live)| {
            leaving.has(address) && live.outputs.get(&OutputName::Id) == Some(&pool)
        });
        let held: Vec<String> = named(&live.resource).unwrap_or_default();
        let lost: BTreeSet<String> = held
            .into_iter()
            .filter(|scope| !kept.contains(scope))
            .collect();
        if pool_goes || lost.is_empty() {
            continue;
        }
        let clients = reader.clients(&pool).await?;
        let others = clients
            .iter()
            .filter(|client| !ours.contains(client.id.as_str()));
        let details: Vec<_> = stream::iter(others)
            .map(|client| reader.client(&pool, &client.id))
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        let holding = details.iter().flatten().filter(|client| {
            let mut scopes = client.settings.allowed_o_auth_scopes().iter();
            scopes.any(|scope| lost.contains(scope))
        });
        let holding: Vec<_> = holding.map(|client| &client.settings).collect();
        let stacks = match reader.pool(&pool).await? {
            Some(user_pool) if !holding.is_empty() => {
                let scope = Scope {
                    desired: leaving.desired,
                    book: &book,
                    destroy: false,
                };
                marks::stacks_in(reader, &scope, &user_pool).await?
            }
            _ => BTreeMap::new(),
        };
        let holding: Vec<Other> = holding
            .into_iter()
            .filter_map(|settings| {
                let id = settings.client_id.clone()?;
                let stack = stacks.get(&id);
                Some(Other::new(settings.client_name.clone()?, id).of_stack(stack))
            })
            .collect();
        let dependent = Dependent::of(
            address,
            OTHER_CLIENTS,
            ("app_client", "app client"),
            &holding,
            "tokens with the scopes that go are no longer issued",
        );
        dependents.extend(dependent.map(|dependent| Dependent {
            of_field: Some(SCOPES),
            ..dependent
        }));
    }
    Ok(dependents)
}

/// Wanted scopes of clients and routes that no resource server of the pool has and that the stack doesn't make: Cognito refuses a
/// client with one, and no token has one. Only the pool of another stack has scopes that the file doesn't.
fn without_server(
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
    owned: &[Found<Props>],
    servers: &[ResourceServerType],
) -> Vec<Obstacle> {
    if scope.desired.existing_pool.is_none() && !scope.desired.others_scopes {
        return Vec::new();
    }
    let there: BTreeSet<(&str, &str)> = servers
        .iter()
        .flat_map(|server| {
            let identifier = server.identifier.as_deref().unwrap_or_default();
            let scopes = server.scopes().iter();
            scopes.map(move |scope| (identifier, scope.scope_name()))
        })
        .collect();
    let ours: BTreeSet<&str> = wanted.values().map(String::as_str).collect();
    let leaving: BTreeMap<String, &Address> = owned
        .iter()
        .map(|server| (literal(&server.props.identifier), &server.address))
        .filter(|(identifier, _)| !ours.contains(identifier.as_str()))
        .collect();
    let resources = scope.desired.resources.iter();
    let users = resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::AppClient(client) => Some((address, "asks for", &client.scopes)),
        Resource::Route(route) => Some((address, "needs", &route.scopes)),
        _ => None,
    });
    let mut obstacles = Vec::new();
    let (mut told, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (address, verb, scopes) in users {
        // A scope without a server is one of OpenID's; one of a server whose identifier is not known yet is the stack's own.
        for scope in scopes.iter().filter_map(|text| text.resolve(scope.book)) {
            let Some((server, name)) = scope.rsplit_once('/') else {
                continue;
            };
            if let Some(own) = leaving.get(server) {
                if used.insert(server.to_owned()) {
                    obstacles.push(Obstacle {
                        address: (*own).clone(),
                        what: format!(
                            "the resource server {server:?} is this stack's own: it would be deleted and used"
                        ),
                        help: "write its `scopes`, as before".into(),
                    });
                }
                continue;
            }
            let is_there = ours.contains(server) || there.contains(&(server, name));
            // Routes mostly need the same scopes: the first one is told.
            if is_there || (verb == "needs" && !told.insert(scope.clone())) {
                continue;
            }
            obstacles.push(Obstacle {
                address: address.clone(),
                what: format!(
                    "it {verb} the scope `{scope}`, which no resource server of the user pool has"
                ),
                help: "correct the scope, or first apply the stack that makes it".into(),
            });
        }
    }
    obstacles
}

/// Wanted identifiers that another of our own servers has: they are unique in a pool.
fn held_elsewhere(
    scope: &Scope<'_>,
    wanted: &BTreeMap<Address, String>,
    owned: &[Found<Props>],
) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    for server in owned {
        let holder = after_moves(scope.desired, &server.address);
        let identifier = literal(&server.props.identifier);
        for (address, _) in wanted
            .iter()
            // What an interrupted replacement left below its own address is deleted in this run.
            .filter(|(address, name)| **name == identifier && **address != holder.owner())
        {
            obstacles.push(Obstacle {
                address: address.clone(),
                what: format!("{holder} has the identifier {identifier:?} today"),
                help: if scope.desired.resources.contains_key(&holder) {
                    format!("give {holder} its new identifier and apply that first")
                } else {
                    format!("if it is the same under another name, add `[[moved]]` with `from = '{holder}'` and \
                             `to = '{address}'`; else remove {holder} and apply that first")
                },
            });
        }
    }
    obstacles
}

fn is_place(address: &Address) -> bool {
    address.is_in(Table::ResourceServers)
}

// A replacement takes over the address before the old one is deleted; until then the old one's mark is below it, so that the next
// run deletes it after an interrupted one.
async fn keep_old_mark(
    writer: &Writer,
    pool: &str,
    bearer: Bearer<'_>,
    mark: &str,
    identifier: &str,
) -> Result<(), AwsError> {
    let place = Address::new(mark);
    let Some(old) = marks::value(writer, bearer, &place)
        .await?
        .filter(|old| old != identifier)
    else {
        return Ok(());
    };
    let servers = writer.afresh().resource_servers(pool).await?;
    if servers
        .iter()
        .any(|server| server.identifier.as_deref() == Some(&old))
    {
        marks::set(writer, bearer, place.former().as_str(), &old).await?;
    }
    Ok(())
}

fn scopes(task: &Task<'_, Props>) -> Option<Vec<ResourceServerScopeType>> {
    let scope = |(name, description): (&String, &Text)| {
        ResourceServerScopeType::builder()
            .scope_name(name)
            .scope_description(task.text(description))
            .build()
            .expect("both of a scope's members are set")
    };
    Some(task.want.scopes.iter().map(scope).collect())
}

/// Two stacks have marks for one server: a run that died between its mark and its server, while another stack made one with this
/// identifier. Either stack would delete it as its own.
fn marked_twice(address: &Address, identifier: &str, stack: &str) -> Obstacle {
    Obstacle {
        address: address.clone(),
        what: format!(
            "the resource server {identifier:?} has a mark of this stack and one of the stack {stack}"
        ),
        help: "remove the mark of the stack that did not make it: a tag of its user pool or API"
            .into(),
    }
}

fn candidate(pool: &MarkedPool, server: &ResourceServerType) -> Candidate<Props> {
    let identifier = server.identifier.clone().unwrap_or_default();
    let scopes = server.scopes.iter().flatten();
    Candidate {
        tags: BTreeMap::new(),
        props: Props {
            user_pool: pool.id.as_str().into(),
            mark: String::new(),
            marked_on: pool.api.as_deref().map(Text::from),
            identifier: identifier.as_str().into(),
            name: server.name.clone().unwrap_or_default().into(),
            scopes: scopes
                .map(|scope| {
                    (
                        scope.scope_name.clone(),
                        scope.scope_description.as_str().into(),
                    )
                })
                .collect(),
        },
        outputs: Outputs::from([(OutputName::Id, identifier.clone())]),
        name: identifier,
        unmanaged: Vec::new(),
    }
}

/// Scopes stay listed on clients that had them, but new tokens don't contain them.
fn scope_removed(look: &Look<'_, Props>) -> Option<Note> {
    let (held, book) = (look.held?, &look.stack.book);
    let left = match look.want {
        Some(want) if look.change.action == Action::Update => &want.scopes,
        _ => &BTreeMap::new(),
    };
    let identifier = held.identifier.resolve(book)?;
    let gone = held
        .scopes
        .keys()
        .filter(|scope| !left.contains_key(*scope));
    let gone: BTreeSet<String> = gone.map(|scope| format!("{identifier}/{scope}")).collect();
    let users: Vec<String> = clients(look.stack)
        .filter_map(|(client, props)| {
            let scopes = props.scopes.iter();
            let lost: Vec<String> = scopes
                .filter_map(|scope| scope.resolve(book))
                .filter(|scope| gone.contains(scope))
                .collect();
            let lost = some_of(lost.iter().map(String::as_str));
            (!lost.is_empty()).then(|| format!("{client} ({lost})"))
        })
        .collect();
    (!users.is_empty()).then_some(())?;
    let users = some_of(users.iter().map(String::as_str));
    look.warning(
        "GS101",
        format!("new tokens of these clients lack scopes that they may ask for today: {users}"),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_update_forgets_nothing_that_aws_describes() {
        super::UPDATE.assert_covers_model(&[]);
    }
}
