//! The tools: what each takes, and the use case behind it. The answers are those of `--json`.
//! Must not know: the protocol around them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::domain::claim::{ClaimMode, Token};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::failure::Failure;
use crate::ops::check::CheckOptions;
use crate::ops::claim::{ClaimOptions, Which};
use crate::ops::context::{Context, OpenOptions};
use crate::ops::survey::SurveyOptions;
use crate::ops::{self, paths};
use crate::render::{claims, json as render};

/// Every tool with its schema and what it does to the world.
pub(super) fn list() -> Vec<Value> {
    let strings = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    let text = |what: &str| json!({"type": "string", "description": what});
    let tool = |name: &str, what: &str, reads: bool, properties: Value, required: &[&str]| {
        json!({
            "name": name, "title": what, "description": what,
            "inputSchema": {"type": "object", "properties": properties, "required": required, "additionalProperties": false},
            "annotations": {"readOnlyHint": reads, "destructiveHint": false, "idempotentHint": reads, "openWorldHint": false},
        })
    };
    vec![
        tool(
            "coord_scan",
            "Who is at work on this repository, on which paths, and which of them conflict",
            true,
            json!({}),
            &[],
        ),
        tool(
            "coord_check",
            "Who else changes these paths, and whether somebody has claimed them",
            true,
            json!({"paths": strings("files")}),
            &["paths"],
        ),
        tool(
            "coord_diff",
            "The conflict between two lines of work: both sides' changes and the merged text",
            true,
            json!({"a": text("one, as coord_scan names it"), "b": text("the other"), "path": text("one path of them")}),
            &["a", "b"],
        ),
        tool("coord_plan", "In which order the work can land, and what merges together cleanly", true, json!({}), &[]),
        tool("coord_claims", "Who has claimed which paths, and until when", true, json!({}), &[]),
        tool(
            "coord_claim",
            "Keep others off some paths for a while",
            false,
            json!({"patterns": strings("files, directories or globs"), "shared": {"type": "boolean"}, "minutes": {"type": "integer", "minimum": 1, "maximum": 1440}, "task": text("what for")}),
            &["patterns"],
        ),
        tool(
            "coord_release",
            "Give claims back: these tokens, or all of one's own",
            false,
            json!({"tokens": {"type": "array", "items": {"type": "integer"}}}),
            &[],
        ),
    ]
}

/// Calls a tool; `None` where there is none of that name.
pub(super) fn call(env: &Env, name: &str, arguments: &Value) -> Option<Result<Value, String>> {
    let tool: fn(&Context, &Value) -> Result<Value, Failure> = match name {
        "coord_scan" => scan,
        "coord_check" => check,
        "coord_diff" => diff,
        "coord_plan" => plan,
        "coord_claims" => |ctx, _| written(|out| claims::json(&ops::claim::list(ctx).unwrap_or_default(), None, out)),
        "coord_claim" => claim,
        "coord_release" => release,
        _ => return None,
    };
    let answer = Context::open(env, &OpenOptions::default()).and_then(|ctx| tool(&ctx, arguments));
    Some(answer.map_err(|failure| [&[failure.whole_message()], &failure.hints[..]].concat().join("\n")))
}

/// What a renderer of JSON writes, as a value.
fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<Value, Failure> {
    let mut text = Vec::new();
    let wrong = |why: String| Failure::new(crate::failure::Kind::Bug, format!("the answer cannot be written: {why}"));
    write(&mut text).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
}

fn strings(arguments: &Value, name: &str) -> Vec<String> {
    let list = arguments.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn one(arguments: &Value, name: &str) -> String {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn scan(ctx: &Context, _: &Value) -> Result<Value, Failure> {
    let survey = ops::survey::survey(ctx, &SurveyOptions::default())?;
    written(|out| render::survey(&survey, Grade::Identical, out))
}

fn check(ctx: &Context, arguments: &Value) -> Result<Value, Failure> {
    let typed = strings(arguments, "paths");
    let paths: Vec<RepoPath> =
        typed.iter().map(|typed| paths::in_repository(ctx, Path::new(typed))).collect::<Result<_, _>>()?;
    let claimed = ops::claim::told(ctx, &paths.iter().cloned().collect())?;
    let mut facts = ops::check::check(ctx, &CheckOptions { paths, lines: None })?;
    facts.survey.notices.extend(claimed);
    written(|out| render::facts(&facts, out))
}

fn diff(ctx: &Context, arguments: &Value) -> Result<Value, Failure> {
    let path = Some(one(arguments, "path")).filter(|path| !path.is_empty());
    let path = path.map(|typed| paths::in_repository(ctx, Path::new(&typed))).transpose()?;
    let comparison = ops::diff::diff(ctx, &one(arguments, "a"), &one(arguments, "b"), path.as_ref())?;
    written(|out| render::comparison(&comparison, out))
}

fn plan(ctx: &Context, _: &Value) -> Result<Value, Failure> {
    let survey = ops::survey::survey(ctx, &SurveyOptions::default())?;
    let plan = ops::plan::plan(ctx, &survey)?;
    written(|out| render::plan(&survey, &plan, out))
}

fn claim(ctx: &Context, arguments: &Value) -> Result<Value, Failure> {
    let minutes = arguments.get("minutes").and_then(Value::as_u64);
    let shared = arguments.get("shared").and_then(Value::as_bool) == Some(true);
    let options = ClaimOptions {
        patterns: strings(arguments, "patterns").into_iter().map(String::into_bytes).collect(),
        mode: if shared { ClaimMode::Shared } else { ClaimMode::Exclusive },
        span: minutes.map(|minutes| Seconds(minutes.saturating_mul(60))),
        task: Some(one(arguments, "task")).filter(|task| !task.is_empty()),
        wait: None,
        force: BTreeSet::new(),
    };
    if options.patterns.is_empty() {
        return Err(Failure::new(crate::failure::Kind::Usage, "claim what? give patterns"));
    }
    let report = ops::claim::claim(ctx, &options)?;
    written(|out| claims::claimed_json(&report, out))
}

fn release(ctx: &Context, arguments: &Value) -> Result<Value, Failure> {
    let tokens = arguments.get("tokens").and_then(Value::as_array);
    let tokens = tokens.map(|list| list.iter().filter_map(Value::as_u64).map(Token).collect());
    let which = tokens.map_or(Which::Mine, Which::Tokens);
    let released = ops::claim::release(ctx, &which, false)?;
    written(|out| claims::json(&released, None, out))
}
