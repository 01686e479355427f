//! What a policy asks for, without a policy.

use std::sync::Arc;

use camino::Utf8Path;
use confperm::model::{
    Declaration, DesiredHolding, DesiredSpace, Mode, Origin, Permission, Strength, Wanted,
};

/// The line that asks for everything.
pub(crate) fn origin() -> Origin {
    Origin { file: Utf8Path::new("eng.yaml").into(), line: 1 }
}

pub(crate) fn wanted<T>(what: T) -> Wanted<T> {
    Wanted::new(what, Declaration::at(origin()))
}

/// The line, as holdings carry it.
pub(crate) fn declared() -> Arc<Declaration> {
    Declaration::at(origin()).into()
}

/// An authoritative space that grants nothing and declares no list.
pub(crate) fn authoritative() -> DesiredSpace {
    DesiredSpace { mode: Mode::Authoritative, ..DesiredSpace::silent(origin()) }
}

/// Single permissions that are all required.
pub(crate) fn required<'p>(permissions: impl IntoIterator<Item = &'p Permission>) -> DesiredHolding {
    let grants = permissions.into_iter().map(|permission| (*permission, (Strength::Required, declared())));
    DesiredHolding::Grants(grants.collect())
}
