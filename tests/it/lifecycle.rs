//! Every example from the first apply to the destroy, with the real program.

use crate::support::program::{Folder, example};

/// An edit of the example, and the least that may be planned for it.
struct Edit {
    what: &'static str,
    from: &'static str,
    to: &'static str,
    flags: &'static [&'static str],
    plan: &'static [&'static str],
}

const EDITS: &[Edit] = &[
    Edit {
        what: "a faster plan",
        from: "throttle = { rate = 50, burst = 100 }",
        to: "throttle = { rate = 60, burst = 100 }",
        flags: &[],
        plan: &["update plans.XXXPlan"],
    },
    Edit {
        what: "another quota",
        from: "requests = 100_000",
        to: "requests = 200_000",
        flags: &[],
        plan: &["update plans.XXXPlan"],
    },
    Edit {
        what: "a scope more",
        from: "scopes = { read = \"read\" }",
        to: "scopes = { read = \"read\", write = \"write\" }",
        flags: &[],
        plan: &["update resource_servers.xxx-api"],
    },
    Edit {
        what: "the pool's name",
        from: "\"XXX Users\"",
        to: "\"XXX Customers\"",
        flags: &[],
        plan: &["update user_pool"],
    },
    Edit {
        what: "a route to another backend",
        from: "\"http://api.aws.com/policies/{id}\"",
        to: "\"http://api.aws.com/v2/policies/{id}\"",
        flags: &[],
        plan: &[
            "update api.routes.\"GET /policies/{id}\"",
            "update api/deployment",
        ],
    },
    Edit {
        what: "a route more",
        from: "[api.routes]\n",
        to: "[api.routes]\n\"GET /quotes\" = { http = \"http://api.aws.com/quotes\" }\n",
        flags: &[],
        plan: &[
            "create api.routes.\"GET /quotes\"",
            "create api.routes.\"OPTIONS /quotes\"",
            "update api/deployment",
        ],
    },
    Edit {
        what: "the API's name, which callers never see",
        from: "= \"xxx-api\"\n",
        to: "= \"xxx-api-2\"\n",
        flags: &[],
        plan: &["update api"],
    },
    Edit {
        what: "a stage variable",
        from: "[api.routes]\n",
        to: "[api.stage_variables]\nbackend = \"blue\"\n\n[api.routes]\n",
        flags: &[],
        plan: &["update api/stage"],
    },
    Edit {
        what: "a partner more",
        from: "[vars]\n",
        to: "[partners.newcomer]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n\n[vars]\n",
        flags: &[],
        plan: &[
            "create partners.newcomer/client",
            "create partners.newcomer/key",
            "create partners.newcomer/membership",
        ],
    },
    Edit {
        what: "the partner goes again",
        from: "[partners.newcomer]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n",
        to: "",
        flags: &["--allow-delete", "partners.newcomer"],
        plan: &[
            "delete partners.newcomer/client",
            "delete partners.newcomer/key",
            "delete partners.newcomer/membership",
        ],
    },
    Edit {
        what: "another domain",
        from: "\"xxx-${account.id}\"",
        to: "\"yyy-${account.id}\"",
        flags: &[],
        plan: &["replace user_pool/domain"],
    },
    Edit {
        what: "no CORS any more",
        from: "cors       = true",
        to: "cors       = false",
        flags: &[],
        plan: &[],
    },
];

#[test]
fn the_partner_api_from_the_first_apply_to_the_last_trace() {
    let mut text = example("partner-api");
    if !text.contains("[vars]\n") {
        text.push_str("\n[vars]\n");
    }
    let folder = Folder::with(&text);
    folder.apply(&[]);
    assert_eq!(folder.planned(), Vec::<String>::new());
    assert!(folder.local(&["plan"]).stdout.contains("No changes."));
    assert_eq!(folder.local(&["plan", "--detailed-exitcode"]).code, 0);

    for edit in EDITS {
        assert!(
            text.contains(edit.from),
            "{}: the example has no {:?}",
            edit.what,
            edit.from
        );
        text = text.replacen(edit.from, edit.to, 1);
        folder.write(&text);
        let planned = folder.planned();
        if edit.plan.is_empty() {
            assert!(!planned.is_empty(), "{}", edit.what);
        } else {
            assert_eq!(planned, edit.plan, "{}", edit.what);
        }
        assert_eq!(
            folder.local(&["plan", "--detailed-exitcode"]).code,
            2,
            "{}",
            edit.what
        );
        folder.apply(edit.flags);
        assert_eq!(
            folder.planned(),
            Vec::<String>::new(),
            "after {}",
            edit.what
        );
    }

    let ran = folder.local(&["destroy", "--confirm", "partner-api"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    // AWS itself lists a terminated instance for an hour; tests/foreign checks all the rest.
    let left = folder.local(&["plan", "--destroy"]).stdout;
    assert!(left.contains("Nothing to destroy"), "{left}");
    let planned = folder.planned();
    assert!(
        planned.iter().all(|line| line.starts_with("create ")),
        "{planned:?}"
    );
}

#[test]
fn the_smallest_stack_lives_and_dies() {
    let folder = Folder::with(
        &std::fs::read_to_string(crate::support::program::repository("stack.toml")).unwrap(),
    );
    folder.apply(&[]);
    assert_eq!(folder.planned(), Vec::<String>::new());
    let name = folder.plan(&[])["stack"].as_str().unwrap().to_owned();
    assert_eq!(folder.local(&["destroy", "--confirm", "another"]).code, 1);
    assert_eq!(
        folder.planned(),
        Vec::<String>::new(),
        "a wrong name deletes nothing"
    );
    assert_eq!(folder.local(&["destroy", "--confirm", &name]).code, 0);
}
