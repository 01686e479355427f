//! Who may do what: a straight evaluation of the access model, written to be compared with the text.
//!
//! ```text
//! view = the site lets them in
//!    AND read/space is among what the space gives them
//!    AND on the page and on every node above it, the read list is empty or names them
//!        (whether what is above an archived page counts for it is a switch)
//! edit = view AND the edit right of the space AND the page's own update list is empty or names them
//! ```
//!
//! It looks at one subject and one node at a time, and shares nothing with the engine that answers the same
//! questions for policies: a property test compares the two.

use std::collections::BTreeSet;

use super::{
    AccountStatus, AccountType, Class, Content, ContentId, Kind, LeftoverRows, Pair, Principal, RoleMode,
    Space,
};
use super::{SpaceId, SpaceKey, SpaceStatus, Status, Subject, World};

/// What an account may want to do to content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "the verbs of the permission check, and those that only a form or an upload asks for"
)]
pub enum Verb {
    Read,
    Update,
    Delete,
    Comment,
    Attach,
    /// Changing the restrictions.
    Restrict,
}

impl Verb {
    /// Everything that can be asked of content.
    pub const ALL: [Self; 6] =
        [Self::Read, Self::Update, Self::Delete, Self::Comment, Self::Attach, Self::Restrict];
}

/// The first layer that stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denial {
    /// There is no such content, or it is in the trash or a draft.
    NoContent,
    /// The site does not let the subject in.
    Site,
    /// What the space gives is not enough.
    Space,
    /// A node above has a read list that leaves the subject out; the topmost such node.
    Ancestor(ContentId),
    /// A list of the content itself leaves the subject out.
    Content,
}

impl World {
    /// What a space gives a subject, counting rows, roles, groups, classes, anonymous and the JSM switch.
    /// Nothing, when the site does not let the subject in or when `read/space` is not among it.
    pub fn space_operations(&self, subject: &Subject, space: SpaceId) -> BTreeSet<Pair> {
        self.space(space).map(|space| Standing::of(self, subject).space_operations(space)).unwrap_or_default()
    }

    /// Whether a subject may do something to content, or else the first layer that stands in the way.
    pub fn allows(&self, subject: &Subject, verb: Verb, content: ContentId) -> Result<(), Denial> {
        let content = self.content(content).ok_or(Denial::NoContent)?;
        Standing::of(self, subject).allows(verb, content)
    }

    /// The right that editing takes in this mode: classic "Add" is create and edit, roles tell them apart.
    pub fn edit_right(&self, kind: Kind) -> Pair {
        match (self.settings.mode, kind) {
            (RoleMode::PreRoles, Kind::Blogpost) => Pair::CreateBlogpost,
            (RoleMode::PreRoles, _) => Pair::CreatePage,
            (_, Kind::Blogpost) => Pair::UpdateBlogpost,
            (_, _) => Pair::UpdatePage,
        }
    }
}

/// A subject with everything it counts as. Build it once to ask about many spaces and pages.
#[derive(Debug)]
pub struct Standing<'w> {
    world: &'w World,
    subject: &'w Subject,
    /// The site lets the subject in.
    admitted: bool,
    signed_in: bool,
    /// Signed in without a licence: may only view.
    unlicensed: bool,
    /// A guest's one space.
    guest_of: Option<&'w SpaceKey>,
    /// What restriction lists can name it by: its account and its groups.
    listed_as: BTreeSet<Principal>,
    /// What rows and roles can name it by: the same, and classes and anonymous.
    granted_as: BTreeSet<Principal>,
}

impl<'w> Standing<'w> {
    /// Looks up everything a subject counts as.
    pub fn of(world: &'w World, subject: &'w Subject) -> Self {
        let nothing = Self {
            world,
            subject,
            admitted: false,
            signed_in: false,
            unlicensed: false,
            guest_of: None,
            listed_as: BTreeSet::new(),
            granted_as: BTreeSet::new(),
        };
        match subject {
            Subject::Anonymous => Self {
                admitted: world.settings.anonymous,
                granted_as: [Principal::Anonymous].into(),
                ..nothing
            },
            Subject::Group(group) if world.group(group).is_some() => {
                let itself: BTreeSet<_> = [Principal::Group(group.clone())].into();
                let granted_as = itself.iter().cloned().chain(anonymous_for_the_signed_in(world)).collect();
                Self { admitted: true, signed_in: true, listed_as: itself, granted_as, ..nothing }
            }
            Subject::Group(_) => nothing,
            Subject::User(account) | Subject::WithKey(account) => {
                let Some(user) = world.user(account) else {
                    return nothing;
                };
                let person = user.kind == AccountType::Atlassian;
                let guest = user.guest_of.is_some();
                let app = user.kind == AccountType::App;
                let licensed = user.licensed && person && !guest;
                let unlicensed = !licensed && !guest && !app;

                let groups = world.groups_of(account).map(|group| Principal::Group(group.id.clone()));
                // Neither rows nor lists reach people without a licence by name: a space is opened for them
                // by its switch, a class or anonymous.
                let named = groups.chain([Principal::User(account.clone())]).filter(|_| !unlicensed);
                let listed_as: BTreeSet<_> = named.collect();
                let classes = [
                    (Class::AllLicensedUsers, licensed),
                    (Class::AllProductAdmins, licensed && user.confluence_admin),
                    (Class::AuthenticatedUsers, true),
                    (Class::JsmProjectAdmins, user.jsm_project_admin),
                ];
                let granted_as = listed_as
                    .iter()
                    .cloned()
                    .chain(
                        classes
                            .into_iter()
                            .filter(|(_, member)| *member)
                            .map(|(class, _)| Principal::Class(class)),
                    )
                    .chain(anonymous_for_the_signed_in(world))
                    .collect();
                Self {
                    admitted: user.status == AccountStatus::Active
                        && (!unlicensed || world.settings.unlicensed_access),
                    signed_in: true,
                    unlicensed,
                    guest_of: user.guest_of.as_ref(),
                    listed_as,
                    granted_as,
                    ..nothing
                }
            }
        }
    }

    /// Whether the site lets the subject in.
    pub fn admitted(&self) -> bool {
        self.admitted
    }

    /// Whether a restriction list is empty or names the subject, or the subject has an admin key.
    pub fn passes(&self, list: &BTreeSet<Principal>) -> bool {
        list.is_empty() || !list.is_disjoint(&self.listed_as) || matches!(self.subject, Subject::WithKey(_))
    }

    /// What a space gives the subject; see [`World::space_operations`].
    pub fn space_operations(&self, space: &Space) -> BTreeSet<Pair> {
        if !self.admitted || space.status == SpaceStatus::Trashed {
            return BTreeSet::new();
        }
        let only_anonymous: BTreeSet<Principal>;
        // Outside the one space, a guest is a visitor like any other (assumed: switches).
        let visitor = self.guest_of.is_some_and(|own| *own != space.key);
        let counted_as = if visitor && !self.world.quirks.guest_grants_elsewhere {
            only_anonymous =
                self.granted_as.iter().filter(|p| **p == Principal::Anonymous).cloned().collect();
            &only_anonymous
        } else {
            &self.granted_as
        };

        let void = self.world.settings.mode == RoleMode::Roles
            && self.world.quirks.leftover_rows == LeftoverRows::Void;
        let mut given: BTreeSet<Pair> = space
            .grants
            .values()
            .filter(|_| !void)
            .filter(|grant| counted_as.contains(&grant.principal))
            .filter(|grant| !is_void(&grant.principal, grant.pair))
            .map(|grant| grant.pair)
            .collect();
        if self.world.has_roles() {
            for (principal, role) in &space.assignments {
                if counted_as.contains(principal)
                    && let Some(role) = self.world.role(role)
                {
                    given.extend(role.permissions.iter().filter(|pair| !is_void(principal, **pair)));
                }
            }
        }
        let open_to = !visitor || self.world.quirks.guests_see_opened_spaces;
        if space.unlicensed_access && self.signed_in && open_to {
            given.insert(Pair::ReadSpace);
        }

        if self.guest_of.is_some() {
            for withheld in [Pair::AdministerSpace, Pair::ExportSpace, Pair::RestrictContent] {
                given.remove(&withheld);
            }
        }
        if self.unlicensed {
            given.retain(|pair| *pair == Pair::ReadSpace);
        }
        if given.contains(&Pair::ReadSpace) { given } else { BTreeSet::new() }
    }

    /// Whether the subject may do something to content; see [`World::allows`].
    pub fn allows(&self, verb: Verb, content: &Content) -> Result<(), Denial> {
        let space = self.world.space(content.space).ok_or(Denial::NoContent)?;
        self.allows_given(verb, content, &self.space_operations(space))
    }

    /// The same, for a caller that has asked for the space's operations before.
    pub fn allows_given(&self, verb: Verb, content: &Content, given: &BTreeSet<Pair>) -> Result<(), Denial> {
        if matches!(content.status, Status::Trashed | Status::Draft) {
            return Err(Denial::NoContent);
        }
        if !self.admitted {
            return Err(Denial::Site);
        }
        if !given.contains(&Pair::ReadSpace) {
            return Err(Denial::Space);
        }
        let inherits = content.status != Status::Archived || self.world.quirks.archived_pages_inherit;
        let above = self.world.ancestors(content.id).filter(|_| inherits);
        let closed = above.filter(|above| !self.passes(&above.lists.read)).last();
        if let Some(above) = closed {
            return Err(Denial::Ancestor(above.id));
        }
        if !self.passes(&content.lists.read) {
            return Err(Denial::Content);
        }

        let needs = |held: bool, layer: Denial| if held { Ok(()) } else { Err(layer) };
        match verb {
            Verb::Read => Ok(()),
            Verb::Comment => needs(given.contains(&Pair::CreateComment), Denial::Space),
            Verb::Attach => needs(given.contains(&Pair::CreateAttachment), Denial::Space),
            Verb::Update => {
                needs(given.contains(&self.world.edit_right(content.kind)), Denial::Space)?;
                needs(self.passes(&content.lists.update), Denial::Content)
            }
            // Who can edit and holds `restrict_content/space` or `administer/space`.
            Verb::Restrict => {
                self.allows_given(Verb::Update, content, given)?;
                let anyone = !self.world.quirks.restricting_needs_permission;
                let right = [Pair::RestrictContent, Pair::AdministerSpace];
                needs(anyone || right.iter().any(|pair| given.contains(pair)), Denial::Space)
            }
            Verb::Delete => {
                let own = content.author.is_some() && self.subject.account() == content.author.as_ref();
                let right =
                    if content.kind == Kind::Blogpost { Pair::DeleteBlogpost } else { Pair::DeletePage };
                needs(given.contains(&right) || own && given.contains(&Pair::DeleteOwn), Denial::Space)?;
                let guarded = self.world.quirks.update_list_guards_delete;
                needs(!guarded || self.passes(&content.lists.update), Denial::Content)
            }
        }
    }
}

/// What anonymous is granted lets no account administer a space.
fn is_void(principal: &Principal, pair: Pair) -> bool {
    *principal == Principal::Anonymous && pair == Pair::AdministerSpace
}

/// What is granted to anonymous adds to people who are signed in, too.
fn anonymous_for_the_signed_in(world: &World) -> Option<Principal> {
    let counts = world.settings.anonymous || !world.quirks.anonymous_rows_need_site_switch;
    counts.then_some(Principal::Anonymous)
}
