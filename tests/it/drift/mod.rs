//! Somebody deletes or edits a thing of the stack by hand: the plan says so and no more, an apply makes it good, and
//! the next plan is empty.

mod api;
mod pool;
mod tags;
