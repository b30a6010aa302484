//! Forged saved plans, with a valid digest: they are refused, or do exactly what they show.

use std::collections::{BTreeMap, BTreeSet};

use gatestack::engine::{Purpose, Silent};
use gatestack::kinds::{Desired, Live, Observation, OnChange};
use gatestack::model::{Address, OutputName, digest};
use gatestack::plan::{self, Action, Inputs, Options, Plan, Saved};
use serde_json::{Value, json};

use crate::support::program::{Folder, Ran};
use crate::support::world::{World, desired, stack_of};

const SEEDS: u64 = 1_000;

/// A row of numbers that a seed begins.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides.max(1) as u64).unwrap()
    }
}

/// The paths of everything in a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{number}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Removes, adds, alters, doubles or swaps something below this path.
fn mutate(document: &mut Value, below: &str, dice: &mut Dice) {
    let Some(root) = document.pointer(below) else {
        return;
    };
    let mut found = Vec::new();
    places(root, below, &mut found);
    let one = found[dice.roll(found.len())].clone();
    let other = found[dice.roll(found.len())].clone();
    let copied = document.pointer(&other).cloned().unwrap();
    match dice.roll(6) {
        0 => remove(document, &one),
        1 => *document.pointer_mut(&one).unwrap() = copied,
        2 => {
            let first = document.pointer(&one).cloned().unwrap();
            if !one.starts_with(&other) && !other.starts_with(&one) {
                *document.pointer_mut(&one).unwrap() = copied;
                *document.pointer_mut(&other).unwrap() = first;
            }
        }
        3 => match document.pointer_mut(&one).unwrap() {
            Value::Array(items) => {
                if let Some(item) = items.first().cloned() {
                    items.push(item);
                }
            }
            Value::Object(members) => {
                members.insert(format!("new{}", dice.roll(9)), copied);
            }
            plain => *plain = copied,
        },
        _ => {
            let altered = match document.pointer(&one).unwrap() {
                Value::Bool(value) => json!(!value),
                Value::Number(number) => json!(number.as_f64().unwrap_or_default() + 1.0),
                Value::String(text) => altered_text(text, dice),
                Value::Null => json!("something"),
                Value::Array(_) => json!([]),
                Value::Object(_) => json!({}),
            };
            *document.pointer_mut(&one).unwrap() = altered;
        }
    }
}

fn altered_text(text: &str, dice: &mut Dice) -> Value {
    json!(match dice.roll(5) {
        0 => format!("{text}x"),
        1 => text.replace("claims", "other"),
        2 => text.replace("insurer0", "insurer1"),
        3 => String::new(),
        _ => text.replace("api", "user_pool"),
    })
}

fn remove(document: &mut Value, path: &str) {
    let Some((parent, name)) = path.rsplit_once('/') else {
        return;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            members.remove(&name);
        }
        Some(Value::Array(items)) => {
            items.remove(name.parse().unwrap());
        }
        _ => {}
    }
}

/// The plan's text with a digest that fits it again.
fn sealed(mut envelope: Value) -> String {
    let digest = digest(envelope["content"].to_string().as_bytes());
    envelope["digest"] = json!(digest);
    // The member that makes it a plan comes first.
    envelope.to_string()
}

fn saved(desired: Desired, observation: Observation, inputs: Inputs) -> Saved {
    let plan = plan::plan(&desired, &observation, &inputs.options()).unwrap();
    Saved {
        local: true,
        inputs,
        confirmed: true,
        desired,
        observation,
        plan,
    }
}

/// Two stacks and resources made by hand beside them.
struct Scene {
    world: World,
    text: String,
    other: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new();
        let text = stack_of(2, 1)
            .replace(
                "[user_pool]\n",
                "[user_pool]\ndeletion_protection = false\n",
            )
            .replace("cors = true\n", "");
        let other = text
            .replace("\"claims\"", "\"other\"")
            .replace("XXX Users", "Other Users")
            .replace("xxx-${", "other-${")
            .replace("\"xxx-api\"\nstage", "\"other-api\"\nstage")
            .replace("XXXPlan", "Gold")
            .replace("insurer", "bank");
        world.apply(&text).await;
        world.apply(&other).await;
        let console = world.apigateway();
        console
            .create_rest_api()
            .name("by hand")
            .send()
            .await
            .unwrap();
        console
            .create_api_key()
            .name("by hand")
            .send()
            .await
            .unwrap();
        Self { world, text, other }
    }

    fn copy(&self) -> Self {
        let clock = self.world.clock.clone();
        let world = World {
            service: self.world.service.in_memory_copy(clock.clone()).unwrap(),
            clock,
            payloads: self.world.payloads.clone(),
        };
        Self {
            world,
            text: self.text.clone(),
            other: self.other.clone(),
        }
    }

    /// Typical saved plans.
    async fn plans(&self) -> Vec<Saved> {
        let mut plans = Vec::new();
        let fewer = self
            .text
            .split("\n[partners.insurer1]")
            .next()
            .unwrap()
            .to_owned();
        let more = self.text.clone()
            + "\n[partners.new]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n";
        let edited = self
            .text
            .replace("burst = 100", "burst = 9")
            .replace("things0", "goods");
        let agreed = Inputs {
            allow_delete: vec!["partners.insurer1".into()],
            ..Inputs::default()
        };
        let destroy = Inputs {
            destroy: true,
            ..Inputs::default()
        };
        for (text, inputs) in [
            (&fewer, agreed),
            (&fewer, Inputs::default()),
            (&more, Inputs::default()),
            (&edited, Inputs::default()),
            (&self.text, destroy),
        ] {
            let desired = desired(text);
            let observation = self.world.observe(&desired).await;
            plans.push(saved(desired, observation, inputs));
        }
        plans
    }

    /// Everything that is not the first stack's.
    async fn of_others(&self) -> String {
        let apis = self
            .world
            .apigateway()
            .get_rest_apis()
            .send()
            .await
            .unwrap();
        let hand_made = apis
            .items()
            .iter()
            .filter(|api| api.name() == Some("by hand"))
            .count();
        let keys = self.world.apigateway().get_api_keys().send().await.unwrap();
        let keys = keys
            .items()
            .iter()
            .filter(|key| key.name() == Some("by hand"))
            .count();
        let other = self.world.look(&self.other).await.live;
        format!("{hand_made} {keys} {other:#?}")
    }
}

fn ids(observation: &Observation) -> BTreeMap<String, Address> {
    let live = observation.live.iter();
    live.filter(|(_, live)| !live.only_a_mark)
        .map(|(address, live)| {
            let id = live
                .outputs
                .get(&OutputName::Id)
                .cloned()
                .unwrap_or_default();
            (
                format!("{} {id}", live.resource.info().name),
                address.clone(),
            )
        })
        .collect()
}

/// What a run does without a terminal: a plan to carry out, or none.
fn agreed(saved: &Saved, now: &Observation) -> Option<Plan> {
    let recorded = saved.replanned().ok()?;
    let plan = saved.renewed(&recorded, now).ok()?;
    let destroy = !plan.destroy || saved.confirmed;
    let losses = plan.destroy || plan.missing_consent.is_empty();
    (destroy && losses && !plan.needs_forward).then_some(plan)
}

/// Applies a plan's text and compares what became of AWS with what its screen shows; `None` where it is refused.
async fn applied(scene: &Scene, text: &str, seed: u64) -> Option<()> {
    let saved = Saved::from_text(text).ok()?;
    // Credentials are for one account, and the local AWS of a run is where it lies.
    if saved.desired.context.account != crate::support::world::ACCOUNT || !saved.local {
        return None;
    }
    let scene = scene.copy();
    let world = &scene.world;
    // AWS refuses reads of some names.
    let session = world.session(&saved.desired, Purpose::Find).await;
    let now = session.observe(&mut Silent).await.ok()?;
    let plan = agreed(&saved, &now)?;
    let original = desired(&scene.text);
    let (ours, others) = (world.observe(&original).await, scene.of_others().await);
    // AWS may refuse a wish; what it did not refuse has to have been shown.
    let _outcome = world.carry_out(&plan, world.line()).await;
    assert_eq!(
        others,
        scene.of_others().await,
        "seed {seed}: something of others changed"
    );

    // Names that AWS refuses are only read once there is something to look for.
    let session = world.session(&saved.desired, Purpose::Find).await;
    let later = session.observe(&mut Silent).await.ok()?;
    // A redeployment is a new deployment.
    let redeployed = |change: &gatestack::plan::Change| change.kind.snapshot;
    let goes =
        |address: &Address| plan.goes(address) || plan.changes.get(address).is_some_and(redeployed);
    for (before, after) in [
        (ids(&ours), ids(&world.observe(&original).await)),
        (ids(&now), ids(&later)),
    ] {
        for (id, address) in before.iter().filter(|(id, _)| !after.contains_key(*id)) {
            let place = ids(&now)
                .get(id)
                .cloned()
                .unwrap_or_else(|| address.clone());
            assert!(goes(&place), "seed {seed}: {address} ({id}) went unseen");
        }
    }
    let shown: BTreeSet<&Address> = plan.changes.keys().collect();
    for (address, live) in &later.live {
        let before = now.live.get(address);
        let same = before.is_some_and(|before| told(before) == told(live));
        assert!(
            same || shown.contains(address),
            "seed {seed}: {address} changed unseen"
        );
        let made = plan
            .changes
            .get(address)
            .is_some_and(|change| matches!(change.action, Action::Create | Action::Replace));
        assert!(
            before.is_some() || made,
            "seed {seed}: {address} was made unseen"
        );
    }
    Some(())
}

fn told(live: &Live) -> String {
    let fields = live.resource.fields(&gatestack::model::Book::default());
    // A stage's place is the deployment that it serves.
    let fields = fields
        .iter()
        .filter(|(info, _)| info.on_change != OnChange::Place);
    let fields: Vec<_> = fields.map(|(info, value)| (info.name, value)).collect();
    format!("{fields:?}")
}

#[tokio::test(start_paused = true)]
async fn a_changed_plan_is_refused_or_does_what_it_shows() {
    let scene = Scene::new().await;
    let plans = scene.plans().await;
    for saved in &plans {
        let whole = applied(&scene, &saved.to_text().unwrap(), 0).await;
        let lacks_consent = !saved.plan.destroy && !saved.plan.missing_consent.is_empty();
        assert_eq!(whole.is_none(), lacks_consent);
    }
    let mut done = 0;
    for seed in 1..=SEEDS {
        let mut dice = Dice(seed);
        let saved = &plans[dice.roll(plans.len())];
        let mut envelope: Value = serde_json::from_str(&saved.to_text().unwrap()).unwrap();
        let part = [
            "",
            "/plan",
            "/plan/steps",
            "/plan/changes",
            "/inputs",
            "/observation",
            "/desired",
        ];
        let below = format!("/content{}", part[dice.roll(part.len())]);
        for _ in 0..=dice.roll(3) {
            mutate(&mut envelope, &below, &mut dice);
        }
        done += applied(&scene, &sealed(envelope), seed)
            .await
            .map_or(0, |()| 1);
    }
    assert!(done > 0, "nothing but refusals: the mutations are too wild");
}

/// A consistent forgery: other wanted resources, and the plan that follows from them.
#[tokio::test(start_paused = true)]
async fn other_wishes_do_what_they_show() {
    let scene = Scene::new().await;
    let plans = scene.plans().await;
    let mut done = 0;
    for seed in 1..=SEEDS / 2 {
        let mut dice = Dice(seed << 20);
        let saved = &plans[dice.roll(plans.len())];
        let mut wishes = serde_json::to_value(&saved.desired).unwrap();
        for _ in 0..=dice.roll(3) {
            mutate(&mut wishes, "", &mut dice);
        }
        let Ok(desired) = serde_json::from_value::<Desired>(wishes) else {
            continue;
        };
        let observation = saved.observation.clone();
        let options = Options {
            destroy: saved.inputs.destroy,
            ..saved.inputs.options()
        };
        let Ok(plan) = plan::plan(&desired, &observation, &options) else {
            continue;
        };
        let forged = Saved {
            desired,
            plan,
            ..saved.clone()
        };
        done += applied(&scene, &forged.to_text().unwrap(), seed)
            .await
            .map_or(0, |()| 1);
    }
    assert!(done > 0, "nothing but refusals: the mutations are too wild");
}

const SMALLEST: &str = include_str!("../../stack.toml");

/// The smallest stack and another one, both applied, and a plan of the first that changes nothing much.
fn two_stacks() -> Folder {
    let folder = Folder::with(SMALLEST);
    folder.apply(&[]);
    let other = SMALLEST
        .replace("\"hello\"", "\"other\"")
        .replace("hello-", "other-")
        .replace("[plans.standard]", "[plans.standard]\nname = \"theirs\"")
        .replace("[partners.acme]", "[partners.acme]\nname = \"zeta\"");
    std::fs::write(folder.path().join("other.toml"), other).unwrap();
    folder.apply(&["-f", "other.toml"]);
    folder
}

fn forge(folder: &Folder, file: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.path().join(file);
    let mut envelope: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut envelope["content"]);
    std::fs::write(path, sealed(envelope)).unwrap();
}

fn refused(ran: &Ran, says: &str) {
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(ran.code, 1, "{}{said}", ran.stdout);
    assert!(said.contains(says), "no {says:?} in\n{said}");
    assert!(said.contains("nothing was written"), "{said}");
}

#[test]
fn another_stacks_api_in_the_steps_of_a_plan_stays() {
    let folder = two_stacks();
    folder.write(&SMALLEST.replace("rate = 10", "rate = 11"));
    for (file, flags) in [
        ("a.plan", &[][..]),
        ("b.plan", &["-f", "other.toml", "--destroy"]),
    ] {
        let ran = folder.local(&[&["plan", "--out", file], flags].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let theirs = std::fs::read_to_string(folder.path().join("b.plan")).unwrap();
    let theirs: Value = serde_json::from_str(&theirs).unwrap();
    let steps = theirs["content"]["plan"]["steps"].as_array().unwrap();
    let delete = steps
        .iter()
        .find(|step| step["address"] == "api" && step["operation"]["delete"].is_object());
    let mut delete = delete.unwrap().clone();
    delete["needs"] = json!([]);
    forge(&folder, "a.plan", |content| {
        content["plan"]["steps"]
            .as_array_mut()
            .unwrap()
            .push(delete);
    });
    std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
    refused(
        &folder.local(&["apply", "a.plan"]),
        "was changed after it was saved",
    );
    let there = folder.local(&["plan", "-f", "other.toml", "--detailed-exitcode"]);
    assert_eq!(there.code, 0, "{}{}", there.stdout, there.stderr);
}

#[test]
fn a_consent_that_was_struck_out_is_still_needed() {
    let folder = Folder::with(SMALLEST);
    folder.apply(&[]);
    folder.write(SMALLEST.split("[partners.acme]").next().unwrap());
    assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
    forge(&folder, "a.plan", |content| {
        content["plan"]["missing_consent"] = json!({})
    });
    refused(
        &folder.local(&["apply", "a.plan"]),
        "partners.acme/client: the consent that it needs is not what the plan says",
    );
}

#[test]
fn what_a_screen_does_not_show_follows_from_what_it_shows() {
    let folder = two_stacks();
    let id = folder
        .local(&["output", "-f", "other.toml", "--raw", "api_id"])
        .stdout;
    let id = id.trim();
    folder.write(&SMALLEST.replace(
        "[api.routes]",
        "[api.routes]\n\"GET /new\" = { mock = 200 }",
    ));
    for forged in [
        json!([{ "literal": id }]),
        json!([{ "output": { "of": "user_pool", "name": "root_id" } }]),
    ] {
        assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
        forge(&folder, "a.plan", |content| {
            let route = "api.routes.\"GET /new\"";
            content["desired"]["resources"][route]["resource"]["route"]["api"] = forged.clone();
            for step in content["plan"]["steps"].as_array_mut().unwrap() {
                if step["address"] == route {
                    step["operation"]["create"]["route"]["api"] = forged.clone();
                }
            }
        });
        let file = folder.path().join("stack.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        let ran = folder.local(&["apply", "a.plan"]);
        assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        folder.write(&text);
    }
    let there = folder.local(&["plan", "-f", "other.toml", "--detailed-exitcode"]);
    assert_eq!(there.code, 0, "{}{}", there.stdout, there.stderr);
}

#[test]
fn logs_stay_in_the_account_and_are_written_with_its_role() {
    let folder = Folder::with(SMALLEST);
    let logging = SMALLEST.replace("[api]\n", "[api]\naccess_logs = true\n");
    for (address, kind, member, forged) in [
        (
            "api.access_logs",
            "log_group",
            "arn",
            "arn:aws:logs:us-east-1:999999999999:log-group:/aws/apigateway/hello",
        ),
        (
            "api.access_logs/role",
            "log_role",
            "role",
            "arn:aws:iam::999999999999:role/gatestack-api-gateway-logs",
        ),
    ] {
        folder.write(&logging);
        assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
        forge(&folder, "a.plan", |content| {
            let resource = &mut content["desired"]["resources"][address]["resource"];
            resource[kind][member] = json!(forged);
        });
        std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
        let ran = folder.local(&["apply", "a.plan"]);
        refused(&ran, "does not follow from its address");
    }
}

#[test]
fn what_it_tells_at_the_end_follows_from_what_it_makes() {
    for name in [
        "token_url",
        "invoke_url",
        "stage",
        "api_id",
        "region",
        "extra",
    ] {
        let folder = Folder::with(SMALLEST);
        assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
        forge(&folder, "a.plan", |content| {
            content["desired"]["outputs"][name] =
                json!([{ "literal": "https://evil.example/oauth2/token" }]);
        });
        std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
        let ran = folder.local(&["apply", "a.plan"]);
        refused(&ran, &format!("the output `{name}` does not follow"));
    }
}

#[test]
fn a_stack_that_no_file_can_name_is_not_made() {
    for name in ["", "../../lock/other", "other\u{202e}", "a\u{200b}b"] {
        let folder = Folder::with(SMALLEST);
        assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
        let path = folder.path().join("a.plan");
        let text = std::fs::read_to_string(&path).unwrap();
        let renamed = text.replace("\"hello\"", &serde_json::to_string(name).unwrap());
        std::fs::write(&path, renamed).unwrap();
        forge(&folder, "a.plan", |_| ());
        std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
        refused(&folder.local(&["apply", "a.plan"]), "stack: ");
    }
}

#[test]
fn a_plan_alone_tells_what_follows_from_it() {
    let folder = Folder::with(SMALLEST);
    assert_eq!(folder.local(&["plan", "--out", "a.plan"]).code, 0);
    std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
    let ran = folder.local(&["apply", "a.plan"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("token_url"), "{}", ran.stdout);
    // A dangling link is not a missing file.
    std::os::unix::fs::symlink("nowhere", folder.path().join("stack.toml")).unwrap();
    let ran = folder.local(&["apply", "a.plan"]);
    assert!(ran.stderr.contains("stack.toml"), "{}", ran.stderr);
    assert_ne!(ran.code, 0);
}
