//! What a hostile or broken source might write instead of something sound; the same each time.

/// Numbers at the edges of what fits.
const EDGES: [u64; 12] = [
    0,
    1,
    7,
    8,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// A sequence of mutations, by Vigna's SplitMix64.
pub(crate) struct Mutations {
    state: u64,
}

impl Mutations {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// Makes `into` one of the seeds with up to eight changes.
    pub(crate) fn mutate(&mut self, seeds: &[Vec<u8>], into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&seeds[self.below(seeds.len())]);
        for _ in 0..1 + self.below(8) {
            self.change(seeds, into);
        }
    }

    fn change(&mut self, seeds: &[Vec<u8>], bytes: &mut Vec<u8>) {
        let place = self.below(bytes.len());
        let random = self.next();
        match self.below(16) {
            // A number at an edge, of one, two, four or eight bytes.
            0..=4 => {
                let width = 1 << self.below(4);
                let value = EDGES[self.below(EDGES.len())].to_le_bytes();
                for (byte, value) in bytes.iter_mut().skip(place).zip(&value[..width]) {
                    *byte = *value;
                }
            }
            5..=9 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = random as u8;
                }
            }
            10..=12 => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte ^= 1 << (random % 8);
                }
            }
            13 => bytes.truncate(place),
            14 => bytes.extend_from_slice(&random.to_le_bytes()[..1 + self.below(8)]),
            // A piece of another one.
            _ => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                let length = self.below((other.len() - from).min(64));
                for (byte, value) in bytes.iter_mut().skip(place).zip(&other[from..from + length]) {
                    *byte = *value;
                }
            }
        }
    }
}
