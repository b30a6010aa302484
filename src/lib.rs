//! gatestack
