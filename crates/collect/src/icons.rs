//! The icons of programs: read once for each program, in a thread of their own, for files may lie on
//! slow disks. It knows no platform: how a program's icon is found in its file it is told.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use procnet_core::Icon;
use rustc_hash::{FxHashMap, FxHashSet};

/// Most programs that are remembered.
const MAX_PROGRAMS: usize = 4096;
/// Most programs that wait to be looked into.
const MAX_WAITING: usize = 1024;
/// Most bytes of all icons that are shown at a time.
const MAX_BYTES: usize = 16 << 20;

/// What a file is known again by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// How long it is.
    pub length: u64,
    /// When it was changed last.
    pub modified: Option<SystemTime>,
}

/// Looks into a program's file.
pub trait Programs: Send + 'static {
    /// A file that was opened.
    type File;

    /// Opens the program's file; an error if there is none or it is not to be read.
    fn open(&mut self, path: &str) -> io::Result<(Self::File, Identity)>;

    /// The icon in the file, if it has one.
    fn icon(&mut self, file: Self::File) -> Option<Icon>;
}

/// What was found out about a program: its path, and its icon.
type Found = (Arc<str>, Option<Arc<Icon>>);

/// The icons of programs by their paths.
#[derive(Debug)]
pub struct Icons {
    known: FxHashMap<Arc<str>, Option<Arc<Icon>>>,
    waiting: FxHashSet<Arc<str>>,
    asked: SyncSender<Arc<str>>,
    found: Receiver<Found>,
}

impl Icons {
    /// Begins to look into programs. The thread ends when this is dropped.
    pub fn new(programs: impl Programs) -> io::Result<Self> {
        let (asked, asks) = sync_channel(MAX_WAITING);
        let (finds, found) = sync_channel(MAX_WAITING);
        let reader = Reader::new(programs);
        std::thread::Builder::new()
            .name("procnet-icons".to_owned())
            .spawn(move || reader.answer(&asks, &finds))?;
        Ok(Self { known: FxHashMap::default(), waiting: FxHashSet::default(), asked, found })
    }

    /// The icon of the program at that path as far as it is known, and has it looked into once more:
    /// another program may lie there by now. Never waits.
    pub fn of(&mut self, path: &Arc<str>) -> Option<Arc<Icon>> {
        let waits = self.waiting.len() >= MAX_WAITING || self.waiting.contains(path);
        if !waits && self.asked.try_send(Arc::clone(path)).is_ok() {
            self.waiting.insert(Arc::clone(path));
        }
        self.known.get(path).cloned().flatten()
    }

    /// Calls `tell` for each program that has another icon than was known.
    pub fn learn(&mut self, mut tell: impl FnMut(&Arc<str>, Option<&Arc<Icon>>)) {
        while let Ok((path, icon)) = self.found.try_recv() {
            self.waiting.remove(&path);
            if self.known.get(&path).is_some_and(|known| *known == icon) {
                continue;
            }
            tell(&path, icon.as_ref());
            if self.known.len() >= MAX_PROGRAMS {
                self.known.clear();
            }
            self.known.insert(path, icon);
        }
    }
}

/// Reads files, and remembers what was in them.
struct Reader<P> {
    programs: P,
    known: FxHashMap<Arc<str>, (Identity, Option<Arc<Icon>>)>,
    /// By their ids: programs that look alike share one.
    shown: FxHashMap<Arc<str>, Weak<Icon>>,
}

impl<P: Programs> Reader<P> {
    fn new(programs: P) -> Self {
        Self { programs, known: FxHashMap::default(), shown: FxHashMap::default() }
    }

    /// Until nobody asks any more.
    fn answer(mut self, asked: &Receiver<Arc<str>>, found: &SyncSender<Found>) {
        while let Ok(path) = asked.recv() {
            let icon = self.icon(&path);
            if found.send((path, icon)).is_err() {
                return;
            }
        }
    }

    fn icon(&mut self, path: &Arc<str>) -> Option<Arc<Icon>> {
        let Ok((file, identity)) = self.programs.open(path) else {
            self.known.remove(path);
            return None;
        };
        if let Some((_, icon)) = self.known.get(path).filter(|(known, _)| *known == identity) {
            return icon.clone();
        }
        let icon = self.programs.icon(file).and_then(|icon| self.shared(icon));
        if self.known.len() >= MAX_PROGRAMS {
            self.known.clear();
        }
        self.known.insert(Arc::clone(path), (identity, icon.clone()));
        icon
    }

    /// The same icon as other programs have, or a new one if there is room for it.
    fn shared(&mut self, icon: Icon) -> Option<Arc<Icon>> {
        if let Some(same) = self.shown.get(icon.id()).and_then(Weak::upgrade) {
            return Some(same);
        }
        self.shown.retain(|_, icon| icon.strong_count() > 0);
        let alive = self.shown.values().filter_map(Weak::upgrade);
        let bytes: usize = alive.map(|icon| icon.bytes().len()).sum();
        if bytes + icon.bytes().len() > MAX_BYTES {
            return None;
        }
        let icon = Arc::new(icon);
        self.shown.insert(Arc::clone(icon.id()), Arc::downgrade(&icon));
        Some(icon)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::{Duration, Instant};

    use super::*;

    /// Files by path: when they were changed, and what they hold.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<DiskState>>);

    #[derive(Default)]
    struct DiskState {
        files: FxHashMap<String, (u64, Vec<u8>)>,
        read: Vec<Vec<u8>>,
    }

    impl Disk {
        fn write(&self, path: &str, at: u64, held: &[u8]) {
            let file = (at, held.to_vec());
            self.0.lock().unwrap().files.insert(path.to_owned(), file);
        }

        fn read(&self) -> Vec<Vec<u8>> {
            std::mem::take(&mut self.0.lock().unwrap().read)
        }
    }

    impl Programs for Disk {
        type File = Vec<u8>;

        fn open(&mut self, path: &str) -> io::Result<(Vec<u8>, Identity)> {
            let state = self.0.lock().unwrap();
            let (at, held) = state.files.get(path).ok_or(io::ErrorKind::NotFound)?;
            let modified = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(*at));
            Ok((held.clone(), Identity { length: held.len() as u64, modified }))
        }

        fn icon(&mut self, file: Vec<u8>) -> Option<Icon> {
            self.0.lock().unwrap().read.push(file.clone());
            (!file.is_empty()).then(|| Icon::new("image/png", file))
        }
    }

    fn learned(icons: &mut Icons) -> Vec<(String, Option<Vec<u8>>)> {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut told = Vec::new();
        while !icons.waiting.is_empty() {
            icons.learn(|path, icon| {
                told.push((path.to_string(), icon.map(|icon| icon.bytes().to_vec())));
            });
            assert!(Instant::now() < deadline, "{:?} still waits", icons.waiting);
            std::thread::sleep(Duration::from_millis(1));
        }
        told.sort();
        told
    }

    #[test]
    fn a_program_is_read_once_and_again_when_another_lies_there() {
        let disk = Disk::default();
        disk.write("a", 1, b"A");
        disk.write("b", 1, b"");
        let mut icons = Icons::new(disk.clone()).unwrap();
        let [a, b, none] = ["a", "b", "none"].map(Arc::from);
        for path in [&a, &a, &b, &none] {
            assert_eq!(icons.of(path), None);
        }
        let a_is = |held: &[u8]| ("a".to_owned(), Some(held.to_vec()));
        let without = |path: &str| (path.to_owned(), None);
        assert_eq!(learned(&mut icons), [a_is(b"A"), without("b"), without("none")]);
        assert_eq!(disk.read(), [&b"A"[..], b""]);

        // The same is neither read nor told again.
        assert_eq!(icons.of(&a).unwrap().bytes()[..], *b"A");
        assert!(learned(&mut icons).is_empty() && disk.read().is_empty());

        // As long as before, but changed since.
        disk.write("a", 2, b"Z");
        assert_eq!(icons.of(&a).unwrap().bytes()[..], *b"A");
        assert_eq!(learned(&mut icons), [a_is(b"Z")]);
        disk.0.lock().unwrap().files.clear();
        icons.of(&a);
        assert_eq!(learned(&mut icons), [without("a")]);
    }

    #[test]
    fn programs_that_look_alike_share_their_icon() {
        let disk = Disk::default();
        let mut reader = Reader::new(disk.clone());
        disk.write("a", 1, b"A");
        disk.write("b", 2, b"A");
        let [a, b] = ["a", "b"].map(|path| reader.icon(&Arc::from(path)).unwrap());
        assert!(Arc::ptr_eq(&a, &b));
    }

    #[test]
    fn there_is_room_for_so_many_icons_as_are_shown_at_a_time() {
        let mut reader = Reader::new(Disk::default());
        let icon = |number: u8| Icon::new("image/png", vec![number; MAX_BYTES / 4]);
        let shown: Vec<_> = (0..4).map(|number| reader.shared(icon(number)).unwrap()).collect();
        assert!(reader.shared(icon(4)).is_none());
        assert!(reader.shared(icon(0)).is_some(), "it is there");
        drop(shown);
        assert!(reader.shared(icon(4)).is_some());
    }

    #[test]
    fn nobody_is_kept_waiting_by_a_disk_that_never_answers() {
        struct Stuck(Receiver<()>);
        impl Programs for Stuck {
            type File = ();
            fn open(&mut self, _path: &str) -> io::Result<((), Identity)> {
                // An error: whoever holds it has let go.
                let _ = self.0.recv();
                Err(io::ErrorKind::TimedOut.into())
            }
            fn icon(&mut self, (): ()) -> Option<Icon> {
                None
            }
        }
        let (hold, held) = sync_channel(0);
        let mut icons = Icons::new(Stuck(held)).unwrap();
        for number in 0..3 * MAX_WAITING {
            assert_eq!(icons.of(&Arc::from(number.to_string())), None);
        }
        assert_eq!(icons.waiting.len(), MAX_WAITING);
        icons.learn(|path, _| panic!("{path}"));
        drop(hold);
    }
}
