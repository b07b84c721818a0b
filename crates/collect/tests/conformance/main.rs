//! The conformance suite: what happened, and what each collector tells of it.
//!
//! A scenario is written once. It has puppets open, use and close sockets, and says what must then
//! be known of them ([`stage::Stage`]). Every collector of this system passes every scenario, live;
//! and then what it told is fed into another engine, which must know the same.
//!
//! What a collector cannot tell stands in one table, with the reason ([`limits`]). There the
//! scenarios demand that it is *not* told, so that the table says no less than is so.
//!
//! A system joins by a variant of [`limits::Who`].

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, also in what tests share"
)]

mod expected;
mod limits;
#[path = "../../../../tests/puppet/mod.rs"]
mod puppet;
mod recording;
mod scenarios;
mod stage;

use limits::{LIMITS, Who};
use recording::Recording;
use stage::Stage;

/// What is played, by name.
type Scenario = fn(&mut Stage);

/// Plays a scenario live, and again from what was told. Another engine hears it as it came; the
/// recording is returned for those who would tell it otherwise.
fn play(who: Who, scenario: Scenario) -> Option<Recording> {
    let mut live = Stage::live(who)?;
    scenario(&mut live);
    let recording = live.end();
    let mut replay = Stage::replay(who, recording.clone());
    scenario(&mut replay);
    replay.end();
    Some(recording)
}

macro_rules! suite {
    ($($scenario:ident),* $(,)?) => {
        /// By reading tables, at an interval.
        mod scan {
            use super::{Who, play, scenarios};
            $(#[test]
            fn $scenario() {
                play(Who::scanning(), scenarios::$scenario);
            })*
        }

        /// By the kernel's events.
        #[cfg(target_os = "linux")]
        mod events {
            use super::{Who, play, scenarios};
            $(#[test]
            fn $scenario() {
                play(Who::LinuxEvents, scenarios::$scenario);
            })*
        }
    };
}

suite!(
    listeners_come_and_go,
    connections_come_and_go,
    connections_over_ipv6,
    a_listener_for_both_families,
    udp_sockets_and_their_peers,
    many_sockets_in_growing_tables,
    processes_and_what_they_leave,
    names_in_every_script,
    connections_shorter_than_any_interval,
    what_connections_carry,
    an_orderly_end,
    a_pid_that_is_used_again,
);

/// Where no system gives the same pid twice in time, what was told is changed as if it had.
#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let Some(mut recording) = play(Who::scanning(), scenarios::a_pid_that_is_used_again) else {
        return;
    };
    let [first, second] = recording.pids()[..] else { panic!("there were two processes") };
    recording.rename(second, first);
    let mut replay = Stage::replay(Who::scanning(), recording);
    scenarios::a_pid_that_is_used_again(&mut replay);
    replay.end();
}

/// For those who read the output of the tests.
#[test]
fn what_cannot_be_told_has_a_reason() {
    for limit in LIMITS {
        assert!(limit.why.len() > 30 && !limit.of.is_empty(), "{limit:?}");
        println!("{:?} of {:?}: {}", limit.truth, limit.of, limit.why);
    }
}
