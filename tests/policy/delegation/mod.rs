//! Delegation: what files of teams may say is what a naive reading of `docs/teams.md` lets them say, and what they are
//! let say changes nothing outside of it.

mod case;
mod motion;
mod naive;
mod named;
mod paths;

use confperm::diagnostic::Code;
use confperm::policy::{Loaded, from_sources};
use proptest::prelude::*;

use case::{Case, case};

use crate::fixtures::drawn;

fn is_refused(case: &Case) -> (bool, String) {
    let Loaded { findings, sources, .. } = from_sources(case.sources(|_| true));
    (findings.iter().any(|finding| finding.code == Code::BeyondDelegation), drawn(&findings, &sources))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_is_refused_exactly_where_it_reaches_further(case in case()) {
        let (refused, said) = is_refused(&case);
        prop_assert_eq!(refused, naive::reaches_further(&case), "{}\n{:?}", said, case.sources(|_| true));
    }
}
