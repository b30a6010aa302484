//! An applied stack with a bit of everything, before something happens to it.

use aws_sdk_apigateway::types::{Op, PatchOperation};
use gatestack::kinds::Observation;
use gatestack::model::{Address, OutputName};
use gatestack::plan::Options;

use super::world::{World, desired, stack_of, summary};

/// A stack with a bit of everything.
pub(crate) fn stack() -> String {
    stack_of(2, 2)
        .replace(
            "[api.routes]\n",
            "throttle = { rate = 20, burst = 40 }\n\n[api.stage_variables]\nbackend = \"blue\"\n\n[api.routes]\n\"GET /health\" = { mock = 200, requires = \"nothing\" }\n",
        )
        + r#"
[app_clients.web]
flows = ["code"]
callback_urls = ["https://a.example.com/"]
scopes = ["openid", "xxx-api/read"]

[api_keys.batch]
plan = "XXXPlan"
"#
}

/// An applied stack and what was there right after.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) text: String,
    pub(crate) before: Observation,
}

impl Scene {
    pub(crate) async fn of(text: String) -> Self {
        let world = World::new();
        world.apply(&text).await;
        let before = world.look(&text).await;
        Self {
            world,
            text,
            before,
        }
    }

    pub(crate) async fn new() -> Self {
        Self::of(stack()).await
    }

    /// The id AWS gave this before anybody touched it.
    pub(crate) fn id(&self, address: &str) -> String {
        self.before.live[&Address::new(address)].outputs[&OutputName::Id].clone()
    }

    pub(crate) fn arn(&self, address: &str) -> String {
        self.before.live[&Address::new(address)].outputs[&OutputName::Arn].clone()
    }

    /// Applies with `--adopt` of these addresses.
    pub(crate) async fn adopts(&self, addresses: &[&str]) -> Vec<String> {
        let mut wanted = desired(&self.text);
        wanted.adopt = wanted
            .adopt
            .and(addresses.iter().copied().map(Address::new));
        let plan = self.world.plan_to(&wanted, &Options::default()).await;
        let plan = plan.unwrap_or_else(|problems| panic!("{problems:#?}"));
        let outcome = self.world.carry_out(&plan, self.world.line()).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        summary(&plan)
    }

    /// The plan is just this; it is applied, and the next one is empty.
    pub(crate) async fn is_made_good_by(&self, expected: &[&str]) {
        self.is_made_good_with(&Options::default(), expected).await;
    }

    /// The same with other options.
    pub(crate) async fn is_made_good_with(&self, options: &Options, expected: &[&str]) {
        let plan = self.world.apply_with(&self.text, options).await;
        assert_eq!(summary(&plan), expected);
        let again = self.world.plan(&self.text).await;
        assert!(again.is_empty(), "{:#?}", again.changes);
    }
}

pub(crate) fn replace(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder()
        .op(Op::Replace)
        .path(path)
        .value(value)
        .build()
}
