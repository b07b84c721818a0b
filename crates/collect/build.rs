//! Gives this crate's tests and puppets an icon on Windows: a test watches a puppet's come to the page,
//! for under Wine no socket of procnet itself has an owner.

use winresource::WindowsResource;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let icon = concat!(env!("CARGO_MANIFEST_DIR"), "/../procnet/windows/procnet.ico");
    println!("cargo::rerun-if-changed={icon}");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}"));
    // Only there does that test run. Microsoft's linker would put it into the library as well.
    if target("OS").as_deref() == Ok("windows") && target("ENV").as_deref() == Ok("gnu") {
        let mut resource = WindowsResource::new();
        resource.set_icon(icon).compile().expect("windres, which comes with MinGW, can compile it");
    }
}
