//! Partners with more than one API key, as while one key takes the place of another: every key carries the mark of the partner's
//! client, any of them may go, and an older one stays until it is named.

use std::collections::BTreeMap;

use gatestack::caller::ClientView;
use gatestack::kinds::REPLACES_TAG;
use gatestack::kinds::marks::{CLIENT_TAG, CREATING};
use gatestack::model::Address;
use gatestack::plan::{Options, Patterns, Plan};

use crate::support::program::Folder;
use crate::support::world::{World, desired, stack_of, summary, world_in};

const KEY: &str = "partners.insurer0/key";
const CLIENT: &str = "partners.insurer0/client";

/// What the newer key says of the client from the beginning.
#[derive(Clone, Copy)]
enum Marked {
    /// Which one it is.
    Yes,
    /// Nothing.
    No,
    /// That one is being made, as the first key says.
    Creating,
}

/// Makes a key that takes the place of this one, on the same usage plan.
async fn with_newer_key(world: &World, old: &str, marked: Marked) -> String {
    let gateway = world.apigateway();
    let there = gateway.get_api_key().api_key(old).send().await.unwrap();
    let mut tags: BTreeMap<_, _> = there.tags.unwrap().into_iter().collect();
    tags.insert(REPLACES_TAG.into(), old.into());
    match marked {
        Marked::Yes => {}
        Marked::No => drop(tags.remove(CLIENT_TAG)),
        Marked::Creating => drop(tags.insert(CLIENT_TAG.into(), CREATING.into())),
    }
    let made = gateway.create_api_key().set_name(there.name);
    let made = made.set_description(there.description).enabled(true);
    let made = made.generate_distinct_id(true);
    let made = made.set_tags(Some(tags.into_iter().collect()));
    let new = made.send().await.unwrap().id.unwrap();
    let plans = gateway.get_usage_plans().key_id(old).send().await.unwrap();
    let plan = plans.items()[0].id().unwrap();
    let place = gateway.create_usage_plan_key().usage_plan_id(plan);
    let place = place.key_id(&new).key_type("API_KEY");
    place.send().await.unwrap();
    new
}

/// A stack whose first partner has two keys: its text, the older key and the newer one.
async fn with_two_keys(world: &World, marked: Marked) -> (String, String, String) {
    let text = stack_of(2, 1);
    world.apply(&text).await;
    let old = world.id(&text, KEY).await;
    let new = with_newer_key(world, &old, marked).await;
    (text, old, new)
}

fn older(id: &str) -> String {
    format!("{KEY}/older/{id}")
}

fn agreed(to: &str) -> Options {
    Options {
        allow_delete: Patterns::new([to.to_owned()]),
        ..Options::default()
    }
}

fn kept(plan: &Plan) -> Vec<&str> {
    plan.kept.iter().map(Address::as_str).collect()
}

async fn keys(world: &World) -> Vec<String> {
    let keys = world.apigateway().get_api_keys().send().await.unwrap();
    let keys = keys.items.unwrap_or_default().into_iter();
    keys.filter_map(|key| key.id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_second_key_with_the_mark_changes_no_plan() {
    let world = World::new();
    let (text, old, new) = with_two_keys(&world, Marked::Yes).await;
    let client = world.id(&text, CLIENT).await;
    // What agrees to much does not agree to this.
    for options in [
        Options::default(),
        agreed("*"),
        agreed("partners.*"),
        agreed("partners.insurer0"),
    ] {
        let plan = world.plan_with(&text, &options).await.unwrap();
        assert!(plan.is_empty(), "{:#?}", plan.changes);
        assert_eq!(kept(&plan), [older(&old), older(&old) + "/membership"]);
    }
    assert_eq!(world.id(&text, KEY).await, new);
    assert_eq!(world.id(&text, CLIENT).await, client);

    let view = ClientView::of(&desired(&text), &world.look(&text).await);
    let known = view.caller("insurer0").unwrap();
    assert_eq!(known.api_key_ids, [new.clone(), old.clone()]);
    let said = known.several_keys().unwrap();
    assert!(
        said.contains(&format!("the newest, {new}, is used")),
        "{said}"
    );
    assert_eq!(view.caller("insurer1").unwrap().several_keys(), None);

    // And a third one.
    let newest = with_newer_key(&world, &new, Marked::Yes).await;
    let plan = world.plan(&text).await;
    assert!(plan.is_empty(), "{:#?}", plan.changes);
    assert_eq!(plan.kept.len(), 4, "{:?}", plan.kept);
    assert_eq!(world.id(&text, KEY).await, newest);
    assert_eq!(world.id(&text, CLIENT).await, client);
}

#[tokio::test(start_paused = true)]
async fn whichever_key_goes_the_client_is_found() {
    for newer_goes in [false, true] {
        let world = World::new();
        let (text, old, new) = with_two_keys(&world, Marked::Yes).await;
        let client = world.id(&text, CLIENT).await;
        let (goes, stays) = if newer_goes {
            (&new, &old)
        } else {
            (&old, &new)
        };
        let delete = world.apigateway().delete_api_key().api_key(goes);
        delete.send().await.unwrap();
        let plan = world.plan(&text).await;
        assert!(plan.is_empty(), "{:#?}", plan.changes);
        assert_eq!(kept(&plan), [""; 0]);
        assert_eq!(&world.id(&text, KEY).await, stays);
        assert_eq!(world.id(&text, CLIENT).await, client);
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_key_goes_when_it_is_named_and_after_the_newer_one_is_marked() {
    let world = World::new();
    let (text, old, new) = with_two_keys(&world, Marked::No).await;
    let client = world.id(&text, CLIENT).await;
    let plan = world.plan(&text).await;
    let update = format!("update {CLIENT}");
    assert_eq!(summary(&plan), [update.as_str()]);

    let named = agreed(&older(&old));
    let plan = world.plan_with(&text, &named).await.unwrap();
    let delete = format!("delete {}", older(&old));
    assert_eq!(
        summary(&plan),
        [update, delete.clone(), delete + "/membership"]
    );
    let step = |address: &str| {
        plan.steps
            .iter()
            .position(|step| step.address.as_str() == address)
    };
    let (marks, deletes) = (step(CLIENT).unwrap(), step(&older(&old)).unwrap());
    assert!(
        plan.steps[deletes].needs.contains(&marks),
        "{:#?}",
        plan.steps
    );

    world.apply_with(&text, &named).await;
    assert!(!keys(&world).await.contains(&old));
    let plan = world.plan(&text).await;
    assert!(
        plan.is_empty() && plan.kept.is_empty(),
        "{:#?}",
        plan.changes
    );
    assert_eq!(world.id(&text, KEY).await, new);
    assert_eq!(world.id(&text, CLIENT).await, client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_a_key_names_is_not_looked_for_by_its_name() {
    let world = World::new();
    let (text, ..) = with_two_keys(&world, Marked::Creating).await;
    let client = world.id(&text, CLIENT).await;
    let pool = world.id(&text, "user_pool").await;
    let namesake = world.cognito().create_user_pool_client();
    let namesake = namesake.user_pool_id(pool).client_name("insurer0");
    Box::pin(namesake.send()).await.unwrap();
    let plan = world.apply(&text).await;
    assert_eq!(summary(&plan), [format!("update {CLIENT}")]);
    assert_eq!(world.id(&text, CLIENT).await, client);
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_partner_goes_with_all_its_keys() {
    for destroyed in [false, true] {
        let world = World::new();
        let (text, old, new) = with_two_keys(&world, Marked::Yes).await;
        if destroyed {
            world.destroy(&text).await;
        } else {
            let without = text.replace("[partners.insurer0]", "[partners.insurer7]");
            let refused = world.plan(&without).await;
            assert!(
                refused
                    .missing_consent
                    .contains_key(&Address::new(older(&old)))
            );
            world
                .apply_with(&without, &agreed("partners.insurer0"))
                .await;
            assert!(world.plan(&without).await.is_empty());
        }
        let left = keys(&world).await;
        assert!(!left.contains(&old) && !left.contains(&new), "{left:?}");
    }
}

#[test]
fn commands_say_which_of_two_keys_they_use() {
    let folder = Folder::with(&stack_of(1, 1));
    folder.apply(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let new = runtime.block_on(async {
        let world = world_in(&folder);
        let [old] = keys(&world).await.try_into().unwrap();
        with_newer_key(&world, &old, Marked::Yes).await
    });
    let says = format!("partners.insurer0 has 2 API keys: the newest, {new}, is used");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let verified = words(&folder.local(&["verify"]).stdout);
    assert!(verified.contains(&says), "{verified}");
    let call = folder.local(&["call", "insurer0", "GET", "/things0/7"]);
    assert!(words(&call.stderr).contains(&says), "{}", call.stderr);
    let curl = folder.local(&["call", "insurer0", "GET", "/things0/7", "--print-curl"]);
    let asks = format!("get-api-key --api-key {new} ");
    assert!(curl.stdout.contains(&asks), "{}", curl.stdout);
    let handed = folder.local(&["handoff", "insurer0", "--to", "insurer0.json"]);
    assert_eq!(handed.code, 0, "{}", handed.stderr);
    assert!(words(&handed.stderr).contains(&says), "{}", handed.stderr);
    let plan = words(&folder.local(&["plan"]).stdout);
    let stays =
        "was replaced by a newer one, still works, and stays until you name it: --allow-delete";
    assert_eq!(plan.matches(stays).count(), 1, "{plan}");
}
