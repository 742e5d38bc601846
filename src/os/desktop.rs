//! Notifications of the desktop, where there is one.
//! Must not know: what is worth one.

use std::io;
use std::process::{Command, Stdio};

/// The program that shows notifications here.
pub const PROGRAM: &str = if cfg!(target_os = "macos") { "osascript" } else { "notify-send" };

/// Shows a notification with the program that the system has for it.
///
/// # Errors
/// Where that cannot be started.
pub fn notify(title: &str, text: &str) -> io::Result<()> {
    let mut command = Command::new(PROGRAM);
    if cfg!(target_os = "macos") {
        // Given as arguments, so that no text is ever part of the script.
        let script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
        command.args(["-e", script, title, text]);
    } else {
        command.args(["--app-name=coord", "--", title, text]);
    }
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    std::thread::spawn(move || drop(child.wait()));
    Ok(())
}
