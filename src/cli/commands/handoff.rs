use std::fs;
use std::path::{Path, PathBuf};

use crate::caller::Known;
use crate::cli::names::file_name;
use crate::cli::opening::open_to_call;
use crate::cli::private;
use crate::engine::files::{self, Readers, cannot};
use crate::engine::{Calling, Invocation, enable, not_applied, runtime};
use crate::error::{Error, Exit, Fault, FaultKind};
use crate::handoff::stores::{Kept, NotKept, Store};
use crate::handoff::{Access, Bundle, CREDENTIALS, Call, Destination, Encryption, destination};
use crate::model::{Address, shell_word};
use crate::render::Ui;
use crate::render::handoff::{Left, warning};

/// Hand a partner its credentials, and how to call with them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack handoff acme --to acme-access
  gatestack handoff acme --to acme.json
  gatestack handoff acme --to age1… --out acme.age
  gatestack handoff acme --to secretsmanager:partners/acme
  gatestack handoff acme --to ssm:/partners/acme

Where to:
  FOLDER               Files for people: README.md, credentials.json and .env,
                       OpenAPI, and a Postman collection with its environment
  FILE.json            All of that in one JSON object
  age1…                The same object, encrypted so that only the owner of this
                       key can open it; say it again for each further one
  ssm:NAME             The credentials alone, as a SecureString parameter
  secretsmanager:NAME  The credentials alone, in Secrets Manager

Everything is read from AWS at that moment: nothing is rotated, and the same
again gives the same. Files are their owner's only, and no secret is printed.")]
pub(crate) struct Args {
    /// The partner or client, by name or address: acme or partners.acme
    #[arg(value_name = "PARTNER")]
    caller: String,
    /// Where to: FOLDER, FILE.json, age1…, ssm:NAME or secretsmanager:NAME
    #[arg(long, value_name = "WHERE", required = true)]
    to: Vec<String>,
    /// Write the encrypted file here; left out, to PARTNER.age
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite what is there
    #[arg(long)]
    force: bool,
}

impl Args {
    /// The error about the destination. clap's would repeat the value, which may be a private key.
    pub(super) fn contradiction(&self) -> Option<String> {
        match destination(&self.to) {
            Err(wrong) => Some(wrong),
            Ok(Destination::Encrypted(_)) => None,
            Ok(_) if self.out.is_some() => {
                Some("the argument '--out' names the encrypted file and needs '--to age1…'".into())
            }
            Ok(Destination::Parameter(_) | Destination::Secret(_)) if self.force => Some(
                "the argument '--force' is for files: existing secrets and parameters on AWS are not overwritten"
                    .into(),
            ),
            Ok(_) => None,
        }
    }

    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.hand_over(invocation, ui))
    }

    async fn hand_over(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        // `contradiction` has parsed it already.
        let destination =
            destination(&self.to).map_err(|wrong| Fault::new(FaultKind::Io, wrong))?;
        let calling = open_to_call(invocation, None, ui).await?;
        let known = calling.caller(&self.caller)?;
        if !known.enabled {
            let what = format!(
                "{} is disabled in the file: its credentials work nowhere, so none are handed over",
                known.address
            );
            return Err(Fault::new(FaultKind::Caller, what)
                .hint(enable(known))
                .into());
        }
        let context = &calling.session.desired.context;
        let view = calling.told();
        let access = Access::of(&context.stack, &view, known, &calling.observation)
            .ok_or_else(|| not_applied(invocation, "the API has no stage yet"))?;
        let credentials = calling.whole_credentials(known).await?;
        let bundle = Bundle {
            access: &access,
            credentials: &credentials,
        };
        let left = match destination {
            Destination::Document(path) => self.document(&bundle, &path)?,
            Destination::Folder(path) => self.folder(&bundle, &path)?,
            Destination::Encrypted(encryption) => self.encrypted(&bundle, &encryption)?,
            Destination::Parameter(name) => {
                keep(&calling, known, &bundle, Store::Parameters, name).await?
            }
            Destination::Secret(name) => {
                keep(&calling, known, &bundle, Store::SecretsManager, name).await?
            }
        };
        ui.print(&left.text(ui.width()));
        for words in warnings(known, &access)
            .into_iter()
            .chain(known.several_keys())
            .chain(credentials.rotation(&known.address))
        {
            ui.remark(&warning(&words, ui.width()));
        }
        Ok(Exit::Success)
    }

    fn document(&self, bundle: &Bundle<'_>, path: &Path) -> Result<Left<'static>, Error> {
        self.free_for(bundle, path)?;
        private::check(path.parent().unwrap_or(path), false)?;
        let document = bundle.document();
        files::write(path, document.expose().as_bytes(), Readers::Owner)?;
        let file = shell_word(&path.display().to_string());
        Ok(Left {
            head: format!(
                "The access of {} is in {}, which only you can read.",
                bundle.access.name(),
                path.display()
            ),
            parts: parts(bundle),
            advice: vec![(
                "Make a first call with it, or extract its parts:".into(),
                vec![
                    format!("jq -r '.curl[]' {file} | sh"),
                    format!("jq .openapi {file}"),
                    format!("jq .postman.collection {file}"),
                ],
            )],
        })
    }

    /// Refuses to overwrite a file that is not an earlier bundle of the same partner.
    fn free_for(&self, bundle: &Bundle<'_>, path: &Path) -> Result<(), Error> {
        let is_folder = path.is_dir();
        let there = if is_folder { None } else { files::text(path)? };
        match there {
            None if is_folder => Err(files::taken(path, "a folder", "give it another name")),
            Some(there) if !self.force && !bundle.renews(&there) => Err(files::taken(
                path,
                &format!("not a bundle of {}'s", bundle.access.name()),
                "give it another name, or write over it with --force",
            )),
            _ => Ok(()),
        }
    }

    fn folder(&self, bundle: &Bundle<'_>, path: &Path) -> Result<Left<'static>, Error> {
        let files = bundle.folder();
        let texts = files
            .iter()
            .map(|file| (file.name, file.text.expose().as_bytes()));
        // If it exists and is not a folder, such as a device, the write fails.
        if path.is_dir() || !path.exists() {
            private::check(path, true)?;
        }
        match fs::read_dir(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                files::make_folder(path, &texts.collect::<Vec<_>>())?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(files::taken(path, "not a folder", "give it another name"));
            }
            Err(error) => return Err(cannot("read", path, error)),
            Ok(mut there) => {
                let earlier = files::text(&path.join(CREDENTIALS))?;
                let renews = earlier.is_some_and(|earlier| bundle.renews(&earlier));
                let is_empty = there.next().is_none();
                if !self.force && !renews && !is_empty {
                    return Err(files::taken(
                        path,
                        &format!("not a bundle of {}'s", bundle.access.name()),
                        "give it another name, or put the files in it with --force",
                    ));
                }
                // Other things in it may be meant for others.
                if renews || is_empty {
                    private::close(path);
                }
                for (name, text) in texts {
                    files::write(&path.join(name), text, Readers::Owner)?;
                }
            }
        }
        let readers = if private::is_its_owners(path) {
            ", which only you can read"
        } else {
            "; other users can list the folder, but only you can read these files"
        };
        Ok(Left {
            head: format!(
                "The access of {} is in the folder {}{readers}.",
                bundle.access.name(),
                path.display()
            ),
            parts: files
                .iter()
                .map(|file| (file.name, file.holds.clone()))
                .collect(),
            advice: vec![(
                "Send it over a private channel, or encrypt it for the partner with --to age1…; the partner opens \
                 README.md first."
                    .into(),
                Vec::new(),
            )],
        })
    }

    fn encrypted(
        &self,
        bundle: &Bundle<'_>,
        encryption: &Encryption,
    ) -> Result<Left<'static>, Error> {
        let name = file_name(bundle.access.name());
        let path = match &self.out {
            Some(path) => path.clone(),
            None => PathBuf::from(format!("{name}.age")),
        };
        if !self.force && (path.is_dir() || files::text(&path)?.is_some()) {
            return Err(files::taken(
                &path,
                "encrypted: whether it is an earlier bundle is unknown",
                "give it another name with --out, or write over it with --force",
            ));
        }
        let encrypted = encryption
            .encrypt(&bundle.document())
            .map_err(|error| Fault::io(anyhow::Error::new(error)))?;
        files::write(&path, &encrypted, Readers::Owner)?;
        let file = shell_word(&path.display().to_string());
        let keys = match encryption.recipients() {
            1 => "one key".to_owned(),
            several => format!("any of {several} keys"),
        };
        Ok(Left {
            head: format!(
                "The access of {} is in {}, encrypted: {keys} can open it.",
                bundle.access.name(),
                path.display()
            ),
            parts: parts(bundle),
            advice: vec![(
                "Its owner decrypts it with".into(),
                vec![format!(
                    "age --decrypt --identity KEY_FILE {file} > {name}.json"
                )],
            )],
        })
    }
}

/// What one document holds, by name.
fn parts(bundle: &Bundle<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("credentials", bundle.contents()),
        ("curl", "a token and a first call, line by line".into()),
        ("openapi", "what may be called, as OpenAPI 3.0".into()),
        (
            "postman",
            "the same as a collection, and its environment".into(),
        ),
    ]
}

async fn keep(
    calling: &Calling,
    known: &Known,
    bundle: &Bundle<'_>,
    store: Store,
    name: String,
) -> Result<Left<'static>, Error> {
    let context = &calling.session.desired.context;
    let keeper = calling.session.connection.secret_keeper();
    let partner = Address::new(known.address.as_str());
    let text = bundle.credentials();
    let kept = store.keep(&keeper, context, &partner, &name, &text);
    let kept = kept
        .await
        .map_err(|error| not_kept(store, &name, known, error))?;
    let what = thing(store);
    let state = match kept {
        Kept::Made => "new",
        Kept::Changed => "with a new version",
        Kept::Unchanged => "unchanged",
    };
    let word = shell_word(&name);
    let region = &context.region;
    let command = match store {
        Store::Parameters => format!(
            "aws ssm get-parameter --name {word} --with-decryption --region {region} --query Parameter.Value --output text"
        ),
        Store::SecretsManager => format!(
            "aws secretsmanager get-secret-value --secret-id {word} --region {region} --query SecretString --output text"
        ),
    };
    Ok(Left {
        head: format!(
            "The access of {} is in {what} called {name} ({state}).",
            bundle.access.name()
        ),
        parts: vec![("one JSON object", bundle.contents())],
        advice: vec![("Read it with".into(), vec![command])],
    })
}

fn thing(store: Store) -> &'static str {
    match store {
        Store::Parameters => "an encrypted parameter",
        Store::SecretsManager => "a secret",
    }
}

fn not_kept(store: Store, name: &str, known: &Known, error: NotKept) -> Error {
    let what = thing(store);
    match error {
        NotKept::Aws(error) => error.into(),
        NotKept::NotOurs(owner) => {
            let owner = match owner {
                Some(owner) => format!("it belongs to {owner}"),
                None => "gatestack did not make it".to_owned(),
            };
            let fault = format!("there is {what} called {name} already, and {owner}");
            Fault::new(FaultKind::Io, fault)
                .hint(format!(
                    "give the access of {} another name; what is there was not changed",
                    known.address
                ))
                .into()
        }
        NotKept::TooLong(length, longest) => {
            let fault = format!(
                "the credentials of {} have {length} characters, and a standard parameter holds {longest}",
                known.address
            );
            Fault::new(FaultKind::Io, fault)
                .hint("Secrets Manager holds more: --to secretsmanager:NAME")
                .into()
        }
    }
}

/// Warnings about the credentials.
fn warnings(known: &Known, access: &Access) -> Vec<String> {
    let mut warnings = Vec::new();
    if access.token_url.is_none() && access.calls.iter().any(Call::needs_token) {
        warnings.push(format!(
            "the user pool has no domain, so there is no token URL at which {} could get a token",
            known.address
        ));
    }
    if access.calls.is_empty() {
        warnings.push(format!(
            "no route of the API admits {} with its scopes",
            known.address
        ));
    }
    warnings
}
