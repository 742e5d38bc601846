//! The list of open requests: coord's own form, or what GitHub, GitLab, Azure and Bitbucket answer when asked for theirs.
//! Must not know: which of them the repository has.

use serde_json::Value;

use super::json::{at, is_true, number, text};
use crate::domain::ci::Request;

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// It is no JSON, or ends in the middle.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// It is JSON, and no list of objects.
    #[error("it is not a list of objects with number, head, base, author, draft")]
    Form,
    /// One entry names neither a branch nor a commit nor a number.
    #[error("entry {0} has no head, no commit and no number")]
    Nothing(usize),
}

/// Reads a list: a JSON array, several one after another (what `gh api --paginate` prints), or one object a line.
///
/// # Errors
/// Where it is no such list. One bad entry fails the list: a check that leaves out requests must not look complete.
pub fn read(bytes: &[u8]) -> Result<Vec<Request>, Error> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        match value.map_err(|error| Error::Json(error.to_string()))? {
            Value::Array(entries) => found.extend(entries),
            Value::Object(mut fields) => {
                match ["values", "value", "requests"].iter().find_map(|name| fields.remove(*name)) {
                    Some(Value::Array(entries)) => found.extend(entries),
                    _ => found.push(Value::Object(fields)),
                }
            }
            _ => return Err(Error::Form),
        }
    }
    found.iter().enumerate().map(|(index, entry)| request(index, entry)).collect()
}

fn request(index: usize, entry: &Value) -> Result<Request, Error> {
    if !entry.is_object() {
        return Err(Error::Form);
    }
    let number = number(entry, &["number", "iid", "pullRequestId", "id"]);
    let head =
        text(entry, &["head", "head.ref", "headRefName", "source_branch", "sourceRefName", "source.branch.name"]);
    let commit = text(
        entry,
        &["commit", "head.sha", "headRefOid", "sha", "lastMergeSourceCommit.commitId", "source.commit.hash"],
    );
    let whole = |id: &String| matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
    let commit = commit.filter(whole).or_else(|| head.clone().filter(whole));
    let head = head.filter(|head| !whole(head)).unwrap_or_default();
    if head.is_empty() && commit.is_none() && number.is_none() {
        return Err(Error::Nothing(index));
    }
    let author = text(
        entry,
        &["author", "author.login", "author.username", "user.login", "author.nickname", "createdBy.uniqueName"],
    );
    Ok(Request {
        number,
        head,
        commit,
        base: text(
            entry,
            &["base", "base.ref", "baseRefName", "target_branch", "targetRefName", "destination.branch.name"],
        ),
        bot: is_bot(entry, author.as_deref()),
        author,
        draft: is_true(entry, &["draft", "isDraft", "work_in_progress"]),
        fork: is_fork(entry),
    })
}

fn is_bot(entry: &Value, author: Option<&str>) -> bool {
    let named = |author: &str| author.ends_with("[bot]") || author.starts_with("app/");
    is_true(entry, &["bot", "author.is_bot"])
        || text(entry, &["user.type"]).is_some_and(|kind| kind == "Bot")
        || author.is_some_and(named)
}

fn is_fork(entry: &Value) -> bool {
    let differ = |one: &str, other: &str| match (at(entry, &[one]), at(entry, &[other])) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    is_true(entry, &["fork", "isCrossRepository"])
        || differ("head.repo.full_name", "base.repo.full_name")
        || differ("source_project_id", "target_project_id")
        || differ("source.repository.full_name", "destination.repository.full_name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(json: &str) -> Request {
        let found = read(json.as_bytes()).expect("a list");
        assert_eq!(found.len(), 1);
        found.into_iter().next().expect("one")
    }

    #[test]
    fn every_forges_own_answer_is_read() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let expected = Request {
            number: Some(7),
            head: "feat/x".to_owned(),
            commit: Some(id.to_owned()),
            base: Some("main".to_owned()),
            author: Some("ann".to_owned()),
            draft: true,
            bot: false,
            fork: true,
        };
        for json in [
            format!(
                r#"[{{"number":7,"head":"feat/x","commit":"{id}","base":"main","author":"ann","draft":true,"fork":true}}]"#
            ),
            format!(
                r#"[{{"number":7,"headRefName":"feat/x","headRefOid":"{id}","baseRefName":"main",
                    "author":{{"login":"ann","is_bot":false}},"isDraft":true,"isCrossRepository":true}}]"#
            ),
            format!(
                r#"[{{"number":7,"head":{{"ref":"feat/x","sha":"{id}","repo":{{"full_name":"ann/r"}}}},
                    "base":{{"ref":"main","repo":{{"full_name":"o/r"}}}},"user":{{"login":"ann","type":"User"}},"draft":true}}]"#
            ),
            format!(
                r#"{{"iid":7,"id":991,"source_branch":"feat/x","target_branch":"main","sha":"{id}",
                    "author":{{"username":"ann"}},"draft":true,"source_project_id":2,"target_project_id":1}}"#
            ),
        ] {
            assert_eq!(one(&json), expected, "{json}");
        }
    }

    #[test]
    fn pages_one_after_another_are_one_list() {
        assert_eq!(read(b"[{\"number\":1}][{\"number\":2}]\n").expect("a list").len(), 2);
        assert_eq!(read(b"{\"number\":1}\n{\"number\":2}\n").expect("a list").len(), 2);
        assert_eq!(read(b"{\"values\":[{\"id\":1}]}").expect("a list").len(), 1);
        assert!(read(b"[]").expect("a list").is_empty());
        assert!(read(b"").expect("a list").is_empty());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert_eq!(read(b"[1]"), Err(Error::Form));
        assert_eq!(read(b"\"x\""), Err(Error::Form));
        assert_eq!(read(b"[{\"number\":1},{\"draft\":true}]"), Err(Error::Nothing(1)));
        assert!(matches!(read(b"[{\"number\":1}"), Err(Error::Json(_))));
        assert!(matches!(read(b"<html>"), Err(Error::Json(_))));
    }

    #[test]
    fn programs_are_told_from_people() {
        assert!(one(r#"[{"number":1,"user":{"login":"dependabot[bot]","type":"Bot"}}]"#).bot);
        assert!(one(r#"[{"number":1,"author":{"login":"app/renovate","is_bot":true}}]"#).bot);
        assert!(!one(r#"[{"number":1,"author":"robot-ann"}]"#).bot);
    }

    #[test]
    fn a_commit_may_stand_for_the_head() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        let request = one(&format!(r#"[{{"head":"{id}"}}]"#));
        assert_eq!((request.commit.as_deref(), request.head.as_str()), (Some(id), ""));
        assert_eq!(one(r#"[{"head":"abc1234","commit":"abc"}]"#).commit, None, "an abbreviated id is no commit");
    }
}
