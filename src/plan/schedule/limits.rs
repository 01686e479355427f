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
    /// Of so many calls, every set is considered before it is said that there is no order.
    pub walked: usize,
    /// A part that is stuck is split best first if it has at most so many calls, and in rounds otherwise.
    pub best_first: usize,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self { questions: 400_000, walked: 16, best_first: 64 }
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
