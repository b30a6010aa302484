//! Settings of a domain, changed in place.

use super::*;
use crate::support::scene::replace;

#[tokio::test(start_paused = true)]
async fn settings_of_a_domain_change_in_place() {
    let account = Account::new().await;
    account.apply(&account.own(API, "")).await;
    let done = account.apply(&account.own(API, "tls = \"1.0\"")).await;
    assert_eq!(done, ["update api.domain"]);
    let domain = account.domain(API).await;
    assert_eq!(domain.security_policy().unwrap().as_str(), "TLS_1_0");
    let callers =
        |more: &str| format!("mutual_tls = {{ truststore = \"s3://trust/all.pem\"{more} }}");
    for more in [callers(""), callers(", version = \"v2\""), callers("")] {
        let done = account.apply(&account.own(API, &more)).await;
        assert_eq!(done, ["update api.domain"]);
    }
    let domain = account.domain(API).await;
    assert_eq!(
        domain.mutual_tls_authentication().unwrap().truststore_uri(),
        Some("s3://trust/all.pem")
    );
    let certificate = issued(&account.world.service, "eu-west-1", API).await;
    let says = Says::domain(format!(
        "[api.domain]\nname = \"{API}\"\ncertificate = \"{certificate}\"\n"
    ));
    account.apply(&says).await;
    let domain = account.domain(API).await;
    assert_eq!(
        domain.regional_certificate_arn(),
        Some(certificate.as_str())
    );
    assert!(domain.mutual_tls_authentication().is_none());
}

/// AWS requires the proof for an imported certificate, and takes it beside any other.
#[tokio::test(start_paused = true)]
async fn an_ownership_certificate_is_set_and_removed() {
    let account = Account::new().await;
    let proof = issued(&account.world.service, "eu-west-1", API).await;
    let mutual = "mutual_tls = { truststore = \"s3://trust/all.pem\" }";
    let with = format!("{mutual}\nownership_certificate = \"{proof}\"");
    account.apply(&account.own(API, &with)).await;
    let held = async || {
        let domain = account.domain(API).await;
        domain.ownership_verification_certificate_arn
    };
    assert_eq!(held().await.as_ref(), Some(&proof));
    let done = account.apply(&account.own(API, mutual)).await;
    assert_eq!(done, ["update api.domain"]);
    assert_eq!(held().await, None);
    let done = account.apply(&account.own(API, &with)).await;
    assert_eq!(done, ["update api.domain"]);
    assert_eq!(held().await, Some(proof));
    assert_eq!(account.apply(&account.own(API, &with)).await, [""; 0]);
}

/// A client certificate may be all that a domain requires.
#[tokio::test(start_paused = true)]
async fn whoever_asks_for_no_certificate_any_more_needs_consent() {
    const SHUT: &str = "disable_default_endpoint = true";
    let account = Account::new().await;
    let says = |mutual_tls: bool, api: &'static str| Says {
        api,
        ..account.own(
            API,
            match mutual_tls {
                true => "mutual_tls = { truststore = \"s3://trust/all.pem\" }",
                false => "",
            },
        )
    };
    account.apply(&says(true, SHUT)).await;
    for (mutual_tls, api, asked) in [(false, SHUT, "api.domain"), (true, "", "api")] {
        let plan = account.world.plan(&says(mutual_tls, api).text()).await;
        let losses: Vec<String> = plan
            .missing_consent
            .keys()
            .map(Address::to_string)
            .collect();
        assert_eq!(losses, [asked]);
        let text = &plan.missing_consent[&Address::new(asked)].text;
        assert!(text.contains("api.routes.\"GET /a\""), "{text}");
    }
    // Nor is it about the file alone: a route that was made public by hand counts, too.
    let with_key = |says: Says| {
        let text = says.text();
        text.replace("mock = 200", "mock = 200, requires = { api_key = true }") + "[plans.all]\n"
    };
    let options = Options {
        targets: Patterns::new(["api.domain".to_owned()]),
        ..Options::default()
    };
    let text = with_key(says(false, SHUT));
    let plan = account.world.plan_with(&text, &options).await.unwrap();
    let losses: Vec<String> = plan
        .missing_consent
        .keys()
        .map(Address::to_string)
        .collect();
    assert_eq!(losses, ["api.domain"]);
    // A plan that also protects the route needs none, since it does so first; and one that makes it public requires certificates
    // first.
    let place = |plan: &Plan, address: &str| {
        let mut steps = plan.steps.iter();
        steps
            .position(|step| step.address == Address::new(address))
            .unwrap()
    };
    let plan = account.world.plan(&text).await;
    assert_eq!(plan.missing_consent.len(), 0, "{:?}", plan.missing_consent);
    let domain = &plan.steps[place(&plan, "api.domain")];
    assert!(
        domain.needs.contains(&place(&plan, "api/deployment")),
        "{:#?}",
        plan.steps
    );
    account.world.apply(&text).await;
    let plan = account.world.plan(&says(true, SHUT).text()).await;
    let deployment = &plan.steps[place(&plan, "api/deployment")];
    assert!(
        deployment.needs.contains(&place(&plan, "api.domain")),
        "{:#?}",
        plan.steps
    );
    account.world.apply(&with_key(says(true, SHUT))).await;
    // If every route has requirements itself, nothing becomes public.
    let plan = account.world.plan(&with_key(says(false, SHUT))).await;
    assert_eq!(plan.missing_consent.len(), 0, "{:?}", plan.missing_consent);
}

#[tokio::test(start_paused = true)]
async fn enhanced_policies_and_addresses_come_are_mended_and_go() {
    let account = Account::new().await;
    account.apply(&account.own(API, "")).await;
    let strict = "tls = \"1.3\"\nendpoint_access = \"strict\"\nip = \"dualstack\"";
    let strict = account.own(API, strict);
    let update = ["update api.domain"];
    assert_eq!(account.apply(&strict).await, update);
    let settings = async || {
        let domain = account.domain(API).await;
        let text = |text: Option<&str>| text.unwrap_or("none").to_owned();
        let addresses = domain.endpoint_configuration().unwrap().ip_address_type();
        [
            text(domain.security_policy().map(|policy| policy.as_str())),
            text(domain.endpoint_access_mode().map(|mode| mode.as_str())),
            text(addresses.map(|addresses| addresses.as_str())),
        ]
    };
    let wanted = ["SecurityPolicy_TLS13_1_3_2025_09", "STRICT", "dualstack"];
    assert_eq!(settings().await, wanted);

    // By hand: AWS's way back.
    let console = account.world.apigateway();
    let change = console.update_domain_name().domain_name(API);
    let change = change
        .patch_operations(replace("/securityPolicy", "TLS_1_0"))
        .patch_operations(replace("/endpointAccessMode", ""))
        .patch_operations(replace("/endpointConfiguration/ipAddressType", "ipv4"));
    change.send().await.unwrap();
    assert_eq!(settings().await, ["TLS_1_0", "none", "ipv4"]);
    assert_eq!(account.apply(&strict).await, update);
    assert_eq!(settings().await, wanted);

    let basic = account.own(API, "tls = \"1.3\"\nip = \"dualstack\"");
    let plan = account.plan(&basic).await;
    for code in ["GS111", "GS153"] {
        let told = plan.notes.iter().any(|note| note.code == code);
        assert!(told, "{code}: {:?}", plan.notes);
    }
    let plan = account.plan(&account.own(API, "")).await;
    let told = plan.notes.iter().any(|note| note.code == "GS154");
    assert!(told, "{:?}", plan.notes);
    assert_eq!(account.apply(&basic).await, update);
    assert_eq!(account.apply(&account.own(API, "")).await, update);
    assert_eq!(settings().await, ["TLS_1_2", "none", "ipv4"]);
}

#[tokio::test(start_paused = true)]
async fn another_tls_policy_is_told_to_take_its_time() {
    let account = Account::new().await;
    account.apply(&account.own(API, "")).await;
    let plan = account.plan(&account.own(API, "tls = \"1.0\"")).await;
    assert!(
        plan.notes.iter().any(|note| note.code == "GS111"),
        "{:?}",
        plan.notes
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_behind_its_domain_alone_is_called_by_it() {
    let account = Account::new().await;
    let says = Says {
        api: "disable_default_endpoint = true",
        ..account.own(API, "base_paths = [\"v1\"]")
    };
    let desired = account.desired(&says).await;
    let url = desired.outputs["invoke_url"].resolve(&Default::default());
    assert_eq!(url.as_deref(), Some("https://api.example.com/v1"));
}
