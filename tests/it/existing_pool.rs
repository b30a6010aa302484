//! Two stacks in one user pool: the one that makes it, and one that only has clients and scopes in it. Neither touches the other's.

use serde_json::Value;

use crate::support::program::{Folder, Ran, unwrapped};

pub(crate) const CLAIMS: &str = r#"
[stack]
name   = "claims"
region = "eu-central-1"

[user_pool]
name   = "people"
domain = "people-${account.id}"
deletion_protection = false

[resource_servers.claims]
scopes = { read = "Read claims" }

[app_clients.web]
flows  = ["client_credentials"]
scopes = ["claims/read"]

[api]
name     = "claims"
stage    = "prod"
requires = { scopes = ["claims/read"], api_key = true }

[api.routes]
"GET /claims" = { mock = 200 }

[plans.claims]

[partners.acme]
plan   = "claims"
scopes = ["claims/read"]
"#;

pub(crate) const ORDERS: &str = r#"
[stack]
name   = "orders"
region = "eu-central-1"

[user_pool]
existing = "people"

[resource_servers.orders]
scopes = { read = "Read orders" }

[app_clients.web]
flows  = ["client_credentials"]
scopes = ["orders/read", "claims/read"]

[api]
name     = "orders"
stage    = "prod"
requires = { scopes = ["orders/read"], api_key = true }

[api.routes]
"GET /orders" = { mock = { status = 200, body = "an order" } }
"GET /both"   = { mock = 200, requires = { scopes = ["claims/read"] } }

[plans.orders]

[partners.globex]
plan   = "orders"
scopes = ["orders/read"]
"#;

/// Both stacks, in one account.
pub(crate) struct Both(Folder);

impl Both {
    pub(crate) fn new() -> Self {
        let both = Self(Folder::with(CLAIMS));
        both.write("orders", ORDERS);
        both.write("claims", CLAIMS);
        both
    }

    /// Both are applied.
    fn applied() -> Self {
        let both = Self::new();
        both.runs("claims", &["apply", "--yes"]);
        both.runs("orders", &["apply", "--yes"]);
        both
    }

    /// A third stack has another pool.
    fn with_another_pool(self) -> Self {
        let other = CLAIMS
            .replace("claims", "other")
            .replace("people", "others");
        self.write("other", &other.replace("acme", "initech"));
        self.runs("other", &["apply", "--yes"]);
        self
    }

    pub(crate) fn write(&self, stack: &str, text: &str) {
        std::fs::write(self.0.path().join(format!("{stack}.toml")), text).unwrap();
    }

    pub(crate) fn run(&self, stack: &str, arguments: &[&str]) -> Ran {
        let file = format!("{stack}.toml");
        self.0.local(&[arguments, &["-f", &file]].concat())
    }

    pub(crate) fn runs(&self, stack: &str, arguments: &[&str]) -> String {
        let ran = self.run(stack, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        ran.stdout + &ran.stderr
    }

    pub(crate) fn fails(&self, stack: &str, arguments: &[&str]) -> String {
        let ran = self.run(stack, arguments);
        assert_eq!(ran.code, 1, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
        unwrapped(&(ran.stdout + &ran.stderr))
    }

    /// It fails, and says all of this.
    fn refuses(&self, stack: &str, arguments: &[&str], told: &[&str]) -> String {
        let refused = self.fails(stack, arguments);
        for told in told {
            assert!(refused.contains(told), "{told}: {refused}");
        }
        refused
    }

    /// A file beside the stacks' own.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Nothing of the stack is to be changed.
    pub(crate) fn is_as_its_file(&self, stack: &str) -> String {
        let planned = self.runs(stack, &["plan"]);
        assert!(planned.contains("No changes."), "{planned}");
        unwrapped(&planned)
    }

    fn state(&self) -> Value {
        let path = self.0.path().join(".gatestack/local.json");
        let text = std::fs::read_to_string(path).unwrap();
        let text = text.lines().next().unwrap_or_default();
        serde_json::from_str(text).unwrap()
    }

    /// The lines of what the local AWS has, as text.
    fn everything(&self) -> String {
        self.state().to_string()
    }
}

#[test]
fn a_second_stack_lives_in_the_pool_of_the_first() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    let applied = both.runs("orders", &["apply", "--yes"]);
    assert!(!applied.contains("user_pool:"), "{applied}");
    both.is_as_its_file("orders");
    let said = both.is_as_its_file("claims");
    for said_of in [
        "2 app clients in it belong to the stack orders",
        "1 resource server in it belongs to the stack orders",
    ] {
        assert!(said.contains(said_of), "{said}");
    }

    let url = both.runs("orders", &["output", "token_url"]);
    assert!(url.contains("people-123456789012"), "{url}");
    both.runs("orders", &["token", "globex"]);
    let called = both.runs("orders", &["call", "globex", "GET", "/orders"]);
    assert!(called.contains("an order"), "{called}");
    both.runs("orders", &["verify"]);
    both.runs("claims", &["verify"]);
    both.runs("orders", &["handoff", "globex", "--to", "globex.json"]);

    // A change by each, and by hand of what the other has.
    both.write("orders", &ORDERS.replace("Read orders", "Read all orders"));
    let planned = both.runs("orders", &["plan"]);
    assert!(planned.contains("1 to change"), "{planned}");
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("claims");
    both.write("claims", &CLAIMS.replace("Read claims", "Read all claims"));
    both.runs("claims", &["apply", "--yes"]);
    both.is_as_its_file("orders");
    let tags = both.everything();
    let of_orders = tags.matches("gatestack:existing_user_pool").count();
    assert_eq!(
        of_orders, 1,
        "only the API of orders names the pool: {tags}"
    );

    // What goes is only the stack's own.
    let without_client = ORDERS.split_once("[app_clients.web]").unwrap();
    let (_, below) = without_client.1.split_once("[api]").unwrap();
    both.write("orders", &format!("{}[api]{below}", without_client.0));
    both.refuses(
        "orders",
        &["apply", "--yes"],
        &["--allow-delete 'app_clients.web'"],
    );
    both.runs(
        "orders",
        &["apply", "--yes", "--allow-delete", "app_clients.web"],
    );
    both.is_as_its_file("claims");
    both.runs("orders", &["destroy", "--confirm", "orders"]);
    let said = both.is_as_its_file("claims");
    assert!(!said.contains("orders"), "{said}");
    assert!(
        !both.everything().contains("orders"),
        "{}",
        both.everything()
    );
    both.runs("claims", &["destroy", "--confirm", "claims"]);
}

#[test]
fn a_pool_is_not_deleted_with_the_clients_of_another_stack() {
    let both = Both::applied();
    let others = [
        "user_pool/other_clients",
        "web of the stack orders",
        "user_pool/other_resource_servers",
        "orders of the stack orders",
    ];
    both.refuses("claims", &["destroy", "--confirm", "claims"], &others);
    both.is_as_its_file("orders");
    let consent = [
        "destroy",
        "--confirm",
        "claims",
        "--allow-delete",
        "user_pool/other_clients",
        "--allow-delete",
        "user_pool/other_resource_servers",
        "--allow-delete",
        "user_pool/other_authorizers",
    ];
    both.runs("claims", &consent);
    // Without the pool, the rest of the second stack still goes.
    both.refuses("orders", &["plan"], &["there is no user pool `people`"]);
    both.runs("orders", &["destroy", "--confirm", "orders"]);
    assert!(
        !both.everything().contains("orders"),
        "{}",
        both.everything()
    );
}

#[test]
fn what_another_stack_has_is_never_taken_over() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    let theirs = ORDERS.replace("[resource_servers.orders]", "[resource_servers.claims]");
    let theirs = theirs.replace("\"orders/read\"", "\"claims/read\"");
    let theirs = theirs.replace("[\"claims/read\", \"claims/read\"]", "[\"claims/read\"]");
    both.write("orders", &theirs);
    for flags in [
        &["plan"][..],
        &["plan", "--adopt", "resource_servers.claims"],
    ] {
        both.refuses(
            "orders",
            flags,
            &["already belongs to the stack \"claims\""],
        );
    }
    // A scope that nobody makes.
    both.write(
        "orders",
        &ORDERS.replace("\"claims/read\"]\n\n[api]", "\"claims/write\"]\n\n[api]"),
    );
    both.refuses("orders", &["plan"], &["the scope `claims/write`"]);
    // A pool that is not there, or the stack's own.
    both.write("orders", &ORDERS.replace("\"people\"", "\"nobodys\""));
    both.refuses("orders", &["plan"], &["there is no user pool `nobodys`"]);
    let (_, rest) = CLAIMS.split_once("[resource_servers").unwrap();
    let own = format!(
        "[stack]\nname = \"claims\"\nregion = \"eu-central-1\"\n[user_pool]\nexisting = \"people\"\n[resource_servers{rest}"
    );
    both.write("claims", &own);
    both.refuses("claims", &["plan"], &["is this stack's own"]);
}

#[test]
fn clients_do_not_move_to_another_pool() {
    let both = Both::applied().with_another_pool();
    both.write(
        "orders",
        &ORDERS
            .replace("existing = \"people\"", "existing = \"others\"")
            .replace("claims/read", "other/read"),
    );
    both.refuses("orders", &["plan"], &["clients can't move"]);
    both.write(
        "orders",
        &ORDERS
            .replace("existing = \"people\"", "name = \"orders\"")
            .replace("\"claims/read\"", "\"orders/read\"")
            .replace("[\"orders/read\", \"orders/read\"]", "[\"orders/read\"]"),
    );
    both.refuses("orders", &["plan"], &["clients can't move"]);
    both.write("orders", ORDERS);
    both.is_as_its_file("orders");
}

#[test]
fn a_stack_moves_to_another_pool_as_the_refusal_says() {
    let both = Both::applied().with_another_pool();
    // Without partners, app clients and resource servers.
    let empty = r#"
[stack]
name   = "orders"
region = "eu-central-1"

[user_pool]
existing = "people"

[api]
name  = "orders"
stage = "prod"

[api.routes]
"GET /orders" = { mock = 200 }
"#;
    both.write("orders", empty);
    both.runs("orders", &["apply", "--yes", "--allow-delete", "*"]);
    let in_other = ORDERS
        .replace("existing = \"people\"", "existing = \"others\"")
        .replace("claims/read", "other/read");
    both.write("orders", &in_other);
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("orders");
    both.runs("orders", &["verify"]);
    // Into a pool of its own.
    both.write("orders", &empty.replace("people", "others"));
    both.runs("orders", &["apply", "--yes", "--allow-delete", "*"]);
    let own = ORDERS
        .replace(
            "existing = \"people\"",
            "name = \"orders\"\ndomain = \"orders-own\"",
        )
        .replace("[\"orders/read\", \"claims/read\"]", "[\"orders/read\"]")
        .replace("\"claims/read\"", "\"orders/read\"");
    both.write("orders", &own);
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("orders");
    both.runs("orders", &["verify"]);
    both.is_as_its_file("claims");
}

#[test]
fn a_domain_of_another_stacks_pool_is_told_with_its_stack() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    let own = CLAIMS.replace("claims", "second").replace("acme", "zeta");
    let own = own.replace("\"people\"", "\"seconds\"");
    both.write("second", &own);
    both.refuses(
        "second",
        &["plan"],
        &["the domain \"people-123456789012\" belongs to the user pool of the stack \"claims\""],
    );
}

#[test]
fn a_saved_plan_about_another_stacks_pool_needs_the_file() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    both.runs("orders", &["plan", "--out", "orders.plan"]);
    std::fs::remove_file(both.0.path().join("stack.toml")).unwrap();
    let ran = both.0.local(&["apply", "orders.plan"]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("-f FILE"), "{}", ran.stderr);
    both.runs("orders", &["apply", "orders.plan"]);
    both.is_as_its_file("orders");
}

#[test]
fn a_server_of_the_stack_is_not_also_anothers() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    let existing = CLAIMS.replace("scopes = { read = \"Read claims\" }", "existing = true");
    both.write("claims", &existing);
    for arguments in [&["plan"][..], &["apply", "--yes"]] {
        let told = [
            "resource_servers.claims",
            "the resource server \"claims\" is this stack's own: it would be deleted and used",
            "write its `scopes`, as before",
        ];
        let refused = both.refuses("claims", arguments, &told);
        assert_eq!(
            refused.matches("is this stack's own").count(),
            1,
            "{refused}"
        );
    }
    both.write("claims", CLAIMS);
    both.is_as_its_file("claims");

    // In the pool of another stack likewise, and a route's scope is looked at as a client's is.
    both.runs("orders", &["apply", "--yes"]);
    let existing = ORDERS.replace("scopes = { read = \"Read orders\" }", "existing = true");
    both.write("orders", &existing);
    both.refuses(
        "orders",
        &["plan"],
        &["the resource server \"orders\" is this stack's own"],
    );
    let misspelled = "requires = { scopes = [\"claims/raed\"] }";
    both.write(
        "orders",
        &ORDERS.replace("requires = { scopes = [\"claims/read\"] }", misspelled),
    );
    both.refuses(
        "orders",
        &["plan"],
        &["it needs the scope `claims/raed`, which no resource server of the user pool has"],
    );
}

#[test]
fn verify_says_that_the_pool_is_gone() {
    let both = Both::applied();
    both.write("orders", &ORDERS.replace("\"people\"", "\"nobodys\""));
    let said = both.run("orders", &["verify"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    let said = unwrapped(&said.stdout);
    assert!(
        said.contains("there is no user pool `nobodys` in eu-central-1"),
        "{said}"
    );
}
