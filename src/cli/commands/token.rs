use clap::builder::NonEmptyStringValueParser;

use crate::cli::opening::open_to_call;
use crate::engine::{Invocation, runtime, unless_local};
use crate::error::{Error, Exit};
use crate::render::handoff::warning;
use crate::render::{Ui, token};

/// Print an access token of a partner or app client
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatestack token acme
  gatestack token acme --scope xxx-api/read --json
  curl -H \"Authorization: Bearer $(gatestack token acme)\" \\
    \"$(gatestack output --raw invoke_url)/hello\"

The client's id and secret are read from AWS and the token is asked for as the
partner would, at the pool's token endpoint. Nothing is kept: each run asks for
a new token, which Cognito charges for.")]
pub(crate) struct Args {
    /// Partner or client, by name or address, such as acme
    #[arg(value_name = "PARTNER|CLIENT")]
    caller: String,
    /// Ask for this scope only, or SERVER/*; left out, for all
    #[arg(long = "scope", value_name = "SCOPE", value_parser = NonEmptyStringValueParser::new())]
    scopes: Vec<String>,
    /// Print one JSON object, with when the token expires
    #[arg(long)]
    pub(super) json: bool,
}

impl Args {
    pub(super) fn run(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        runtime(invocation.local)?.block_on(self.ask(invocation, ui))
    }

    async fn ask(&self, invocation: &Invocation, ui: &mut Ui) -> Result<Exit, Error> {
        let calling = open_to_call(invocation, None, ui).await?;
        let known = calling.caller(&self.caller)?;
        let credentials = calling.credentials(known).await?;
        if let Some(words) = calling.second_secret(known).await {
            ui.remark(&warning(&words, ui.width()));
        }
        let given = calling.session.clock.now();
        let token = Box::pin(calling.token(known, &credentials, &self.scopes));
        let what = "asking for a token";
        let token = unless_local(calling.session.is_local(), ui, what, token).await?;
        ui.print(&if self.json {
            token::object(&token, given)
        } else {
            token::text(&token)
        });
        Ok(Exit::Success)
    }
}
