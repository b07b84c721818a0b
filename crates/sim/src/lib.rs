//! A seeded world that emits events, for tests, benches and the demo.
