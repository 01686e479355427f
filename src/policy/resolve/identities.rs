//! Whether people are who the policy says they are: an alias beside the name that the site shows for its account.
//!
//! A reviewer sees the alias, and the id beside it says nothing to people. An alias that has nothing in common with the
//! name may be a slip, or the account of another person. Spellings differ in many ways, so only what has nothing in common is
//! reported.

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{AccountStatus, Person};
use crate::policy::ast::PersonDef;

/// Words that are as alike as this are one word: `jon` and `John`, `mueller` and `Müller`.
const ALIKE: f64 = 0.85;

/// Longer words are not put together of beginnings.
const LONGEST: usize = 12;

impl Resolver<'_> {
    /// Reports people whose alias or e-mail address does not fit the account, as far as accounts were read.
    pub(super) fn identities(&mut self) {
        for (alias, defined) in &self.policy.people {
            let Some(person) = self.live.directory.people.get(&defined.account.value) else { continue };
            // A closed account is called "Former user" and the like.
            if person.status == AccountStatus::Closed || fits(alias, defined, person) {
                continue;
            }
            let written = match &defined.email {
                Some(email) => format!("`{alias}` ({email})"),
                None => format!("`{alias}`"),
            };
            self.report(
                Diagnostic::new(
                    Code::OtherPerson,
                    format!("the account of {written} belongs to {} on the site", person.name.shown()),
                )
                .at(&defined.account.span, "")
                .at(&defined.span, "defined here")
                .help(if defined.email.is_some() {
                    "check the account id and the e-mail address, which should be that person's"
                } else {
                    "check the account id; if it is right, choose an alias that has a part of that name"
                }),
            );
        }
    }
}

/// Whether what the policy says of a person has anything in common with what the site says.
fn fits(alias: &str, defined: &PersonDef, person: &Person) -> bool {
    let name = person.name.raw();
    let Some(email) = defined.email.as_deref() else { return has_part_of(alias, name) };
    if let Some(shown) = person.email.as_deref().filter(|shown| !shown.is_empty()) {
        return shown.eq_ignore_ascii_case(email);
    }
    let local = email.split('@').next().unwrap_or(email);
    // Of an address of two words, one is a name: `ann.smith`.
    let tells_names = words(local).len() > 1;
    has_part_of(local, name) || (!tells_names && has_part_of(alias, name))
}

/// Whether a word of the one is in the other, or its beginnings are put together: `js`, `jsm`, `smithj`, `adm-js`. What is
/// written in different scripts cannot be compared.
fn has_part_of(written: &str, name: &str) -> bool {
    let (written, name) = (words(written), words(name));
    if written.is_empty() || name.is_empty() {
        return true;
    }
    let joined = written.concat();
    std::iter::once(&joined).chain(&written).any(|word| is_of_beginnings(word, &name))
        || name.iter().any(|part| {
            let beginning: String = part.chars().take(3).collect();
            // Two letters are in many words by chance.
            let has = if beginning.len() < 3 {
                joined.starts_with(&beginning) || joined.ends_with(&beginning)
            } else {
                joined.contains(&beginning)
            };
            has || written.iter().any(|word| strsim::jaro_winkler(word, part) > ALIKE)
        })
}

/// Whether a word is made of the beginnings of words of a name, in any order, each word once: at least of two words,
/// where the name has two.
fn is_of_beginnings(word: &str, name: &[String]) -> bool {
    fn rest_is(rest: &str, name: &[String], used: &mut Vec<usize>) -> bool {
        if rest.is_empty() {
            return used.len() >= name.len().min(2);
        }
        for (at, part) in name.iter().enumerate() {
            if used.contains(&at) {
                continue;
            }
            let shared = rest.chars().zip(part.chars()).take_while(|(one, other)| one == other).count();
            for length in 1..=shared {
                used.push(at);
                if rest_is(&rest[length..], name, used) {
                    return true;
                }
                used.pop();
            }
        }
        false
    }
    // Words are in ASCII here; more than a few letters of each are a word that is compared anyway.
    word.len() <= LONGEST && rest_is(word, name, &mut Vec::new())
}

/// The words of a name in small Latin letters without accents; none of a name in another script.
fn words(text: &str) -> Vec<String> {
    let plain = DecomposingNormalizerBorrowed::new_nfd().normalize(text).to_lowercase();
    let mut latin = String::with_capacity(plain.len());
    for c in plain.chars().filter(|c| !is_mark(*c)) {
        match c {
            'ß' => latin.push_str("ss"),
            'æ' => latin.push_str("ae"),
            'œ' => latin.push_str("oe"),
            'þ' => latin.push_str("th"),
            'ø' => latin.push('o'),
            'ł' => latin.push('l'),
            'đ' | 'ð' => latin.push('d'),
            'ı' => latin.push('i'),
            c if c.is_alphabetic() && !c.is_ascii() => return Vec::new(),
            c => latin.push(c),
        }
    }
    let plain = latin;
    let words = plain.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A mark that belongs to the letter before it.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::has_part_of;

    #[test]
    fn aliases_as_people_choose_them_fit() {
        for (alias, name) in [
            ("ann", "Ann Example"),
            ("ann-example", "Ann Example"),
            ("jdoe", "John Doe"),
            ("doej", "John Doe"),
            ("johnd", "John Doe"),
            ("jd", "John Doe"),
            ("jon", "John Doe"),
            ("mueller", "Jürgen Müller"),
            ("juergen", "Jürgen M\u{fc}ller"),
            ("li", "Wu Li"),
            ("smith2", "Anna Smith (external)"),
            ("bot", "Permissions Bot"),
            ("tanaka", "田中太郎"),
            ("olga", "Ольга Петрова"),
            ("12345", "Ann Example"),
            ("søren", "Søren Kierkegaard"),
            ("j.smith", "Jane Smith"),
            ("js", "Jane Smith"),
            ("sj", "Jane Smith"),
            ("smithj", "Jane Smith"),
            ("jane.s", "Jane Smith"),
            ("s.jane", "Smith, Jane"),
            ("js", "Jane Mary Smith"),
            ("jms", "Jane Mary Smith"),
            ("jsm", "Jane Smith"),
            ("smja", "Jane Smith"),
            ("js2", "Jane Smith"),
            ("adm-js", "Jane Smith"),
            ("js-ext", "Smith, Jane [external]"),
            ("lk", "Łukasz Kowalski"),
            ("lukasz", "Łukasz"),
            ("oa", "Øystein Ås"),
            ("ae", "Ægir Einarsson"),
            ("strauss", "Anna Strauß"),
            ("jn", "José Núñez"),
            ("nunez", "José Núñez"),
            ("c", "Cher"),
            ("cher", "Cher"),
            ("jvdb", "Jan van der Berg"),
            ("obrien", "Pat O'Brien"),
            ("wli", "Wu Li"),
        ] {
            assert!(has_part_of(alias, name), "{alias} {name}");
        }
    }

    #[test]
    fn the_name_of_another_account_does_not_fit() {
        for (alias, name) in [
            ("tina", "Bob Builder"),
            ("ann", "Olga Petrova"),
            ("jd", "Ann Example"),
            ("finn", "Lena Leaver"),
            ("js", "Jane"),
            ("jane.smith", "Bob Builder"),
            ("k", "Cher"),
            ("j", "Jane Smith"),
            ("tina", "Al In Bo"),
            ("lk", "Øystein Ås"),
            ("jx", "Jane Smith"),
            ("bob", "Jane Smith"),
            ("sjs", "Jane Smith"),
        ] {
            assert!(!has_part_of(alias, name), "{alias} {name}");
        }
    }
}
