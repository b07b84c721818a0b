//! The icons of programs that run, from their files to the page.

use crate::machine::named;
use crate::program::Server;
use crate::resources::{ICON, resources};
use crate::wait_for;

/// A header, and an entry.
const BEFORE_THE_PICTURE: usize = 22;

#[test]
fn a_program_is_shown_with_the_icon_in_its_file() {
    let server = Server::start(&[]);
    let image = wait_for("the icon of procnet", || {
        let scene = server.json("/api/v1/scene?listeners=1");
        let column = |name: &str| scene["nodes"][name].as_array().unwrap().clone();
        let pairs = column("program").into_iter().zip(column("image"));
        let mut own = pairs.filter(|(program, image)| program == "procnet" && image != "");
        own.next().map(|(_, image)| image.as_str().unwrap().to_owned())
    });
    let icon = server.get(&image);
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/x-icon")));
    let (header, picture) = icon.body.split_at(BEFORE_THE_PICTURE);
    // One picture of 48 dots a side.
    assert_eq!(header[..8], [0, 0, 1, 0, 1, 0, 48, 48]);
    let program = std::fs::read(named("PROCNET_WINDOWS_PROGRAM")).unwrap();
    assert!(resources(&program, ICON).iter().any(|held| held == picture));
}
