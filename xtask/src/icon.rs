//! The icon of the Windows program: the page's own (`web/src/styles/favicon.svg`), drawn in the sizes
//! that Windows shows. `cargo xtask docs` writes it.

use std::io::Write;

use anyhow::{Context, Result, bail};
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::repository;

const FILE: &str = "crates/procnet/windows/procnet.ico";
/// What is drawn here is what that file says.
const SOURCE: &str = "web/src/styles/favicon.svg";
const SIZES: [usize; 8] = [16, 20, 24, 32, 40, 48, 64, 256];
/// From this size on an image is a PNG: Windows reads such since Vista, and smaller ones are read
/// as bitmaps even by what is older.
const PNG_FROM: usize = 256;
/// Each pixel is the mean of so many points in a row, and as many rows.
const SAMPLES: usize = 4;

/// The picture is so wide and high.
const SIDE: f64 = 32.0;
const CORNER: f64 = 8.0;
const STROKE: f64 = 2.4;
const DOT: f64 = 3.4;
/// A curve is so many straight pieces.
const PIECES: u32 = 24;

type Colour = [u8; 3];
type Point = (f64, f64);

const GROUND: (&str, Colour) = ("#14181d", [0x14, 0x18, 0x1d]);
const BLUE: (&str, Colour) = ("#4d9ef7", [0x4d, 0x9e, 0xf7]);
const GREEN: (&str, Colour) = ("#3fbf83", [0x3f, 0xbf, 0x83]);
const YELLOW: (&str, Colour) = ("#e3a83a", [0xe3, 0xa8, 0x3a]);

/// The two links: from one process to two.
const CURVES: (&str, [[Point; 4]; 2]) = (
    "M9 16c6 0 7-7 13-7M9 16c6 0 7 7 13 7",
    [
        [(9.0, 16.0), (15.0, 16.0), (16.0, 9.0), (22.0, 9.0)],
        [(9.0, 16.0), (15.0, 16.0), (16.0, 23.0), (22.0, 23.0)],
    ],
);
const DOTS: [(&str, Point, Colour); 3] = [
    (r##"cx="8" cy="16" r="3.4" fill="#4d9ef7""##, (8.0, 16.0), BLUE.1),
    (r##"cx="24" cy="9" r="3.4" fill="#3fbf83""##, (24.0, 9.0), GREEN.1),
    (r##"cx="24" cy="23" r="3.4" fill="#e3a83a""##, (24.0, 23.0), YELLOW.1),
];

/// Writes the icon, or with `check` only says whether it differs.
pub(crate) fn run(check: bool) -> Result<()> {
    same_picture()?;
    let wanted = icon()?;
    let file = repository::root().join(FILE);
    if std::fs::read(&file).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    if check {
        bail!("out of date: {FILE}; run `cargo xtask docs`");
    }
    std::fs::write(&file, wanted).with_context(|| format!("can't write {FILE}"))?;
    eprintln!("docs: wrote {FILE}");
    Ok(())
}

/// Whether the page's icon is still the one that is drawn here.
fn same_picture() -> Result<()> {
    let path = repository::root().join(SOURCE);
    let source = std::fs::read_to_string(path).with_context(|| format!("can't read {SOURCE}"))?;
    let ground = format!(r#"rx="{CORNER}" fill="{}""#, GROUND.0);
    let links = format!(r#"stroke="{}" stroke-width="{STROKE}""#, BLUE.0);
    let parts = DOTS.iter().map(|(text, ..)| *text).chain([&*ground, &*links, CURVES.0]);
    for part in parts {
        if !source.contains(part) {
            bail!("{SOURCE} has no {part} any more: draw xtask/src/icon.rs after it");
        }
    }
    if source.matches("<circle").count() != DOTS.len() || source.matches('M').count() != 2 {
        bail!("{SOURCE} has other parts than xtask/src/icon.rs draws: draw it after that");
    }
    Ok(())
}

/// A file with all sizes.
fn icon() -> Result<Vec<u8>> {
    let images = SIZES.map(|size| {
        let pixels = draw(size);
        if size < PNG_FROM { Ok(bitmap(size, &pixels)) } else { png(size, &pixels) }
    });
    let mut file = Vec::new();
    for number in [0, 1, SIZES.len() as u16] {
        file.extend(number.to_le_bytes());
    }
    let mut body = Vec::new();
    for (size, image) in SIZES.into_iter().zip(images) {
        let image = image?;
        // 256 is written as 0. No palette; one plane, of 32 bits a pixel.
        file.extend([size as u8, size as u8, 0, 0, 1, 0, 32, 0]);
        file.extend((image.len() as u32).to_le_bytes());
        let offset = 6 + 16 * SIZES.len() + body.len();
        file.extend((offset as u32).to_le_bytes());
        body.extend(image);
    }
    file.extend(body);
    Ok(file)
}

/// Rows from above, each pixel red, green, blue and opacity.
fn draw(size: usize) -> Vec<[u8; 4]> {
    let lines = CURVES.1.map(pieces);
    let step = SIDE / (size * SAMPLES) as f64;
    let place = |pixel: usize, sample: usize| ((pixel * SAMPLES + sample) as f64 + 0.5) * step;
    let pixel = |index: usize| {
        let (x, y) = (index % size, index / size);
        let mut sum = [0_u32; 3];
        let mut covered = 0;
        for sample in 0..SAMPLES * SAMPLES {
            let point = (place(x, sample % SAMPLES), place(y, sample / SAMPLES));
            let Some(colour) = at(point, &lines) else { continue };
            covered += 1;
            for (sum, part) in sum.iter_mut().zip(colour) {
                *sum += u32::from(part);
            }
        }
        let all = (SAMPLES * SAMPLES) as u32;
        let mean = |sum: u32| sum.checked_div(covered).unwrap_or_default() as u8;
        [mean(sum[0]), mean(sum[1]), mean(sum[2]), (covered * 255 / all) as u8]
    };
    (0..size * size).map(pixel).collect()
}

/// The colour of a point, if it is not outside.
fn at(point: Point, lines: &[Vec<Point>]) -> Option<Colour> {
    let within = |(x, y): Point| {
        let beyond = |at: f64| (at - SIDE / 2.0).abs() - (SIDE / 2.0 - CORNER);
        length((beyond(x).max(0.0), beyond(y).max(0.0))) <= CORNER
    };
    let dot = DOTS.iter().find(|(_, centre, _)| distance(point, *centre) <= DOT);
    if let Some((.., colour)) = dot {
        return Some(*colour);
    }
    let near = |line: &Vec<Point>| {
        line.windows(2).any(|ends| to_piece(point, ends[0], ends[1]) <= STROKE / 2.0)
    };
    if lines.iter().any(near) {
        return Some(BLUE.1);
    }
    within(point).then_some(GROUND.1)
}

/// A cubic curve as straight pieces.
fn pieces(curve: [Point; 4]) -> Vec<Point> {
    let [a, b, c, d] = curve;
    let mix = |t: f64| {
        let s = 1.0 - t;
        let of = |a: f64, b: f64, c: f64, d: f64| {
            s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
        };
        (of(a.0, b.0, c.0, d.0), of(a.1, b.1, c.1, d.1))
    };
    (0..=PIECES).map(|piece| mix(f64::from(piece) / f64::from(PIECES))).collect()
}

fn length((x, y): Point) -> f64 {
    (x * x + y * y).sqrt()
}

fn distance(a: Point, b: Point) -> f64 {
    length((a.0 - b.0, a.1 - b.1))
}

/// How far a point is from the piece between two others.
fn to_piece(point: Point, from: Point, to: Point) -> f64 {
    let (along, away) = ((to.0 - from.0, to.1 - from.1), (point.0 - from.0, point.1 - from.1));
    let square = along.0 * along.0 + along.1 * along.1;
    let part = ((along.0 * away.0 + along.1 * away.1) / square).clamp(0.0, 1.0);
    distance(point, (from.0 + part * along.0, from.1 + part * along.1))
}

/// As icons have had them for ever: a header, rows from below in blue, green, red and opacity, and
/// a mask that says nothing where there is opacity.
fn bitmap(size: usize, pixels: &[[u8; 4]]) -> Vec<u8> {
    let mut image = Vec::new();
    // The height counts the mask too.
    for number in [40, size as u32, 2 * size as u32] {
        image.extend(number.to_le_bytes());
    }
    image.extend([1, 0, 32, 0]);
    image.extend([0; 24]);
    for row in pixels.chunks(size).rev() {
        for [red, green, blue, opacity] in row {
            image.extend([blue, green, red, opacity]);
        }
    }
    let row = size.div_ceil(32) * 4;
    image.resize(image.len() + row * size, 0);
    image
}

fn png(size: usize, pixels: &[[u8; 4]]) -> Result<Vec<u8>> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in pixels.chunks(size) {
        // Each row begins with its filter: none.
        rows.write_all(&[0]).context("can't compress a row")?;
        rows.write_all(row.as_flattened()).context("can't compress a row")?;
    }
    let rows = rows.finish().context("can't compress the image")?;
    let side = (size as u32).to_be_bytes();
    // Eight bits of each colour and of opacity.
    let header = [&side[..], &side[..], &[8, 6, 0, 0, 0]].concat();
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", header), (b"IDAT", rows), (b"IEND", Vec::new())] {
        let mut sum = Crc::new();
        sum.update(name);
        sum.update(&data);
        image.extend((data.len() as u32).to_be_bytes());
        image.extend(name);
        image.extend(data);
        image.extend(sum.sum().to_be_bytes());
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_icon_is_the_page_s() {
        run(true).unwrap();
    }

    #[test]
    fn corners_are_clear_and_each_dot_has_its_colour() {
        for size in SIZES {
            let pixels = draw(size);
            assert_eq!(pixels[0], [0; 4], "{size}");
            for (_, (x, y), colour) in DOTS {
                let scale = size as f64 / SIDE;
                let (x, y) = ((x * scale) as usize, (y * scale) as usize);
                let [red, green, blue, opacity] = pixels[y * size + x];
                assert_eq!(([red, green, blue], opacity), (colour, 255), "{size}");
            }
        }
    }
}
