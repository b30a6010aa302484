//! The bundle: all that a partner needs, as one JSON document for programs or as a folder of files for people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Access, Call, curl, openapi, postman, powershell};
use crate::caller::{API_KEY_HEADER, Credentials};
use crate::model::{Number, Secret, shell_quoted};
use postman::json;

/// The number of the format, in the member that makes a JSON text a bundle.
const FORMAT: u32 = 1;

/// The file that identifies a folder as a bundle.
pub const CREDENTIALS: &str = "credentials.json";

/// A caller's access, with the credentials.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    /// What may be called.
    pub access: &'a Access,
    /// With what.
    pub credentials: &'a Credentials,
}

/// One file of a folder.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: &'static str,
    /// A description of its contents.
    pub holds: String,
    /// Its text.
    pub text: Secret,
}

/// The partner of a bundle of any format.
#[derive(Deserialize)]
struct Earlier {
    #[serde(rename = "gatestack_handoff")]
    _format: u32,
    stack: String,
    partner: String,
}

/// What a partner is handed, as one JSON object. `credentials.json` in a folder has no `curl`, `openapi` and `postman`.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Bundle")]
pub(crate) struct Document<'a> {
    /// The version of this format.
    gatestack_handoff: u32,
    /// The stack's name.
    stack: &'a str,
    /// The partner's name.
    partner: &'a str,
    #[serde(flatten)]
    facts: Facts<'a>,
    #[serde(flatten)]
    more: Option<More<'a>>,
}

/// What a client is configured with.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Credentials")]
pub(crate) struct Facts<'a> {
    /// The address of the API.
    invoke_url: &'a str,
    #[serde(flatten)]
    client: Option<Client<'a>>,
    #[serde(flatten)]
    key: Option<Key<'a>>,
}

#[derive(JsonSchema, Serialize)]
struct Client<'a> {
    /// Where tokens are got.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_url: Option<&'a str>,
    /// The client's id.
    client_id: &'a str,
    /// Its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// The scopes that it may ask for.
    scopes: Vec<&'a str>,
    /// The header that carries the token.
    token_header: &'a str,
}

#[derive(JsonSchema, Serialize)]
struct Key<'a> {
    /// The API key.
    api_key: &'a str,
    /// The header that carries it.
    api_key_header: &'static str,
}

#[derive(JsonSchema, Serialize)]
struct More<'a> {
    /// Command lines: variables, a token, the first call.
    curl: Vec<String>,
    /// What may be called, as OpenAPI 3.0.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    openapi: openapiv3::OpenAPI,
    /// The same for Postman and Newman.
    postman: Postman<'a>,
}

#[derive(JsonSchema, Serialize)]
struct Postman<'a> {
    /// The collection.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    collection: serde_json::Value,
    /// Its variables' values.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    environment: postman::Environment<'a>,
}

impl<'a> Bundle<'a> {
    /// Everything in one JSON object.
    pub fn document(&self) -> Secret {
        let Self {
            access,
            credentials,
        } = self;
        let values = self.shell_values();
        let set = values
            .iter()
            .map(|(name, value)| format!("{name}={}", shell_quoted(value.expose())));
        let more = More {
            curl: set.chain(self.curl()).collect(),
            openapi: openapi(access),
            postman: Postman {
                collection: postman::collection(access),
                environment: postman::environment_of(access, Some(credentials)),
            },
        };
        Secret::new(json(&self.marked(Some(more))))
    }

    /// What a client is configured with and nothing else, on one line: for a store of secrets.
    pub fn credentials(&self) -> Secret {
        let text = serde_json::to_string(&self.facts());
        Secret::new(text.expect("texts and lists of texts are JSON"))
    }

    /// The names of what [`Bundle::credentials`] holds, in words.
    pub fn contents(&self) -> String {
        let Facts { client, key, .. } = self.facts();
        let client = client.map(|client| {
            [
                client.token_url.map(|_| "token URL"),
                Some("client id"),
                client.client_secret.map(|_| "client secret"),
                Some("scopes"),
            ]
        });
        let words = client.into_iter().flatten().flatten();
        let words = words.chain(key.map(|_| "API key")).chain(["invoke URL"]);
        words.collect::<Vec<_>>().join(", ")
    }

    /// Everything as files. Only three contain secrets.
    pub fn folder(&self) -> Vec<File> {
        let Self {
            access,
            credentials,
        } = self;
        let file = |name, holds: &str, text: Secret| File {
            name,
            holds: holds.to_owned(),
            text,
        };
        let open = |text: String| Secret::new(text);
        vec![
            file(
                "README.md",
                "what to open first: the calls, and how to try them with curl",
                open(self.readme()),
            ),
            file(CREDENTIALS, &self.contents(), {
                Secret::new(json(&self.marked(None)))
            }),
            file("credentials.env", "the same for a shell", self.shell()),
            file(
                "openapi.json",
                "what may be called, as OpenAPI 3.0",
                open(json(&openapi(access))),
            ),
            file(
                "postman_collection.json",
                "the same for Postman and Newman",
                open(json(&postman::collection(access))),
            ),
            file(
                "postman_environment.json",
                "its variables, the secrets among them",
                postman::environment(access, Some(credentials)),
            ),
        ]
    }

    /// Whether a text is an earlier bundle's document, or the credentials of one in a folder, for the same partner. It may be
    /// overwritten; another partner's may not, since others may read it.
    pub fn renews(&self, text: &str) -> bool {
        serde_json::from_str::<Earlier>(text).is_ok_and(|earlier| {
            earlier.stack == self.access.stack && earlier.partner == self.access.name()
        })
    }

    fn marked(&self, more: Option<More<'a>>) -> Document<'a> {
        Document {
            gatestack_handoff: FORMAT,
            stack: &self.access.stack,
            partner: self.access.name(),
            facts: self.facts(),
            more,
        }
    }

    fn facts(&self) -> Facts<'a> {
        let Self {
            access,
            credentials,
        } = *self;
        let client_id = access.client_id.as_deref();
        Facts {
            invoke_url: &access.invoke_url,
            client: client_id.map(|client_id| Client {
                token_url: access.token_url.as_deref(),
                client_id,
                client_secret: credentials.client_secret.as_ref().map(Secret::expose),
                scopes: access.scopes.keys().map(String::as_str).collect(),
                token_header: &access.token_header,
            }),
            key: credentials.api_key.as_ref().map(|key| Key {
                api_key: key.expose(),
                api_key_header: API_KEY_HEADER,
            }),
        }
    }

    /// The variables of the command lines.
    fn shell_values(&self) -> Vec<(&'static str, Secret)> {
        let Facts {
            invoke_url,
            client,
            key,
        } = self.facts();
        let client = client.as_ref();
        [
            ("INVOKE_URL", Some(invoke_url)),
            ("TOKEN_URL", client.and_then(|client| client.token_url)),
            ("CLIENT_ID", client.map(|client| client.client_id)),
            (
                "CLIENT_SECRET",
                client.and_then(|client| client.client_secret),
            ),
            ("API_KEY", key.map(|key| key.api_key)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, Secret::new(value?))))
        .collect()
    }

    fn shell(&self) -> Secret {
        let lines = self
            .shell_values()
            .into_iter()
            .map(|(name, value)| format!("export {name}={}\n", shell_quoted(value.expose())));
        Secret::new(lines.collect::<String>())
    }

    /// A token, and the first call with it.
    fn curl(&self) -> Vec<String> {
        let access = self.access;
        let call = access.first_call();
        let token = call
            .filter(|call| call.needs_token())
            .and_then(|_| curl::token(access));
        let call = call.map(|call| curl::call(access, call));
        token.into_iter().flatten().chain(call).collect()
    }

    fn readme(&self) -> String {
        let access = self.access;
        let mut text = format!(
            "# {}: access for {}\n\n`{CREDENTIALS}`, `credentials.env` and `postman_environment.json` hold secrets. Keep them to \
             yourself.\n\n| | |\n|---|---|\n| API | {} |\n",
            access.api,
            access.name(),
            access.invoke_url
        );
        if let Some(token_url) = &access.token_url {
            text += &format!("| token endpoint | {token_url} |\n");
        }
        if !access.scopes.is_empty() {
            let scopes: Vec<&str> = access.scopes.keys().map(String::as_str).collect();
            text += &format!("| scopes | {} |\n", scopes.join(", "));
        }
        text += &limits(access);
        if let Some(call) = access.first_call() {
            text += "\n## Try it\n\n```sh\n. ./credentials.env\n";
            for line in self.curl() {
                text += &format!("{line}\n");
            }
            text += "```\n\nThe same in PowerShell:\n\n```powershell\n";
            for line in powershell::lines(access, call) {
                text += &format!("{line}\n");
            }
            text += "```\n";
            text += &troubles(access);
            text += "\n## What you may call\n\n| call | what it needs |\n|---|---|\n";
        }
        for call in &access.calls {
            text += &format!(
                "| `{} {}` | {} |\n",
                call.method,
                call.path,
                needs(access, call)
            );
        }
        text + "\n`openapi.json` says the same for code generators, `postman_collection.json` and `postman_environment.json` for \
                Postman: import both, choose the environment, and send \"Get a token\" first.\n"
    }
}

/// How much may be called, and how long a token is valid.
fn limits(access: &Access) -> String {
    let mut rows = String::new();
    let allowance = access.allowance.as_ref();
    if let Some((Number(rate), burst)) = allowance.and_then(|allowance| allowance.throttle) {
        rows += &format!("| rate | {rate} requests a second, at most {burst} at once |\n");
    }
    for (method, (Number(rate), burst)) in allowance.iter().flat_map(|all| &all.methods) {
        rows += &format!(
            "| rate of `{method}` | {rate} requests a second, at most {burst} at once |\n"
        );
    }
    if let Some((requests, period)) = allowance.and_then(|allowance| allowance.quota.as_ref()) {
        rows += &format!("| quota | {requests} requests a {period} |\n");
    }
    if let (Some(lifetime), Some(_)) = (access.token_lifetime, &access.token_url) {
        rows += &format!("| tokens | valid for {lifetime} |\n");
    }
    rows
}

/// The meaning of error responses.
fn troubles(access: &Access) -> String {
    let mut text = String::new();
    let token = access.token_url.is_some() && access.calls.iter().any(Call::needs_token);
    if token {
        text += "\nKeep a token and use it until it expires: each request for a new one costs.\n";
    }
    text += "\n## When it does not work\n\n| answer | meaning |\n|---|---|\n";
    if token {
        text += "| no token: `invalid_client` | the client id or secret is wrong, or was replaced: ask for new files |\n";
        text += "| no token: `invalid_scope`, `unauthorized_client` | the access was changed: ask for new files |\n";
        text += "| no token and no answer | the token endpoint can't be reached: check the network and its proxy |\n";
        text += "| 401 | the token is missing, has expired, or lacks the scope |\n";
    }
    if access.calls.iter().any(|call| call.api_key) {
        text += "| 403 | the API key is missing, wrong or disabled |\n";
        text += "| 429 | more than the rate or the quota: wait, then send the call again |\n";
    }
    text + "| 5xx | the service failed: try again later |\n"
}

fn needs(access: &Access, call: &Call) -> String {
    let scopes: Vec<&str> = call.scopes.iter().map(String::as_str).collect();
    let token = call.needs_token().then(|| {
        format!(
            "`{}: Bearer` and a token with scope {}",
            access.token_header,
            scopes.join(" or ")
        )
    });
    let key = call
        .api_key
        .then(|| "`x-api-key` and the API key".to_owned());
    let needs: Vec<String> = token.into_iter().chain(key).collect();
    if needs.is_empty() {
        "nothing".to_owned()
    } else {
        needs.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handoff::testing::{access, credentials};

    const SECRETS: [&str; 2] = ["made-up-client-secret", "made-up-api-key-value"];

    #[test]
    fn a_bundle_is_one_document_or_a_folder() {
        let (access, credentials) = (access(), credentials());
        let bundle = Bundle {
            access: &access,
            credentials: &credentials,
        };
        let document = bundle.document();
        assert!(bundle.renews(document.expose()));
        let mut document: serde_json::Value = serde_json::from_str(document.expose()).unwrap();
        // They have snapshots of their own.
        assert!(document["openapi"]["paths"].is_object());
        assert!(document["postman"]["collection"]["item"].is_array());
        assert!(document["postman"]["environment"]["values"].is_array());
        let members = document.as_object_mut().unwrap();
        members.remove("openapi");
        members.remove("postman");
        insta::assert_snapshot!("document", json(&document));

        let files = bundle.folder();
        let text = |name| {
            let mut files = files.iter();
            files.find(|file| file.name == name).unwrap().text.expose()
        };
        insta::assert_snapshot!("readme", text("README.md"));
        insta::assert_snapshot!("credentials_json", text(CREDENTIALS));
        insta::assert_snapshot!("credentials_env", text("credentials.env"));
        assert!(bundle.renews(text(CREDENTIALS)));
        assert!(!bundle.renews(&text(CREDENTIALS).replace("acme", "globex")));
        for file in &files {
            let has_secrets = SECRETS
                .iter()
                .all(|secret| file.text.expose().contains(secret));
            let says_so = text("README.md")
                .lines()
                .nth(2)
                .unwrap()
                .contains(file.name);
            assert_eq!(has_secrets, says_so, "{}", file.name);
        }
    }

    #[test]
    fn a_store_gets_the_credentials_alone() {
        let (access, credentials) = (access(), credentials());
        let bundle = Bundle {
            access: &access,
            credentials: &credentials,
        };
        insta::assert_snapshot!(bundle.credentials().expose(), @r#"{"invoke_url":"https://api.example.com/prod","token_url":"https://login.example.com/oauth2/token","client_id":"made-up-client-id","client_secret":"made-up-client-secret","scopes":["xxx-api/read","xxx-api/write"],"token_header":"Authorization","api_key":"made-up-api-key-value","api_key_header":"x-api-key"}"#);
        assert_eq!(
            bundle.contents(),
            "token URL, client id, client secret, scopes, API key, invoke URL"
        );
        assert!(!bundle.renews(bundle.credentials().expose()) && !bundle.renews("# notes"));
    }

    #[test]
    fn a_key_alone_is_a_bundle_too() {
        let mut access = access();
        access.client_id = None;
        access.has_client = false;
        access.token_url = None;
        access.scopes.clear();
        access.calls.retain(|call| !call.needs_token());
        let credentials = Credentials {
            client_secret: None,
            ..credentials()
        };
        let bundle = Bundle {
            access: &access,
            credentials: &credentials,
        };
        assert_eq!(bundle.contents(), "API key, invoke URL");
        let document: serde_json::Value = serde_json::from_str(bundle.document().expose()).unwrap();
        assert_eq!(document.get("client_id"), None);
        assert_eq!(document["curl"].as_array().map(Vec::len), Some(3));
    }
}
