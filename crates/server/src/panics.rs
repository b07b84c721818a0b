//! What becomes of a panic: it is caught at the edge of the part that it broke, told once with its
//! place, and the part begins anew.
#![allow(
    clippy::missing_const_for_thread_local,
    reason = "they are const; what thread_local! makes of that for Windows misleads clippy"
)]

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;
use std::time::{Duration, Instant};

/// The first pause after a part broke off again.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Whoever has worked that long begins anew without a pause.
const CALM: Duration = Duration::from_secs(600);
/// Most characters of what a panic says: it may cite anything.
const LONGEST_MESSAGE: usize = 400;

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    message: String,
    /// File and line, where they are known.
    place: Option<String>,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Some(place) => write!(f, ", {place}"),
            None => Ok(()),
        }
    }
}

thread_local! {
    /// How many calls of [`catching`] this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// The latest panic within them.
    static LATEST: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// Runs `work` and catches its panic, of which nothing is printed. Whoever calls makes anew, or drops,
/// whatever `work` may have left half done.
pub fn catching<R>(work: impl FnOnce() -> R) -> Result<R, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !note(info) {
                usual(info);
            }
        }));
    });
    DEPTH.set(DEPTH.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get().saturating_sub(1));
    done.map_err(|payload| {
        let noted = LATEST.take();
        noted.unwrap_or_else(|| Panicked { message: message(&*payload), place: None })
    })
}

/// Keeps what a panic says for who catches it: false if nobody does.
fn note(info: &PanicHookInfo<'_>) -> bool {
    // While a thread ends, its own values are gone, and so is whoever would catch.
    if !DEPTH.try_with(|depth| depth.get() > 0).unwrap_or(false) {
        return false;
    }
    let panicked = Panicked {
        message: message(info.payload()),
        place: info.location().map(ToString::to_string),
    };
    LATEST.try_with(|latest| latest.replace(Some(panicked))).is_ok()
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without words");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_MESSAGE).collect()
}

/// How often a part began anew, and how soon it may again.
#[derive(Debug, Default)]
pub struct Restarts {
    count: u64,
    last: Option<Instant>,
    pause: Duration,
    told: Option<Panicked>,
}

impl Restarts {
    /// Notes one more, and says how long to wait before: not at all at first, ever longer while it goes
    /// on.
    pub fn note(&mut self, now: Instant) -> Duration {
        let calm = self.last.is_none_or(|last| now.saturating_duration_since(last) >= CALM);
        self.pause = if calm {
            Duration::ZERO
        } else {
            (self.pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
        };
        self.last = Some(now);
        self.count = self.count.saturating_add(1);
        self.pause
    }

    /// How often.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether it is another panic than the last one: only that is worth telling.
    pub fn is_news(&mut self, panicked: &Panicked) -> bool {
        self.told.replace(panicked.clone()).as_ref() != Some(panicked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_words_and_its_place() {
        assert_eq!(catching(|| 5), Ok(5));
        let caught = catching(|| {
            let inner = catching(|| panic!("inner\nline"));
            assert!(inner.is_err_and(|inner| inner.to_string().starts_with("inner line, ")));
            panic!("number {}", 7)
        });
        let caught: Result<(), Panicked> = caught;
        let text = caught.unwrap_err().to_string();
        assert!(text.starts_with("number 7, ") && text.contains("panics.rs:"), "{text}");
        let long: Result<(), Panicked> = catching(|| panic!("{}", "x".repeat(100_000)));
        assert!(long.unwrap_err().to_string().len() < 1_000);
        let mute: Result<(), Panicked> = catching(|| std::panic::panic_any(3));
        assert!(mute.unwrap_err().to_string().starts_with("a panic without words"));
    }

    #[test]
    fn who_breaks_off_again_and_again_pauses_ever_longer() {
        let mut restarts = Restarts::default();
        let begin = Instant::now();
        let pauses: Vec<u64> = (0..9).map(|_| restarts.note(begin).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(restarts.note(begin + CALM), Duration::ZERO);
        assert_eq!(restarts.count(), 10);
    }

    #[test]
    fn the_same_panic_is_no_news() {
        let panicked = |message: &str| Panicked { message: message.to_owned(), place: None };
        let mut restarts = Restarts::default();
        assert!(restarts.is_news(&panicked("a")) && !restarts.is_news(&panicked("a")));
        assert!(restarts.is_news(&panicked("b")));
    }
}
