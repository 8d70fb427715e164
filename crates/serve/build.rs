//! The studio's page is built into the program: when it changes, so does this.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // To watch a folder that is missing would mean a new build every time.
    if std::path::Path::new("../../web/dist").exists() {
        println!("cargo:rerun-if-changed=../../web/dist");
    }
}
