//! Partners of another stack: their client and key stay that stack's, and this one puts the key on a plan of its own.

use crate::existing_pool::{Both, CLAIMS, ORDERS};

/// The first stack, with a scope of the second for its partner.
fn claims_with_scope() -> String {
    let text = CLAIMS.replace(
        "[partners.acme]\nplan   = \"claims\"\nscopes = [\"claims/read\"]",
        "[partners.acme]\nplan   = \"claims\"\nscopes = [\"claims/read\", \"orders/read\"]",
    );
    text + "\n[resource_servers.orders]\nexisting = true\n"
}

fn orders_with_guest() -> String {
    format!("{ORDERS}\n[partners.acme]\nof   = \"claims\"\nplan = \"orders\"\n")
}

#[test]
fn a_partner_of_one_stack_calls_the_api_of_another() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    both.runs("orders", &["apply", "--yes"]);

    // The scope is the owner's setting: without it the partner gets no token, which is a warning.
    let of_claims = "\"GET /both\"   = { mock = 200, requires = { scopes = [\"claims/read\"] } }\n";
    both.write("orders", &orders_with_guest().replace(of_claims, ""));
    let planned = both.runs("orders", &["plan"]);
    assert!(planned.contains("1 to add"), "{planned}");
    let said = planned.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("may not ask for any scope of this API"),
        "{said}"
    );
    both.write("claims", &claims_with_scope());
    both.runs("claims", &["apply", "--yes"]);
    both.write("orders", &orders_with_guest());
    let planned = both.runs("orders", &["plan"]);
    assert!(!planned.contains("may not ask"), "{planned}");
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("orders");
    both.is_as_its_file("claims");

    let called = both.runs("orders", &["call", "acme", "GET", "/orders"]);
    assert!(called.contains("an order"), "{called}");
    both.runs("claims", &["call", "acme", "GET", "/claims"]);
    both.runs("orders", &["verify"]);
    both.runs("claims", &["verify"]);
    let output = both.runs("orders", &["output", "partners.acme.client_id"]);
    assert_eq!(
        output,
        both.runs("claims", &["output", "partners.acme.client_id"])
    );

    both.runs("orders", &["handoff", "acme", "--to", "acme.json"]);
    let handed = both.read("acme.json");
    for said in ["orders/read", "/orders", "token_url"] {
        assert!(handed.contains(said), "{said}: {handed}");
    }

    // Taken out here, it stays there.
    both.write("orders", ORDERS);
    let planned = both.runs("orders", &["plan"]);
    assert!(planned.contains("1 to destroy"), "{planned}");
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("orders");
    both.is_as_its_file("claims");
    both.runs("claims", &["call", "acme", "GET", "/claims"]);
    let refused = both.run("orders", &["call", "acme", "GET", "/orders"]);
    assert_ne!(refused.code, 0);

    // In again, and everything of this stack goes.
    both.write("orders", &orders_with_guest());
    both.runs("orders", &["apply", "--yes"]);
    both.write("claims", CLAIMS);
    both.runs("claims", &["apply", "--yes"]);
    both.runs("orders", &["destroy", "--confirm", "orders"]);
    both.is_as_its_file("claims");
    both.runs("claims", &["call", "acme", "GET", "/claims"]);
}

#[test]
fn a_guest_that_is_not_there_is_an_error() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    both.write(
        "orders",
        &orders_with_guest().replace("partners.acme", "partners.acne"),
    );
    let refused = both.fails("orders", &["plan"]);
    assert!(
        refused.contains("the stack `claims` has no partner `acne`"),
        "{refused}"
    );
    for (line, said) in [
        ("scopes = [\"orders/read\"]", "`scopes` can't be set"),
        ("key = \"env:A\"", "`key` can't be set"),
    ] {
        both.write("orders", &format!("{}{line}\n", orders_with_guest()));
        let refused = both.fails("orders", &["plan"]);
        assert!(refused.contains(said), "{refused}");
    }
    // A key of a stranger on the plan is left alone.
    both.write("orders", &orders_with_guest());
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("orders");
}

/// The second stack with a partner of this name, made by itself.
fn orders_with_own() -> String {
    format!(
        "{ORDERS}\n[partners.acme]\nname   = \"acme-orders\"\nplan   = \"orders\"\nscopes = [\"orders/read\"]\n"
    )
}

#[test]
fn a_guest_and_a_partner_of_the_same_name_take_turns() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    both.runs("orders", &["apply", "--yes"]);
    both.write("claims", &claims_with_scope());
    both.runs("claims", &["apply", "--yes"]);
    both.write("orders", &orders_with_guest());
    both.runs("orders", &["apply", "--yes"]);
    both.runs("orders", &["call", "acme", "GET", "/orders"]);

    // The own key joins the plan, and the other stack's leaves it.
    both.write("orders", &orders_with_own());
    let planned = both.runs("orders", &["plan"]);
    assert!(planned.contains("1 to destroy"), "{planned}");
    both.runs("orders", &["apply", "--yes"]);
    both.is_as_its_file("orders");
    both.is_as_its_file("claims");
    both.runs("orders", &["call", "acme", "GET", "/orders"]);
    both.runs("orders", &["verify"]);

    both.write("orders", &orders_with_guest());
    both.runs(
        "orders",
        &["apply", "--yes", "--allow-delete", "partners.acme*"],
    );
    both.is_as_its_file("orders");
    both.is_as_its_file("claims");
    both.runs("orders", &["call", "acme", "GET", "/orders"]);
    both.runs("orders", &["verify"]);
}

#[test]
fn a_saved_plan_with_a_guest_is_applied_beside_its_file() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    both.runs("orders", &["apply", "--yes"]);
    both.write("claims", &claims_with_scope());
    both.runs("claims", &["apply", "--yes"]);
    both.write("orders", &orders_with_guest());
    both.runs("orders", &["plan", "--out", "orders.plan"]);
    both.runs("orders", &["apply", "orders.plan"]);
    both.is_as_its_file("orders");
    both.runs("orders", &["call", "acme", "GET", "/orders"]);
}

#[test]
fn verify_says_that_a_guest_is_gone() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    both.write("orders", &orders_with_guest());
    both.runs("orders", &["apply", "--yes"]);
    let (without, _) = CLAIMS.split_once("[partners.acme]").unwrap();
    both.write("claims", without);
    both.runs(
        "claims",
        &["apply", "--yes", "--allow-delete", "partners.acme/**"],
    );
    let said = both.run("orders", &["verify"]);
    assert_eq!(said.code, 1, "{}{}", said.stdout, said.stderr);
    let said = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("the stack `claims` has no partner `acme`"),
        "{said}"
    );
}

#[test]
fn a_guest_from_another_pool_is_told_once() {
    let both = Both::new();
    both.runs("claims", &["apply", "--yes"]);
    let own = ORDERS
        .replace("existing = \"people\"", "name = \"orders\"")
        .replace("\"claims/read\"", "\"orders/read\"")
        .replace("[\"orders/read\", \"orders/read\"]", "[\"orders/read\"]");
    both.write(
        "orders",
        &format!("{own}\n[partners.acme]\nof = \"claims\"\nplan = \"orders\"\n"),
    );
    let said = both.runs("orders", &["plan"]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    // The other warning is about the pool's domain.
    let told = said.matches("its client is in another user pool").count();
    assert_eq!(told, 1, "{said}");
    assert_eq!(said.matches("`acme` gets no token").count(), 1, "{said}");
}
