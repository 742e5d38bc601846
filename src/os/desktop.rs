//! Notifications of the desktop, where there is one.
//! Must not know: what is worth one.

use std::process::{Command, Stdio};

/// Shows a notification with the program that the system has for it; nothing where it has none.
pub fn notify(title: &str, text: &str) {
    let mut command = if cfg!(target_os = "macos") {
        let mut command = Command::new("osascript");
        // Given as arguments, so that no text is ever part of the script.
        let script = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run";
        command.args(["-e", script, title, text]);
        command
    } else {
        let mut command = Command::new("notify-send");
        command.args(["--app-name=coord", "--", title, text]);
        command
    };
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Ok(mut child) = quiet.spawn() {
        std::thread::spawn(move || drop(child.wait()));
    }
}
