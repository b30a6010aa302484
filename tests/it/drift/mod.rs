//! Resources of the stack deleted or edited by hand: the plan shows exactly that, an apply repairs it, and the next plan is
//! empty.

mod api;
mod pool;
mod tags;
