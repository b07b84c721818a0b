//! The collector against the running kernel's events. Root only: the kernel tells nobody else.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

mod churn;
#[path = "../../../../tests/control_group/mod.rs"]
mod control_group;
mod exchange;
mod families;
mod listing;
mod loss;
mod namespaces;
mod processes;
mod restart;
mod rings;
mod rungs;
mod same_story;
mod sharing;
mod story;
mod tcp;
mod transfer;
mod udp;
mod unanswered;
mod workload;
