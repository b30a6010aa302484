use std::fs;
use std::path::{Path, PathBuf};

use crate::caller::Known;
use crate::cli::names::file_name;
use crate::cli::opening::open_to_call;
use crate::cli::private;
use crate::engine::files::{self, Readers, cannot};
use crate::engine::{Calling, Invocation, not_applied, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::handoff::{Access, postman};
use crate::model::shell_word;
use crate::render::Ui;
use crate::render::handoff::Left;

/// Export the stack for another tool
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Postman(Postman),
}

/// A Postman collection of what may be called, and its environment
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack export postman
  gatestack export postman --partner acme --out postman
  gatestack export postman --partner acme --with-secrets acme.env.json
  newman run acme.postman_collection.json -e acme.env.json

Import both files in Postman and choose the environment; \"Get a token\" comes
first and keeps the token for the others. The secrets in the environment are
empty, to be filled in, unless --with-secrets names a file for them.")]
struct Postman {
    /// What this partner or client may call; left out, what any of them may
    #[arg(long, value_name = "NAME")]
    partner: Option<String>,
    /// Write the files into this folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Write the environment to this file, with the secrets in it
    #[arg(long, value_name = "FILE")]
    with_secrets: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let Command::Postman(postman) = &self.command;
        runtime(invocation.local)?.block_on(postman.export(invocation, ui))
    }
}

impl Postman {
    async fn export(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let calling = open_to_call(invocation, None, ui).await?;
        let known = self.known(&calling)?;
        let stack = &calling.session.desired.context.stack;
        let (view, observation) = (calling.told(), &calling.observation);
        let access = match known {
            Some(known) => Access::of(stack, &view, known, observation),
            None => Access::of_all(stack, &view, observation),
        };
        let access = access.ok_or_else(|| not_applied(invocation, "the API has no stage yet"))?;
        let credentials = match (&self.with_secrets, known) {
            (None, _) => None,
            (Some(_), Some(known)) => Some(calling.whole_credentials(known).await?),
            (Some(_), None) => return Err(whose_secrets(&calling)),
        };
        let name = file_name(access.name());
        let collection = self.within(format!("{name}.postman_collection.json"));
        let environment = match &self.with_secrets {
            Some(path) => path.clone(),
            None => self.within(format!("{name}.postman_environment.json")),
        };
        if collection == environment {
            return Err(files::taken(
                &environment,
                "the place of the collection",
                "give the file with the secrets another name",
            ));
        }
        for path in [&collection, &environment] {
            free(path)?;
        }
        if self.with_secrets.is_some() {
            private::check(environment.parent().unwrap_or(&environment), false)?;
        }
        fs::create_dir_all(&self.out).map_err(|error| cannot("make", &self.out, error))?;
        let text = postman::json(&postman::collection(&access));
        files::write(&collection, text.as_bytes(), Readers::Anybody)?;
        let text = postman::environment(&access, credentials.as_ref());
        let readers = match credentials {
            Some(_) => Readers::Owner,
            None => Readers::Anybody,
        };
        files::write(&environment, text.expose().as_bytes(), readers)?;
        ui.print(&left(&access, &collection, &environment, readers).text(ui.width()));
        Ok(Exit::Success)
    }

    /// The path of a file in the folder.
    fn within(&self, name: String) -> PathBuf {
        if self.out == Path::new(".") {
            PathBuf::from(name)
        } else {
            self.out.join(name)
        }
    }

    /// The caller: the named one, or the only one.
    fn known<'c>(&self, calling: &'c Calling) -> Result<Option<&'c Known>, Error> {
        match &self.partner {
            Some(name) => Ok(Some(calling.caller(name)?)),
            None => {
                let mut callers = calling.view.callers.values();
                Ok(callers.next().filter(|_| callers.next().is_none()))
            }
        }
    }
}

fn whose_secrets(calling: &Calling) -> Error {
    let callers = calling.view.callers.keys().cloned().collect::<Vec<_>>();
    Fault::new(
        FaultKind::Caller,
        "an environment holds the secrets of one caller",
    )
    .hint(format!(
        "name it with --partner; there is {}",
        callers.join(", ")
    ))
    .into()
}

/// Refuses to overwrite a file that is not Postman's.
fn free(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Err(files::taken(path, "a folder", "give the file another name"));
    }
    match files::text(path)? {
        Some(there) if !postman::is_one(&there) => Err(files::taken(
            path,
            "not a collection or environment",
            "give the file another name, or delete that one first",
        )),
        _ => Ok(()),
    }
}

fn left(access: &Access, collection: &Path, environment: &Path, readers: Readers) -> Left<'static> {
    let (secrets, advice) = match readers {
        Readers::Owner => (
            "with the secrets, which only you can read",
            "All of it runs with",
        ),
        Readers::Anybody => (
            "with its secrets to be filled in",
            "Once they are, all of it runs with",
        ),
    };
    let [collection, environment] =
        [collection, environment].map(|path| path.display().to_string());
    let count = match access.calls.len() {
        1 => "the one call".to_owned(),
        several => format!("the {several} calls"),
    };
    let who = match &access.caller {
        Some(caller) => caller.clone(),
        None => format!("the callers of {}", access.stack),
    };
    let run = format!(
        "newman run {} -e {}",
        shell_word(&collection),
        shell_word(&environment)
    );
    Left {
        head: format!("For Postman and Newman, {count} of {who}:"),
        parts: vec![
            ("collection", collection),
            ("environment", format!("{environment}, {secrets}")),
        ],
        advice: vec![(advice.into(), vec![run])],
    }
}
