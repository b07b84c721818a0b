//! Paths of files.

/// The root of the drive that a file is on: `C:\`. `None` if the path is not one that begins with a
/// drive and names each folder on its way, but one of a device, a pipe or another machine, or one
/// that depends on something else.
pub fn drive(path: &str) -> Option<String> {
    let (drive, rest) = path.split_once(":\\")?;
    let &[letter] = drive.as_bytes() else { return None };
    let plain = |name: &str| {
        !name.is_empty()
            && !name.bytes().all(|byte| byte == b'.')
            && !name.contains(['/', ':', '*', '?', '"', '<', '>', '|'])
    };
    (letter.is_ascii_alphabetic() && rest.split('\\').all(plain)).then(|| format!("{drive}:\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_on_a_drive() {
        for (path, root) in [
            (r"C:\Windows\explorer.exe", "C:\\"),
            (r"d:\Программы\数据库.exe", "d:\\"),
            (r"Z:\a.exe", "Z:\\"),
        ] {
            assert_eq!(drive(path).as_deref(), Some(root), "{path}");
        }
    }

    #[test]
    fn what_is_elsewhere_or_depends_on_something_else() {
        for path in [
            "",
            "C:",
            r"C:\",
            r"C:a.exe",
            r"\a.exe",
            r"\\server\share\a.exe",
            r"\\?\C:\a.exe",
            r"\\.\C:\a.exe",
            r"\Device\Mup\server\share\a.exe",
            r"\\?\UNC\server\share\a.exe",
            r"CD:\a.exe",
            r"1:\a.exe",
            r"C:\..\a.exe",
            r"C:\a\.\b.exe",
            r"C:\a\\b.exe",
            r"C:\a.exe:stream",
            r"C:\a/b.exe",
            "é:\\a.exe",
        ] {
            assert_eq!(drive(path), None, "{path}");
        }
    }
}
