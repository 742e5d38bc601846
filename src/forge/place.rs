//! Where a check runs, and for which request, as the service tells in variables and in its event.
//! Must not know: how a variable or a file is read.

use std::path::PathBuf;

use serde_json::Value;

use super::json::{is_true, number, text};
use crate::domain::ci::{Forge, Request};

/// What the service tells of the job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The service.
    pub forge: Forge,
    /// The request that the job is for; `None` for a push, a schedule, or somebody's own machine.
    pub request: Option<Request>,
    /// The branch that the job is for, where it is for no request.
    pub branch: Option<String>,
    /// The branch that requests land on by default.
    pub default_branch: Option<String>,
    /// What to put before a request's number to make its address.
    pub request_url: Option<String>,
    /// The file that a summary is appended to.
    pub summary: Option<PathBuf>,
    /// The file that holds the event; its content goes to [`Place::learn`].
    pub event: Option<PathBuf>,
    /// What makes the whole history come along, as a line of that service's file; for when it did not.
    pub whole_history: &'static str,
}

/// Finds out where the check runs, from its variables.
pub fn find(variable: impl Fn(&str) -> Option<String>) -> Place {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is = |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is("GITHUB_ACTIONS") || is("GITEA_ACTIONS") || is("FORGEJO_ACTIONS") {
        return github(&variable);
    }
    if is("GITLAB_CI") {
        return gitlab(&variable);
    }
    OTHERS.iter().find_map(|service| service.find(&variable)).unwrap_or_else(nowhere)
}

fn nowhere() -> Place {
    Place {
        forge: Forge::None,
        request: None,
        branch: None,
        default_branch: None,
        request_url: None,
        summary: None,
        event: None,
        whole_history: "git fetch --unshallow",
    }
}

fn github(variable: &impl Fn(&str) -> Option<String>) -> Place {
    let reference = variable("GITHUB_REF").unwrap_or_default();
    let number = reference.strip_prefix("refs/pull/").and_then(|rest| rest.split('/').next()?.parse().ok());
    let request = variable("GITHUB_HEAD_REF").map(|head| Request {
        number,
        head,
        base: variable("GITHUB_BASE_REF"),
        ..Request::default()
    });
    let server = variable("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
    let pulls =
        if variable("GITEA_ACTIONS").or_else(|| variable("FORGEJO_ACTIONS")).is_some() { "pulls" } else { "pull" };
    let url = variable("GITHUB_REPOSITORY").map(|repository| format!("{server}/{repository}/{pulls}/"));
    Place {
        forge: Forge::GitHub,
        branch: reference.strip_prefix("refs/heads/").map(str::to_owned),
        default_branch: None,
        request,
        request_url: url.and_then(plain_url),
        summary: variable("GITHUB_STEP_SUMMARY").map(PathBuf::from),
        event: variable("GITHUB_EVENT_PATH").map(PathBuf::from),
        whole_history: "with: { fetch-depth: 0 }   # under uses: actions/checkout",
    }
}

fn gitlab(variable: &impl Fn(&str) -> Option<String>) -> Place {
    let request = variable("CI_MERGE_REQUEST_IID").map(|number| Request {
        number: number.parse().ok(),
        head: variable("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME").unwrap_or_default(),
        // In a pipeline for merged results the job's own commit is the merge; only this is the head.
        commit: variable("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA").or_else(|| variable("CI_COMMIT_SHA")),
        base: variable("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"),
        draft: variable("CI_MERGE_REQUEST_DRAFT").as_deref() == Some("true"),
        fork: variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != variable("CI_MERGE_REQUEST_PROJECT_ID"),
        ..Request::default()
    });
    Place {
        forge: Forge::GitLab,
        branch: variable("CI_COMMIT_BRANCH"),
        default_branch: variable("CI_DEFAULT_BRANCH"),
        request,
        request_url: variable("CI_PROJECT_URL").and_then(|url| plain_url(format!("{url}/-/merge_requests/"))),
        whole_history: "variables: { GIT_DEPTH: \"0\" }",
        ..nowhere()
    }
}

/// A service that tells only branches and a number.
struct Service {
    name: &'static str,
    known_by: &'static str,
    number: &'static str,
    head: &'static str,
    base: &'static str,
    branch: &'static str,
    whole_history: &'static str,
}

const OTHERS: &[Service] = &[
    Service {
        name: "azure",
        known_by: "TF_BUILD",
        number: "SYSTEM_PULLREQUEST_PULLREQUESTID",
        head: "SYSTEM_PULLREQUEST_SOURCEBRANCH",
        base: "SYSTEM_PULLREQUEST_TARGETBRANCH",
        branch: "BUILD_SOURCEBRANCH",
        whole_history: "fetchDepth: 0   # under checkout: self",
    },
    Service {
        name: "bitbucket",
        known_by: "BITBUCKET_BUILD_NUMBER",
        number: "BITBUCKET_PR_ID",
        head: "BITBUCKET_BRANCH",
        base: "BITBUCKET_PR_DESTINATION_BRANCH",
        branch: "BITBUCKET_BRANCH",
        whole_history: "clone: { depth: full }",
    },
    Service {
        name: "buildkite",
        known_by: "BUILDKITE",
        number: "BUILDKITE_PULL_REQUEST",
        head: "BUILDKITE_BRANCH",
        base: "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        branch: "BUILDKITE_BRANCH",
        whole_history: "git fetch --unshallow",
    },
    Service {
        name: "jenkins",
        known_by: "JENKINS_URL",
        number: "CHANGE_ID",
        head: "CHANGE_BRANCH",
        base: "CHANGE_TARGET",
        branch: "BRANCH_NAME",
        whole_history: "clone option: shallow off",
    },
    Service {
        name: "woodpecker",
        known_by: "CI_PIPELINE_NUMBER",
        number: "CI_COMMIT_PULL_REQUEST",
        head: "CI_COMMIT_SOURCE_BRANCH",
        base: "CI_COMMIT_TARGET_BRANCH",
        branch: "CI_COMMIT_BRANCH",
        whole_history: "clone: { git: { settings: { depth: 0 } } }",
    },
    Service {
        name: "circleci",
        known_by: "CIRCLECI",
        number: "CIRCLE_PR_NUMBER",
        head: "CIRCLE_BRANCH",
        base: "",
        branch: "CIRCLE_BRANCH",
        whole_history: "git fetch --unshallow",
    },
];

impl Service {
    fn find(&self, variable: &impl Fn(&str) -> Option<String>) -> Option<Place> {
        variable(self.known_by)?;
        let short = |name: String| name.strip_prefix("refs/heads/").map(str::to_owned).unwrap_or(name);
        // Buildkite says "false" where there is no request.
        let number: Option<u64> = variable(self.number).and_then(|number| number.parse().ok());
        let request = number.and(variable(self.head)).map(|head| Request {
            number,
            head: short(head),
            base: variable(self.base).map(short),
            ..Request::default()
        });
        Some(Place {
            forge: Forge::Other(self.name),
            request,
            branch: variable(self.branch).map(short),
            whole_history: self.whole_history,
            ..nowhere()
        })
    }
}

/// An address that can stand in Markdown and HTML as it is; anything else is none.
fn plain_url(url: String) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte);
    let schemed = url.starts_with("https://") || url.starts_with("http://");
    (schemed && url.bytes().all(plain)).then_some(url)
}

impl Place {
    /// Takes from GitHub's event what no variable tells: the head's commit, its author, whether it is a draft or a fork.
    pub fn learn(&mut self, event: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Value>(event) else { return };
        self.default_branch = text(&event, &["repository.default_branch"]).or(self.default_branch.take());
        let Some(pull) = event.get("pull_request").filter(|pull| pull.is_object()) else { return };
        let mut known = self.request.take().unwrap_or_default();
        known.number = number(pull, &["number"]).or(known.number);
        known.head = text(pull, &["head.ref"]).unwrap_or(known.head);
        known.commit = text(pull, &["head.sha"]).or(known.commit);
        known.base = text(pull, &["base.ref"]).or(known.base);
        known.author = text(pull, &["user.login"]).or(known.author);
        known.draft |= is_true(pull, &["draft"]);
        known.bot |= text(pull, &["user.type"]).is_some_and(|kind| kind == "Bot");
        let (head, base) = (text(pull, &["head.repo.full_name"]), text(pull, &["base.repo.full_name"]));
        known.fork |= base.is_some() && head != base;
        self.request = Some(known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Place {
        find(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_request_on_github_is_known_with_its_head() {
        let mut place = place(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_REF", "refs/pull/12/merge"),
            ("GITHUB_HEAD_REF", "feat/x"),
            ("GITHUB_BASE_REF", "main"),
            ("GITHUB_REPOSITORY", "o/r"),
            ("GITHUB_SERVER_URL", "https://github.example"),
        ]);
        assert_eq!(place.forge, Forge::GitHub);
        assert_eq!(place.request_url.as_deref(), Some("https://github.example/o/r/pull/"));
        let request = place.request.clone().expect("a request");
        assert_eq!(
            (request.number, request.head.as_str(), request.base.as_deref()),
            (Some(12), "feat/x", Some("main"))
        );
        place.learn(br#"{"pull_request":{"number":12,"draft":true,"head":{"sha":"abc","ref":"feat/x","repo":{"full_name":"a/r"}},
            "base":{"ref":"main","repo":{"full_name":"o/r"}},"user":{"login":"ann","type":"User"}}}"#);
        let request = place.request.expect("a request");
        assert!(request.draft && request.fork && !request.bot);
        assert_eq!(request.commit.as_deref(), Some("abc"));
    }

    #[test]
    fn a_schedule_is_for_no_request() {
        let mut place =
            place(&[("GITHUB_ACTIONS", "true"), ("GITHUB_REF", "refs/heads/main"), ("GITHUB_HEAD_REF", "")]);
        place.learn(br#"{"schedule":"0 * * * *"}"#);
        place.learn(b"not json");
        assert_eq!((place.request, place.branch.as_deref()), (None, Some("main")));
    }

    #[test]
    fn a_request_on_gitlab_is_judged_by_its_own_head() {
        let place = place(&[
            ("GITLAB_CI", "true"),
            ("CI_MERGE_REQUEST_IID", "3"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "x"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "head"),
            ("CI_COMMIT_SHA", "merged"),
            ("CI_PROJECT_URL", "https://gitlab.example/o/r"),
        ]);
        let request = place.request.expect("a request");
        assert_eq!((request.commit.as_deref(), request.fork), (Some("head"), false));
        assert_eq!(place.request_url.as_deref(), Some("https://gitlab.example/o/r/-/merge_requests/"));
    }

    #[test]
    fn others_and_nobody() {
        let azure = place(&[
            ("TF_BUILD", "True"),
            ("SYSTEM_PULLREQUEST_PULLREQUESTID", "5"),
            ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/x"),
            ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ]);
        assert_eq!(azure.forge, Forge::Other("azure"));
        assert_eq!(azure.request.expect("a request").base.as_deref(), Some("main"));
        let push = place(&[("BUILDKITE", "true"), ("BUILDKITE_PULL_REQUEST", "false"), ("BUILDKITE_BRANCH", "x")]);
        assert_eq!((push.request, push.branch.as_deref()), (None, Some("x")));
        assert_eq!(place(&[]).forge, Forge::None);
    }

    #[test]
    fn an_address_that_could_break_out_is_none() {
        let place = place(&[("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "o/r)[x](javascript:x")]);
        assert_eq!(place.request_url, None);
    }
}
