//! Reads of Cognito user pools.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cognitoidentityprovider::types::{
    DomainDescriptionType, ResourceServerType, UserPoolClientType, UserPoolType,
};
use aws_smithy_types::DateTime;
use tokio::sync::OnceCell;

use super::carry::Answer;
use super::connection::{Reader, Writer};
use super::credentials::CLIENT_SECRET_ARN;
use super::error::AwsError;
use super::memo::Memo;
use super::pace::{Operation, Service};

// The page sizes of the lists.
const POOLS_A_PAGE: i32 = 60;
const CLIENTS_A_PAGE: i32 = 60;
const RESOURCE_SERVERS_A_PAGE: i32 = 50;

/// Cached responses.
#[derive(Debug, Default)]
pub(super) struct CognitoAnswers {
    pools: OnceCell<Arc<Vec<ListedPool>>>,
    pool: Memo<String, Option<Arc<UserPoolType>>>,
    clients: Memo<String, Arc<Vec<ListedClient>>>,
    client: Memo<(String, String), Option<Arc<Client>>>,
    resource_servers: Memo<String, Arc<Vec<ResourceServerType>>>,
    groups: Memo<String, Arc<Vec<ListedPart>>>,
    identity_providers: Memo<String, Arc<Vec<ListedPart>>>,
    domain: Memo<String, Option<Arc<DomainDescriptionType>>>,
    /// The tags of pools after this run's writes.
    tags: Mutex<HashMap<String, BTreeMap<String, String>>>,
}

/// A user pool in lists.
#[derive(Clone, Debug)]
pub struct ListedPool {
    /// Its id.
    pub id: String,
    /// Its name, which another pool may have too.
    pub name: String,
    /// When it was created or changed last.
    pub changed: Option<DateTime>,
}

/// An app client in lists.
#[derive(Clone, Debug)]
pub struct ListedClient {
    /// Its id.
    pub id: String,
    /// Its name, which another client of the pool may have too.
    pub name: String,
}

/// A user group or an identity provider in lists. It has no id; its creation time distinguishes it from an earlier one with its
/// name.
#[derive(Clone, Debug)]
pub struct ListedPart {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Option<DateTime>,
}

impl ListedPart {
    fn new(name: Option<String>, created: Option<DateTime>) -> Option<Self> {
        name.map(|name| Self { name, created })
    }

    pub(crate) fn identity(&self) -> String {
        format!("{} {:?}", self.name, self.created)
    }
}

/// An app client without its secret.
#[derive(Debug)]
pub struct Client {
    /// Its settings; the secret is left out.
    pub settings: UserPoolClientType,
    /// Whether it has a secret.
    pub has_secret: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            settings: UserPoolClientType::builder().build(),
            has_secret: false,
        }
    }
}

impl Reader {
    /// The ids of the pools with this tag, by the tagging API's index.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn pools_tagged(
        &self,
        key: &str,
        value: &str,
    ) -> Result<Vec<String>, AwsError> {
        let tagged = self.tagged(key, value).await?;
        Ok(tagged
            .iter()
            .filter_map(|arn| arn.split_once(":userpool/"))
            .map(|(_, id)| id.to_owned())
            .collect())
    }

    /// Every user pool of the Region.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn pools(&self) -> Result<Arc<Vec<ListedPool>>, AwsError> {
        let pools = self
            .cognito_answers
            .pools
            .get_or_try_init(|| async {
                let mut pools = Vec::new();
                let mut next = None;
                loop {
                    let page = self
                        .call(
                            Operation::of(Service::Cognito, "ListUserPools"),
                            self.cognito_client()
                                .list_user_pools()
                                .max_results(POOLS_A_PAGE)
                                .set_next_token(next)
                                .send(),
                        )
                        .await?;
                    pools.extend(page.user_pools.unwrap_or_default().into_iter().map(|pool| {
                        ListedPool {
                            id: pool.id.unwrap_or_default(),
                            name: pool.name.unwrap_or_default(),
                            changed: pool.last_modified_date.or(pool.creation_date),
                        }
                    }));
                    next = page.next_token;
                    if next.is_none() {
                        return Ok(Arc::new(pools));
                    }
                }
            })
            .await?;
        Ok(Arc::clone(pools))
    }

    /// One user pool; `None` if it doesn't exist.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn pool(&self, id: &str) -> Result<Option<Arc<UserPoolType>>, AwsError> {
        self.cognito_answers
            .pool
            .get(id.to_owned(), || async {
                let answer = self
                    .call(
                        Operation::cognito("DescribeUserPool", id),
                        self.cognito_client()
                            .describe_user_pool()
                            .user_pool_id(id)
                            .send(),
                    )
                    .await;
                Ok(found(answer)?
                    .and_then(|answer| answer.user_pool)
                    .map(Arc::new))
            })
            .await
    }

    /// Every app client of a pool.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn clients(&self, pool: &str) -> Result<Arc<Vec<ListedClient>>, AwsError> {
        self.cognito_answers
            .clients
            .get(pool.to_owned(), || async {
                let mut clients = Vec::new();
                let mut next = None;
                loop {
                    let page = self
                        .call(
                            Operation::cognito("ListUserPoolClients", pool),
                            self.cognito_client()
                                .list_user_pool_clients()
                                .user_pool_id(pool)
                                .max_results(CLIENTS_A_PAGE)
                                .set_next_token(next)
                                .send(),
                        )
                        .await?;
                    clients.extend(page.user_pool_clients.unwrap_or_default().into_iter().map(
                        |client| ListedClient {
                            id: client.client_id.unwrap_or_default(),
                            name: client.client_name.unwrap_or_default(),
                        },
                    ));
                    next = page.next_token;
                    if next.is_none() {
                        return Ok(Arc::new(clients));
                    }
                }
            })
            .await
    }

    /// One app client without its secret; `None` if it doesn't exist.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn client(
        &self,
        pool: &str,
        id: &str,
    ) -> Result<Option<Arc<Client>>, AwsError> {
        self.cognito_answers
            .client
            .get((pool.to_owned(), id.to_owned()), || async {
                let raw = Answer::default();
                let request = self
                    .cognito_client()
                    .describe_user_pool_client()
                    .user_pool_id(pool)
                    .client_id(id);
                let answer = self
                    .call(
                        Operation::cognito("DescribeUserPoolClient", pool),
                        request.customize().interceptor(raw.clone()).send(),
                    )
                    .await;
                let settings = found(answer)?.and_then(|answer| answer.user_pool_client);
                Ok(settings.map(|mut settings| {
                    let shown = settings.client_secret.take().is_some();
                    let has_secret = shown || raw.text(CLIENT_SECRET_ARN).is_some();
                    Arc::new(Client {
                        settings,
                        has_secret,
                    })
                }))
            })
            .await
    }

    /// Every resource server of a pool.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn resource_servers(
        &self,
        pool: &str,
    ) -> Result<Arc<Vec<ResourceServerType>>, AwsError> {
        self.cognito_answers
            .resource_servers
            .get(pool.to_owned(), || async {
                let mut servers = Vec::new();
                let mut next = None;
                loop {
                    let page = self
                        .call(
                            Operation::cognito("ListResourceServers", pool),
                            self.cognito_client()
                                .list_resource_servers()
                                .user_pool_id(pool)
                                .max_results(RESOURCE_SERVERS_A_PAGE)
                                .set_next_token(next)
                                .send(),
                        )
                        .await?;
                    servers.extend(page.resource_servers);
                    next = page.next_token;
                    if next.is_none() {
                        return Ok(Arc::new(servers));
                    }
                }
            })
            .await
    }

    /// The names of a pool's groups.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn groups(&self, pool: &str) -> Result<Arc<Vec<ListedPart>>, AwsError> {
        let ask = || async { self.ask_for_groups(pool).await.map(Arc::new) };
        self.cognito_answers.groups.get(pool.to_owned(), ask).await
    }

    async fn ask_for_groups(&self, pool: &str) -> Result<Vec<ListedPart>, AwsError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let request = self.cognito_client().list_groups().user_pool_id(pool);
            let request = request.set_next_token(next);
            let operation = Operation::cognito("ListGroups", pool);
            let page = self.call(operation, request.send()).await?;
            let groups = page.groups.into_iter().flatten();
            found.extend(
                groups.filter_map(|group| ListedPart::new(group.group_name, group.creation_date)),
            );
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// The identity providers of a pool.
    ///
    /// # Errors
    /// A read failed.
    pub(crate) async fn identity_providers(
        &self,
        pool: &str,
    ) -> Result<Arc<Vec<ListedPart>>, AwsError> {
        let ask = || async { self.ask_for_identity_providers(pool).await.map(Arc::new) };
        self.cognito_answers
            .identity_providers
            .get(pool.to_owned(), ask)
            .await
    }

    async fn ask_for_identity_providers(&self, pool: &str) -> Result<Vec<ListedPart>, AwsError> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let request = self.cognito_client().list_identity_providers();
            let request = request.user_pool_id(pool).set_next_token(next);
            let operation = Operation::cognito("ListIdentityProviders", pool);
            let page = self.call(operation, request.send()).await?;
            let providers = page.providers.into_iter();
            found.extend(
                providers.filter_map(|one| ListedPart::new(one.provider_name, one.creation_date)),
            );
            next = page.next_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// One domain of any of this account's pools; `None` if it doesn't exist.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn domain(
        &self,
        domain: &str,
    ) -> Result<Option<Arc<DomainDescriptionType>>, AwsError> {
        self.cognito_answers
            .domain
            .get(domain.to_owned(), || async {
                let answer = self
                    .call(
                        Operation::of(Service::Cognito, "DescribeUserPoolDomain"),
                        self.cognito_client()
                            .describe_user_pool_domain()
                            .domain(domain)
                            .send(),
                    )
                    .await;
                // AWS describes a missing domain with an empty description instead of an error.
                Ok(found(answer)?
                    .and_then(|answer| answer.domain_description)
                    .filter(|description| description.domain.is_some())
                    .map(Arc::new))
            })
            .await
    }
}

impl Writer {
    /// Caches a pool from the response of its create call.
    pub(crate) fn learn_pool(&self, pool: UserPoolType) {
        let id = pool.id.clone().unwrap_or_default();
        self.cognito_answers.pool.learn(id, Some(Arc::new(pool)));
    }

    /// A pool's tags after this run's writes.
    ///
    /// # Errors
    /// The first read failed.
    pub(crate) async fn pool_tags(&self, pool: &str) -> Result<BTreeMap<String, String>, AwsError> {
        let known = self.held_tags(|held| held.get(pool).cloned());
        if let Some(tags) = known {
            return Ok(tags);
        }
        let tags: BTreeMap<String, String> = self
            .pool(pool)
            .await?
            .and_then(|pool| pool.user_pool_tags.clone())
            .unwrap_or_default()
            .into_iter()
            .collect();
        self.held_tags(|held| held.insert(pool.to_owned(), tags.clone()));
        Ok(tags)
    }

    /// Adds tags to a pool; others stay.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn tag_pool(
        &self,
        pool: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), AwsError> {
        let mut held = self.pool_tags(pool).await?;
        let arn = self.pool_arn(pool).await?;
        self.call(
            Operation::cognito("TagResource", pool),
            self.cognito()
                .tag_resource()
                .resource_arn(arn)
                .set_tags(Some(tags.clone().into_iter().collect()))
                .send(),
        )
        .await?;
        held.extend(tags);
        self.held_tags(|all| all.insert(pool.to_owned(), held));
        Ok(())
    }

    /// Removes tags from a pool; a deleted pool has none.
    ///
    /// # Errors
    /// The call failed.
    pub(crate) async fn untag_pool(&self, pool: &str, keys: Vec<String>) -> Result<(), AwsError> {
        let mut held = self.pool_tags(pool).await?;
        held.retain(|key, _| !keys.contains(key));
        let arn = self.pool_arn(pool).await?;
        let answer = self
            .call(
                Operation::cognito("UntagResource", pool),
                self.cognito()
                    .untag_resource()
                    .resource_arn(arn)
                    .set_tag_keys(Some(keys))
                    .send(),
            )
            .await;
        found(answer)?;
        self.held_tags(|all| all.insert(pool.to_owned(), held));
        Ok(())
    }

    async fn pool_arn(&self, pool: &str) -> Result<String, AwsError> {
        Ok(self
            .pool(pool)
            .await?
            .and_then(|pool| pool.arn.clone())
            .unwrap_or_default())
    }

    fn held_tags<T>(
        &self,
        with: impl FnOnce(&mut HashMap<String, BTreeMap<String, String>>) -> T,
    ) -> T {
        with(
            &mut self
                .cognito_answers
                .tags
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// A response, or nothing if AWS's error is that it does not exist.
pub(crate) fn found<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
