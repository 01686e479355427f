//! One state of the site as guards look at it. Its engine is made once a guard asks, since most plans never do.

use std::cell::OnceCell;

use crate::access::Engine;
use crate::model::Live;

pub(super) struct LazyEngine<'a> {
    pub(super) live: &'a Live,
    engine: OnceCell<Engine<'a>>,
}

impl<'a> LazyEngine<'a> {
    pub(super) fn of(live: &'a Live) -> Self {
        Self { live, engine: OnceCell::new() }
    }

    pub(super) fn engine(&self) -> &Engine<'a> {
        self.engine.get_or_init(|| Engine::of_what_is_listed(self.live))
    }
}
