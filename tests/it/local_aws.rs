//! The local AWS through AWS's SDK, in process. `crates/aws-local` has no SDK, so the test is here.

use aws_local::{Options, Service, connector};
use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata as _;
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, ResourceServerScopeType};

use crate::support::program::repository;

fn config(service: Service) -> aws_config::SdkConfig {
    aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(
                aws_credential_types::Credentials::from_keys("any", "any", None),
            ),
        )
        .http_client(connector(service))
        .build()
}

/// The README's example, which its own crate can't run without an SDK.
#[tokio::test]
async fn the_readmes_example_works() -> Result<(), Box<dyn std::error::Error>> {
    use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};

    let service = aws_local::Service::in_memory(aws_local::Options::default());
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::from_keys(
            "any", "any", None,
        )))
        .http_client(aws_local::connector(service))
        .build();
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&config);
    let created = cognito
        .create_user_pool()
        .pool_name("people")
        .send()
        .await?;
    assert_eq!(created.user_pool().unwrap().name(), Some("people"));
    Ok(())
}

#[test]
fn the_readmes_example_is_the_one_that_is_tested() {
    let words = |text: &str| -> String { text.split_whitespace().collect() };
    let readme = std::fs::read_to_string(repository("crates/aws-local/README.md")).unwrap();
    let (_, block) = readme.split_once("```rust,ignore\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert!(words(include_str!("local_aws.rs")).contains(&words(block)));
}

#[tokio::test]
async fn the_sdk_calls_it_in_process() {
    let service = Service::in_memory(Options::default());
    let config = config(service);
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&config);
    let pool = cognito
        .create_user_pool()
        .pool_name("people")
        .send()
        .await
        .unwrap()
        .user_pool
        .unwrap()
        .id
        .unwrap();
    let scope = ResourceServerScopeType::builder()
        .scope_name("read")
        .scope_description("Read")
        .build()
        .unwrap();
    let server = cognito
        .create_resource_server()
        .user_pool_id(&pool)
        .identifier("claims")
        .name("Claims")
        .scopes(scope);
    server.send().await.unwrap();
    let client = cognito
        .create_user_pool_client()
        .user_pool_id(&pool)
        .client_name("partner")
        .generate_secret(true)
        .allowed_o_auth_flows(OAuthFlowType::ClientCredentials)
        .allowed_o_auth_flows_user_pool_client(true)
        .allowed_o_auth_scopes("claims/read");
    let client = client.send().await.unwrap().user_pool_client.unwrap();
    assert_eq!(client.client_secret().unwrap().len(), 51);
    assert_eq!(client.allowed_o_auth_scopes(), ["claims/read"]);

    let absent = cognito
        .describe_user_pool()
        .user_pool_id("eu-west-1_nothing00")
        .send()
        .await
        .unwrap_err();
    assert_eq!(absent.code(), Some("ResourceNotFoundException"));
    let lacking = cognito
        .admin_create_user()
        .user_pool_id(&pool)
        .username("a")
        .send()
        .await
        .unwrap_err();
    assert_eq!(lacking.code(), Some("NotImplemented"));
    assert_eq!(
        lacking.message(),
        Some("the local AWS does not have cognito-idp:AdminCreateUser")
    );

    let identity = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(identity.account(), Some("123456789012"));
    let apis = aws_sdk_apigateway::Client::new(&config)
        .get_account()
        .send()
        .await;
    assert!(apis.is_ok() || apis.unwrap_err().code() == Some("NotImplemented"));
}
