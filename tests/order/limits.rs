//! How far the search goes decides no plan of ordinary size.

use confperm::plan::{Gaps, OrderSearch, Plan, SearchLimits, plan};
use proptest::prelude::*;

use crate::bystanders::Bystanders;
use crate::draw::{alone, case, with_classes, with_companions, with_roles};
use crate::fewest::cases;
use crate::site::Case;

/// Every limit halved and doubled, one at a time.
fn others() -> impl Iterator<Item = SearchLimits> {
    let usual = SearchLimits::default();
    [|usual: usize| usual / 2, |usual: usize| usual * 2].into_iter().flat_map(move |change| {
        [
            SearchLimits { questions: change(usual.questions), ..usual },
            // Of twice as many calls there are more sets than memory holds.
            SearchLimits { walked: change(usual.walked).min(20), ..usual },
            SearchLimits { apart: change(usual.apart), ..usual },
        ]
    })
}

fn planned(case: &Case, gaps: Gaps, limits: SearchLimits) -> Plan {
    plan(&case.desired(), &case.live(&case.world()), OrderSearch { gaps, limits }).unwrap().plan
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn no_plan_depends_on_how_far_the_search_goes(
        case in prop_oneof![alone(), with_companions(), with_classes(), with_roles(), case()],
        allow in any::<bool>(),
    ) {
        // Dozens of groups that cannot be read are where the limits are felt.
        let case = Case { bystanders: Bystanders::None, ..case };
        let gaps = if allow { Gaps::Allow } else { Gaps::Refuse };
        let usual = planned(&case, gaps, SearchLimits::default());
        for limits in others() {
            prop_assert_eq!(&planned(&case, gaps, limits), &usual, "{:?}", limits);
        }
    }
}
