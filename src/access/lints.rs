//! What is legal and yet does not do what it says.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::levels::Outcome;
use super::question::{Asker, ContentVerb, Level, Needed, Object, Verdict};
use crate::model::{
    AccountId, AccountKind, AccountStatus, Audience, Content, ContentId, ContentKind, Known, Live, LiveSpace,
    Members, PageList, Parent, Permission, Principal, Restrictions, SpaceKey, Subject, Truth, words,
};

/// What the lints are told beside the state of the site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LintInputs {
    /// The spaces to look at; `None` for all.
    pub spaces: Option<BTreeSet<SpaceKey>>,
    /// Who must keep access to everything.
    pub required_admins: BTreeSet<Principal>,
    /// Accounts that are about to go, or that the policy wants nowhere.
    pub leavers: BTreeSet<AccountId>,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub space: SpaceKey,
    pub content: Option<ContentId>,
    pub lint: Lint,
    /// The principals that it is about.
    pub about: BTreeSet<Principal>,
    /// Where it goes wrong, if not at the content itself.
    pub level: Option<Level>,
}

// The words are the codes under which they are shown and silenced.
words! {
    /// The lints. The first four are the warnings of Confluence's own share dialog; the last six only a plan
    /// can give, since they need to know what was meant.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum Lint {
        /// On a list of the page, and may not use Confluence: without a licence, whatever it holds in the space.
        ListedWithoutLicence = "listed-without-licence",
        /// On a list of the page, without access to the space.
        ListedWithoutSpace = "listed-without-space",
        /// On a list of the page, without view of a page above.
        ListedWithoutAncestor = "listed-without-ancestor",
        /// On the edit list, without the right to edit in the space.
        ListedWithoutEditRight = "listed-without-edit-right",
        /// A group on a list that has no members.
        ListedWithoutMembers = "listed-without-members",
        /// On the view list only, while a group gives edit: access is additive.
        ViewOnlyInVain = "view-only-in-vain",
        /// No account on the list can sign in any more. The page is dead; when the last account is purged from
        /// the list, it is open.
        DeadList = "dead-list",
        /// As [`Lint::DeadList`], once those go who are about to.
        ListOfLeavers = "list-of-leavers",
        /// Only deactivated accounts and apps administer the space.
        SpaceWithoutAdmin = "space-without-admin",
        /// A required admin cannot see the page.
        AdminCutOff = "admin-cut-off",
        /// An account that is to see only certain pages sees this one at the moment.
        SeenByGuests = "seen-by-guests",
        /// An account that is to see only certain pages of the space has another way into it.
        GuestInside = "guest-inside",
        /// An account that is to see only certain pages is on the list of this one by another group.
        GuestListed = "guest-listed",
        /// The site has no lists for this kind of content.
        NotRestrictable = "not-restrictable",
        /// The time of `read/space` is over, and it stays, since other permissions of the principal need it.
        EndedReadStays = "ended-read-stays",
        /// Given to `anonymous` on a site that lets no reader in who is not signed in.
        AnonymousKeptOut = "anonymous-kept-out",
    }
}

/// Looks for what is legal and yet does not do what it says, in a state of the site. Nothing is found
/// on the strength of what is not known, by an engine [of what is listed](Engine::of_what_is_listed).
pub fn lints(engine: &Engine<'_>, inputs: &LintInputs) -> Vec<Finding> {
    let live = engine.live;
    let linter = Linter { engine, live, inputs };
    let wanted = |key: &SpaceKey| inputs.spaces.as_ref().is_none_or(|spaces| spaces.contains(key));
    let in_space = |(key, space): (&SpaceKey, &Arc<LiveSpace>)| {
        let mut findings: Vec<Finding> = linter.space(key, space).into_iter().collect();
        let mut known = InVain::new();
        for content in space.tree.iter().flat_map(crate::model::Tree::iter) {
            linter.content(key, content, &mut known, &mut findings);
        }
        findings
    };
    let spaces = live.spaces.par_iter().filter(|(key, _)| wanted(key));
    let mut findings: Vec<Finding> = spaces.flat_map_iter(in_space).collect();
    findings.sort();
    findings
}

/// What stands in the way of a member of a list of a page of one space: the same for all content of a kind
/// that hangs under the same parent.
type InVain = HashMap<(Subject, PageList, Parent, ContentKind), Option<(Lint, Option<Level>)>>;

struct Linter<'a> {
    engine: &'a Engine<'a>,
    live: &'a Live,
    inputs: &'a LintInputs,
}

impl Linter<'_> {
    fn space(&self, key: &SpaceKey, space: &LiveSpace) -> Option<Finding> {
        let holders = space.holders(Permission::AdministerSpace, &self.live.roles);
        let admins: Vec<&Principal> =
            holders.filter(|(.., administers)| *administers != Truth::No).map(|(who, ..)| who).collect();
        let alive = |principal: &Principal| match principal {
            Principal::User(account) => self.may_be_alive(account),
            Principal::Group(group) => self.group_may_be_alive(group),
            Principal::Class(_) => true,
            Principal::Anonymous => false,
        };
        // A space that no principal is said to administer is hidden from us, not abandoned.
        (!admins.is_empty() && !admins.iter().any(|who| alive(who))).then(|| Finding {
            space: key.clone(),
            content: None,
            lint: Lint::SpaceWithoutAdmin,
            about: admins.into_iter().cloned().collect(),
            level: Some(Level::Space),
        })
    }

    fn content(&self, key: &SpaceKey, content: &Content, known: &mut InVain, findings: &mut Vec<Finding>) {
        let Some(lists) = content.restrictions.as_ref().known() else { return };
        if *lists == Restrictions::OPEN {
            return;
        }
        let object = Object::Content(key.clone(), content.id);
        let mut found: BTreeMap<(Lint, Option<Level>), BTreeSet<Principal>> = BTreeMap::new();
        for list in PageList::ALL {
            let Audience::Only(members) = lists.audience(list) else { continue };
            let dead = self.dead(members);
            for subject in members.iter() {
                let in_vain = known
                    .entry((subject.clone(), list, content.parent, content.kind))
                    .or_insert_with(|| self.listed_in_vain(subject, list, &object));
                // Of a list on which no one is left, that says it all.
                if let Some((lint, level)) =
                    (*in_vain).filter(|(lint, _)| !(dead.is_some() && *lint == Lint::ListedWithoutMembers))
                {
                    found.entry((lint, level)).or_default().insert(Principal::from(subject.clone()));
                }
            }
            if let Some(lint) = dead {
                let about = members.iter().cloned().map(Principal::from);
                found.entry((lint, None)).or_default().extend(about);
            }
        }
        for subject in lists.view.subjects() {
            if self.view_only_in_vain(subject, &lists.edit, &object) {
                let about = Principal::from(subject.clone());
                found.entry((Lint::ViewOnlyInVain, None)).or_default().insert(about);
            }
        }
        if let Audience::Only(members) = &lists.view {
            for admin in &self.inputs.required_admins {
                if self.cut_off(admin, members, &object) {
                    found.entry((Lint::AdminCutOff, None)).or_default().insert(admin.clone());
                }
            }
        }
        findings.extend(found.into_iter().map(|((lint, level), about)| Finding {
            space: key.clone(),
            content: Some(content.id),
            lint,
            about,
            level,
        }));
    }

    /// The share dialog's three warnings. A group is warned of when none of its members gets through.
    fn listed_in_vain(
        &self,
        subject: &Subject,
        list: PageList,
        object: &Object,
    ) -> Option<(Lint, Option<Level>)> {
        if let Subject::Group(group) = subject
            && self
                .live
                .directory
                .groups
                .get(group)
                .is_some_and(|group| matches!(&group.members, Known::Known(members) if members.is_empty()))
        {
            return Some((Lint::ListedWithoutMembers, None));
        }
        let mut worst = None;
        for asker in self.askers(subject) {
            worst = Some(self.in_vain(&asker, list, object)?);
        }
        worst
    }

    fn in_vain(&self, asker: &Asker, list: PageList, object: &Object) -> Option<(Lint, Option<Level>)> {
        let levels = self.engine.levels(asker, list.into(), object);
        levels.iter().filter(|report| report.outcome == Outcome::Denied).find_map(|report| match report.level {
            // What a person holds in the space is of no use before that; what a group gives, no licence decides.
            Level::Site if matches!(asker, Asker::Person(_)) => {
                Some((Lint::ListedWithoutLicence, Some(Level::Site)))
            }
            Level::Site | Level::Content(_) => None,
            Level::Ancestor(_) => Some((Lint::ListedWithoutAncestor, Some(report.level))),
            Level::Space => {
                let read = |needed: &Needed| {
                    matches!(needed, Needed::Permission { any_of } if any_of.contains(&Permission::ReadSpace))
                };
                let mut denied = report.needs.iter().filter(|need| need.outcome == Outcome::Denied);
                let lint = if denied.any(|need| read(&need.needed)) {
                    Lint::ListedWithoutSpace
                } else {
                    Lint::ListedWithoutEditRight
                };
                Some((lint, Some(Level::Space)))
            }
        })
    }

    /// The living members of a group where they are known; an empty group is asked by itself. Of a group
    /// whose members could not be read nothing is claimed: they may have routes of their own.
    fn askers<'s>(&'s self, subject: &'s Subject) -> impl Iterator<Item = Asker> + 's {
        let (person, members, empty) = match subject {
            Subject::User(account) => (Some(account), None, None),
            Subject::Group(group) => {
                let members = self.live.directory.members(group).known();
                (None, members, members.filter(|members| members.is_empty()).map(|_| group))
            }
        };
        let people = person.into_iter().chain(members.into_iter().flatten());
        let living = people.filter(|account| self.may_be_alive(account)).cloned().map(Asker::Person);
        living.chain(empty.cloned().map(Asker::Group))
    }

    fn view_only_in_vain(&self, subject: &Subject, edit: &Audience, object: &Object) -> bool {
        let (Subject::User(account), Audience::Only(editors)) = (subject, edit) else { return false };
        !editors.contains(subject)
            && self.engine.can(&Asker::Person(account.clone()), ContentVerb::Edit, object) == Verdict::Allowed
    }

    fn dead(&self, members: &Members) -> Option<Lint> {
        let alive = |subject: &Subject, stays: &dyn Fn(&AccountId) -> bool| match subject {
            Subject::User(account) => self.may_sign_in(account) && stays(account),
            Subject::Group(group) => match self.live.directory.members(group) {
                Known::Known(members) => {
                    members.iter().any(|account| self.may_sign_in(account) && stays(account))
                }
                Known::Unknown(_) => true,
            },
        };
        let stays = |account: &AccountId| !self.inputs.leavers.contains(account);
        if !members.iter().any(|subject| alive(subject, &|_| true)) {
            Some(Lint::DeadList)
        } else if !members.iter().any(|subject| alive(subject, &stays)) {
            Some(Lint::ListOfLeavers)
        } else {
            None
        }
    }

    /// The page's own list is to blame only if none of the admin's principals is on it.
    fn cut_off(&self, admin: &Principal, members: &Members, object: &Object) -> bool {
        let Some(subject) = admin.subject() else { return false };
        if matches!(subject, Subject::Group(_)) && members.contains(&subject) {
            return false;
        }
        let own = object.content().map(Level::Content);
        let mut askers = self.askers(&subject).peekable();
        askers.peek().is_some()
            && askers.all(|asker| {
                let levels = self.engine.levels(&asker, ContentVerb::View.into(), object);
                levels.iter().any(|report| Some(report.level) == own && report.outcome == Outcome::Denied)
            })
    }

    fn may_sign_in(&self, account: &AccountId) -> bool {
        let status = self.live.directory.people.get(account).map(|person| person.status);
        !matches!(status, Some(AccountStatus::Inactive | AccountStatus::Closed))
    }

    /// Whether there may be a person behind the account who can act.
    fn may_be_alive(&self, account: &AccountId) -> bool {
        let kind = self.live.directory.people.get(account).map(|person| person.kind);
        self.may_sign_in(account) && kind != Some(AccountKind::App)
    }

    fn group_may_be_alive(&self, group: &crate::model::GroupId) -> bool {
        match self.live.directory.members(group) {
            Known::Known(members) => members.iter().any(|account| self.may_be_alive(account)),
            Known::Unknown(_) => true,
        }
    }
}
