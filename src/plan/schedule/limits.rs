//! How far an order is looked for before the answer is a simpler one.

/// Whether an order that shuts accounts out for a moment is acceptable where no other exists. There is
/// no such choice for leaks, nor for accounts that must be able to finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    #[default]
    Refuse,
    Allow,
}

/// How an order of calls is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderSearch {
    pub gaps: Gaps,
    pub limits: SearchLimits,
}

/// What is looked at one by one. On sites of ordinary size no plan depends on these (`tests/order/limits`).
#[derive(Debug, Clone, Copy)]
pub struct SearchLimits {
    /// So many questions "can this atom do that" are asked of one packing. In spaces where it would be more, pairs of
    /// principals stand for all accounts. Ten times as many are asked of all packings of a space.
    pub questions: usize,
    /// Up to so many calls, every set of them is considered before it is said that there is no order. Up to so many
    /// permissions that roles may give or not, each is also taken for the only one that differs from the others.
    pub walked: usize,
    /// Up to so many, things are told apart: the ways in which rows can be missing, beyond which more states count as
    /// closed than are; the people who pass two lists through different entries, beyond which a list between two halves
    /// does not name them; the calls of a part that is stuck, beyond which it is split in rounds and not best first.
    pub apart: usize,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self { questions: 400_000, walked: 16, apart: 64 }
    }
}

impl SearchLimits {
    /// The questions that are asked of all packings of a space.
    pub(super) const fn all_questions(self) -> usize {
        self.questions.saturating_mul(10)
    }

    /// What a packing takes beside its questions, counted in them: of small ones, a thousand are tried.
    pub(super) const fn of_a_packing(self) -> usize {
        self.all_questions() / 1_000
    }
}

impl From<Gaps> for OrderSearch {
    fn from(gaps: Gaps) -> Self {
        Self { gaps, ..Self::default() }
    }
}
