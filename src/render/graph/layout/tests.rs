//! Invariants of every diagram.

use super::*;
use crate::render::graph::Graph;
use crate::render::graph::scene::Scene;
use crate::render::testing::{EXAMPLE, desired};

const SMALLEST: &str = include_str!("../../../../stack.toml");

/// Names that are too long for any box, and every kind of call target.
const LONG: &str = r#"
[stack]
name   = "an-insurer-with-a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on"
region = "eu-central-1"
[user_pool]
name       = "Everyone who calls the API of an insurer with a name that goes on and on and on"
domain     = "hello-${account.id}"
own_domain = { name = "login.example.com", certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1", zone = "example.com" }
[resource_servers.a-resource-server-with-a-name-that-goes-on-and-on-and-on]
scopes = { read = "Read" }
[app_clients.portal]
flows         = ["code"]
scopes        = ["a-resource-server-with-a-name-that-goes-on-and-on-and-on/read"]
callback_urls = ["https://portal.example.com/callback"]
[load_balancer]
name      = "a-load-balancer-with-a-long-name"
subnets   = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
listeners = { 80 = { to = 8080 }, 8443 = { to = 8443, health = { protocol = "https", path = "/a/long/path/to/the/health/check" } } }
targets   = { ips = ["10.0.0.1", "10.0.0.2"] }
[api]
name     = "hello <b> & \"quoted\" 保険会社"
stage    = "prod"
requires = { scopes = ["a-resource-server-with-a-name-that-goes-on-and-on-and-on/read"], api_key = true }
domain   = { name = "api.example.com", certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/1", base_paths = ["v1", "v2"] }
[api.routes]
"GET /a/path/that/goes/on/and/on/{with}/{parameters}/and/more/of/them" = { http = "http://x.example.com/{with}/{parameters}", via = "load_balancer" }
"GET /secure"       = { http = "http://x.example.com:8443/secure", via = "load_balancer" }
"GET /me"           = { http = "https://backend.example.com/me", requires = { token = "id" } }
"ANY /open/{rest+}" = { http = "https://another-backend-with-a-long-name.example.com/{rest}", requires = "nothing" }
[plans.standard]
throttle = { rate = 0.5, burst = 20 }
[plans.other]
[api_keys.monitoring]
plan = "other"
[partners.acme]
name   = "An insurer with a name that goes on and on"
plan   = "standard"
scopes = ["a-resource-server-with-a-name-that-goes-on-and-on-and-on/read"]
[partners.off]
plan    = "standard"
enabled = false
"#;

/// The example with a hundred more partners and 46 more routes.
fn many() -> String {
    let mut routes = String::from("[api.routes]\n");
    for number in 0..46 {
        routes.push_str(&format!(
            "\"GET /things/{number}\" = {{ http = \"https://backend-{}.example.com/{number}\" }}\n",
            number % 3
        ));
    }
    let mut text = EXAMPLE.replace("[api.routes]", &routes);
    for number in 0..100 {
        text.push_str(&format!(
            "[partners.insurer{number:02}]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n"
        ));
    }
    text
}

fn picture(text: &str) -> Picture {
    let desired = desired(text);
    layout(&Scene::of(&Graph::of(&desired), &desired.context.region))
}

fn pictures() -> [Picture; 4] {
    [SMALLEST, EXAMPLE, LONG, &many()].map(picture)
}

fn overlap(one: Rect, other: Rect) -> bool {
    one.x < other.right()
        && other.x < one.right()
        && one.y < other.bottom()
        && other.y < one.bottom()
}

fn within(inner: Rect, outer: Rect) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.right() <= outer.right()
        && inner.bottom() <= outer.bottom()
}

/// The area of a text.
fn extent(label: &Label) -> Rect {
    let (width, height) = (width(&label.text, label.face), label.face.size());
    let x = match label.anchor {
        Anchor::Start => label.x,
        Anchor::Middle => label.x - width / 2,
        Anchor::End => label.x - width,
    };
    Rect {
        x,
        y: label.y - height,
        width,
        height,
    }
}

fn pairs<T: Copy>(items: &[T]) -> Vec<(T, T)> {
    let pairs = items
        .iter()
        .enumerate()
        .flat_map(|(at, one)| items[at + 1..].iter().map(move |other| (*one, *other)));
    pairs.collect()
}

#[test]
fn boxes_stand_beside_each_other_and_on_the_paper() {
    for picture in pictures() {
        let paper = Rect {
            x: 0,
            y: 0,
            width: picture.width,
            height: picture.height,
        };
        let places: Vec<Rect> = picture.frames.iter().map(|frame| frame.place).collect();
        for (one, other) in pairs(&places) {
            assert!(!overlap(one, other), "{one:?} {other:?}");
        }
        assert!(places.iter().all(|place| within(*place, paper)));
        assert!(
            picture
                .headings
                .iter()
                .all(|label| within(extent(label), paper))
        );
    }
}

#[test]
fn texts_stay_in_their_boxes_and_apart() {
    for picture in pictures() {
        let headings: Vec<Rect> = picture.headings.iter().map(extent).collect();
        for (one, other) in pairs(&headings) {
            assert!(!overlap(one, other), "{one:?} {other:?}");
        }
        for frame in &picture.frames {
            let extents: Vec<Rect> = frame.labels.iter().map(extent).collect();
            for (label, extent) in frame.labels.iter().zip(&extents) {
                assert!(within(*extent, frame.place), "{}", label.text);
                assert!(!label.text.is_empty());
            }
            for (one, other) in pairs(&extents) {
                assert!(!overlap(one, other), "{one:?} {other:?}");
            }
        }
    }
}

#[test]
fn what_is_cut_off_can_be_read_all_the_same() {
    let picture = picture(LONG);
    let cut: Vec<&Label> = picture
        .frames
        .iter()
        .flat_map(|frame| &frame.labels)
        .filter(|label| label.text.ends_with('…'))
        .collect();
    assert!(cut.len() > 3);
    for label in cut {
        let whole = label.whole.as_deref().unwrap_or_default();
        assert!(whole.starts_with(label.text.trim_end_matches('…')));
    }
}

#[test]
fn arrows_lead_from_box_to_box_and_never_back() {
    for picture in pictures() {
        let places = || picture.frames.iter().map(|frame| frame.place);
        assert!(!picture.arrows.is_empty());
        for arrow in &picture.arrows {
            let joined = match *arrow {
                Arrow::Across { from, to } => {
                    from.0 < to.0
                        && places().any(|place| {
                            place.right() == from.0 && (place.y..place.bottom()).contains(&from.1)
                        })
                        && places().any(|place| {
                            place.x == to.0 && (place.y..place.bottom()).contains(&to.1)
                        })
                }
                Arrow::Down { from, to } => {
                    places().any(|place| place.bottom() == from.1)
                        && places().any(|place| {
                            place.y == to && (place.x..place.right()).contains(&from.0)
                        })
                }
                Arrow::Around { from, to } => from.1 < to.1,
            };
            assert!(joined, "{arrow:?}");
        }
        let across: Vec<_> = picture
            .arrows
            .iter()
            .filter_map(|arrow| match arrow {
                Arrow::Across { to, .. } => Some(*to),
                _ => None,
            })
            .collect();
        assert!(pairs(&across).iter().all(|(one, other)| one != other));
    }
}

#[test]
fn nothing_is_called_because_a_deployment_waits_for_it() {
    let desired = desired(EXAMPLE);
    let scene = Scene::of(&Graph::of(&desired), &desired.context.region);
    let from_the_api = scene
        .arrows
        .iter()
        .filter(|(from, _)| from.panel == PanelId::Api);
    let called: Vec<_> = from_the_api.map(|(_, to)| to).collect();
    assert_eq!(called, [&PanelId::VpcLink]);
}

#[test]
fn only_what_is_private_stands_right_of_the_frontier() {
    assert_eq!(picture(SMALLEST).frontier, None);
    for text in [EXAMPLE, LONG] {
        let picture = picture(text);
        let (x, ..) = picture.frontier.expect("a load balancer is private");
        for frame in &picture.frames {
            assert_eq!(frame.column == Column::Private, frame.place.x > x);
            assert_eq!(frame.column != Column::Private, frame.place.right() < x);
        }
    }
}

#[test]
fn many_partners_are_a_few_names_and_a_number() {
    let picture = picture(&many());
    let callers: Vec<&str> = picture
        .frames
        .iter()
        .filter(|frame| frame.column == Column::Callers)
        .flat_map(|frame| &frame.labels)
        .map(|label| &*label.text)
        .collect();
    assert!(callers.contains(&"103 partners"), "{callers:?}");
    assert!(callers.contains(&"and 93 more"), "{callers:?}");
    assert!(callers.len() < 25, "{callers:?}");
}
