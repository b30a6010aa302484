//! What a run of the program left on the screen, for snapshots.

use super::program::Ran;

/// Both streams of a run that ended so, as one line.
pub(crate) fn said(ran: &Ran, code: i32) -> String {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    let text = format!("{} {}", ran.stdout, ran.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Both streams and the exit code, in the order in which a terminal's reader finds them: results, then the rest.
pub(crate) fn screen(ran: &Ran) -> String {
    let mut text = String::new();
    for (name, stream) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        if !stream.is_empty() {
            text.push_str(&format!("--- {name}\n{stream}"));
        }
    }
    text + &format!("--- exit {}\n", ran.code)
}

/// Runs with what differs from run to run, ids and times, taken out of snapshots.
pub(crate) fn with_filters(run: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    for (changing, steady) in CHANGING {
        settings.add_filter(changing, *steady);
    }
    settings.bind(run);
}

/// What differs from run to run, and what stands for it.
pub(crate) const CHANGING: &[(&str, &str)] = &[
    (r"partner-api-[0-9a-f]{16}\.elb", "partner-api-ID.elb"),
    (r"api_id = [a-z0-9]{10}\b", "api_id = API_ID"),
    (
        r"https://[a-z0-9]{10}\.execute-api\.",
        "https://API_ID.execute-api.",
    ),
    (r#""[a-z0-9]{10}:"#, "\"API_ID:"),
    (r"client_id = [a-z0-9]{26}\b", "client_id = CLIENT_ID"),
    (
        r"\b([a-z]{2}(?:-[a-z]+)+-\d)_[A-Za-z0-9]{9}\b",
        "${1}_POOL_ID",
    ),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "REQUEST_ID"),
    (r"It took .* \(simulated\)", "It took TIME (simulated)"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2026-11-21 15:53 UTC"),
    (
        r"(?m)^( →  |    )[a-z0-9]{6} {6}(2026-11-21 15:53 UTC)  [0-9a-f]{8}  ",
        "${1}DEPLOY      $2  0a1b2c3d  ",
    ),
    (
        r"(?m)^( →  |    )[a-z0-9]{6} {6}(2026-11-21 15:53 UTC)  -  ",
        "${1}DEPLOY      $2  -  ",
    ),
    (
        r#"\bdeployment(\s+)[a-z0-9]{6}( of|\n  of|:|"| does|;|\.|,| was)"#,
        "deployment${1}DEPLOY$2",
    ),
    (
        r"\b[a-z0-9]{6},(\s+)which the stage",
        "DEPLOY,${1}which the stage",
    ),
    (r"(?m)rollback [a-z0-9]{6}$", "rollback DEPLOY"),
    (r"VPC link(\s+)[a-z0-9]{6} is", "VPC link${1}LINKID is"),
];
