use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::global::Global;
use crate::cli::signals::Signals;
use crate::engine::init::{
    ConfiguredRegion, NewStack, Refusal, Site, TEMPLATES, Template, configured_region, name_for,
    refused_name, refused_region,
};
use crate::engine::{Invocation, Listener as _, Notice, repeated, runtime, stopped};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::model::shell_word;
use crate::render::ask::{Answer, typed_or};
use crate::render::init::{Next, Started};
use crate::render::{Ui, call};

/// Write a new stack file, and the files that it names
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Args {
    /// The folder; created if it doesn't exist
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// What to begin with
    #[arg(long, value_name = "TEMPLATE", default_value = TEMPLATES[0].name, value_parser = template(), hide_possible_values = true)]
    template: &'static Template,
    /// The stack's name [default: the folder's]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Use the defaults without asking
    #[arg(short, long)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

fn template() -> impl TypedValueParser<Value = &'static Template> {
    let names = TEMPLATES.iter().map(|template| template.name);
    PossibleValuesParser::new(names)
        .try_map(|name| Template::named(&name).ok_or("there is no such template"))
}

fn after_help() -> String {
    let width = TEMPLATES.iter().map(|template| template.name.len()).max();
    let width = width.unwrap_or_default();
    let templates: String = TEMPLATES
        .iter()
        .map(|template| format!("  {:width$}  {}\n", template.name, template.says))
        .collect();
    format!(
        "\
Examples:
  gatestack init
  gatestack init claims --region eu-west-1 --yes
  gatestack init --template m2m-lambda

Templates:
{templates}
The Region is --region's, else that of AWS_REGION or the AWS profile. Existing
files are not overwritten; missing lines are added to .gitignore."
    )
}

impl Args {
    /// The error about the answers on the command line.
    pub(super) fn contradiction(&self, global: &Global) -> Option<String> {
        if global.reads_stdin() {
            return Some(
                "the argument '--file -' cannot be used with 'init', which writes the file".into(),
            );
        }
        let flag = match () {
            () if !global.vars.is_empty() => Some("--var <NAME=VALUE>"),
            () if global.gives_variables() => Some("--var-file <FILE>"),
            () => None,
        };
        if let Some(flag) = flag {
            return Some(format!(
                "the argument '{flag}' cannot be used with 'init', which writes one stack file"
            ));
        }
        let invalid = |flag: &str, value: &str, refusal: Refusal| {
            let Refusal { message, help } = refusal;
            format!("invalid value '{value}' for '{flag}': {message}: {help}")
        };
        let name = self.name.as_ref().and_then(|name| {
            Some(invalid(
                "--name <NAME>",
                name,
                refused_name(self.template, name)?,
            ))
        });
        name.or_else(|| {
            let region = global.region.as_ref()?;
            let refusal = refused_region(self.template, region)?;
            Some(invalid("--region <REGION>", region, refusal))
        })
    }

    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.start(invocation, ui))
    }

    async fn start(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let inside = self.inside(invocation);
        let site = Site::of(&inside, self.template)?;
        let configured = match &invocation.region {
            Some(_) => None,
            None => self.configured(invocation).await?,
        };
        let name = name_for(site.folder(), self.template);
        let region = configured.clone().map(|configured| configured.name);
        let region = region.unwrap_or_else(|| self.template.region());
        Signals::listen()?.until_the_end();
        let (name, region) = self.answers(invocation, &name, &region, configured.as_ref(), ui)?;
        let new = NewStack {
            template: self.template,
            name: &name,
            region: &region,
        };
        let checked = new.check(site.stack())?;
        let written = site.write(&new)?;
        ui.tell(Notice::Warnings(&checked.warnings));
        let next = self.next(&inside);
        let started = Started {
            new,
            written: &written,
            next: &next,
        };
        ui.print(&match self.json {
            true => started.object(),
            false => started.text(ui.width()),
        });
        Ok(Exit::Success)
    }

    /// Whether it is the folder that every other command reads.
    fn is_here(&self) -> bool {
        self.folder == Path::new(".")
    }

    /// The stack in the folder.
    fn inside(&self, invocation: &Invocation) -> Invocation {
        let chdir = match &invocation.chdir {
            above if self.is_here() => above.clone(),
            Some(above) => Some(above.join(&self.folder)),
            None => Some(self.folder.clone()),
        };
        Invocation {
            chdir,
            environment: None,
            region: None,
            vars: Vec::new(),
            var_files: Vec::new(),
            ..invocation.clone()
        }
    }

    /// The Region of the environment. A wrong one would be no default.
    async fn configured(&self, invocation: &Invocation) -> Result<Option<ConfiguredRegion>, Error> {
        let Some(configured) = configured_region(invocation).await? else {
            return Ok(None);
        };
        match refused_region(self.template, &configured.name) {
            None => Ok(Some(configured)),
            Some(Refusal { message, help }) => {
                let what = format!("{message}: set by {}", configured.said_by);
                let hint = "give another Region with --region";
                Err(Fault::new(FaultKind::Context, what)
                    .hint(help)
                    .hint(hint)
                    .into())
            }
        }
    }

    /// Name and Region: given, else asked for, else the defaults with `--yes`.
    fn answers(
        &self,
        invocation: &Invocation,
        name: &str,
        region: &str,
        configured: Option<&ConfiguredRegion>,
        ui: &mut Ui,
    ) -> Result<(String, String), Error> {
        let (given_name, given_region) = (&self.name, &invocation.region);
        let asks = ui.asks() && !self.json && !self.yes;
        let is_answered = given_name.is_some() && given_region.is_some();
        if !asks && !self.yes && !is_answered {
            return Err(self.no_terminal(invocation, name, region));
        }
        let name = match given_name {
            Some(given) => given.clone(),
            None if asks => answer("Name of the stack:", name, "", |name| {
                refused_name(self.template, name)
            })?,
            None => name.to_owned(),
        };
        let from = configured.map(|configured| format!("from {}", configured.said_by));
        let region = match given_region {
            Some(given) => given.clone(),
            None if asks => answer("Region:", region, &from.unwrap_or_default(), |region| {
                refused_region(self.template, region)
            })?,
            None => {
                if configured.is_none() && !invocation.local {
                    let note = format!(
                        "no AWS Region is configured, so the stack is for {region}; change `[stack] region` before the first apply"
                    );
                    ui.remark(&call::note(&note, ui.width()));
                }
                region.to_owned()
            }
        };
        Ok((name, region))
    }

    /// The error where a question can't be asked.
    fn no_terminal(&self, invocation: &Invocation, name: &str, region: &str) -> Error {
        let asked = [
            ("name", "--name", name, self.name.is_none()),
            ("Region", "--region", region, invocation.region.is_none()),
        ];
        let asked = asked.iter().filter(|(.., asked)| *asked);
        let all = |of: fn(&(&str, &str, &str, bool)) -> String| -> String {
            asked.clone().map(of).collect::<Vec<_>>().join(" and ")
        };
        let mut words = Vec::new();
        if !self.is_here() {
            words.push(shell_word(&self.folder.display().to_string()));
        }
        if self.template.name != TEMPLATES[0].name {
            words.extend(repeated("--template", &[self.template.name.to_owned()]));
        }
        words.extend(repeated("--name", self.name.as_slice()));
        words.push("--yes".into());
        let again = invocation.command_line("init", &words);
        let what = format!(
            "no terminal to ask for the stack's {} on",
            all(|(what, ..)| (*what).to_owned())
        );
        let take = all(|(what, _, default, _)| format!("the {what} {default}"));
        let flags = all(|(_, flag, ..)| (*flag).to_owned());
        Fault::new(FaultKind::Consent, what)
            .hint(format!("to use {take}:\n{again}"))
            .hint(format!("or answer with {flags}"))
            .into()
    }

    /// The commands that come next.
    fn next(&self, inside: &Invocation) -> Next {
        let local = Invocation {
            local: true,
            profile: None,
            endpoint_url: None,
            ..inside.clone()
        };
        let call = self.template.call.iter();
        let call: Vec<String> = call.map(|word| (*word).to_owned()).collect();
        Next {
            local: vec![
                local.command_line("apply", &[]),
                local.command_line("call", &call),
            ],
            aws: (!inside.local).then(|| inside.command_line("plan", &[])),
        }
    }
}

/// Asks until the answer is valid.
fn answer(
    question: &str,
    default: &str,
    help: &str,
    refused: impl Fn(&str) -> Option<Refusal> + Clone,
) -> Result<String, Error> {
    let wrong = move |text: &str| {
        let Refusal { message, help } = refused(text)?;
        Some(format!("{message}: {help}"))
    };
    match typed_or(question, default, help, wrong) {
        Answer::Said(text) => Ok(text),
        Answer::Interrupted => Err(stopped(FaultKind::Interrupted)),
        Answer::Nothing => Err(stopped(FaultKind::Declined)),
    }
}
