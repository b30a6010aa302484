//! The token endpoint and a pool's documents over HTTP. `tests/foreign` has real OAuth clients.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::operation::Object;
use super::super::state::State;
use super::super::tests::call;
use super::super::{Options, Pace, Service};
use super::tokens::{BadToken, verify};
use super::{DataPlane, DataPlaneOptions, Owner, Seen, owner};
use crate::clock::Clock;

const TOKEN: &str = "/_aws/cognito/front/oauth2/token";

/// A pool with the domain `front` and the scopes `claims/read` and `claims/write`, and a partner with both.
struct Front {
    plane: DataPlane,
    clock: Clock,
    seen: Arc<Mutex<Vec<Seen>>>,
    pool: String,
    client: String,
    secret: String,
}

impl Front {
    fn new() -> Self {
        Self::of(Pace::Immediate)
    }

    fn of(pace: Pace) -> Self {
        let clock = Clock::manual("2026-11-21T16:00:00Z".parse().unwrap());
        let options = Options {
            clock: clock.clone(),
            pace,
            ..Options::default()
        };
        Self::over(Service::in_memory(options), clock)
    }

    fn over(service: Service, clock: Clock) -> Self {
        let pool = call(&service, "CreateUserPool", &json!({"PoolName": "people"}));
        let pool = text(&pool["UserPool"]["Id"]);
        let scope = |name: &str| json!({"ScopeName": name, "ScopeDescription": name});
        let server = json!({
            "UserPoolId": pool, "Identifier": "claims", "Name": "Claims", "Scopes": [scope("read"), scope("write")],
        });
        call(&service, "CreateResourceServer", &server);
        call(
            &service,
            "CreateUserPoolDomain",
            &json!({"UserPoolId": pool, "Domain": "front"}),
        );
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        let options = DataPlaneOptions {
            tell: Some(Arc::new(move |seen: &Seen| {
                told.lock().unwrap().push(seen.clone())
            })),
            ..DataPlaneOptions::default()
        };
        let mut front = Self {
            plane: DataPlane::new(service, options),
            clock,
            seen,
            pool,
            client: String::new(),
            secret: String::new(),
        };
        (front.client, front.secret) = front.made(json!({}));
        front
    }

    /// A client like the partner, but for these settings, with its secret (empty when it has none).
    fn made(&self, but: Value) -> (String, String) {
        let mut settings = json!({
            "UserPoolId": self.pool,
            "ClientName": "partner",
            "GenerateSecret": true,
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["client_credentials"],
            "AllowedOAuthScopes": ["claims/read", "claims/write"],
        });
        for (name, value) in but.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let made = self.control("CreateUserPoolClient", &settings);
        let secret = made["UserPoolClient"]["ClientSecret"].as_str();
        (
            text(&made["UserPoolClient"]["ClientId"]),
            secret.unwrap_or_default().to_owned(),
        )
    }

    fn control(&self, operation: &str, input: &Value) -> Value {
        call(self.plane.service(), operation, input)
    }

    async fn send(&self, request: http::request::Builder, body: &str) -> Response<Bytes> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.plane.answer(request.body(body).unwrap()).await
    }

    /// The answer of the token endpoint to a form, of the partner with its own secret.
    async fn ask(&self, form: &str) -> (u16, Value) {
        self.ask_as((&self.client, &self.secret), form).await
    }

    async fn ask_as(&self, who: (&str, &str), form: &str) -> (u16, Value) {
        let request = form_to(TOKEN).header("authorization", basic(who));
        said(&self.send(request, form).await)
    }

    /// A token of the partner.
    async fn token(&self) -> String {
        let (status, body) = self.ask("grant_type=client_credentials").await;
        assert_eq!(status, 200, "{body}");
        text(&body["access_token"])
    }

    fn arn(&self) -> String {
        format!(
            "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/{}",
            self.pool
        )
    }

    fn verify(&self, token: &str) -> Result<Object, BadToken> {
        let state = self.plane.service().snapshot().unwrap();
        verify(&state, token, &[&self.arn()], self.clock.now())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn form_to(path: &str) -> http::request::Builder {
    Request::post(path).header("content-type", "application/x-www-form-urlencoded")
}

fn basic((client, secret): (&str, &str)) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client}:{secret}")))
}

fn said(answer: &Response<Bytes>) -> (u16, Value) {
    let body = serde_json::from_slice(answer.body()).unwrap();
    (answer.status().as_u16(), body)
}

fn error(word: &str) -> (u16, Value) {
    (400, json!({"error": word}))
}

fn part(token: &str, index: usize) -> Object {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_says_what_cognitos_say() {
    let front = Front::new();
    let request = form_to(TOKEN).header("authorization", basic((&front.client, &front.secret)));
    let answer = front.send(request, "grant_type=client_credentials").await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json;charset=UTF-8");
    assert!(header("cache-control").contains("no-store"));
    assert_eq!(header("access-control-allow-origin"), "*");
    let (status, body) = said(&answer);
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["access_token", "expires_in", "token_type"]);
    assert_eq!(
        (status, &body["expires_in"], &body["token_type"]),
        (200, &json!(3600), &json!("Bearer"))
    );

    let token = text(&body["access_token"]);
    let head: Vec<_> = part(&token, 0).keys().cloned().collect();
    assert_eq!(
        (head.len(), &part(&token, 0)["alg"]),
        (2, &json!("RS256")),
        "{head:?}"
    );
    let mut claims = part(&token, 1);
    assert_eq!(claims.remove("jti").unwrap().as_str().unwrap().len(), 36);
    let now = front.clock.now().as_second();
    let issuer = format!("https://cognito-idp.eu-west-1.amazonaws.com/{}", front.pool);
    let wanted = json!({
        "sub": front.client,
        "token_use": "access",
        "scope": "claims/read claims/write",
        "auth_time": now,
        "iss": issuer,
        "exp": now + 3600,
        "iat": now,
        "version": 2,
        "client_id": front.client,
    });
    assert_eq!(Value::Object(claims), wanted);
}

#[tokio::test]
async fn a_client_gets_the_scopes_it_asks_for_and_no_others() {
    let front = Front::new();
    let grant = "grant_type=client_credentials&aws_client_metadata=%7B%7D";
    for (asked, given) in [
        ("", "claims/read claims/write"),
        ("&scope=", "claims/read claims/write"),
        ("&scope=claims%2Fwrite", "claims/write"),
        (
            "&scope=claims/write+claims/read+claims/write",
            "claims/write claims/read",
        ),
    ] {
        let (_, body) = front.ask(&format!("{grant}{asked}")).await;
        assert_eq!(
            part(&text(&body["access_token"]), 1)["scope"],
            given,
            "{asked}"
        );
    }
    for asked in ["claims/delete", "claims/read+openid", "claims"] {
        let answer = front.ask(&format!("{grant}&scope={asked}")).await;
        assert_eq!(answer, error("invalid_scope"), "{asked}");
    }
    // A scope that was deleted from its resource server stays on the client, without effect.
    let read = json!({"ScopeName": "read", "ScopeDescription": "read"});
    let fewer = json!({"UserPoolId": front.pool, "Identifier": "claims", "Name": "Claims", "Scopes": [read]});
    front.control("UpdateResourceServer", &fewer);
    let token = front.token().await;
    assert_eq!(part(&token, 1)["scope"], "claims/read");
    let answer = front.ask(&format!("{grant}&scope=claims/write")).await;
    assert_eq!(answer, error("invalid_scope"));
    front.control(
        "DeleteResourceServer",
        &json!({"UserPoolId": front.pool, "Identifier": "claims"}),
    );
    assert_eq!(front.ask(grant).await, error("invalid_scope"));
}

#[tokio::test]
async fn a_client_shows_itself_in_the_header_or_in_the_form() {
    let front = Front::new();
    let (client, secret) = (&front.client, &front.secret);
    let grant = "grant_type=client_credentials";
    let in_form = format!("{grant}&client_id={client}&client_secret={secret}");
    assert_eq!(said(&front.send(form_to(TOKEN), &in_form).await).0, 200);
    let in_query = form_to(&format!("{TOKEN}?{grant}"));
    let body = format!("client_id={client}&client_secret={secret}");
    assert_eq!(said(&front.send(in_query, &body).await).0, 200);
    assert_eq!(
        front.ask(&format!("{grant}&client_id={client}")).await.0,
        200
    );

    let other = format!("{grant}&client_id=another");
    assert_eq!(front.ask(&other).await, error("invalid_request"));
    for who in [(client.as_str(), "wrong"), (client, ""), ("nobody", secret)] {
        assert_eq!(
            front.ask_as(who, grant).await,
            error("invalid_client"),
            "{who:?}"
        );
    }
    for header in ["Bearer x", "Basic", "Basic !", "Basic bm9jb2xvbg=="] {
        let request = form_to(TOKEN).header("authorization", header);
        assert_eq!(
            said(&front.send(request, grant).await),
            error("invalid_client"),
            "{header}"
        );
    }
    let without_secret = format!("{grant}&client_id={client}");
    assert_eq!(
        said(&front.send(form_to(TOKEN), &without_secret).await),
        error("invalid_client")
    );
    assert_eq!(
        said(&front.send(form_to(TOKEN), grant).await),
        error("invalid_request")
    );
}

#[tokio::test]
async fn both_secrets_of_a_client_open() {
    let front = Front::new();
    let own = "own+secret_of_at_least_24_characters";
    let added = json!({"UserPoolId": front.pool, "ClientId": front.client, "ClientSecret": own});
    front.control("AddUserPoolClientSecret", &added);
    let grant = "grant_type=client_credentials";
    for secret in [
        front.secret.as_str(),
        own,
        "own%2Bsecret_of_at_least_24_characters",
    ] {
        assert_eq!(
            front.ask_as((&front.client, secret), grant).await.0,
            200,
            "{secret}"
        );
    }
    let listed = json!({"UserPoolId": front.pool, "ClientId": front.client});
    let first =
        &front.control("ListUserPoolClientSecrets", &listed)["ClientSecrets"][0]["ClientSecretId"];
    let first =
        json!({"UserPoolId": front.pool, "ClientId": front.client, "ClientSecretId": first});
    front.control("DeleteUserPoolClientSecret", &first);
    assert_eq!(front.ask(grant).await, error("invalid_client"));
}

#[tokio::test]
async fn grants_that_a_client_does_not_have() {
    let front = Front::new();
    let grant = "grant_type=client_credentials";
    assert_eq!(
        front.ask("scope=claims/read").await,
        error("invalid_request")
    );
    assert_eq!(front.ask("grant_type=").await, error("invalid_request"));
    assert_eq!(
        front.ask(&format!("{grant}&{grant}")).await,
        error("invalid_request")
    );
    assert_eq!(
        front.ask("grant_type=password").await,
        error("unsupported_grant_type")
    );
    let (status, body) = front.ask("grant_type=refresh_token&refresh_token=x").await;
    assert_eq!(
        (status, text(&body["message"])),
        (
            501,
            "the local AWS does not have the grant refresh_token".into()
        )
    );

    let code = json!({"AllowedOAuthFlows": ["code"], "CallbackURLs": ["https://example.com"]});
    let (client, secret) = front.made(code);
    assert_eq!(
        front.ask_as((&client, &secret), grant).await,
        error("unauthorized_client")
    );
    let (client, secret) = front.made(json!({"AllowedOAuthFlowsUserPoolClient": false}));
    assert_eq!(
        front.ask_as((&client, &secret), grant).await,
        error("unauthorized_client")
    );
    let public = json!({
        "GenerateSecret": false, "AllowedOAuthFlows": ["code"], "CallbackURLs": ["https://example.com"],
    });
    let (client, _) = front.made(public);
    let form = format!("{grant}&client_id={client}");
    assert_eq!(
        said(&front.send(form_to(TOKEN), &form).await),
        error("unauthorized_client")
    );
    let form = format!("{form}&client_secret=made-up");
    assert_eq!(
        said(&front.send(form_to(TOKEN), &form).await),
        error("invalid_client")
    );
}

#[tokio::test]
async fn the_endpoint_takes_forms_only() {
    let front = Front::new();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        front.client, front.secret
    );
    let get = front.send(Request::get(TOKEN), "").await;
    assert_eq!(
        (get.status().as_u16(), &get.headers()["allow"]),
        (405, &http::HeaderValue::from_static("POST"))
    );
    let json = Request::post(TOKEN).header("content-type", "application/json");
    for request in [json, Request::post(TOKEN)] {
        assert_eq!(front.send(request, &form).await.status(), 405);
    }
    let with_charset = Request::post(TOKEN).header(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    );
    assert_eq!(front.send(with_charset, &form).await.status(), 200);
}

#[tokio::test]
async fn pages_for_people_are_refused_by_name_and_others_are_not_there() {
    let front = Front::new();
    let login = front
        .send(Request::get("/_aws/cognito/front/login?client_id=x"), "")
        .await;
    assert_eq!(
        said(&login),
        (
            501,
            json!({"message": "the local AWS does not have /login"})
        )
    );
    for path in [
        "/_aws/cognito/front/nothing",
        "/_aws/cognito/front",
        "/_aws/cognito/other/oauth2/token",
        "/_aws/domain/nobody.example.com/x",
    ] {
        assert_eq!(front.send(form_to(path), "").await.status(), 404, "{path}");
    }
    let elsewhere =
        form_to("/oauth2/token").header("host", "front.auth.us-east-1.amazoncognito.com");
    assert_eq!(front.send(elsewhere, "").await.status(), 404);
}

#[tokio::test]
async fn a_domain_answers_once_it_is_active() {
    let front = Front::of(Pace::Realistic { time_scale: 1.0 });
    let grant = "grant_type=client_credentials";
    assert_eq!(front.ask(grant).await.0, 404);
    front.clock.advance(Duration::from_secs(60));
    assert_eq!(front.ask(grant).await.0, 200);
    let by_host = form_to("/oauth2/token")
        .header("host", "front.auth.eu-west-1.amazoncognito.com")
        .header("authorization", basic((&front.client, &front.secret)));
    assert_eq!(front.send(by_host, grant).await.status(), 200);
    front.control(
        "DeleteUserPoolDomain",
        &json!({"UserPoolId": front.pool, "Domain": "front"}),
    );
    assert_eq!(front.ask(grant).await.0, 404);
}

#[tokio::test]
async fn a_token_lives_as_long_as_its_client_says() {
    let front = Front::new();
    let grant = "grant_type=client_credentials";
    for (settings, seconds) in [
        (json!({"AccessTokenValidity": 2}), 7200),
        (
            json!({"AccessTokenValidity": 10, "TokenValidityUnits": {"AccessToken": "minutes"}}),
            600,
        ),
        (
            json!({"AccessTokenValidity": 1, "TokenValidityUnits": {"AccessToken": "days"}}),
            86400,
        ),
    ] {
        let (client, secret) = front.made(settings);
        let (_, body) = front.ask_as((&client, &secret), grant).await;
        assert_eq!(body["expires_in"], seconds);
        let claims = part(&text(&body["access_token"]), 1);
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            seconds
        );
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_pool_until_it_expires() {
    let front = Front::new();
    let token = front.token().await;
    assert_eq!(
        front.verify(&token).unwrap()["client_id"],
        front.client.as_str()
    );

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let mut claims = part(&token, 1);
    claims.insert("scope".into(), json!("claims/delete"));
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap());
    let forged = format!("{head}.{claims}.{signature}");
    assert_eq!(front.verify(&forged), Err(BadToken::BadSignature));
    let mut head = part(&token, 0);
    head.insert("kid".into(), json!("another"));
    let head = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&head).unwrap());
    let unknown = format!("{head}.{}", token.split_once('.').unwrap().1);
    assert_eq!(front.verify(&unknown), Err(BadToken::BadSignature));
    for nonsense in [
        "",
        "nonsense",
        "a.b",
        "a.b.c",
        &format!("Bearer {token}"),
        &format!("{token}.x"),
    ] {
        assert_eq!(
            front.verify(nonsense),
            Err(BadToken::Malformed),
            "{nonsense}"
        );
    }

    let other = front.control("CreateUserPool", &json!({"PoolName": "others"}));
    let other = text(&other["UserPool"]["Arn"]);
    let state = front.plane.service().snapshot().unwrap();
    let now: Timestamp = front.clock.now();
    assert_eq!(
        verify(&state, &token, &[&other], now),
        Err(BadToken::UnknownIssuer)
    );
    assert!(verify(&state, &token, &[&other, &front.arn()], now).is_ok());

    front.clock.advance(Duration::from_secs(3599));
    assert!(front.verify(&token).is_ok());
    front.clock.advance(Duration::from_secs(1));
    assert_eq!(front.verify(&token), Err(BadToken::Expired));
}

#[tokio::test]
async fn a_pool_publishes_its_keys_and_its_endpoints() {
    let front = Front::new();
    let token = front.token().await;
    let at = |name: &str| Request::get(format!("/{}/.well-known/{name}", front.pool));
    let keys = front.send(at("jwks.json"), "").await;
    assert_eq!(keys.headers()["access-control-allow-origin"], "*");
    let (_, keys) = said(&keys);
    let keys = keys["keys"].as_array().unwrap();
    // The first is for ID tokens, the second for access tokens.
    assert_eq!((keys.len(), &keys[1]["kid"]), (2, &part(&token, 0)["kid"]));
    assert_ne!(keys[0]["kid"], keys[1]["kid"]);
    for key in keys {
        let members: Vec<_> = key.as_object().unwrap().keys().collect();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(key["kid"].as_str().unwrap().len(), 44);
    }

    let host = "cognito-idp.eu-west-1.amazonaws.com";
    let (_, configuration) = said(
        &front
            .send(at("openid-configuration").header("host", host), "")
            .await,
    );
    let issuer = format!("https://{host}/{}", front.pool);
    assert_eq!(configuration["issuer"], issuer);
    assert_eq!(
        configuration["jwks_uri"],
        format!("{issuer}/.well-known/jwks.json")
    );
    let endpoint = "https://front.auth.eu-west-1.amazoncognito.com/oauth2/token";
    assert_eq!(configuration["token_endpoint"], endpoint);

    let absent = front
        .send(
            Request::get("/eu-west-1_nothing00/.well-known/jwks.json"),
            "",
        )
        .await;
    let (status, body) = said(&absent);
    assert_eq!(
        (status, text(&body["message"])),
        (400, "User pool eu-west-1_nothing00 does not exist.".into())
    );
    for request in [
        at("nothing.json"),
        Request::post(format!("/{}/.well-known/jwks.json", front.pool)),
    ] {
        let (status, body) = said(&front.send(request, "").await);
        assert_eq!((status, &body["code"]), (400, &json!("BadRequest")));
    }
}

#[tokio::test]
async fn keys_stay_in_the_file_and_requests_leave_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.json");
    let open = || Service::at_file(&path, Options::default()).unwrap();
    let front = Front::over(open(), Clock::system());
    let token = front.token().await;
    let written = |path: &Path| std::fs::metadata(path).unwrap().modified().unwrap();
    let before = written(&path);
    front.token().await;
    assert_eq!(written(&path), before);
    let again = open().snapshot().unwrap();
    assert!(verify(&again, &token, &[&front.arn()], Timestamp::now()).is_ok());
}

#[tokio::test]
async fn whoever_watches_is_told_and_sees_no_secret() {
    let front = Front::new();
    let token = front.token().await;
    front
        .ask_as((&front.client, "wrong"), "grant_type=client_credentials")
        .await;
    let seen = front.seen.lock().unwrap().clone();
    let told: Vec<_> = seen
        .iter()
        .map(|seen| (seen.status, seen.client.as_deref(), seen.refused.as_deref()))
        .collect();
    let wrong = "its client secret is missing or wrong";
    assert_eq!(
        told,
        [
            (200, Some(front.client.as_str()), None),
            (400, None, Some(wrong))
        ]
    );
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/oauth2/token")
    );
    let everything = format!(
        "{seen:?} {:?} {:?}",
        front.plane,
        front.plane.service().snapshot().unwrap()
    );
    let private = "PRIVATE KEY";
    for secret in [front.secret.as_str(), &token, private] {
        assert!(!everything.contains(secret));
    }
}

#[test]
fn a_wildcard_domain_stands_for_one_label() {
    let mut state = State::default();
    for (region, name) in [
        ("eu-west-1", "*.example.com"),
        ("us-east-1", "api.example.com"),
    ] {
        let names = &mut state.regions.entry(region).apigateway.domain_names;
        names.insert(name, Default::default());
    }
    let found = |host: &str| match owner(&state, host) {
        Some(Owner::Api { name, region }) => Some(format!("{name} in {region}")),
        Some(Owner::Pool { .. }) | None => None,
    };
    assert_eq!(
        found("api.example.com").unwrap(),
        "api.example.com in us-east-1"
    );
    assert_eq!(
        found("other.example.com").unwrap(),
        "*.example.com in eu-west-1"
    );
    assert_eq!(found("example.com"), None);
    assert_eq!(found("a.b.example.com"), None);
}
