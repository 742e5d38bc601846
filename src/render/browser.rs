//! Headless Chromium, for the tests of pages; and saying aloud where a program is missing.
//! Must not know: what a page shows.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Chromium by any of its names. A test that needs it says aloud that it did not run; `COORD_TEST_NO_SKIP=1` makes that a
/// failure.
#[expect(clippy::disallowed_methods, reason = "a test looks for a program")]
pub(super) fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|candidate| candidate.is_file());
    if found.is_none() {
        skip("chromium is not installed");
    }
    found
}

/// Says aloud that a test was not run; fails where `COORD_TEST_NO_SKIP` is set.
#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test says what it could not do")]
pub(crate) fn skip(what: &str) {
    assert!(std::env::var_os("COORD_TEST_NO_SKIP").is_none(), "would skip: {what}");
    eprintln!("SKIPPED: {what}");
}

/// Opens a page; what the browser prints. `name` keeps those who do so at once apart.
pub(super) fn browse(chromium: &Path, name: &str, page: &str, arguments: &[&str]) -> String {
    let dir = std::env::temp_dir().join(format!("coord-page-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the temporary folder is writable");
    let file = dir.join("page.html");
    std::fs::write(&file, page).expect("the folder is writable");
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=4000"])
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .args(arguments)
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("chromium starts");
    std::fs::remove_dir_all(&dir).expect("the folder is ours");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
