//! The law of fields that AWS changes in place: each is changed alone, the plan shows exactly that change, an apply makes it, and
//! the next plan is empty. It covers the registry, so a field without a sample fails it by name.

mod api;
mod functions;
mod pool;
mod private;
mod stack;

use std::collections::BTreeSet;
use std::pin::Pin;

use gatestack::kinds::{KINDS, KindInfo, OnChange, Resource, fields_of_kinds};
use gatestack::model::Address;
use gatestack::plan::{Action, Plan};

use stack::{Stack, Things};

/// A way to change one field.
struct Sample {
    kind: &'static str,
    field: &'static str,
    /// The address of its resource.
    address: &'static str,
    /// The fields that necessarily differ with it.
    along: &'static [&'static str],
    way: Way,
}

/// How the two sides come to differ.
#[derive(Clone, Copy)]
enum Way {
    /// The file wants something else, and then again what it wanted first.
    Wanted(fn(&mut Resource, &Things)),
    /// It is changed on AWS by hand, or the file has something that a second file can't revert.
    Done(for<'a> fn(&'a mut Stack) -> Doing<'a>),
    /// It was just created and is not ready yet, with only what it needs.
    JustMade,
    /// The same for a replacement.
    JustMadeAnew,
}

type Doing<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Samples of fields of one kind: `"field" at "address": |props, things| change of what is wanted`, or `done |stack| block`.
macro_rules! fields {
    (@way $variant:ident, |$props:pat_param, $things:pat_param| $change:expr) => {
        Way::Wanted(|resource, $things| match resource {
            gatestack::kinds::Resource::$variant($props) => $change,
            other => panic!("{other:?}"),
        })
    };
    (@way $variant:ident, done |$stack:ident| $block:block) => {
        Way::Done(|$stack| Box::pin(async move $block))
    };
    (@way $variant:ident, just_made) => { Way::JustMade };
    (@way $variant:ident, just_made_anew) => { Way::JustMadeAnew };
    ($kind:literal, $variant:ident; $($field:literal $(with [$($along:literal),+])? at $address:expr => {$($way:tt)+})+) => {
        vec![$(Sample {
            kind: $kind,
            field: $field,
            address: $address,
            along: &[$($($along),+)?],
            way: fields!(@way $variant, $($way)+),
        }),+]
    };
}
use fields;

fn samples() -> Vec<Sample> {
    let all = [
        pool::samples(),
        private::samples(),
        api::samples(),
        functions::samples(),
    ];
    all.into_iter().flatten().flatten().collect()
}

/// The fields that AWS changes in place, by kind.
fn in_place() -> BTreeSet<(&'static str, &'static str)> {
    let mut all = BTreeSet::new();
    for (kind, fields) in fields_of_kinds() {
        for field in fields {
            if field.on_change == OnChange::InPlace {
                all.insert((kind.name, field.name));
            }
        }
    }
    all
}

#[test]
fn every_field_that_changes_in_place_has_a_sample() {
    let sampled: BTreeSet<_> = samples().iter().map(|it| (it.kind, it.field)).collect();
    let without: Vec<_> = in_place().difference(&sampled).copied().collect();
    assert!(without.is_empty(), "fields without a sample: {without:?}");
    let unknown: Vec<_> = sampled.difference(&in_place()).copied().collect();
    assert!(unknown.is_empty(), "samples of no such field: {unknown:?}");
}

/// Checks the law for a share of the kinds: a test each, so that they run concurrently.
async fn the_law_holds(turn: usize) {
    let base = Stack::applied().await;
    let kinds = KINDS.iter().enumerate();
    let kinds = kinds.filter(|(number, _)| number % TURNS == turn);
    let kinds: Vec<&str> = kinds.map(|(_, kind)| kind.name).collect();
    for sample in samples() {
        if kinds.contains(&sample.kind) {
            Box::pin(holds(&base, &sample)).await;
        }
    }
}

/// How many tests share the kinds.
const TURNS: usize = 4;

#[tokio::test(start_paused = true)]
async fn each_field_is_changed_alone_in_place_1() {
    the_law_holds(0).await;
}

#[tokio::test(start_paused = true)]
async fn each_field_is_changed_alone_in_place_2() {
    the_law_holds(1).await;
}

#[tokio::test(start_paused = true)]
async fn each_field_is_changed_alone_in_place_3() {
    the_law_holds(2).await;
}

#[tokio::test(start_paused = true)]
async fn each_field_is_changed_alone_in_place_4() {
    the_law_holds(3).await;
}

async fn holds(base: &Stack, sample: &Sample) {
    let address = Address::new(sample.address);
    match sample.way {
        Way::Wanted(change) => {
            let mut stack = base.copy().await;
            let things = stack.things.clone();
            let wanted = stack.wanted(&address).clone();
            change(stack.wanted(&address), &things);
            is_made_alone(&stack, sample, "").await;
            *stack.wanted(&address) = wanted;
            is_made_alone(&stack, sample, " and back").await;
        }
        Way::Done(something) => {
            let mut stack = base.copy().await;
            something(&mut stack).await;
            is_made_alone(&stack, sample, "").await;
        }
        Way::JustMade => {
            let mut stack = base.with_only_what_is_needed_for(&address).await;
            let wanted = stack.desired.resources.remove(&address);
            stack.apply().await;
            let wanted = wanted.expect("something wanted");
            stack.make(&address, &wanted.resource, None).await;
            stack.desired.resources.insert(address, wanted);
            is_made_alone(&stack, sample, "").await;
        }
        Way::JustMadeAnew => {
            let mut stack = base.copy().await;
            let old = stack.id(sample.address).await;
            let wanted = stack.wanted(&address).clone();
            stack.make(&address, &wanted, Some(&old)).await;
            is_made_alone(&stack, sample, "").await;
        }
    }
}

/// The plan is this one change, and what follows from it for callers; it is applied, and the next plan is empty.
async fn is_made_alone(stack: &Stack, sample: &Sample, when: &str) {
    let what = format!("{}.{}{when}", sample.kind, sample.field);
    let plan = stack.plan().await;
    assert_eq!(told(&plan), expected(sample), "{what}");
    stack.carry_out(&plan).await;
    let again = stack.plan().await;
    assert_eq!(told(&again), [""; 0], "after {what}");
}

/// What a plan does, as `action address [fields]`.
fn told(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().map(|(address, change)| {
        let fields: Vec<&str> = change.fields.iter().map(|field| field.name).collect();
        match change.action {
            Action::Create => format!("create {address}"),
            Action::Update => format!("update {address} [{}]", fields.join(", ")),
            Action::Replace => format!("replace {address}"),
            Action::Delete => format!("delete {}", old_or_itself(address)),
        }
    });
    changes.collect()
}

/// Without the unpredictable id.
fn old_or_itself(address: &Address) -> String {
    match address.takes_its_place() {
        Some(new) => format!("{new}/replaced"),
        None => address.to_string(),
    }
}

fn expected(sample: &Sample) -> Vec<String> {
    let (kind, fields) = fields_of_kinds()
        .into_iter()
        .find(|(kind, _)| kind.name == sample.kind)
        .expect("a kind");
    let differ = |name: &str| name == sample.field || sample.along.contains(&name);
    let fields: Vec<_> = fields.iter().filter(|it| differ(it.name)).collect();
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let at_once = fields.iter().all(|field| field.live_at_once);
    let mut lines = vec![format!("update {} [{}]", sample.address, names.join(", "))];
    if is_redeployed(kind) && !at_once {
        lines.push("update api/deployment [configuration]".into());
    }
    if matches!(sample.way, Way::JustMadeAnew) {
        lines.push(format!("delete {}/replaced", sample.address));
    }
    // As a plan has them: by address.
    lines.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    lines
}

fn is_redeployed(kind: &KindInfo) -> bool {
    kind.deployed && !kind.snapshot
}
