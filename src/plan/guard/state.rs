//! One state of the site as guards look at it. The engine of the state before is made once a guard asks, since most
//! plans never do.

use std::cell::OnceCell;

use crate::access::Engine;
use crate::model::Live;

pub(super) struct LazyEngine<'a> {
    pub(super) live: &'a Live,
    made: Option<&'a Engine<'a>>,
    engine: OnceCell<Engine<'a>>,
}

impl<'a> LazyEngine<'a> {
    pub(super) fn of(live: &'a Live) -> Self {
        Self { live, made: None, engine: OnceCell::new() }
    }

    pub(super) fn made(engine: &'a Engine<'a>) -> Self {
        Self { live: engine.live(), made: Some(engine), engine: OnceCell::new() }
    }

    pub(super) fn engine(&self) -> &Engine<'a> {
        self.made.unwrap_or_else(|| self.engine.get_or_init(|| Engine::of_what_is_listed(self.live)))
    }
}
