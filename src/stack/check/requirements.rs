//! Requirements of all routes and of single ones: they must be possible to meet.

use super::Judge;
use crate::stack::diagnostic::Code;
use crate::stack::file::{Requirements, Requires, Token};
use crate::stack::spans::KeyPath;

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    if let Some(requires) = &api.requires {
        of(judge, &KeyPath::from(["api", "requires"]), requires);
    }
    for (name, route) in &api.routes {
        if let Some(requires) = &route.requires {
            of(
                judge,
                &KeyPath::from(["api", "routes", name, "requires"]),
                requires,
            );
        }
    }
}

fn of(judge: &mut Judge<'_>, path: &KeyPath, requires: &Requires) {
    let Requires::These(these) = requires else {
        return;
    };
    tokens(judge, path, these);
    if these.api_key && judge.lacks(["plans"]) {
        let message = "an API key gives no access unless it is on a plan, and the file has none";
        judge.error(
            Code::BadPlan,
            &path.join("api_key"),
            message,
            "add `[plans.NAME]` and put partners or API keys on it",
        );
    }
}

fn tokens(judge: &mut Judge<'_>, path: &KeyPath, these: &Requirements) {
    let scopes = path.join("scopes");
    let token = path.join("token");
    let at = if these.scopes.is_empty() {
        &token
    } else {
        &scopes
    };
    if (these.token.is_some() || !these.scopes.is_empty()) && judge.lacks(["user_pool"]) {
        let message = "a token comes from a user pool, and the file has no `[user_pool]`";
        judge.error(
            Code::MissingTable,
            at,
            message,
            "add `[user_pool]`, or require no token here",
        );
    }
    match these.token {
        Some(Token::Id) if !these.scopes.is_empty() => {
            let message = "an ID token has no scopes";
            judge.error(
                Code::Requirements,
                &token,
                message,
                "remove `scopes`, or ask for an access token: `token = \"access\"`",
            );
        }
        Some(Token::Access) if these.scopes.is_empty() && judge.intact(&scopes) => {
            let message = "without scopes API Gateway takes an ID token, not an access token";
            judge.error(
                Code::Requirements,
                &token,
                message,
                "list the `scopes` of which one is enough, or write `token = \"id\"`",
            );
        }
        _ => {}
    }
    judge.scopes(&scopes, &these.scopes);
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited};

    fn route(requires: &str) -> Vec<Code> {
        codes(&edited(
            "[api.routes]",
            &format!("[api.routes]\n\"GET /a\" = {{ mock = 200, requires = {requires} }}"),
        ))
    }

    #[test]
    fn tokens_and_scopes_agree() {
        for good in [
            "\"nothing\"",
            "{}",
            "{ token = \"id\" }",
            "{ scopes = [\"hello/read\"], token = \"access\" }",
            "{ scopes = [\"openid\"] }",
        ] {
            assert_eq!(route(good), [], "{good}");
        }
        assert_eq!(
            route("{ scopes = [\"hello/read\"], token = \"id\" }"),
            [Code::Requirements]
        );
        assert_eq!(route("{ token = \"access\" }"), [Code::Requirements]);
        assert_eq!(
            route("{ scopes = [\"hello/write\"] }"),
            [Code::UnknownScope]
        );
    }

    const NO_POOL: &str = "[stack]\nname = \"a\"\nregion = \"eu-central-1\"\n[api]\nname = \"a\"\nstage = \"a\"\n[api.routes]\n";

    #[test]
    fn a_token_needs_a_pool() {
        for requires in ["{ scopes = [\"a/b\"] }", "{ token = \"id\" }"] {
            assert_eq!(
                codes(&format!(
                    "{NO_POOL}\"GET /\" = {{ mock = 200, requires = {requires} }}"
                )),
                [Code::MissingTable]
            );
        }
        assert_eq!(
            codes(&format!(
                "{NO_POOL}\"GET /\" = {{ mock = 200, requires = \"nothing\" }}"
            )),
            []
        );
    }

    #[test]
    fn an_api_key_needs_a_plan() {
        assert_eq!(
            codes(&format!(
                "{NO_POOL}\"GET /\" = {{ mock = 200, requires = {{ api_key = true }} }}"
            )),
            [Code::BadPlan]
        );
    }
}
