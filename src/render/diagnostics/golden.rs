//! Messages, word for word. Read a changed text aloud before you accept it.

use proptest::prelude::*;

use super::{Style, text};
use crate::stack::testing::{STACK, edited, laid, load_with, read, with_document};
use crate::stack::{Checked, Diagnostics};

/// All messages about a text: on 80 columns, without colour.
fn told(source: &str) -> String {
    told_of(read(source))
}

/// All messages about a parsed file.
fn told_of(read: Result<Checked, Diagnostics>) -> String {
    let style = Style {
        colour: false,
        width: 80,
    };
    let diagnostics = match read {
        Ok(checked) => checked.warnings,
        Err(diagnostics) => diagnostics,
    };
    for told in diagnostics.list() {
        let hint = told.help.as_deref().unwrap_or_default();
        assert!(!hint.contains('\n'), "the renderer breaks lines: {hint:?}");
    }
    text(&diagnostics, style)
}

#[test]
fn a_guarded_path_beside_an_open_greedy_route() {
    let open = "\"ANY /{proxy+}\" = { mock = 200, requires = \"nothing\" }";
    let text = edited("[api.routes]", &format!("[api.routes]\n{open}"));
    insta::assert_snapshot!(told(&text));
}

/// The small stack with a document, and with these lines below its routes.
fn told_with(lines: &str, document: &str) -> String {
    let routes = format!("openapi  = \"api.yaml\"\n\n[api.routes]\n{lines}");
    let (before, rest) = STACK.split_once("[api.routes]\n").unwrap();
    let (_, after) = rest.split_once("\n[").unwrap();
    told_of(with_document(
        &format!("{before}{routes}\n[{after}"),
        document,
    ))
}

const PETS: &str =
    "openapi: 3.0.3\npaths:\n  /pets:\n    get: {}\n    post: {}\n  /pets/{id}:\n    get: {}\n";

#[test]
fn documents() {
    insta::assert_snapshot!(told_with("", "openapi: 3.1.0\ninfo: {}\n"));
    insta::assert_snapshot!(told_with("", "{\"openapi\": \"3.0.3\",\n  \"paths\": [\n"));
    let wrong = "openapi: 3.0.3\npaths:\n  /pets:\n    get:\n      parameters:\n        - $ref: '#/components/parameters/Pages'\n        - $ref: ../other.yaml\n        - {name: id, in: path}\n    gett: {}\ncomponents:\n  parameters:\n    Page: {name: page, in: query}\n";
    insta::assert_snapshot!(told_with("\"* *\" = { mock = 200 }", wrong));
}

#[test]
fn patterns() {
    insta::assert_snapshot!(told_with("", PETS));
    insta::assert_snapshot!(told_with(
        "\"* *\" = { mock = 200 }\n\"GET *\" = { timeout = \"5s\" }\n\"* /pets\" = { timeout = \"6s\" }\n\"PUT /pets/*\" = { timeout = \"7s\" }\n",
        PETS
    ));
    let collision = "  /pets/{name}/toys:\n    get: {}\n";
    insta::assert_snapshot!(told_with(
        "\"* *\" = { http = \"https://pets.example.com/*\" }\n",
        &format!("{PETS}{collision}")
    ));
    insta::assert_snapshot!(told(&edited(
        "[api.routes]\n",
        "[api.routes]\n\"GET *\" = { mock = 200 }\n"
    )));
}

#[test]
fn security_of_documents() {
    let secured = "openapi: 3.0.3\nsecurity: [{login: []}]\npaths:\n  /pets:\n    get: {}\n    post: {security: []}\ncomponents:\n  securitySchemes:\n    login: {type: http, scheme: bearer}\n";
    insta::assert_snapshot!(told_with("\"* *\" = { mock = 200 }", secured));
    let open = STACK.replace("requires = {", "requires = \"nothing\" # {");
    let open = open.replace(
        "[api.routes]\n",
        "openapi = \"api.yaml\"\n[api.routes]\n\"* *\" = { mock = 200 }\n",
    );
    insta::assert_snapshot!(told_of(with_document(&open, secured)));
}

#[test]
fn syntax() {
    insta::assert_snapshot!(told(&edited("stage    = \"prod\"", "stage    = \"prod")));
    insta::assert_snapshot!(told(&edited("stage    = \"prod\"", "stage    = prod")));
    insta::assert_snapshot!(told(&edited("[partners.acme]", "[partners.acme")));
    insta::assert_snapshot!(told(&edited("", "[user_pool]\nname = \"twice\"")));
}

#[test]
fn unknown_keys() {
    let text = edited("stage    = \"prod\"", "steg     = \"prod\"")
        .replace("[plans.standard]", "[plan.standard]")
        .replace("api_key = true", "api-key = true")
        .replace("domain =", "colour =");
    insta::assert_snapshot!(told(&text));
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(told(""));
    let text = edited("stage    = \"prod\"\n", "")
        .replace("name     = \"hello\"\n", "")
        .replace("rate = 10, ", "")
        + "[[moved]]\nfrom = \"partners.a\"\n";
    insta::assert_snapshot!(told(&text));
}

#[test]
fn wrong_values() {
    let text = edited("burst = 20", "burst = \"20\"")
        .replace("scopes = [\"hello/read\"]\n", "scopes = \"hello/read\"\nauth_flows = [\"user_pasword\", \"user_srp\", \"user_srp\"]\ntokens = { access = \"soon\" }\n")
        .replace("mock = { status = 200,", "mock = { status = 99,")
        .replace("region = \"eu-central-1\"", "region = \"eu-central-1\"\naccount = 123456789012")
        .replace("domain =", "tier = \"premium\"\npassword = { min_length = 5 }\ndomain =")
        .replace("stage    =", "cors = \"*\"\nip = \"ipv6\"\nendpoint_access = \"stric\"\ntls = \"1.1\"\nstage =");
    insta::assert_snapshot!(told(&text));
}

#[test]
fn mistakes_beside_each_other() {
    let text = edited(
        "requires = { scopes = [\"hello/read\"], api_key = true }",
        "requires = { scopes = [1, \"hello/nope\", true], api_key = \"yes\" }\ncors = { max_age = \"soon\", origin = \"x\" }",
    )
    .replace(
        "[api.routes]\n",
        "[api.routes]\n\"GET /a\" = { http = \"http://b.com/{y}\", timeoot = \"5s\" }\n\"get /c\" = 5\n\
         \"GET /d\" = { http = \"http://b.com/{z}\", requires = \"nothin\" }\n",
    )
    .replace("region = \"eu-central-1\"", "region = 1\naccount = \"12\"")
        + "tokens = { access = 5, refresh = \"1s\" }\n[partners.\"a/b\"]\nplna = \"standard\"\nscopes = [\"hello/no\"]\n\
           [[moved]]\nfrom = 1\nto = \"partners.acne\"\n";
    insta::assert_snapshot!(told(&text));
}

#[test]
fn nothing_is_said_of_what_leads_to_a_mistake() {
    let text = edited("[user_pool]", "[user_pol]")
        .replace("[partners.acme]", "[partner.acme]")
        .replace(
            "[api]\nname     = \"hello\"",
            "[ap]\nname = \"${user_pool.id} ${var.x}\"",
        )
        .replace("read = \"Read greetings\"", "read = 5")
        + "[var]\nx = 1\n[plans.gold]\ndescription = \"${partners.acme.client_id}\"\n[api_keys.robot]\nplan = \"gold\"\n\
           [[moved]]\nfrom = \"partners.old\"\nto = \"partners.acme\"\n";
    insta::assert_snapshot!(told(&text));
}

#[test]
fn variables() {
    let text = edited(
        "name     = \"hello\"",
        "name     = \"${var.nmae}-${env.UNSET}\"",
    )
    .replace("region = \"eu-central-1\"", "region = \"${var.a}\"")
        + "[vars]\na = \"${var.b}\"\nb = \"${var.c}\"\nc = \"x-${var.a}\"\nname = \"x\"\n";
    insta::assert_snapshot!(told(&text));
}

#[test]
fn references() {
    let text = edited(
        "name   = \"hello\"\nregion",
        "name   = \"${account.id}\"\nregion",
    )
    .replace(
        "domain = \"hello-${account.id}\"",
        "domain = \"${acount.id}-${x\"",
    )
    .replace(
        "read = \"Read greetings\"",
        "read = \"${partners.amce.client_id} ${app_clients.web.client_id} ${user_pool.token_url}\"",
    )
    .replace(
        "[api.routes]",
        "[api.routes]\n\"GET /x\" = { http = \"https://${stageVariables.host}/\" }",
    );
    insta::assert_snapshot!(told(&text));
    insta::assert_snapshot!(told(
        "[stack]\nname = \"a\"\nregion = \"eu-central-1\"\n[plans.a]\ndescription = \"${api.invoke_url} ${user_pool.id}\"\n"
    ));
}

#[test]
fn names_and_domains() {
    let text = edited("stage    = \"prod\"", "stage    = \"pre.prod\"")
        .replace("hello-${account.id}", "my-aws-${account.id}")
        .replace("eu-central-1", "eu-central-1a")
        .replace("[partners.acme]", "[partners.\"acme/eu\"]")
        .replace(
            "region =",
            "tags = { \"aws:team\" = \"x\" }\naccount = \"1234\"\nregion =",
        );
    insta::assert_snapshot!(told(&text));
}

#[test]
fn clients() {
    let client = "[app_clients.web]\nflows = [\"code\", \"client_credentials\"]\nsecret = false\n\
                  scopes = [\"hello/reed\", \"read\", \"orders/read\"]\nlogout_urls = [\"http://example.com/#bye\"]\n\
                  tokens = { access = \"2d\" }\n";
    insta::assert_snapshot!(told(&edited("", client)));
}

#[test]
fn routes() {
    let routes = "[api.routes]\n\"get /a\" = { mock = 200 }\n\"GET /b/\" = { mock = 200 }\n\"GET /c/{x}\" = { mock = 200 }\n\
                  \"GET /c/{y}/d\" = { http = \"https://a.example/{x}\", timeout = \"6m\" }\n\"GET /d\" = { mock = 200, http = \"a.example\" }\n\
                  \"GET /e\" = {}\n\"GET /f\" = { mock = 200, requires = { token = \"id\", scopes = [\"hello/read\"] } }\n";
    insta::assert_snapshot!(told(&edited("[api.routes]\n", routes)));
}

#[test]
fn contradictions() {
    let text = "[stack]\nname = \"a\"\nregion = \"eu-central-1\"\n[api]\nname = \"a\"\nstage = \"prod\"\n[api.routes]\n\
                \"GET /\" = { mock = 200, requires = { scopes = [\"a/b\"], api_key = true } }\n\
                [partners.acme]\nplan = \"gold\"\n[[moved]]\nfrom = \"partners.old\"\nto = \"partners.amce\"\n";
    insta::assert_snapshot!(told(text));
    insta::assert_snapshot!(told(&edited(
        "plan   = \"standard\"",
        "plan   = \"standart\""
    )));
}

#[test]
fn the_private_road() {
    let routes = "[api.routes]\n\"GET /a\" = { http = \"http://api.example.com:8080/a\", via = \"load_balancer\" }\n\
                  \"GET /b\" = { http = \"http://api.example.com:443/b\", via = \"load_balancer\" }\n\
                  \"GET /c\" = { mock = 200, via = \"load_balancer\" }\n";
    let road = "[load_balancer]\nname = \"internal-road\"\nsubnets = [\"subnet-1\"]\n[load_balancer.listeners]\n80 = { to = 8080, certificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/1\" }\n\
                443 = { to = 8443, protocol = \"tls\", certificate = \"arn:aws:acm:us-east-1:123456789012:certificate/1\", health = { path = \"/up\", interval = \"1s\" } }\n\
                70000 = { to = 1, protocol = \"tls\", drain = \"2h\" }\n[load_balancer.targets]\nips = [\"8.8.8.8\"]\n\
                instances = { count = 2, type = \"t3.micro\", image = \"ssm:al2023\", user_data = \"front.sh\" }\n";
    insta::assert_snapshot!(told(&(edited("[api.routes]\n", routes) + road)));
    insta::assert_snapshot!(told(&edited("[api.routes]\n", routes)));
    let unused = "[load_balancer]\nsubnets = [\"subnet-0123456789abcdef0\"]\nlisteners = { 80 = { to = 80 } }\ntargets = { ips = [\"10.0.0.7\"] }\n";
    insta::assert_snapshot!(told(&edited("", unused)));
    insta::assert_snapshot!(told(&edited("", "[load_balancer]\n")));
    insta::assert_snapshot!(told(&edited(
        "",
        &format!("{unused}existing = \"shared\"\n")
    )));
}

#[test]
fn own_domains() {
    let domain = "[api.domain]\nname = \"API.example.com\"\ntls = \"1.0\"\nbase_paths = [\"v1/x\", \"\", \"a//b\"]\nzone = \"example.org\"\n\
                  mutual_tls = { truststore = \"https://trust/store.pem\" }\n[api.routes]\n";
    insta::assert_snapshot!(told(&edited("[api.routes]\n", domain)));
    let shared = "disable_default_endpoint = true\n[api.domain]\nname = \"api.example.com\"\nexisting = true\n\
                  certificate = \"arn:aws:acm:us-east-1:123456789012:certificate/1\"\n[api.routes]\n";
    insta::assert_snapshot!(told(&edited("[api.routes]\n", shared)));
    let nowhere = "disable_default_endpoint = true\ndescription = \"${api.domain.target} ${load_balancer.dns_name}\"\n[api.routes]\n";
    insta::assert_snapshot!(told(&edited("[api.routes]\n", nowhere)));
    let own = "own_domain = { name = \"auth.example.com\", certificate = \"arn:aws:acm:eu-central-1:123456789012:certificate/1\", zone = \"!\" }";
    insta::assert_snapshot!(told(&edited("domain = \"hello-${account.id}\"", own)));
}

#[test]
fn cycles() {
    let clients = "[app_clients.a]\nname = \"${app_clients.b.client_id}\"\n[app_clients.b]\nname = \"x ${app_clients.a.client_id}\"\n";
    insta::assert_snapshot!(told(&edited("", clients)));
}

#[test]
fn warnings() {
    insta::assert_snapshot!(told(&edited("", "[plans.gold]\n[api_keys.robot]\n")));
}

#[test]
fn options() {
    let refused = load_with(
        &edited("", "[vars]\nburst = 1\n"),
        &[("brust", "2"), ("burst", "many")],
        &[],
    )
    .unwrap_err();
    insta::assert_snapshot!(text(
        &refused,
        Style {
            colour: false,
            width: 80
        }
    ));
}

#[test]
fn overlays() {
    // A mistake is shown where its value was written; what the overlay replaces is not checked.
    let base = edited(
        "stage    = \"prod\"",
        "stage = \"pre.prod\"\ncors = \"${var.gone}\"",
    );
    let overlay = "[stack]\nname = \"${var.nmae}\"\n\n[api]\ncors = true\nname = 7\n\n[partners.acme]\nplan = \"standart\"\n\n[partners.zeta]\n\
                   colour = \"red\"\n\n[[moved]]\nfrom = \"partners.acme\"\nto = \"partners.zeta\"\n";
    insta::assert_snapshot!(told_of(laid(&base, overlay, &[])));
    let broken = edited("stage    = \"prod\"", "stage    = \"prod");
    insta::assert_snapshot!(told_of(laid(&broken, "[stack]\nname = prod\n", &[])));
}

#[test]
fn an_overlay_that_is_the_same_stack() {
    insta::assert_snapshot!(told_of(laid(STACK, "", &[])));
    insta::assert_snapshot!(told_of(laid(
        STACK,
        "[api]\nstage = \"live\"\n\n[stack]\nregion = \"eu-central-1\"\n",
        &[]
    )));
    let varied = edited(
        "name   = \"hello\"\nregion",
        "name = \"hello-${var.stage}\"\nregion",
    ) + "[vars]\nstage = \"dev\"\n";
    assert_eq!(
        told_of(laid(&varied, "[vars]\nstage = \"prod\"\n", &[])),
        ""
    );
    let same = laid(&varied, "[vars]\nstage = \"prod\"\n", &[("stage", "dev")]);
    insta::assert_snapshot!(told_of(same));
}

#[test]
fn nothing_is_said_about_a_file_without_mistakes() {
    assert_eq!(told(STACK), "");
}

proptest! {
    #[test]
    fn nothing_is_said_twice(edits in proptest::collection::vec((0usize..400, "[a-z0-9\"=\\[\\]{}$. /\n-]{0,3}"), 1..6)) {
        let mut text = STACK.to_owned();
        for (at, put) in edits {
            let at = at % text.len();
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &put);
            }
        }
        let list = match read(&text) {
            Ok(checked) => checked.warnings,
            Err(diagnostics) => {
                prop_assert!(diagnostics.has_errors());
                diagnostics
            }
        };
        let list = list.list();
        for (index, diagnostic) in list.iter().enumerate() {
            prop_assert!(!list[index + 1..].contains(diagnostic), "{diagnostic:?}");
            prop_assert!(diagnostic.help.is_some());
            for label in &diagnostic.labels {
                prop_assert!(text.get(label.range()).is_some(), "{diagnostic:?}");
            }
        }
    }
    #[test]
    fn every_place_is_in_its_file(edits in proptest::collection::vec((0usize..400, "[a-zü0-9\"=\\[\\]{}$. /\n-]{0,3}"), 1..6)) {
        let mut overlay = STACK.replace("\"hello\"", "\"hello-prod\"");
        for (at, put) in edits {
            let at = at % overlay.len();
            if overlay.is_char_boundary(at) && overlay.is_char_boundary(at + 1) {
                overlay.replace_range(at..=at, &put);
            }
        }
        if let Err(diagnostics) = laid(STACK, &overlay, &[]) {
            let source = diagnostics.source();
            for label in diagnostics.list().iter().flat_map(|one| &one.labels) {
                let file = source.file(&label.range());
                prop_assert!(file.text().get(file.within(&label.range())).is_some(), "{label:?}");
            }
            let told = text(&diagnostics, Style { colour: false, width: 80 });
            prop_assert!(told.contains("= hint:"), "{told}");
        }
    }
}
