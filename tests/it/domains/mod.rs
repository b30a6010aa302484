//! Custom domains: base paths, records in Route 53, and domains that several stacks share.

mod crash;
mod levels;
mod records;
mod settings;

use std::collections::BTreeMap;

use aws_sdk_route53::types as dns;
use gatestack::engine::{Purpose, Silent};
use gatestack::kinds::{Desired, Observation};
use gatestack::model::{Address, Value};
use gatestack::plan::{self, Options, Patterns, Plan, Problem};

use crate::support::certificates::issued;
use crate::support::wire::Wire;
use crate::support::world::{World, plan_of, purpose_of, summary};

/// An account with a certificate and two hosted zones.
struct Account {
    world: World,
    certificate: String,
    everywhere: String,
    zones: BTreeMap<String, String>,
}

/// A stack file.
#[derive(Clone, Default)]
struct Says {
    stack: Option<&'static str>,
    domain: String,
    api: &'static str,
    pool: String,
}

impl Says {
    fn domain(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            ..Self::default()
        }
    }

    fn text(&self) -> String {
        let name = self.stack.unwrap_or("claims");
        let pool = match self.pool.as_str() {
            "" => String::new(),
            pool => format!("[user_pool]\nname = \"Users\"\n{pool}\n"),
        };
        let stage = if self.api.contains("stage") {
            ""
        } else {
            "stage = \"prod\""
        };
        format!(
            "[stack]\nname = \"{name}\"\nregion = \"eu-west-1\"\n{pool}[api]\nname = \"{name}\"\n{stage}\n{}\n[api.routes]\n\"GET /a\" = \
             {{ mock = 200 }}\n{}\n",
            self.api, self.domain
        )
    }
}

impl Account {
    async fn new() -> Self {
        let world = World::new();
        let certificate = issued(&world.service, "eu-west-1", "*.example.com").await;
        let everywhere = issued(&world.service, "us-east-1", "*.example.com").await;
        let mut account = Self {
            world,
            certificate,
            everywhere,
            zones: BTreeMap::new(),
        };
        let made = account.route53().create_hosted_zone();
        let made = made.name("api.example.com").caller_reference("x");
        made.send().await.unwrap();
        let zones = account.route53().list_hosted_zones().send().await.unwrap();
        for zone in zones.hosted_zones {
            let id = zone.id.rsplit('/').next().unwrap().to_owned();
            let name = zone.name.trim_end_matches('.').to_owned();
            account.zones.insert(name, id);
        }
        account
    }

    fn route53(&self) -> aws_sdk_route53::Client {
        aws_sdk_route53::Client::from_conf(
            aws_sdk_route53::Config::builder()
                .behavior_version_latest()
                .region(aws_sdk_route53::config::Region::new("eu-west-1"))
                .credentials_provider(aws_sdk_route53::config::Credentials::from_keys(
                    "someone", "else", None,
                ))
                .http_client(self.world.line())
                .build(),
        )
    }

    /// `[api.domain]` with a certificate.
    fn own(&self, name: &str, more: &str) -> Says {
        Says::domain(format!(
            "[api.domain]\nname = \"{name}\"\ncertificate = \"{}\"\n{more}\n",
            self.certificate
        ))
    }

    fn pool(&self, name: &str, zone: &str) -> Says {
        let zone = match zone {
            "" => String::new(),
            zone => format!(", zone = \"{zone}\""),
        };
        Says {
            pool: format!(
                "own_domain = {{ name = \"{name}\", certificate = \"{}\"{zone} }}",
                self.everywhere
            ),
            ..Says::default()
        }
    }

    async fn desired(&self, says: &Says) -> Desired {
        self.world.desired(&says.text()).await
    }

    async fn look(&self, says: &Says) -> Observation {
        self.world.look(&says.text()).await
    }

    async fn try_plan(
        &self,
        says: &Says,
        options: &Options,
        adopt: &[&str],
    ) -> Result<Plan, Vec<Problem>> {
        let (text, purpose) = (says.text(), purpose_of(options));
        let session = self.world.try_open(&text, adopt, purpose).await;
        let session = session.unwrap_or_else(|error| panic!("{error:#?}"));
        plan_of(&session, options).await
    }

    async fn plan(&self, says: &Says) -> Plan {
        let plan = self.try_plan(says, &agreed(), &[]).await;
        plan.unwrap_or_else(|problems| panic!("{problems:#?}"))
    }

    async fn carry_out(&self, plan: &Plan) {
        let wire = self.world.line();
        let outcome = self.world.carry_out(plan, wire).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    }

    /// Applies; the next plan is empty. Returns what it did.
    async fn apply(&self, says: &Says) -> Vec<String> {
        let plan = self.plan(says).await;
        self.carry_out(&plan).await;
        assert_eq!(summary(&self.plan(says).await), [""; 0]);
        summary(&plan)
    }

    async fn destroy(&self, says: &Says) -> Result<(), Vec<Problem>> {
        let plan = self.try_plan(says, &destroying(), &[]).await?;
        self.carry_out(&plan).await;
        Ok(())
    }

    /// `path → stage` of every mapping of a domain; `None` when it is gone.
    async fn mappings(&self, domain: &str) -> Option<Vec<String>> {
        let client = self.world.apigateway();
        let mappings = client.get_base_path_mappings().domain_name(domain);
        let mappings = mappings.send().await.ok()?;
        let line = |mapping: &aws_sdk_apigateway::types::BasePathMapping| {
            format!(
                "{} → {}",
                mapping.base_path().unwrap_or_default(),
                mapping.stage().unwrap_or_default()
            )
        };
        let mut lines: Vec<String> = mappings.items().iter().map(line).collect();
        lines.sort();
        Some(lines)
    }

    /// `name type target` of every record of a zone; what every zone has, and what proves certificates, left out.
    async fn records(&self, zone: &str) -> Vec<String> {
        let list = self
            .route53()
            .list_resource_record_sets()
            .hosted_zone_id(&self.zones[zone]);
        let records = list.send().await.unwrap().resource_record_sets;
        let line = |record: &dns::ResourceRecordSet| {
            let target = record.alias_target().map(|alias| alias.dns_name());
            let value = record.resource_records().first();
            let value = target.or(value.map(|value| value.value()));
            format!(
                "{} {} {}",
                record.name(),
                record.r#type().as_str(),
                value.unwrap_or_default()
            )
        };
        let records = records.iter();
        let of_every_zone = [dns::RrType::Ns, dns::RrType::Soa];
        records
            .filter(|record| !of_every_zone.contains(record.r#type()))
            .filter(|record| !record.name().starts_with('_'))
            .map(line)
            .collect()
    }

    async fn put_by_hand(&self, zone: &str, name: &str, kind: dns::RrType, value: &str) {
        let value = dns::ResourceRecord::builder().value(value).build().unwrap();
        let record = dns::ResourceRecordSet::builder()
            .name(name)
            .r#type(kind)
            .ttl(60)
            .resource_records(value)
            .build()
            .unwrap();
        self.put(zone, record).await;
    }

    async fn put(&self, zone: &str, record: dns::ResourceRecordSet) {
        let change = dns::Change::builder()
            .action(dns::ChangeAction::Upsert)
            .resource_record_set(record)
            .build()
            .unwrap();
        self.route53()
            .change_resource_record_sets()
            .hosted_zone_id(&self.zones[zone])
            .change_batch(dns::ChangeBatch::builder().changes(change).build().unwrap())
            .send()
            .await
            .unwrap();
    }

    /// Points a name to a foreign distribution.
    async fn alias_by_hand(&self, zone: &str, name: &str, target: &str) {
        let alias = dns::AliasTarget::builder()
            .dns_name(target)
            .hosted_zone_id("Z2FDTNDATAQYW2")
            .evaluate_target_health(false)
            .build()
            .unwrap();
        let record = dns::ResourceRecordSet::builder()
            .name(name)
            .r#type(dns::RrType::A)
            .alias_target(alias)
            .build()
            .unwrap();
        self.put(zone, record).await;
    }

    /// Deletes the own domain of the user pool, as the console does.
    async fn drop_pool_domain(&self, name: &str) {
        let cognito = self.world.cognito();
        let domain = cognito
            .describe_user_pool_domain()
            .domain(name)
            .send()
            .await;
        let domain = domain.unwrap().domain_description.unwrap();
        let delete = cognito.delete_user_pool_domain().domain(name);
        delete
            .set_user_pool_id(domain.user_pool_id)
            .send()
            .await
            .unwrap();
    }

    async fn domain(
        &self,
        name: &str,
    ) -> aws_sdk_apigateway::operation::get_domain_name::GetDomainNameOutput {
        let client = self.world.apigateway();
        client
            .get_domain_name()
            .domain_name(name)
            .send()
            .await
            .unwrap()
    }

    async fn domains(&self) -> Vec<String> {
        let client = self.world.apigateway();
        let domains = client.get_domain_names().send().await.unwrap();
        let names = domains.items().iter();
        names
            .filter_map(|domain| domain.domain_name().map(str::to_owned))
            .collect()
    }
}

fn agreed() -> Options {
    Options {
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    }
}

fn destroying() -> Options {
    Options {
        destroy: true,
        ..agreed()
    }
}

const API: &str = "api.example.com";

#[tokio::test(start_paused = true)]
async fn a_domain_leads_to_the_api_and_goes_with_everything() {
    let account = Account::new().await;
    let says = account.own(API, "");
    account.apply(&says).await;
    assert_eq!(account.mappings(API).await.unwrap(), ["(none) → prod"]);
    let two = account.own(API, "base_paths = [\"v1\", \"v2\"]");
    let notes = account.plan(&two).await.notes;
    let told = |note: &&gatestack::plan::Note| note.code == "GS137";
    let [note] = &notes.iter().filter(told).collect::<Vec<_>>()[..] else {
        panic!("{notes:?}");
    };
    assert!(
        note.text.contains("the whole domain of api.example.com"),
        "{}",
        note.text
    );
    account.apply(&two).await;
    assert_eq!(
        account.mappings(API).await.unwrap(),
        ["v1 → prod", "v2 → prod"]
    );
    account.destroy(&two).await.unwrap();
    assert_eq!(account.mappings(API).await, None);
    assert!(account.look(&two).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_is_left_out_is_found_again_and_asks_for_consent() {
    let account = Account::new().await;
    account
        .apply(&account.own(API, "zone = \"example.com\""))
        .await;
    let without = Says::default();
    let plan = account
        .try_plan(&without, &Options::default(), &[])
        .await
        .unwrap();
    assert_eq!(
        plan.missing_consent
            .keys()
            .map(Address::as_str)
            .collect::<Vec<_>>(),
        ["api.domain"]
    );
    let done = account.apply(&without).await;
    assert_eq!(
        done,
        [
            "delete api.domain",
            "delete api.domain/mapping",
            "delete api.domain/record"
        ]
    );
    assert_eq!(account.records("example.com").await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_a_domain_asks_for_none() {
    let account = Account::new().await;
    account.apply(&Says::default()).await;
    let desired = account.desired(&Says::default()).await;
    let session = account.world.session(&desired, Purpose::Make).await;
    session.observe(&mut Silent).await.unwrap();
    for ((_, operation), _) in session.connection.tally().by_operation() {
        assert!(
            ![
                "GetDomainNames",
                "GetBasePathMappings",
                "ListResourceRecordSets"
            ]
            .contains(&operation.as_str()),
            "{operation}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_domain_moves_to_another_name_and_the_old_one_goes_last() {
    let account = Account::new().await;
    account
        .apply(&account.own(API, "zone = \"example.com\""))
        .await;
    let moved = account.own("rest.example.com", "zone = \"example.com\"");
    let plan = account.plan(&moved).await;
    assert_eq!(
        summary(&plan),
        [
            "replace api.domain",
            "replace api.domain/mapping",
            "create api.domain/record",
            &format!(
                "delete api.domain/record/replaced/{}:{API}",
                account.zones["example.com"]
            ),
        ]
    );
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| step.address.as_str())
        .collect();
    let place = |address: &str| {
        steps
            .iter()
            .rposition(|step| step.starts_with(address))
            .unwrap()
    };
    assert!(
        place("api.domain/record/replaced")
            > steps
                .iter()
                .position(|step| *step == "api.domain/record")
                .unwrap()
    );
    account.apply(&moved).await;
    assert_eq!(account.domains().await, ["rest.example.com"]);
    let records = account.records("example.com").await;
    assert_eq!(records.len(), 1);
    assert!(
        records[0].starts_with("rest.example.com. A d-"),
        "{records:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stage_is_renamed_under_its_mapping() {
    let account = Account::new().await;
    let says = account.own(API, "");
    account.apply(&says).await;
    let live = Says {
        api: "stage = \"live\"",
        ..says.clone()
    };
    account.apply(&live).await;
    assert_eq!(account.mappings(API).await.unwrap(), ["(none) → live"]);
    account.destroy(&live).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_stacks_share_a_domain_and_only_its_owner_deletes_it() {
    let account = Account::new().await;
    let owner = account.own(API, "base_paths = [\"claims\"]");
    account.apply(&owner).await;
    let guest = Says {
        stack: Some("policies"),
        ..Says::domain(format!(
            "[api.domain]\nname = \"{API}\"\nexisting = true\nbase_paths = [\"policies\"]\n"
        ))
    };
    account.apply(&guest).await;
    assert_eq!(
        account.mappings(API).await.unwrap(),
        ["claims → prod", "policies → prod"]
    );
    let problems = account.destroy(&owner).await.unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].what.contains("/policies to the API"),
        "{problems:?}"
    );
    let moved = account.own("rest.example.com", "");
    let problems = account.try_plan(&moved, &agreed(), &[]).await.unwrap_err();
    assert_eq!(problems[0].address.as_str(), "api.domain");

    // Left out of the file, the base path is still found on a domain that no file of this stack names.
    let without = Says {
        domain: String::new(),
        ..guest.clone()
    };
    assert_eq!(
        account.apply(&without).await,
        ["delete api.domain.base_paths.policies"]
    );
    account.apply(&guest).await;
    account.destroy(&guest).await.unwrap();
    assert_eq!(account.mappings(API).await.unwrap(), ["claims → prod"]);
    account.destroy(&owner).await.unwrap();
    assert_eq!(account.domains().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_stale_once_somebody_else_joined_the_domain_that_goes() {
    let account = Account::new().await;
    let owner = account.own(API, "base_paths = [\"claims\"]");
    account.apply(&owner).await;
    let moved = account.own("rest.example.com", "base_paths = [\"claims\"]");
    let (desired, seen) = (account.desired(&moved).await, account.look(&moved).await);
    let plan = plan::plan(&desired, &seen, &agreed()).unwrap();
    let guest = Says {
        stack: Some("policies"),
        ..Says::domain(format!(
            "[api.domain]\nname = \"{API}\"\nexisting = true\nbase_paths = [\"policies\"]\n"
        ))
    };
    account.apply(&guest).await;
    let now = account.look(&moved).await;
    let moved = plan::moved(&plan, &desired, &seen, &now);
    let said: Vec<_> = moved.iter().map(|moved| format!("{moved:?}")).collect();
    assert!(
        said.iter()
            .any(|said| said.contains("api.domain") && said.contains("/policies to the API")),
        "{said:#?}"
    );
    // If the domain stays, foreign mappings may change.
    let stays = account.desired(&owner).await;
    let plan = plan::plan(&stays, &seen, &agreed());
    assert!(plan.is_ok_and(|plan| plan::moved(&plan, &stays, &seen, &now).is_empty()));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_domains_and_base_paths_are_in_the_way() {
    let account = Account::new().await;
    let guest = Says {
        stack: Some("policies"),
        ..Says::domain(format!("[api.domain]\nname = \"{API}\"\nexisting = true\n"))
    };
    let text = guest.text();
    let refused = account.world.try_open(&text, &[], Purpose::Make).await;
    let refused = format!("{:?}", refused.unwrap_err());
    assert!(refused.contains("has no regional domain name"), "{refused}");
    account.apply(&account.own(API, "")).await;
    let problems = account.try_plan(&guest, &agreed(), &[]).await.unwrap_err();
    assert!(
        problems[0].what.contains("the whole domain on the domain")
            && problems[0].what.contains("\"claims\""),
        "{problems:?}"
    );
    let rival = Says {
        stack: Some("policies"),
        ..account.own(API, "")
    };
    let problems = account.try_plan(&rival, &agreed(), &[]).await.unwrap_err();
    assert!(problems[0].help.contains("existing = true"), "{problems:?}");
    let given_away = Says::domain(format!("[api.domain]\nname = \"{API}\"\nexisting = true\n"));
    let problems = account
        .try_plan(&given_away, &agreed(), &[])
        .await
        .unwrap_err();
    assert!(problems[0].what.contains("is this stack's"), "{problems:?}");
}

#[tokio::test(start_paused = true)]
async fn a_domain_moves_to_a_name_that_somebody_has() {
    let account = Account::new().await;
    account.apply(&account.own(API, "")).await;
    let other = Says {
        stack: Some("policies"),
        ..account.own("rest.example.com", "")
    };
    account.apply(&other).await;
    let moved = account.own("rest.example.com", "");
    let problems = account.try_plan(&moved, &agreed(), &[]).await.unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].address.as_str(), "api.domain");
}
