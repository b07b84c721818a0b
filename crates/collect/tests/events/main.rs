//! The collector against the running kernel's events. Root only: the kernel tells nobody else.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

mod churn;
mod loss;
mod processes;
mod rungs;
mod sharing;
mod story;
mod tcp;
mod udp;
mod workload;
