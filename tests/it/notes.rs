//! The notes of a plan say what is true of just this stack.

use gatestack::model::Address;
use gatestack::plan::Plan;

use crate::support::world::{World, stack_of};

/// The notes of one code, as address and sentence.
fn notes(plan: &Plan, code: &str) -> Vec<(String, String)> {
    let notes = plan.notes.iter().filter(|note| note.code == code);
    notes
        .map(|note| (note.address.to_string(), note.text.clone()))
        .collect()
}

async fn planned(before: &str, after: &str) -> Plan {
    let world = World::new();
    world.apply(before).await;
    world.plan(after).await
}

const WEB: &str = "\n[app_clients.web]\nflows = [\"code\"]\ncallback_urls = [\"https://a.example.com/\"]\nscopes = [\"openid\"]\n";
const SIGN_IN: &str = "\n[app_clients.lab]\nauth_flows = [\"user_srp\"]\nsecret = false\n";

#[tokio::test(start_paused = true)]
async fn only_a_client_that_gets_tokens_by_itself_is_billed_for_them() {
    let world = World::new();
    let people = format!("{}{WEB}{SIGN_IN}", stack_of(0, 1));
    assert_eq!(notes(&world.plan(&people).await, "GS107"), []);
    world.apply(&people).await;
    let with_partner = format!("{}{WEB}{SIGN_IN}", stack_of(1, 1));
    let told = notes(&world.plan(&with_partner).await, "GS107");
    let [(address, text)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(address, "partners.insurer0/client");
    assert!(text.contains("client_credentials"), "{text}");
    world.apply(&with_partner).await;
    let two = format!("{}{WEB}{SIGN_IN}", stack_of(2, 1));
    assert_eq!(notes(&world.plan(&two).await, "GS107"), []);
}

#[tokio::test(start_paused = true)]
async fn a_client_loses_only_scopes_that_it_had() {
    let text = |scopes: &str| {
        let text = stack_of(2, 1).replace(
            "scopes = { read = \"read\" }",
            &format!("scopes = {{ {scopes} }}"),
        );
        let first = "[partners.insurer0]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"";
        text.replace(first, &format!("{first}, \"xxx-api/write\""))
    };
    let before = text("read = \"read\", write = \"write\", audit = \"audit\"");
    let after = stack_of(2, 1);
    let told = notes(&planned(&before, &after).await, "GS101");
    let [(address, said)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(address, "resource_servers.xxx-api");
    assert!(
        said.contains("partners.insurer0/client (xxx-api/write)"),
        "{said}"
    );
    assert!(
        !said.contains("insurer1") && !said.contains("audit"),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_url_is_in_use_by_clients_that_have_flows() {
    let before = format!("{}{SIGN_IN}", stack_of(1, 1));
    let after = before.replace("domain = \"xxx-$", "domain = \"yyy-$");
    let told = notes(&planned(&before, &after).await, "GS102");
    let [(_, said)] = &told[..] else {
        panic!("{told:?}");
    };
    assert!(said.contains("partners.insurer0/client"), "{said}");
    assert!(!said.contains("app_clients.lab"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_secret_loses_none() {
    let before = format!("{}{SIGN_IN}", stack_of(1, 1));
    let told = notes(&planned(&before, &stack_of(1, 1)).await, "GS103");
    assert_eq!(
        told,
        [(
            "app_clients.lab".to_owned(),
            "its client id can't be restored: a new client gets another one".to_owned()
        )]
    );
}

#[tokio::test(start_paused = true)]
async fn a_disabled_partner_loses_flows_scopes_and_key_and_gets_them_back() {
    let world = World::new();
    let scope_only = "\"GET /open\" = { mock = 200, requires = { scopes = [\"xxx-api/read\"] } }\n";
    let text = stack_of(2, 1).replace("[api.routes]\n", &format!("[api.routes]\n{scope_only}"));
    let off = text.replace(
        "[partners.insurer0]",
        "[partners.insurer0]\nenabled = false\ntokens = { access = \"30m\" }",
    );
    let on = off.replace("enabled = false\n", "");
    world.apply(&on).await;
    let id = |text: &str| {
        let (world, text) = (world.clone(), text.to_owned());
        async move { world.id(&text, "partners.insurer0/client").await }
    };
    let before = id(&on).await;
    let plan = world.plan(&off).await;
    assert_eq!(
        crate::support::world::summary(&plan),
        [
            "update partners.insurer0/client",
            "update partners.insurer0/key"
        ]
    );
    assert!(plan.missing_consent.is_empty());
    let told = notes(&plan, "GS133");
    let [(address, said)] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(address, "partners.insurer0");
    assert!(
        said.contains("valid for up to 30m on routes that need no key: api.routes.\"GET /open\""),
        "{said}"
    );
    world.apply(&off).await;
    assert!(world.plan(&off).await.is_empty());
    let pool = world.id(&off, "user_pool").await;
    let describe = world.cognito().describe_user_pool_client();
    let live = describe
        .user_pool_id(&pool)
        .client_id(&before)
        .send()
        .await
        .unwrap();
    let live = live.user_pool_client.unwrap();
    assert!(live.allowed_o_auth_flows().is_empty() && live.allowed_o_auth_scopes().is_empty());
    assert_ne!(live.allowed_o_auth_flows_user_pool_client, Some(true));
    let observation = world.look(&off).await;
    assert!(
        observation
            .live
            .contains_key(&Address::new("partners.insurer0/client"))
    );
    world.apply(&on).await;
    assert!(world.plan(&on).await.is_empty());
    assert_eq!(id(&on).await, before, "the credentials stay");
}
