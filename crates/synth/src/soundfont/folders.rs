//! Where SoundFonts usually lie.

use std::path::{Path, PathBuf};

/// The usual folders, the user's own first.
fn folders() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).map(PathBuf::from);
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or(home.clone().map(|h| h.join(".local/share")));
    let own = data.into_iter().flat_map(|d| ["sounds/sf2", "sounds/sf3", "soundfonts"].map(|f| d.join(f)));
    let mac = home.into_iter().map(|h| h.join("Library/Audio/Sounds/Banks"));
    let system = [
        "/usr/share/sounds/sf2",
        "/usr/share/sounds/sf3",
        "/usr/share/soundfonts",
        "/usr/local/share/sounds/sf2",
        "/usr/local/share/soundfonts",
        "/Library/Audio/Sounds/Banks",
    ];
    own.chain(mac).chain(system.map(PathBuf::from)).collect()
}

/// Every SoundFont in the usual folders: the user's own first, then by name; one that several names lead to is told once.
pub fn found() -> Vec<PathBuf> {
    found_in(&folders())
}

/// The SoundFont of this file name, with or without its extension, in the usual folders; the case of letters does not matter.
pub fn named(name: &str) -> Option<PathBuf> {
    let is_it =
        |path: &PathBuf| [path.file_name(), path.file_stem()].iter().flatten().any(|n| n.eq_ignore_ascii_case(name));
    found().into_iter().find(is_it)
}

fn found_in(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut fonts: Vec<PathBuf> = Vec::new();
    let mut seen = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| is_font(p)).collect();
        // Links come last, so that a file is told by its own name.
        paths.sort_by_key(|p| (p.is_symlink(), p.clone()));
        for path in paths {
            let real = path.canonicalize().unwrap_or_else(|_| path.clone());
            if !seen.contains(&real) {
                seen.push(real);
                fonts.push(path);
            }
        }
    }
    fonts
}

fn is_font(path: &Path) -> bool {
    let known = |e: &std::ffi::OsStr| e.eq_ignore_ascii_case("sf2") || e.eq_ignore_ascii_case("sf3");
    path.extension().is_some_and(known) && path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_are_found_once_in_order_and_nothing_else_is() {
        let (first, second) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        for name in ["b.sf2", "A.SF3", "readme.txt"] {
            std::fs::write(first.path().join(name), "").expect("a file");
        }
        std::fs::create_dir(first.path().join("folder.sf2")).expect("a folder");
        std::fs::write(second.path().join("c.sf2"), "").expect("a file");
        let folders = [
            first.path().to_owned(),
            PathBuf::from("/no/such/place"),
            second.path().to_owned(),
            first.path().to_owned(),
        ];
        let names: Vec<_> = found_in(&folders).iter().map(|p| p.file_name().expect("a name").to_owned()).collect();
        assert_eq!(names, ["A.SF3", "b.sf2", "c.sf2"]);
        assert!(found_in(&[]).is_empty());
    }
}
