//! Calling a stack: `caller` with a token endpoint of the test, and the commands `token` and `call` of the real program.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gatestack::caller::{self, ClientView, Credentials, TokenError, Transport};
use gatestack::kinds::Observation;
use gatestack::model::Secret;
use http::{Request, Response};

use crate::support::program::{Folder, example};
use crate::support::screen::{screen, with_filters};
use crate::support::world::{World, desired, stack_of};

/// A token endpoint with this response, which records requests.
#[derive(Clone, Default)]
struct Endpoint {
    asked: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Endpoint {
    fn answering(&self, status: u16, body: &'static str) -> Transport {
        let asked = Arc::clone(&self.asked);
        Transport::in_process(Arc::new(move |request| {
            asked.lock().unwrap().push(request);
            Box::pin(async move {
                Response::builder()
                    .status(status)
                    .header("content-type", "application/json;charset=UTF-8")
                    .body(Bytes::from(body))
                    .unwrap()
            })
        }))
    }
}

fn view() -> ClientView {
    ClientView {
        token_url: Some("https://xxx.auth.eu-west-1.amazoncognito.com/oauth2/token".into()),
        ..ClientView::default()
    }
}

fn credentials() -> Credentials {
    Credentials {
        client_id: "c1ient".into(),
        client_secret: Some(Secret::new("s3cr3t")),
        api_key: None,
        stored_at: None,
    }
}

async fn refused(status: u16, body: &'static str) -> TokenError {
    let transport = Endpoint::default().answering(status, body);
    caller::token(&transport, &view(), &credentials(), &[])
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_token_is_asked_for_as_cognito_documents_it() {
    // The payload is {"scope":"xxx-api/read xxx-api/write"}.
    let endpoint = Endpoint::default();
    let transport = endpoint.answering(
        200,
        r#"{"access_token":"eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6Inh4eC1hcGkvcmVhZCB4eHgtYXBpL3dyaXRlIn0.c2ln",
            "expires_in":3600,"token_type":"Bearer"}"#,
    );
    let scopes = ["xxx-api/read".to_owned(), "xxx-api/write".to_owned()];
    let token = caller::token(&transport, &view(), &credentials(), &scopes)
        .await
        .unwrap();
    assert!(token.value.expose().starts_with("eyJ"));
    assert_eq!(token.expires_in, Duration::from_secs(3600));
    assert_eq!(token.scopes, scopes.clone().into());
    let asked = endpoint.asked.lock().unwrap();
    let [request] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri(),
        "https://xxx.auth.eu-west-1.amazoncognito.com/oauth2/token"
    );
    assert_eq!(
        request.headers()["host"],
        "xxx.auth.eu-west-1.amazoncognito.com"
    );
    // c1ient:s3cr3t
    assert_eq!(
        request.headers()["authorization"],
        "Basic YzFpZW50OnMzY3IzdA=="
    );
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        request.body(),
        "grant_type=client_credentials&scope=xxx-api%2Fread+xxx-api%2Fwrite"
    );
}

#[tokio::test]
async fn without_scopes_none_is_asked_for() {
    let endpoint = Endpoint::default();
    let transport = endpoint.answering(
        200,
        r#"{"access_token":"opaque","expires_in":60,"token_type":"Bearer"}"#,
    );
    let token = caller::token(&transport, &view(), &credentials(), &[])
        .await
        .unwrap();
    assert!(token.scopes.is_empty());
    assert_eq!(
        endpoint.asked.lock().unwrap()[0].body(),
        "grant_type=client_credentials"
    );
}

#[tokio::test]
async fn a_refusal_is_in_oauths_words() {
    let error = refused(400, r#"{"error":"invalid_scope"}"#).await;
    assert!(
        matches!(&error, TokenError::Refused { error, description: None } if error == "invalid_scope"),
        "{error:?}"
    );
    let error = refused(
        400,
        r#"{"error":"invalid_client","error_description":"gone"}"#,
    )
    .await;
    let TokenError::Refused { error, description } = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (error.as_str(), description.as_deref()),
        ("invalid_client", Some("gone"))
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_told_to_nobody() {
    for (status, body) in [
        (200, r#"{"access_token":"t0k3n"}"#),
        (404, "<html>t0k3n</html>"),
        (400, ""),
    ] {
        let error = refused(status, body).await;
        assert!(matches!(error, TokenError::NotATokenEndpoint), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("t0k3n"));
    }
}

#[tokio::test]
async fn without_a_secret_nobody_is_asked() {
    let endpoint = Endpoint::default();
    let transport = endpoint.answering(200, "{}");
    let nothing = Credentials::default();
    let error = caller::token(&transport, &view(), &nothing, &[]).await;
    assert!(matches!(error, Err(TokenError::NoClient)));
    let error = caller::token(&transport, &ClientView::default(), &credentials(), &[]).await;
    assert!(matches!(error, Err(TokenError::NoDomain)));
    assert!(endpoint.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_front_says_what_the_file_says_with_the_ids_of_aws() {
    let world = World::new();
    let text = stack_of(2, 1);
    let before = ClientView::of(&desired(&text), &Observation::default());
    assert_eq!((before.invoke_url, before.user_pool_id), (None, None));
    assert_eq!(before.callers["partners.insurer0"].client_id, None);
    assert!(before.callers["partners.insurer0"].has_client);

    world.apply(&text).await;
    let observation = world.look(&text).await;
    let view = ClientView::of(&desired(&text), &observation);
    let api = world.id(&text, "api").await;
    assert_eq!(
        view.invoke_url,
        Some(format!(
            "https://{api}.execute-api.eu-west-1.amazonaws.com/prod"
        ))
    );
    assert_eq!(
        view.token_url.as_deref(),
        Some("https://xxx-123456789012.auth.eu-west-1.amazoncognito.com/oauth2/token")
    );
    assert_eq!(view.authorizer_header, "Authorization");
    let known = view.caller("insurer1").unwrap();
    assert_eq!(
        known.client_id,
        Some(world.id(&text, "partners.insurer1/client").await)
    );
    assert_eq!(
        known.api_key_ids,
        [world.id(&text, "partners.insurer1/key").await]
    );
    assert_eq!(known.plan.as_deref(), Some("plans.XXXPlan"));
    assert_eq!(known.scopes, ["xxx-api/read".to_owned()].into());
    assert!(known.gets_tokens() && known.enabled);
}

#[tokio::test]
async fn credentials_are_read_live() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let observation = world.look(&text).await;
    let view = ClientView::of(&desired(&text), &observation);
    let known = view.caller("insurer0").unwrap();
    let connection = world.connection().await;
    let read = caller::credentials(&connection, &view, known)
        .await
        .unwrap();
    let client = world
        .cognito()
        .describe_user_pool_client()
        .user_pool_id(view.user_pool_id.clone().unwrap())
        .client_id(&read.client_id)
        .send()
        .await
        .unwrap();
    let secret = client.user_pool_client.unwrap().client_secret;
    assert_eq!(
        read.client_secret.as_ref().map(Secret::expose),
        secret.as_deref()
    );
    let key = world
        .apigateway()
        .get_api_key()
        .api_key(known.api_key_id().unwrap())
        .include_value(true)
        .send()
        .await
        .unwrap();
    assert_eq!(
        read.api_key.as_ref().map(Secret::expose),
        key.value.as_deref()
    );
    assert!(read.api_key.is_some() && read.client_secret.is_some());
    assert!(!format!("{read:?}").contains(read.api_key.unwrap().expose()));

    world
        .apigateway()
        .delete_api_key()
        .api_key(known.api_key_id().unwrap())
        .send()
        .await
        .unwrap();
    let error = caller::credentials(&connection, &view, known)
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

macro_rules! assert_screen {
    ($name:literal, $code:literal, $ran:expr) => {{
        let ran = $ran;
        assert_eq!(ran.code, $code, "{}{}", ran.stdout, ran.stderr);
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"--api-key [a-z0-9]{10}\b", "--api-key KEY_ID");
        settings.add_filter(r"Host: [a-z0-9]{10}\.", "Host: API_ID.");
        settings.bind(|| with_filters(|| insta::assert_snapshot!($name, screen(&ran))));
    }};
}

/// The example with a client for users and a separate key.
fn with_others() -> String {
    example("partner-api")
        + "\n[app_clients.web]\nflows = [\"code\"]\nscopes = [\"openid\"]\ncallback_urls = [\"https://app.example.com/\"]\n\
           \n[app_clients.acme]\nauth_flows = [\"user_srp\"]\n\
           \n[api_keys.batch]\nplan = \"XXXPlan\"\n"
}

#[test]
fn nobody_gets_a_token_that_is_not_there_for_it() {
    let folder = Folder::with(&with_others());
    assert_screen!("token_before_apply", 1, folder.local(&["token", "globex"]));
    assert_screen!(
        "call_before_apply",
        1,
        folder.local(&["call", "globex", "GET", "/health"])
    );
    folder.apply(&["-q"]);
    assert_screen!("token_of_nobody", 1, folder.local(&["token", "globx"]));
    assert_screen!("token_of_two", 1, folder.local(&["token", "acme"]));
    assert_screen!("token_of_people", 1, folder.local(&["token", "web"]));
    assert_screen!(
        "token_of_a_key",
        1,
        folder.local(&["token", "api_keys.batch", "--json"])
    );
}

#[test]
fn curl_says_the_same_without_secrets() {
    let folder = Folder::with(&example("partner-api"));
    folder.apply(&["-q"]);
    let arguments = [
        "call",
        "globex",
        "POST",
        "/claims?draft=1",
        "-d",
        "{\"policy\": \"1\"}",
        "-H",
        "X-Request: it's",
        "--print-curl",
    ];
    assert_screen!("print_curl", 0, folder.local(&arguments));
    let without = [
        "call",
        "globex",
        "GET",
        "/claims",
        "--without",
        "token",
        "--without",
        "key",
        "--print-curl",
        "-i",
    ];
    assert_screen!("print_curl_without", 0, folder.local(&without));
}

#[test]
fn a_call_that_makes_no_sense_is_wrong_usage() {
    let folder = Folder::with(&example("partner-api"));
    for (arguments, said) in [
        (&["call", "acme", "GET", "policies"][..], "begins with `/`"),
        (&["call", "acme", "G T", "/policies"], "a word such as GET"),
        (
            &["call", "acme", "GET", "/policies", "-H", "x"],
            "not a header",
        ),
        (
            &["call", "acme", "GET", "/policies", "--without", "both"],
            "possible values: token, key",
        ),
        (
            &["call", "acme", "GET", "/policies", "--backend", "x"],
            "write a port",
        ),
        (
            &["call", "acme", "GET", "/policies", "--map", "9000"],
            "TARGET=ADDRESS",
        ),
        (
            &["call", "acme", "GET", "/policies", "-d", "@-", "-f", "-"],
            "'--data @-' cannot be used",
        ),
    ] {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 64, "{arguments:?} {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{arguments:?} {}", ran.stderr);
    }
    let ran = folder.run(&["call", "acme", "GET", "/policies", "--backend", "9000"]);
    assert_eq!(ran.code, 64);
    assert!(ran.stderr.contains("needs '--local'"), "{}", ran.stderr);
}
