//! E6: the wall clock steps, as machines set it, and nothing but what people read follows.

use std::time::Duration;

use procnet_core::engine::{Engine, EngineOptions};
use procnet_core::{Batch, Moment, Timestamp};
use procnet_sim::{World, WorldOptions};

#[test]
fn e6_a_clock_that_steps_either_way_changes_neither_the_map_nor_when_things_vanish() {
    const STEP: Duration = Duration::from_millis(700);
    for step in [-86_400, -3_600, -1, 1, 3_600, 86_400_i64] {
        let mut world = World::new(WorldOptions {
            seed: 11,
            stacks: 1,
            sockets: 200,
            churn_per_second: 0.3,
            traffic_per_second: 0.5,
            unix: true,
        });
        let mut steady = Engine::new(EngineOptions::default());
        let mut stepped = steady.clone();
        let mut vanished = 0;
        for turn in 0..80_u64 {
            let now = Moment(turn * u64::try_from(STEP.as_nanos()).unwrap_or(u64::MAX));
            let batch = world.step(STEP);
            let shift = if turn % 20 >= 10 { step * 1_000_000_000 } else { 0 };
            let at = Timestamp(batch.at.0.saturating_add(shift));
            let before = steady.graph().link_count();
            steady.apply(batch.clone(), now);
            stepped.apply(Batch { at, ..batch }, now);
            steady.tick(now);
            stepped.tick(now);
            vanished += before.saturating_sub(steady.graph().link_count());
            let (one, other) = (steady.graph(), stepped.graph());
            // Those that are gone and only stay for a while too.
            assert_eq!(one.link_count(), other.link_count(), "{step} s, turn {turn}");
            assert_eq!(one.conclusions(), other.conclusions(), "{step} s, turn {turn}");
        }
        assert!(vanished > 0, "links come to their end in this time");
    }
}
