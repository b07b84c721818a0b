//! The icons of programs that run, from their files to the page.

use crate::machine;
use crate::program::Server;
use crate::puppet::Puppet;
use crate::resources::{ICON, resources};
use crate::wait_for;

/// A header, and an entry.
const BEFORE_THE_PICTURE: usize = 22;

#[test]
fn a_program_is_shown_with_the_icon_in_its_file() {
    let folder = machine::folder();
    let program = machine::puppet(folder.path(), "shown.exe");
    let mut puppet = Puppet::start(&mut machine::run(&program));
    puppet.order("listen\tdoor\t127.0.0.1:0");
    let server = Server::start(&[]);
    let image_of_the_puppet = || -> Option<String> {
        let scene = server.json("/api/v1/scene?listeners=1");
        let column = |name: &str| scene["nodes"][name].as_array().cloned().unwrap_or_default();
        let mut pairs = column("program").into_iter().zip(column("image"));
        let (_, image) = pairs.find(|(program, _)| program == "shown")?;
        image.as_str().map(ToOwned::to_owned)
    };
    wait_for("the node of the puppet", image_of_the_puppet);
    let image = wait_for("the icon of the puppet", || {
        image_of_the_puppet().filter(|image| !image.is_empty())
    });
    let icon = server.get(&image);
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/x-icon")));
    let (header, picture) = icon.body.split_at(BEFORE_THE_PICTURE);
    // One picture of 48 dots a side.
    assert_eq!(header[..8], [0, 0, 1, 0, 1, 0, 48, 48]);
    let program = std::fs::read(program).unwrap();
    assert!(resources(&program, ICON).iter().any(|held| held == picture));
}
