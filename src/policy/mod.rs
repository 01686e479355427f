//! The policy language: YAML files that say who may do what in which space and on which page.
//!
//! ```text
//! files ──load──▶ texts ──yaml──▶ trees with places ──read──▶ Policy ──resolve + Live──▶ Desired
//! ```
//!
//! [`load`] reads a directory, and everything that is wrong with its files comes back at once as
//! [findings](crate::diagnostic). [`resolve`] turns names into ids with the help of a site that has been
//! read; it does no I/O. [`express`] goes the other way, from a site to the words of the language. What a change means and how it is made is none of this module's business.

mod access_line;
mod alias;
mod ast;
mod breaches;
mod cycles;
mod conflict;
mod contradictions;
pub mod export;
mod csv;
mod delegation;
mod format;
mod glob;
mod hidden;
mod ignore;
mod keys;
mod leave;
mod likes;
mod links;
mod load;
pub mod lock;
mod mentions;
mod on_site;
mod pages;
mod reach;
mod read;
mod renames;
mod resolve;
mod roles;
mod rules;
mod schema;
mod sets;
mod terms;
mod writes;
mod yaml;

pub use ast::{
    AccessLine, AccessTest, Expectation, ForbidDef, Grantee, GroupPin, GuardsDef, Joining, ListItem, Listed,
    Named, OnlyThese, PageEntry, PageOnlyEntry, PersonDef, Policy, Right, RoleName, SiteAddress, SpaceDef,
    TestTarget, TestVerb, UnlistedDef,
};
pub use breaches::Breaches;
pub use delegation::{Delegation, Mandate, MayRemove, Recipient, Team, TeamFiles};
pub use export::NamedBundle;
pub use format::format;
pub use leave::LeavePattern;
pub use load::{Loaded, from_sources, load, texts};
pub use mentions::{Mention, Party, WhatFor};
pub use on_site::OnSite;
pub use pages::{Depth, InvalidSelector, Link, Matched, PageName, PageSelector, escape, matched};
pub use reach::SpaceReach;
pub use renames::Renames;
pub use resolve::{Context, Lookup, Resolved, declared_pages, resolve, whole_spaces};
pub use roles::{Bundle, RoleDef, bundle};
pub use rules::{Absent, Condition, KeyPattern, Like, Replace, Rule, SelectedType, Selector};
pub use schema::schema;
pub use sets::{SetDef, SetMember, Sets};
pub use terms::{Ending, days};
pub(crate) use yaml::as_yaml;
