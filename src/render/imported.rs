//! What an import came to, in sum: the spaces that became additive, and what is left out or wants to be looked at.

use std::collections::BTreeMap;

use crate::model::SpaceKey;
use crate::policy::export::{Remark, SpaceDraft};

use super::style::{count, first_of};

/// As many spaces are named; more are counted.
const NAMED: usize = 5;

/// What was imported and what was not.
#[derive(Debug, Clone, Copy)]
pub struct ImportSummary<'a> {
    pub drafts: &'a [SpaceDraft],
    /// How many spaces were left out because they are archived.
    pub archived: usize,
}

impl ImportSummary<'_> {
    /// The lines of it; none, where everything is declared and nothing wants to be looked at.
    pub fn to_lines(self) -> Vec<String> {
        let mut lines = self.additive();
        let left_out = self.left_out();
        if !left_out.is_empty() {
            lines.push("Left out, or worth a look; each file lists its own at the top:".to_owned());
        }
        lines.extend(left_out);
        lines
    }

    /// The additive spaces, those together that have the same reasons.
    fn additive(self) -> Vec<String> {
        let mut alike: BTreeMap<Vec<Remark>, Vec<&SpaceKey>> = BTreeMap::new();
        let declared = self.drafts.iter().filter(|draft| !draft.says_nothing());
        for (draft, reasons) in declared.filter_map(|draft| Some((draft, draft.why_additive()?))) {
            alike.entry(reasons).or_default().push(&draft.space.key);
        }
        if alike.is_empty() {
            return Vec::new();
        }
        let heading = "Additive, because an authoritative space would lose this:".to_owned();
        let lines = alike.into_iter().map(|(reasons, keys)| {
            let reasons: Vec<&str> = reasons.into_iter().map(Remark::sentence).collect();
            let reasons = if reasons.is_empty() { NO_ACCESS.to_owned() } else { reasons.join("; ") };
            format!("  {}: {reasons}", named(&keys))
        });
        [heading].into_iter().chain(lines).collect()
    }

    fn left_out(self) -> Vec<String> {
        let mut sums: BTreeMap<Remark, (usize, usize, usize)> = BTreeMap::new();
        for (remark, about) in self.drafts.iter().flat_map(|draft| draft.remarks.iter()) {
            let (spaces, things, entries) = sums.entry(remark).or_default();
            *spaces += 1;
            *things += about.len();
            *entries += about.values().sum::<usize>();
        }
        let of_remarks = sums.into_iter().map(|(remark, (spaces, things, entries))| {
            let entries = if entries == things { String::new() } else { format!(" with {entries} entries") };
            format!("  {things}{entries} in {}: {}", count(spaces, "space", "spaces"), remark.sentence())
        });
        let empty: Vec<&SpaceKey> =
            self.drafts.iter().filter(|draft| draft.says_nothing()).map(|draft| &draft.space.key).collect();
        let empty = (!empty.is_empty()).then(|| {
            let spaces = count(empty.len(), "space", "spaces");
            format!("  {spaces} of which a policy can declare nothing: {}", named(&empty))
        });
        let archived = (self.archived > 0).then(|| {
            let spaces = count(self.archived, "archived space", "archived spaces");
            format!("  {spaces}: imported only with --include-archived")
        });
        of_remarks.chain(empty).chain(archived).collect()
    }
}

const NO_ACCESS: &str = "all access to it, none of which a policy can declare";

/// The first spaces by key, and how many others there are.
fn named(keys: &[&SpaceKey]) -> String {
    first_of(keys.iter().map(ToString::to_string), NAMED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Mode, Space, SpaceId, SpaceKind, SpaceStatus};
    use crate::policy::export::Remarks;

    #[test]
    fn spaces_of_which_nothing_can_be_declared_are_not_additive_but_left_out() {
        let empty = |id: u64| SpaceDraft {
            space: Space {
                id: SpaceId::from_number(id),
                key: format!("S{id}").parse().unwrap(),
                name: "".into(),
                kind: SpaceKind::Global,
                status: SpaceStatus::Current,
                homepage: None,
            },
            mode: Mode::Additive,
            access: BTreeMap::new(),
            pages: Vec::new(),
            remarks: Remarks::default(),
        };
        let drafts: Vec<SpaceDraft> = (1..=7).map(empty).collect();
        assert_eq!(
            ImportSummary { drafts: &drafts, archived: 2 }.to_lines(),
            [
                "Left out, or worth a look; each file lists its own at the top:",
                "  7 spaces of which a policy can declare nothing: S1, S2, S3, S4, S5 and 2 more",
                "  2 archived spaces: imported only with --include-archived",
            ]
        );
        assert_eq!(ImportSummary { drafts: &[], archived: 0 }.to_lines(), [""; 0]);
    }
}
