use crate::cli::global::one_of;
use crate::cli::opening::load;
use crate::engine::Invocation;
use crate::error::{Error, Exit};
use crate::kinds::Lookups;
use crate::kinds::lookups::{ExistingInstance, ExistingLoadBalancer, Subnet};
use crate::render::Ui;
use crate::render::graph::{Format, text};
use crate::stack;
use crate::stack::file::{File, LoadBalancer, Subnets};

/// Show what the stack file wants as a graph, without asking AWS
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack graph
  gatestack graph --format dot | dot -Tsvg > stack.svg
  gatestack graph --format mermaid
  gatestack graph --format svg > stack.svg

The tree shows what contains what, then the other dependencies. In DOT and
Mermaid an arrow points from what is made first to what needs it. The addresses
are the ones that --target and --allow-delete take.

SVG is a picture for people: callers at the left, the private network at the
right, and an arrow for each way that calls take.")]
pub(crate) struct Args {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "tree", value_parser = one_of::<Format>())]
    format: Format,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let file = load(invocation, ui)?.file;
        // No address or edge depends on the account, so the file's words are shown instead of an unknown one.
        let account = file.stack.account.clone();
        let account = account.unwrap_or_else(|| match invocation.local {
            true => aws_local::Options::default().account,
            false => "${account.id}".into(),
        });
        let desired = stack::expand(&file, &account, Default::default(), &in_words(&file));
        ui.print(&text(&desired, self.format));
        Ok(Exit::Success)
    }
}

/// What the file points to, in its own words where AWS would tell ids.
fn in_words(file: &File) -> Lookups {
    let Some(table) = &file.load_balancer else {
        return Lookups::default();
    };
    Lookups {
        subnets: subnets(table),
        load_balancer: table.existing.as_ref().map(|name| ExistingLoadBalancer {
            arn: name.clone(),
            dns_name: name.clone(),
            ..ExistingLoadBalancer::default()
        }),
        instances: instances(table),
        ..Lookups::default()
    }
}

fn subnets(table: &LoadBalancer) -> Vec<Subnet> {
    let (ids, vpc) = match &table.subnets {
        None => return Vec::new(),
        Some(Subnets::Ids(ids)) => (ids.iter().cloned().collect(), ""),
        Some(Subnets::Find(find)) => {
            let vpc = match &*find.vpc {
                "default" => "of the default VPC".to_owned(),
                id => format!("of {id}"),
            };
            let tags = find
                .tags
                .iter()
                .map(|(key, value)| format!("{key} = {value}"));
            let all: Vec<String> = std::iter::once(vpc).chain(tags).collect();
            (vec![all.join(", ")], &*find.vpc)
        }
    };
    ids.into_iter()
        .map(|id: String| Subnet {
            zone: String::new(),
            id,
            vpc: vpc.to_owned(),
            public: false,
        })
        .collect()
}

fn instances(table: &LoadBalancer) -> Vec<ExistingInstance> {
    let Some(targets) = &table.targets else {
        return Vec::new();
    };
    let ids = targets.instance_ids.iter().flatten().cloned();
    let tags = targets.instance_tags.iter().flatten();
    ids.chain(tags.map(|(key, value)| format!("{key} = {value}")))
        .map(|id| ExistingInstance {
            id,
            vpc: String::new(),
            state: String::new(),
        })
        .collect()
}
