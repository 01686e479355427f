//! What each principal holds in a space: single permissions, or one of the site's roles.
//!
//! What has ended is not asked for any more. In an additive space it must be refused, or it would stay.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use camino::Utf8Path;

use super::declaration::SpaceDeclaration;
use super::leaving::inheritances;
use super::meaning::{Lost, NameMeaning, WrittenName};
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, did_you_mean};
use crate::model::{
    BuiltInRole, Declaration, DesiredHolding, Holding, Kept, LiveSpace, Permission, Principal, RoleId,
    SkippedPart, SpaceRoleMode, Strength, ToHold,
};
use crate::policy::ast::{Right, RoleName};
use crate::policy::roles::{Bundle, bundle};

/// One entry of a line of `access`.
#[derive(Clone)]
pub(super) struct Asked<'a> {
    pub(super) right: &'a Right,
    pub(super) bundle: Rc<Bundle>,
    /// The entry, not the line; or the line that brought it here.
    pub(super) span: &'a Span,
    /// The file of the line, which may be another than that of the entry: a row stands in a table.
    pub(super) file: &'a Utf8Path,
    /// The entry itself, wherever it was copied to.
    pub(super) entry: &'a Span,
    by: Arc<Declaration>,
}

/// What the lines for a principal come down to.
enum AskedMeaning<'s> {
    Holds(DesiredHolding),
    /// The space role is lost, and this line asks for it.
    Lost(Lost<RoleId>, &'s Span),
    /// Nothing that can be given here, which has been reported.
    Invalid,
}

impl From<Option<DesiredHolding>> for AskedMeaning<'_> {
    fn from(holding: Option<DesiredHolding>) -> Self {
        holding.map_or(Self::Invalid, Self::Holds)
    }
}

/// What lines ask for, by who is to have it.
pub(super) type AskedBy<'a> = BTreeMap<Principal, Vec<Asked<'a>>>;

impl<'a> Resolver<'a> {
    /// What lines give, what copies add, and what those who go leave behind.
    pub(super) fn holdings(
        &mut self,
        declaration: &SpaceDeclaration<'a>,
        live: &'a LiveSpace,
        kept: &mut Kept,
    ) -> BTreeMap<Principal, DesiredHolding> {
        let key = &live.space.key;
        let bundles: Vec<Rc<Bundle>> =
            declaration.lines.iter().map(|line| self.known_bundle(&line.says.right.value)).collect();
        let (mut asked, mut over) = (AskedBy::new(), AskedBy::new());
        for (reaching, bundle) in declaration.lines.iter().zip(&bundles) {
            let line = reaching.says;
            self.unsupported(&line.right.value, bundle, &line.right.span);
            for entry in &line.who {
                let ended = entry.is_over(self.today);
                let principal = match self.principal(&entry.who) {
                    NameMeaning::Is(principal) => principal,
                    NameMeaning::Lost(lost) => {
                        if !ended {
                            self.skip(Some(key), SkippedPart::Principal, &lost, reaching.place(entry));
                        }
                        kept.principals.extend(lost.by.into_iter().chain([lost.was]));
                        continue;
                    }
                    NameMeaning::Invalid => continue,
                };
                let entry = Asked {
                    right: &line.right.value,
                    bundle: Rc::clone(bundle),
                    span: reaching.place(entry),
                    file: reaching.file(),
                    entry: &entry.who.span,
                    by: reaching.declaration(entry, self.today).into(),
                };
                let asked = if ended { &mut over } else { &mut asked };
                asked.entry(principal).or_default().push(entry);
            }
        }
        self.contradictions(declaration, &|who| asked.get(who)?.first().map(|first| first.span));
        let mut gifts = self.copies(declaration, live);
        inheritances(declaration, live, &mut gifts);
        // What ended is not kept for what comes.
        let ends = |who: &Principal| {
            let (over, held) = (over.get(who)?, live.holdings.get(who)?);
            Some(matches!(held, Holding::Grants(_)) || self.gave(over, held).is_some())
        };
        let ending = gifts.iter_mut().filter(|(who, _)| ends(who) == Some(true));
        for gift in ending.flat_map(|(_, gifts)| gifts) {
            gift.beside = None;
        }
        self.leave_misfits_out(&mut asked, &mut gifts, key);
        let reads = |asked: &&Asked<'_>| asked.bundle.required.contains(&Permission::ReadSpace);
        for (who, over) in &over {
            let still = asked.get(who).is_some_and(|asked| asked.iter().any(|each| reads(&each)));
            if let Some(ended) = over.iter().find(reads).filter(|_| !still) {
                kept.ended_reads.insert(who.clone(), ended.span.origin());
            }
        }
        let mut holdings = BTreeMap::new();
        for (principal, asked) in asked {
            match self.holding(&principal, &asked) {
                AskedMeaning::Holds(holding) => drop(holdings.insert(principal, holding)),
                AskedMeaning::Lost(lost, span) => {
                    self.skip(Some(key), SkippedPart::Principal, &lost, span);
                    kept.principals.insert(principal);
                }
                AskedMeaning::Invalid => {}
            }
        }
        for (principal, over) in over {
            if let Some(held) = live.holdings.get(&principal) {
                self.take_back(&principal, &over, held, &mut holdings, kept);
            }
        }
        for (who, gifts) in &gifts {
            for gift in gifts {
                self.give(who, gift, &mut holdings);
            }
        }
        // Those who go hold nothing, whatever lines and copies say.
        for leaving in &declaration.leaving {
            // A site may keep the rows of visitors to itself, so whether there are any has to be found out.
            if live.holdings.contains_key(&leaving.who) || leaving.who == Principal::Anonymous {
                holdings.insert(leaving.who.clone(), ToHold::Nothing(leaving.wanted(()).by));
            }
        }
        holdings
    }

    /// What a right comes down to; each is worked out once, however many spaces it is given in.
    fn known_bundle(&mut self, right: &Right) -> Rc<Bundle> {
        if let Some(bundle) = self.bundles.get(right) {
            return Rc::clone(bundle);
        }
        let bundle = Rc::new(self.bundle(right));
        self.bundles.insert(right.clone(), Rc::clone(&bundle));
        bundle
    }

    /// Takes back exactly what ended lines gave, and not what other lines still give.
    fn take_back(
        &self,
        principal: &Principal,
        over: &[Asked<'_>],
        held: &Holding,
        holdings: &mut BTreeMap<Principal, DesiredHolding>,
        kept: &mut Kept,
    ) {
        match (holdings.get_mut(principal), held) {
            (wanted, Holding::Role(role)) => {
                let still = matches!(&wanted, Some(ToHold::Role(wanted, _)) if wanted == role);
                match (self.gave(over, held).filter(|_| !still), wanted) {
                    (Some(gave), wanted) => {
                        kept.ended_roles.insert(principal.clone());
                        if wanted.is_none() {
                            holdings.insert(principal.clone(), ToHold::Nothing(Arc::clone(&gave.by)));
                        }
                    }
                    // Where single permissions take the place of the role, what ended is not given again.
                    (None, Some(ToHold::Grants(grants))) => {
                        for (permission, wanted) in refused(over) {
                            grants.entry(permission).or_insert(wanted);
                        }
                    }
                    (None, _) => {}
                }
            }
            (None, Holding::Grants(_)) => {
                holdings.insert(principal.clone(), ToHold::Grants(refused(over)));
            }
            (Some(ToHold::Grants(grants)), Holding::Grants(_)) => {
                for (permission, wanted) in refused(over) {
                    grants.entry(permission).or_insert(wanted);
                }
            }
            (Some(_), _) => {}
        }
    }

    /// The line, of some that are over, that gave the role that is held.
    fn gave<'o, 'w>(&self, over: &'o [Asked<'w>], held: &Holding) -> Option<&'o Asked<'w>> {
        let Holding::Role(held) = held else { return None };
        over.iter().find(|asked| self.role_meant(asked.right).as_ref() == Some(held))
    }

    pub(super) fn bundle(&self, right: &Right) -> Bundle {
        match right {
            Right::Role(role) => bundle(role, &self.policy.roles),
            Right::Permission(permission) => Bundle::single(*permission),
        }
    }

    fn unsupported(&mut self, right: &Right, bundle: &Bundle, span: &Span) {
        let vocabulary = self.vocabulary;
        for permission in bundle.required.iter().filter(|permission| !vocabulary.contains(**permission)) {
            let message = match right {
                Right::Permission(_) => format!("this site does not have the permission `{permission}`"),
                Right::Role(role) => {
                    format!(
                        "the role `{}` needs `{permission}`, which this site does not have",
                        role.as_str()
                    )
                }
            };
            self.report(Diagnostic::new(Code::UnsupportedPermission, message).at(span, "").help(format!(
                "\"{}\" came to Confluence with space roles, which this site does not use yet",
                permission.label()
            )));
        }
    }

    fn holding<'s>(&mut self, principal: &Principal, asked: &[Asked<'s>]) -> AskedMeaning<'s> {
        let is_class = matches!(principal, Principal::Class(_));
        if !self.live.site.mode.has_roles() {
            if is_class {
                for entry in asked {
                    self.report(
                        Diagnostic::new(Code::NoClasses, "this site has no user classes")
                            .at(entry.span, "")
                            .help("user classes came with space roles, which this site does not use: name a group"),
                    );
                }
                return AskedMeaning::Invalid;
            }
            return self.grants(principal, asked).into();
        }
        match self.leader(asked) {
            Some(leader) => self.assigned(leader),
            None if self.takes_single_permissions(principal) => self.grants(principal, asked).into(),
            None => {
                self.not_expressible(is_class, asked);
                AskedMeaning::Invalid
            }
        }
    }

    /// Whether a principal can hold permissions beside none of the site's roles.
    pub(super) fn takes_single_permissions(&self, who: &Principal) -> bool {
        match self.live.site.mode {
            SpaceRoleMode::PreRoles => true,
            SpaceRoleMode::RolesTransition => !matches!(who, Principal::Class(_)),
            SpaceRoleMode::Roles => false,
        }
    }

    /// What is asked for that is a space role and gives all that is asked for.
    pub(super) fn leader<'s, 'w>(&self, asked: &'s [Asked<'w>]) -> Option<&'s Asked<'w>> {
        asked.iter().find(|candidate| {
            self.site_role(candidate.right).is_some()
                && asked.iter().all(|other| candidate.bundle.covers(&other.bundle))
        })
    }

    /// The name of the space role that a right means on a site with roles.
    pub(super) fn site_role<'r>(&'r self, right: &'r Right) -> Option<&'r str> {
        match right {
            Right::Role(RoleName::BuiltIn(role)) => Some(role.site_name()),
            Right::Role(RoleName::Custom(name)) => {
                self.policy.roles.get(name)?.site_role.as_ref().map(|role| role.value.as_str())
            }
            Right::Permission(_) => None,
        }
    }

    /// The space role that a right means, without reporting anything.
    pub(super) fn role_meant(&self, right: &Right) -> Option<RoleId> {
        let name = self.site_role(right)?;
        self.lock.role(name, &self.live.roles).meant().cloned()
    }

    fn assigned<'s>(&mut self, asked: &Asked<'s>) -> AskedMeaning<'s> {
        let Some(name) = self.site_role(asked.right).map(str::to_owned) else { return AskedMeaning::Invalid };
        let (lock, live) = (self.lock, self.live);
        let named = WrittenName {
            kind: "space role",
            written: name.clone(),
            accepted: format!("role:{name}"),
            span: asked.span,
            locked: lock.roles.get(&name).map(|locked| &locked.span),
        };
        let called = |id: &RoleId| live.roles.get(id).map(|role| role.name.raw().to_owned());
        let identity = lock.role(&name, &live.roles);
        let meaning = self.meaning(&named, identity, &called, |this, bearers| match bearers.as_slice() {
            [role] => Some(role.clone()),
            [] => {
                this.unknown_role(&name, asked);
                None
            }
            several => {
                this.ambiguous_role(&name, several, asked);
                None
            }
        });
        match meaning {
            NameMeaning::Is(id) => AskedMeaning::Holds(ToHold::Role(id, Arc::clone(&asked.by))),
            NameMeaning::Lost(lost) => AskedMeaning::Lost(lost, asked.span),
            NameMeaning::Invalid => AskedMeaning::Invalid,
        }
    }

    fn ambiguous_role(&mut self, name: &str, several: &[RoleId], asked: &Asked<'_>) {
        let called: Vec<String> = several
            .iter()
            .filter_map(|id| self.live.roles.get(id))
            .map(|role| format!("`{}`", role.name.shown()))
            .collect();
        self.report(
            Diagnostic::new(
                Code::AmbiguousRole,
                format!("the site has {} space roles called `{name}`: {}", several.len(), called.join(", ")),
            )
            .at(asked.span, "needed here")
            .help("rename one of them in Confluence; blanks around a name and how an accent is composed do not tell names apart"),
        );
    }

    fn unknown_role(&mut self, name: &str, asked: &Asked<'_>) {
        let near = did_you_mean(name, self.roles.keys().map(AsRef::as_ref));
        let all: Vec<String> = self.roles.keys().map(|role| format!("`{role}`")).collect();
        let instead = format!("name one of {} with `site-role:` in a role of your own", all.join(", "));
        let help = match (asked.right, near) {
            // A disabled role is not listed.
            (Right::Role(RoleName::BuiltIn(_)), _) => format!(
                "a site administrator may have disabled it, under Space roles in the settings of Confluence; \
                 enable it, or {instead}"
            ),
            (_, Some(near)) => format!("did you mean `site-role: {near}`?"),
            (_, None) => instead,
        };
        let mut finding =
            Diagnostic::new(Code::UnknownSiteRole, format!("the site has no space role `{name}`"));
        if let Right::Role(RoleName::Custom(custom)) = asked.right
            && let Some(place) = self.policy.roles.get(custom).and_then(|role| role.site_role.as_ref())
        {
            finding = finding.at(&place.span, "named here");
        }
        self.report(finding.at(asked.span, "needed here").help(help));
    }

    /// Single permissions: everything that any line asks for, each with the first line that does.
    fn grants(&mut self, principal: &Principal, asked: &[Asked<'_>]) -> Option<DesiredHolding> {
        let mut grants: BTreeMap<Permission, (Strength, Arc<Declaration>)> = BTreeMap::new();
        for entry in asked {
            for permission in &entry.bundle.required {
                if grants.get(permission).is_none_or(|(earlier, _)| *earlier == Strength::Tolerated) {
                    grants.insert(*permission, (Strength::Required, Arc::clone(&entry.by)));
                }
            }
            for permission in &entry.bundle.tolerated {
                grants.entry(*permission).or_insert_with(|| (Strength::Tolerated, Arc::clone(&entry.by)));
            }
        }
        let first = asked.first()?;
        let reads = grants.get(&Permission::ReadSpace).is_some_and(|(read, _)| *read == Strength::Required);
        if !reads {
            // Confluence keeps no other permission for a principal that may not view the space.
            if *principal == Principal::Anonymous {
                self.report(
                    Diagnostic::new(
                        Code::NotExpressible,
                        "visitors who are not signed in would need `read/space` before anything else",
                    )
                    .at(first.span, "")
                    .help(
                        "add `read/space: [anonymous]` if everyone may read this space, or remove this entry",
                    ),
                );
                return None;
            }
            grants.insert(Permission::ReadSpace, (Strength::Required, Arc::clone(&first.by)));
        }
        Some(ToHold::Grants(grants))
    }

    fn not_expressible(&mut self, is_class: bool, asked: &[Asked<'_>]) {
        let mut whole = Bundle::default();
        for entry in asked {
            whole.add(&entry.bundle);
        }
        let message = if is_class {
            "a user class can hold one space role and nothing else"
        } else {
            "this site gives access by space roles only, and no role gives exactly what is asked for here"
        };
        let mut finding = Diagnostic::new(Code::NotExpressible, message);
        for entry in asked {
            finding = finding.at(entry.span, "");
        }
        let unnamed = asked.iter().find_map(|entry| match entry.right {
            Right::Role(RoleName::Custom(name)) if self.site_role(entry.right).is_none() => Some(name),
            _ => None,
        });
        let mut help = self.nearest(&whole);
        if let Some(name) = unnamed {
            help = format!("{help}; if the site has a role for `{name}`, name it there with `site-role:`");
        }
        self.report(finding.help(help));
    }

    /// The role that comes nearest, with what it adds and lacks.
    fn nearest(&self, whole: &Bundle) -> String {
        let built_in = BuiltInRole::ALL.into_iter().map(RoleName::BuiltIn);
        let custom = self.policy.roles.keys().cloned().map(RoleName::Custom);
        let candidates = built_in.chain(custom).map(Right::Role).filter_map(|right| {
            let site_role = self.site_role(&right)?;
            self.roles.contains_key(site_role).then(|| {
                let bundle = self.bundle(&right);
                let adds: BTreeSet<_> = bundle.required.difference(&whole.required).copied().collect();
                let lacks: BTreeSet<_> = whole
                    .required
                    .iter()
                    .filter(|permission| !bundle.required.contains(permission))
                    .copied()
                    .collect();
                (adds.len() + lacks.len(), site_role.to_owned(), adds, lacks)
            })
        });
        let names = |permissions: &BTreeSet<Permission>| {
            permissions.iter().map(|permission| format!("`{permission}`")).collect::<Vec<_>>().join(", ")
        };
        match candidates.min() {
            None => "make a space role on the site, and name it with `site-role:` in a role of the policy"
                .to_owned(),
            Some((_, role, adds, lacks)) => {
                let difference = match (adds.is_empty(), lacks.is_empty()) {
                    (true, true) => "it is the same in permissions".to_owned(),
                    (false, true) => format!("it would add {}", names(&adds)),
                    (true, false) => format!("it would lack {}", names(&lacks)),
                    (false, false) => format!("it would add {} and lack {}", names(&adds), names(&lacks)),
                };
                format!("the nearest role is `{role}`: {difference}")
            }
        }
    }
}

/// Everything that ended lines brought, `read/space` and companions included.
fn refused(over: &[Asked<'_>]) -> BTreeMap<Permission, (Strength, Arc<Declaration>)> {
    let mut refused = BTreeMap::new();
    for asked in over {
        let brought = asked.bundle.required.iter().chain(&asked.bundle.tolerated);
        for permission in brought.chain([&Permission::ReadSpace]) {
            refused.entry(*permission).or_insert_with(|| (Strength::Refused, Arc::clone(&asked.by)));
        }
    }
    refused
}
