//! What a user is told, word for word. Read a changed text aloud before it becomes the new one.

use super::testing::{STACK, edited, told};

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
        .replace("stage    =", "cors = \"*\"\nstage =");
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
fn nothing_is_said_about_a_file_without_mistakes() {
    assert_eq!(told(STACK), "");
}
