//! Questions about the sites of the builder, in the words of a policy.

use confperm::access::{Asker, Engine, Object, Verb, Verdict};
use confperm::model::Principal;

pub(crate) use crate::builder::ids::{account, group, id, key, principal};
pub(crate) use crate::builder::live::LiveBuilder;

/// `ENG` or `ENG/12`.
pub(crate) fn object(text: &str) -> Object {
    match text.split_once('/') {
        Some((space, content)) => Object::Content(key(space), content.parse().unwrap()),
        None => Object::Space(key(text)),
    }
}

/// `user:ann`, `group:eng` or `anonymous`.
pub(crate) fn asker(text: &str) -> Asker {
    match principal(text) {
        Principal::User(account) => Asker::Person(account),
        Principal::Group(group) => Asker::Group(group),
        Principal::Anonymous => Asker::Anonymous,
        Principal::Class(_) => panic!("a class does not ask"),
    }
}

pub(crate) trait Ask {
    fn can(&self, who: &str, verb: impl Into<Verb>, what: &str) -> Verdict;
}

impl Ask for LiveBuilder {
    fn can(&self, who: &str, verb: impl Into<Verb>, what: &str) -> Verdict {
        Engine::new(&self.0).can(&asker(who), verb, &object(what))
    }
}
