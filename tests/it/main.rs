//! gatestack's integration tests: one binary, because each further one would link the AWS SDK again.

mod absent_lines;
mod apigateway_kinds;
mod budget;
mod by_hand;
mod certificates;
mod cognito_kinds;
mod converge;
mod crash;
mod destroys;
mod domains;
mod executor;
mod harness;
mod kinds;
mod lifecycle;
mod overlays;
mod ownership;
mod planner;
mod private_road;
mod private_road_kinds;
mod program;
mod readme;
mod redeploy;
mod saved;
mod scenarios;
mod screens;
mod secrets;
