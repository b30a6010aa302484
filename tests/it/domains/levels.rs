//! Base paths with several levels, which API Gateway's V2 API makes.

use gatestack::model::Place;

use super::*;
use crate::support::program::Folder;

impl Account {
    /// `path → id` of every mapping of a domain, as V2 lists them.
    async fn ids(&self, domain: &str) -> BTreeMap<String, String> {
        let mappings = self.world.apigatewayv2().get_api_mappings();
        let mappings = mappings.domain_name(domain).send().await.unwrap();
        let mappings = mappings.items.unwrap_or_default().into_iter();
        let ids = mappings.map(|one| (one.api_mapping_key, one.api_mapping_id));
        ids.map(|(key, id)| (key.unwrap(), id.unwrap())).collect()
    }

    /// The calls of reading the stack.
    async fn reads(&self, says: &Says) -> Vec<String> {
        let desired = self.desired(says).await;
        let session = self.world.session(&desired, Purpose::Make).await;
        session.observe(&mut Silent).await.unwrap();
        let calls = session.connection.tally().by_operation();
        calls.into_iter().map(|((_, call), _)| call).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn base_paths_with_levels_live_like_the_others() {
    let account = Account::new().await;
    let paths = |paths: &str| account.own(API, &format!("base_paths = [{paths}]"));
    let one = paths("\"v1/orders\"");
    account.apply(&one).await;
    assert_eq!(account.mappings(API).await.unwrap(), ["v1/orders → prod"]);
    let reads = account.reads(&one).await;
    assert!(
        reads.contains(&"GetBasePathMappings".to_owned())
            && !reads.iter().any(|call| call.contains("ApiMapping")),
        "{reads:?}"
    );

    let other = paths("\"v1/orders/new\"");
    let notes = account.plan(&other).await.notes;
    assert!(
        notes
            .iter()
            .any(|note| note.code == "GS137" && note.text.contains("/v1/orders of")),
        "{notes:?}"
    );
    assert_eq!(
        account.apply(&other).await,
        [
            "delete api.domain.base_paths.\"v1/orders\"",
            "create api.domain.base_paths.\"v1/orders/new\"",
        ]
    );
    account.apply(&paths("\"v1\"")).await;
    assert_eq!(account.mappings(API).await.unwrap(), ["v1 → prod"]);
    let both = paths("\"v1\", \"v1/orders\"");
    account.apply(&both).await;
    assert_eq!(
        account.mappings(API).await.unwrap(),
        ["v1 → prod", "v1/orders → prod"]
    );
    account.apply(&paths("")).await;
    assert_eq!(account.mappings(API).await.unwrap(), ["(none) → prod"]);
    account.apply(&both).await;
    account.destroy(&both).await.unwrap();
    assert_eq!(account.mappings(API).await, None);
    assert!(account.look(&both).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_base_path_with_levels_that_was_removed_by_hand_is_made_again() {
    let account = Account::new().await;
    let says = account.own(API, "base_paths = [\"v1/orders\"]");
    account.apply(&says).await;
    let delete = account.world.apigatewayv2().delete_api_mapping();
    let delete = delete.domain_name(API);
    let delete = delete.api_mapping_id(&account.ids(API).await["v1/orders"]);
    delete.send().await.unwrap();
    let made = ["create api.domain.base_paths.\"v1/orders\""];
    assert_eq!(account.apply(&says).await, made);
}

#[tokio::test(start_paused = true)]
async fn a_base_path_with_levels_changes_in_place() {
    let account = Account::new().await;
    let says = account.own(API, "base_paths = [\"v1\", \"v1/orders\"]");
    account.apply(&says).await;
    let before = account.ids(API).await;
    let live = Says {
        api: "stage = \"live\"",
        ..says
    };
    account.apply(&live).await;
    assert_eq!(
        account.mappings(API).await.unwrap(),
        ["v1 → live", "v1/orders → live"]
    );
    assert_eq!(account.ids(API).await, before);
}

/// A file can't move a base path yet; the kind can.
#[tokio::test(start_paused = true)]
async fn a_base_path_moves_from_one_level_to_several_and_back() {
    let account = Account::new().await;
    let of = |path: &str| account.own(API, &format!("base_paths = [\"{path}\"]"));
    account.apply(&of("v1")).await;
    let before = account.ids(API).await;
    for (from, to) in [("v1", "v2/a"), ("v2/a", "v3/b"), ("v3/b", "v4")] {
        let says = of(to);
        let mut desired = account.desired(&says).await;
        let address = |path: &str| Place::BasePath(path.to_owned()).address();
        desired.moved.push((address(from), address(to)));
        let session = account.world.session(&desired, Purpose::Make).await;
        let plan = plan_of(&session, &agreed()).await.unwrap();
        assert_eq!(
            summary(&plan),
            [format!("update {}", address(to))],
            "{from} {to}"
        );
        let outcome = account.world.carry_out_in(&session, &plan).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        assert_eq!(
            account.mappings(API).await.unwrap(),
            [format!("{to} → prod")]
        );
        assert_eq!(account.ids(API).await[to], before["v1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_stacks_share_a_domain_by_base_paths_with_levels() {
    let account = Account::new().await;
    let owner = account.own(API, "base_paths = [\"v1/claims\"]");
    account.apply(&owner).await;
    let guest = |path: &str| Says {
        stack: Some("policies"),
        ..Says::domain(format!(
            "[api.domain]\nname = \"{API}\"\nexisting = true\nbase_paths = [\"{path}\"]\n"
        ))
    };
    let problems = account.try_plan(&guest("v1/claims"), &agreed(), &[]).await;
    let problems = problems.unwrap_err();
    assert!(
        problems[0].what.contains("/v1/claims on the domain"),
        "{problems:?}"
    );
    account.apply(&guest("v1/policies")).await;
    let problems = account.destroy(&owner).await.unwrap_err();
    assert!(
        problems[0].what.contains("/v1/policies to the API"),
        "{problems:?}"
    );
    let without = Says {
        domain: String::new(),
        ..guest("")
    };
    assert_eq!(
        account.apply(&without).await,
        ["delete api.domain.base_paths.\"v1/policies\""]
    );
    assert_eq!(account.mappings(API).await.unwrap(), ["v1/claims → prod"]);
    account.destroy(&owner).await.unwrap();
}

/// The commands that show or call a stack's URLs.
#[test]
fn commands_use_a_base_path_with_levels() {
    let certificate =
        "arn:aws:acm:eu-west-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
    let folder = Folder::with(&format!(
        "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n[user_pool]\nname = \"claims\"\ndomain = \"claims-${{account.id}}\"\n\
         [resource_servers.claims]\nscopes = {{ read = \"Read\" }}\n[api]\nname = \"claims\"\nstage = \"prod\"\n\
         disable_default_endpoint = true\nrequires = {{ scopes = [\"claims/read\"], api_key = true }}\n\
         [api.domain]\nname = \"{API}\"\ncertificate = \"{certificate}\"\nbase_paths = [\"v1/orders\", \"v2/a/b\"]\n\
         [api.routes]\n\"GET /a\" = {{ mock = {{ status = 200, body = \"here\" }} }}\n[plans.all]\n\
         [partners.acme]\nplan = \"all\"\nscopes = [\"claims/read\"]\n"
    ));
    std::fs::write(
        folder.path().join("local-aws.toml"),
        format!("[[certificates]]\narn = \"{certificate}\"\nnames = [\"{API}\"]\n"),
    )
    .unwrap();
    folder.apply(&[]);
    assert_eq!(folder.planned(), [""; 0]);
    let url = format!("https://{API}/v1/orders");
    let out = |arguments: &[&str]| {
        let ran = folder.local(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    };
    assert_eq!(out(&["output", "invoke_url", "--raw"]).trim(), url);
    assert_eq!(out(&["call", "acme", "GET", "/a"]).trim(), "here");
    assert!(out(&["graph", "--format", "svg"]).contains(&format!("{API}/v1/orders")));
    assert!(out(&["verify"]).contains(&format!("{API}/v2/a/b")));
    out(&["handoff", "acme", "--to", "acme"]);
    let bundle = std::fs::read_dir(folder.path().join("acme")).unwrap();
    let texts = bundle.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    assert!(texts.filter(|text| text.contains(&url)).count() > 1);
}
