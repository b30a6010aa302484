//! Which functions the methods of a deployment invoke. AWS tells neither that nor whether they may be invoked, so a deployment's
//! description records it: every function or alias by a digest, and for each method which one it invokes.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::model::digest;

/// What invokes nothing.
const NONE: &str = "none";

/// The bytes of a function's digest, and the characters that they are written with.
const BYTES: usize = 3;
const CHARACTERS: usize = 4;

/// The functions that methods invoke, by digests of their ARNs: `DIGESTS:PLACES`, or `none`. Each method, by its name, has the place
/// of its function among the digests, from 1, or 0, in as few bits as the highest one needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Invoked {
    functions: Vec<String>,
    places: Vec<u8>,
}

impl Invoked {
    /// Of methods with the ARNs that they invoke, if any; `None` if these are too many to record.
    pub(super) fn new(methods: &BTreeMap<String, Option<String>>) -> Option<Self> {
        let functions: BTreeSet<String> =
            methods.values().flatten().map(|arn| short(arn)).collect();
        let functions: Vec<String> = functions.into_iter().collect();
        let width = width(&functions);
        if width > u8::BITS as usize {
            return None;
        }
        let place = |arn: &String| functions.iter().position(|one| *one == short(arn));
        let mut places = vec![0; (methods.len() * width).div_ceil(8)];
        for (at, arn) in methods.values().enumerate() {
            let place = arn.as_ref().and_then(place).map_or(0, |place| place + 1);
            for bit in (0..width).filter(|bit| place >> bit & 1 == 1) {
                let to = at * width + bit;
                places[to / 8] |= 1 << (to % 8);
            }
        }
        Some(Self { functions, places })
    }

    pub(super) fn text(&self) -> String {
        if self.functions.is_empty() {
            return NONE.into();
        }
        let places = URL_SAFE_NO_PAD.encode(&self.places);
        format!("{}:{places}", self.functions.concat())
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == NONE {
            return Some(Self {
                functions: Vec::new(),
                places: Vec::new(),
            });
        }
        let (functions, places) = text.split_once(':')?;
        let digests = functions.as_bytes().chunks(CHARACTERS);
        let digests = digests.map(|one| Some(std::str::from_utf8(one).ok()?.to_owned()));
        Some(Self {
            functions: digests.collect::<Option<_>>()?,
            places: URL_SAFE_NO_PAD.decode(places).ok()?,
        })
    }

    /// Whether no method invokes a function.
    pub(super) fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// The methods that invoke a function, of these methods of the deployment, each with whether an ARN is its function's; `None` if
    /// the record is one of other methods.
    pub(super) fn of<'m>(
        &self,
        methods: impl ExactSizeIterator<Item = &'m String>,
    ) -> Option<Vec<(&'m str, impl Fn(&str) -> bool)>> {
        let width = width(&self.functions);
        if self.places.len() != (methods.len() * width).div_ceil(8) {
            return None;
        }
        let bit = |at: usize| usize::from(self.places[at / 8] >> (at % 8) & 1);
        let place = |at: usize| {
            (0..width)
                .map(|of| bit(at * width + of) << of)
                .sum::<usize>()
        };
        let invoking = methods.enumerate().filter_map(|(at, method)| {
            let place = place(at).checked_sub(1)?;
            let function = self.functions.get(place)?.clone();
            Some((method.as_str(), move |arn: &str| short(arn) == function))
        });
        Some(invoking.collect())
    }
}

/// How many bits the place of one of these needs, or none of them.
fn width(functions: &[String]) -> usize {
    (usize::BITS - functions.len().leading_zeros()) as usize
}

fn short(arn: &str) -> String {
    let digest = digest(arn.as_bytes());
    let byte = |at: usize| u8::from_str_radix(&digest[2 * at..2 * at + 2], 16).unwrap_or_default();
    URL_SAFE_NO_PAD.encode((0..BYTES).map(byte).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_method_has_the_function_that_it_invokes(
            methods in proptest::collection::btree_map("[A-Z]{1,4} /[a-z]{0,6}", proptest::option::of(0..9_u8), 0..40)
        ) {
            let arn = |number: u8| format!("arn:aws:lambda:eu-central-1:123456789012:function:f{number}");
            let methods: BTreeMap<String, Option<String>> = methods
                .into_iter()
                .map(|(method, number)| (method, number.map(arn)))
                .collect();
            let invoked = Invoked::new(&methods).unwrap();
            let read = Invoked::parse(&invoked.text()).unwrap();
            prop_assert_eq!(&read, &invoked);
            let found = read.of(methods.keys()).unwrap();
            let invoking = methods.values().flatten().count();
            prop_assert_eq!(found.len(), invoking);
            for (method, is_its) in found {
                for number in 0..9 {
                    let arn = arn(number);
                    prop_assert_eq!(is_its(&arn), methods[method].as_ref() == Some(&arn));
                }
            }
        }
    }

    #[test]
    fn sixty_methods_of_fifteen_functions_need_little_room() {
        let method = |number: usize| {
            let arn = format!(
                "arn:aws:lambda:eu-central-1:123456789012:function:f{}",
                number % 15
            );
            (format!("GET /{number:03}"), Some(arn))
        };
        let invoked = Invoked::new(&(0..60).map(method).collect()).unwrap();
        assert_eq!(invoked.text().len(), 101);
        let fewer: Vec<String> = (0..50).map(|number| method(number).0).collect();
        assert!(invoked.of(fewer.iter()).is_none(), "of other methods");
    }
}
