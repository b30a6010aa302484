//! gatestack
fn main() {}
