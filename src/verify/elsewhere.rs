//! Another user pool that issues tokens with the same scopes, only in a copy of the local AWS: on AWS a second pool could be left
//! behind.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, ResourceServerScopeType};

use super::access::ExpectedAccess;
use super::probe::PROBE;
use crate::aws::{AwsError, Connection, Operation};
use crate::caller::{ClientView, Credentials};
use crate::model::{Secret, endpoints};

/// Creates another user pool with every scope of the routes, and a client with them.
///
/// # Errors
/// The call failed.
pub async fn other_pool(
    connection: &Connection,
    region: &str,
    access: &ExpectedAccess,
) -> Result<(ClientView, Credentials), AwsError> {
    let writer = connection.writer();
    let cognito = writer.cognito();
    let pool = cognito.create_user_pool().pool_name(PROBE).send();
    let pool = writer
        .call(Operation::cognito("CreateUserPool", ""), pool)
        .await?;
    let pool = pool.user_pool.and_then(|pool| pool.id).unwrap_or_default();
    let domain = cognito
        .create_user_pool_domain()
        .user_pool_id(&pool)
        .domain(PROBE);
    writer
        .call(
            Operation::cognito("CreateUserPoolDomain", &pool),
            domain.send(),
        )
        .await?;
    // Cognito issues no OpenID Connect scopes for client credentials.
    let scopes: BTreeSet<&String> = access
        .routes
        .iter()
        .filter_map(|route| route.scopes.as_ref())
        .flatten()
        .filter(|scope| scope.contains('/'))
        .collect();
    let mut servers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (server, scope) in scopes.iter().filter_map(|scope| scope.rsplit_once('/')) {
        servers.entry(server).or_default().insert(scope);
    }
    for (server, scopes) in servers {
        let scopes = scopes.into_iter().map(|scope| {
            let scope = ResourceServerScopeType::builder().scope_name(scope);
            let built = scope.scope_description(PROBE).build();
            built.expect("a scope with its name and description is whole")
        });
        let request = cognito
            .create_resource_server()
            .user_pool_id(&pool)
            .identifier(server)
            .name(PROBE)
            .set_scopes(Some(scopes.collect()));
        writer
            .call(
                Operation::cognito("CreateResourceServer", &pool),
                request.send(),
            )
            .await?;
    }
    let request = cognito
        .create_user_pool_client()
        .user_pool_id(&pool)
        .client_name(PROBE)
        .generate_secret(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_flows_user_pool_client(true)
        .set_allowed_o_auth_scopes(Some(scopes.into_iter().cloned().collect()));
    let client = writer
        .call(
            Operation::cognito("CreateUserPoolClient", &pool),
            request.send(),
        )
        .await?
        .user_pool_client;
    let view = ClientView {
        token_url: Some(endpoints::token_url(&endpoints::prefix_domain(
            PROBE, region,
        ))),
        user_pool_id: Some(pool),
        ..ClientView::default()
    };
    let credentials = Credentials {
        client_id: client
            .as_ref()
            .and_then(|client| client.client_id.clone())
            .unwrap_or_default(),
        client_secret: client
            .and_then(|client| client.client_secret)
            .map(Secret::new),
        api_key: None,
        stored_at: None,
    };
    Ok((view, credentials))
}
