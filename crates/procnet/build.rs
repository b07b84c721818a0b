//! What Windows shows of the program: its version and its icon; and what the program asks of Windows.

use std::path::PathBuf;

use winresource::WindowsResource;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=windows");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}"));
    if target("OS").as_deref() != Ok("windows") {
        return;
    }
    // What is linked on Windows itself gets them from Microsoft's compiler of resources. Elsewhere
    // nothing is linked for that, only checked.
    if target("ENV").as_deref() == Ok("msvc") && !cfg!(windows) {
        return;
    }
    let file = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("windows").join(name);
        path.to_str().expect("the checkout's path is text").to_owned()
    };
    let mut resource = WindowsResource::new();
    resource
        .set("ProductName", "Procnet Live")
        .set("FileDescription", "Procnet Live: a live map of processes and their connections")
        .set("CompanyName", "The Procnet Live authors")
        .set("InternalName", "procnet")
        .set("OriginalFilename", "procnet.exe")
        .set("LegalCopyright", "Copyright (c) The Procnet Live authors; MIT licence")
        .set_icon(&file("procnet.ico"))
        .set_manifest_file(&file("procnet.manifest"));
    resource.compile_for("procnet").expect(
        "the resources can be compiled: by rc.exe, which comes with Microsoft's build tools, or by \
         windres, which comes with MinGW's",
    );
}
