//! Which commands of a shell line throw away or sweep up uncommitted work. The line is read, never run; what cannot be told
//! (a variable, a glob) counts as everything.
//! Must not know: whose work it is, what is answered.

use std::path::PathBuf;

use crate::domain::agent::{Harm, Sweep};

/// The longest line that is looked at.
const LONGEST: usize = 64 << 10;
/// The most scripts inside scripts (`bash -c`).
const DEEPEST: usize = 3;

/// Every sweep in a line, in order.
pub(super) fn sweeps(line: &str) -> Vec<Sweep> {
    let mut found = Vec::new();
    if line.len() <= LONGEST && line.contains("git") {
        collect(line, DEEPEST, &mut found);
    }
    found
}

/// A word as it must be written to mean itself.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// One word of a command, and whether all of it stands there as it will be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Word {
    text: String,
    /// It holds a variable, a substitution or a glob.
    open: bool,
}

fn collect(line: &str, depth: usize, found: &mut Vec<Sweep>) {
    let mut dir: Option<PathBuf> = None;
    for command in commands(line) {
        let words = without_prefix(&command);
        match words.first().map(|word| base(&word.text)) {
            Some("git") => found.extend(git(&words[1..], dir.clone())),
            Some("cd" | "pushd") => {
                let target = words.get(1).filter(|word| !word.open);
                dir = target.map(|word| dir.unwrap_or_default().join(&word.text));
            }
            Some("bash" | "sh" | "zsh" | "dash") if depth > 0 => {
                let flag = words.iter().position(|word| word.text.starts_with('-') && word.text.ends_with('c'));
                if let Some(script) = flag.and_then(|at| words.get(at + 1)) {
                    collect(&script.text, depth - 1, found);
                }
            }
            _ => {}
        }
    }
}

fn base(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The command without `VAR=value`, `sudo`, `env` and the like before it.
fn without_prefix(words: &[Word]) -> &[Word] {
    let is_prefix = |word: &Word| {
        let assigns = word
            .text
            .split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
        assigns
            || matches!(
                base(&word.text),
                "sudo" | "env" | "command" | "time" | "nohup" | "exec" | "!" | "then" | "do" | "else" | "if"
            )
    };
    let start = words.iter().position(|word| !is_prefix(word)).unwrap_or(words.len());
    &words[start..]
}

/// Splits a line at `;`, `&`, `|`, brackets and line ends outside of quotes, and each command into its words.
fn commands(line: &str) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<Word> = None;
    let mut chars = line.chars().peekable();
    let end_word = |word: &mut Option<Word>, commands: &mut Vec<Vec<Word>>| {
        if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
            command.push(word);
        }
    };
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => end_word(&mut word, &mut commands),
            ';' | '&' | '|' | '\n' | '(' | ')' | '`' => {
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            '#' if word.is_none() => while chars.next_if(|&c| c != '\n').is_some() {},
            '\\' => {
                if let Some(next) = chars.next().filter(|&c| c != '\n') {
                    word.get_or_insert_default().text.push(next);
                }
            }
            '\'' => {
                let word = word.get_or_insert_default();
                word.text.extend(chars.by_ref().take_while(|&c| c != '\''));
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default()),
            _ => {
                let word = word.get_or_insert_default();
                word.open |= "$*?[{".contains(c) || (c == '~' && word.text.is_empty());
                word.text.push(c);
            }
        }
    }
    end_word(&mut word, &mut commands);
    commands.retain(|command| !command.is_empty());
    commands
}

fn double_quoted(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, word: &mut Word) {
    while let Some(c) = chars.next() {
        match c {
            '"' => return,
            '\\' => word.text.extend(chars.next()),
            _ => {
                word.open |= c == '$' || c == '`';
                word.text.push(c);
            }
        }
    }
}

/// Reads the words behind `git`.
fn git(words: &[Word], mut dir: Option<PathBuf>) -> Option<Sweep> {
    let mut at = 0;
    while let Some(word) = words.get(at).filter(|word| word.text.starts_with('-')) {
        let takes_value = matches!(word.text.as_str(), "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace");
        if word.text == "-C" {
            let to = words.get(at + 1)?;
            dir = (!to.open).then(|| dir.unwrap_or_default().join(&to.text));
        }
        at += if takes_value { 2 } else { 1 };
    }
    let (name, arguments) = (words.get(at)?.text.as_str(), words.get(at + 1..)?);
    let (harm, paths) = judged(name, arguments)?;
    Some(Sweep { command: format!("git {name}"), harm, paths, dir })
}

type Paths = Option<Vec<Vec<u8>>>;

fn judged(name: &str, arguments: &[Word]) -> Option<(Harm, Paths)> {
    let has = |flags: &[&str]| arguments.iter().any(|word| flags.contains(&word.text.as_str()));
    let short = |letter: char| {
        arguments.iter().any(|word| {
            word.text.starts_with('-')
                && !word.text.starts_with("--")
                && word.text[1..].chars().take_while(|&c| c != 'm').any(|c| c == letter)
        })
    };
    match name {
        "checkout" => Some(checkout(arguments)),
        "switch" if !has(&["--help", "-h"]) => Some((
            if short('f') || has(&["--force", "--discard-changes"]) { Harm::ThrowsAway } else { Harm::Switches },
            None,
        )),
        "restore" if has(&["--staged", "-S"]) && !has(&["--worktree", "-W"]) => None,
        "restore" => Some((Harm::ThrowsAway, named(arguments, &["-s", "--source"]))),
        "reset" if has(&["--hard", "--merge", "--keep"]) => Some((Harm::ThrowsAway, None)),
        "clean" | "add" | "stage" if short('n') || has(&["--dry-run"]) => None,
        "clean" if short('f') || has(&["--force"]) => Some((Harm::ThrowsAway, named(arguments, &["-e", "--exclude"]))),
        "stash" => stash(arguments),
        "add" | "stage" if short('A') || short('u') || has(&["--all", "--update"]) => {
            Some((Harm::SweepsUp, named(arguments, &[])))
        }
        "add" | "stage" if arguments.iter().any(|word| !word.text.starts_with('-')) => {
            Some((Harm::SweepsUp, named(arguments, &[])))
        }
        "commit" if has(&["--dry-run"]) => None,
        "commit" if short('a') || has(&["--all"]) => Some((Harm::SweepsUp, None)),
        "commit" => named(arguments, &["-m", "--message", "-F", "--file", "-C", "-c", "--author", "--date", "-t"])
            .map(|paths| (Harm::SweepsUp, Some(paths))),
        "rm" if has(&["--cached"]) => None,
        "rm" => Some((Harm::ThrowsAway, named(arguments, &[]))),
        _ => None,
    }
}

fn checkout(arguments: &[Word]) -> (Harm, Paths) {
    let separator = arguments.iter().position(|word| word.text == "--");
    if let Some(at) = separator {
        return (Harm::ThrowsAway, named(&arguments[at..], &[]));
    }
    let force = arguments.iter().any(|word| matches!(word.text.as_str(), "-f" | "--force"));
    let operands: Vec<&Word> = arguments.iter().filter(|word| !word.text.starts_with('-')).collect();
    let all = operands.iter().any(|word| matches!(word.text.as_str(), "." | ":/" | "*"));
    if all || force {
        return (Harm::ThrowsAway, None);
    }
    let makes = arguments.iter().any(|word| matches!(word.text.as_str(), "-b" | "-B" | "--orphan" | "-t" | "--track"));
    match operands.as_slice() {
        // `checkout BRANCH PATH…`, or several paths.
        [_, rest @ ..] if !rest.is_empty() && !makes => {
            let paths = operands.iter().map(|word| word.text.clone().into_bytes()).collect();
            (Harm::ThrowsAway, (!operands.iter().any(|word| word.open)).then_some(paths))
        }
        // A branch, or a path: whoever sees the files can tell.
        [one] if !makes && !one.open => (Harm::Switches, Some(vec![one.text.clone().into_bytes()])),
        _ => (Harm::Switches, None),
    }
}

fn stash(arguments: &[Word]) -> Option<(Harm, Paths)> {
    match arguments.iter().map(|word| word.text.as_str()).find(|word| !word.starts_with('-')) {
        Some("list" | "show" | "apply" | "branch" | "create" | "store" | "pop" | "drop" | "clear") => None,
        Some("push" | "save") => {
            let rest =
                arguments.iter().skip_while(|word| word.text.starts_with('-')).skip(1).cloned().collect::<Vec<_>>();
            Some((Harm::PutsAway, named(&rest, &["-m", "--message"])))
        }
        _ => Some((Harm::PutsAway, None)),
    }
}

/// The paths among the arguments; `None` where there are none, or where one cannot be read.
fn named(arguments: &[Word], with_value: &[&str]) -> Paths {
    let mut paths = Vec::new();
    let mut only_paths = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if !only_paths && word.text == "--" {
            only_paths = true;
        } else if !only_paths && word.text.starts_with('-') {
            let combined = word.text.len() > 2 && !word.text.starts_with("--");
            let takes = with_value.contains(&word.text.as_str())
                || (combined && with_value.iter().any(|flag| flag.len() == 2 && word.text.ends_with(&flag[1..])));
            if takes {
                words.next();
            }
        } else if word.open || word.text.starts_with(':') {
            return None;
        } else {
            paths.push(word.text.clone().into_bytes());
        }
    }
    (!paths.is_empty() && !paths.iter().any(|path| path == b".")).then_some(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> (String, Harm, Option<Vec<String>>) {
        let found = sweeps(line);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        let sweep = found.into_iter().next().expect("one");
        let paths =
            sweep.paths.map(|paths| paths.into_iter().map(|p| String::from_utf8_lossy(&p).into_owned()).collect());
        (sweep.command, sweep.harm, paths)
    }

    #[test]
    fn what_throws_away_or_sweeps_up_is_found() {
        for (line, harm, paths) in [
            ("git stash", Harm::PutsAway, None),
            ("git stash -u", Harm::PutsAway, None),
            ("git stash push -m 'x y' src/a.rs", Harm::PutsAway, Some(vec!["src/a.rs"])),
            ("git switch main", Harm::Switches, None),
            ("git switch -f main", Harm::ThrowsAway, None),
            ("git checkout main", Harm::Switches, Some(vec!["main"])),
            ("git checkout -b x origin/main", Harm::Switches, None),
            ("git checkout -- src/a.rs", Harm::ThrowsAway, Some(vec!["src/a.rs"])),
            ("git checkout HEAD~1 src/a.rs", Harm::ThrowsAway, Some(vec!["HEAD~1", "src/a.rs"])),
            ("git checkout .", Harm::ThrowsAway, None),
            ("git restore src/a.rs b", Harm::ThrowsAway, Some(vec!["src/a.rs", "b"])),
            ("git restore --source HEAD .", Harm::ThrowsAway, None),
            ("git reset --hard origin/main", Harm::ThrowsAway, None),
            ("git clean -fdx", Harm::ThrowsAway, None),
            ("git clean -f build", Harm::ThrowsAway, Some(vec!["build"])),
            ("git add -A", Harm::SweepsUp, None),
            ("git add .", Harm::SweepsUp, None),
            ("git add src/*.rs", Harm::SweepsUp, None),
            ("git add a 'b c'", Harm::SweepsUp, Some(vec!["a", "b c"])),
            ("git add -u src", Harm::SweepsUp, Some(vec!["src"])),
            ("git commit -am 'all of it'", Harm::SweepsUp, None),
            ("git commit --all -m x", Harm::SweepsUp, None),
            ("git commit -m 'x' src/a.rs", Harm::SweepsUp, Some(vec!["src/a.rs"])),
            ("sudo FOO=1 /usr/bin/git -c a=b stash", Harm::PutsAway, None),
            ("bash -lc \"cd x && git reset --hard\"", Harm::ThrowsAway, None),
            ("npm test && git checkout $BRANCH -- $FILES", Harm::ThrowsAway, None),
            ("if true; then git clean -fd; fi", Harm::ThrowsAway, None),
        ] {
            let found = one(line);
            assert_eq!((found.1, found.2), (harm, paths.map(|p| p.into_iter().map(str::to_owned).collect())), "{line}");
        }
    }

    #[test]
    fn what_does_no_harm_is_silent() {
        for line in [
            "git status",
            "git add -n .",
            "git clean -n",
            "git stash list",
            "git stash pop",
            "git reset HEAD a",
            "git log --all",
            "git restore --staged a",
            "git commit -m 'git stash'",
            "git commit -m 'add -a flag'",
            "echo 'git reset --hard'",
            "# git stash",
            "grep -r 'git clean -f' .",
            "git commit",
            "gitk stash",
            "git",
            "git -C",
            "git rm --cached a",
            "",
            "git diff stash",
            "git commit -ma",
        ] {
            assert_eq!(sweeps(line), [], "{line}");
        }
    }

    #[test]
    fn the_folder_follows_cd_and_dash_c() {
        let dir = |line: &str| sweeps(line).remove(0).dir;
        assert_eq!(dir("git stash"), None);
        assert_eq!(dir("cd ../x && git -C y stash"), Some("../x/y".into()));
        assert_eq!(dir("cd /a; cd b; git stash"), Some("/a/b".into()));
        assert_eq!(dir("cd $X && git stash"), None);
    }

    #[test]
    fn hostile_lines_end() {
        for line in
            ["git 'stash", "git \"stash", "git stash\\", &"git (".repeat(9000), &"git stash;".repeat(6000), "git -c"]
        {
            let _ = sweeps(line);
        }
        assert_eq!(sweeps(&format!("git stash {}", "x".repeat(LONGEST))), []);
    }
}
