//! The tools: what each takes, and the use case behind it. The answers are those of `--json`.
//! Must not know: the protocol around them.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::board;
use crate::domain::claim::{ClaimMode, Token};
use crate::domain::overlap::Grade;
use crate::domain::path::RepoPath;
use crate::domain::report::Survey;
use crate::domain::time::Seconds;
use crate::env::Env;
use crate::failure::Failure;
use crate::ops::check::CheckOptions;
use crate::ops::claim::{ClaimOptions, Which};
use crate::ops::context::{Context, OpenOptions};
use crate::ops::survey::SurveyOptions;
use crate::ops::{self, paths};
use crate::render::json as render;

/// The use case behind a tool.
type Answer = fn(&Context, &JsonObject) -> Result<Value, Failure>;

const TOOLS: &[(&str, Answer)] = &[
    ("coord_status", status),
    ("coord_scan", scan),
    ("coord_check", check),
    ("coord_diff", diff),
    ("coord_plan", plan),
    ("coord_claims", claimed),
    ("coord_claim", claim),
    ("coord_release", release),
];

/// Every tool with its schemas and what it does to the world.
pub(super) fn list() -> Vec<Tool> {
    let strings = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    let text = |what: &str| json!({"type": "string", "description": what});
    let mode = json!({"type": "boolean", "description": "whether others may claim them as well"});
    let minutes = json!({"type": "integer", "minimum": 1, "maximum": 1440});
    let tokens = json!({"type": "array", "items": {"type": "integer"}, "description": "all of one's own without it"});
    let grade = json!({"type": "string", "enum": ["conflict", "disjoint", "identical"], "default": "conflict",
        "description": "leaves out what is less bad"});
    vec![
        reads("coord_status", "The board: who is at work, on what, in which files", &json!({}), &[]),
        reads("coord_scan", "Everybody's changes and which of them collide", &json!({"min_grade": grade}), &[]),
        reads(
            "coord_check",
            "Who else changes these files, and whether somebody has claimed them",
            &json!({"paths": strings("files")}),
            &["paths"],
        ),
        reads(
            "coord_diff",
            "The conflict between two lines of work: both sides' changes and the merged text",
            &json!({"a": text("one, as coord_status names it"), "b": text("the other"), "path": text("one path of them")}),
            &["a", "b"],
        ),
        reads("coord_plan", "In which order the work can land, and what merges together cleanly", &json!({}), &[]),
        reads("coord_claims", "Who has claimed which files, and until when", &json!({}), &[]),
        changes(
            "coord_claim",
            "Keep others off some files for a while",
            &json!({"patterns": strings("files, directories or globs"), "shared": mode, "minutes": minutes, "task": text("what for")}),
            &["patterns"],
        ),
        changes("coord_release", "Give claims back", &json!({"tokens": tokens}), &[]),
    ]
}

fn reads(name: &'static str, what: &'static str, properties: &Value, required: &[&str]) -> Tool {
    tool(name, what, properties, required, ToolAnnotations::with_title(what).read_only(true))
}

fn changes(name: &'static str, what: &'static str, properties: &Value, required: &[&str]) -> Tool {
    let hints = ToolAnnotations::with_title(what).read_only(false).destructive(false).idempotent(false);
    tool(name, what, properties, required, hints)
}

fn tool(name: &'static str, what: &'static str, properties: &Value, required: &[&str], hints: ToolAnnotations) -> Tool {
    let object = |schema: Value| schema.as_object().cloned().unwrap_or_default();
    let input =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    // The form of each answer is that of `--json`, which is only ever added to.
    let output = json!({"type": "object", "properties": {"version": {"type": "integer"}}, "required": ["version"]});
    Tool::new(name, what, object(input))
        .with_title(what)
        .with_raw_output_schema(Arc::new(object(output)))
        .with_annotations(hints.open_world(false))
}

/// The tool of that name.
pub(super) fn find(name: &str) -> Option<Answer> {
    TOOLS.iter().find(|(known, _)| *known == name).map(|(_, answer)| *answer)
}

/// Calls a tool. An error is told as the command line would tell it.
pub(super) fn call(env: &Env, tool: Answer, arguments: &JsonObject) -> Result<Value, String> {
    let answer = Context::open(env, &OpenOptions::default()).and_then(|ctx| tool(&ctx, arguments));
    answer.map_err(|failure| [&[failure.whole_message()], &failure.hints[..]].concat().join("\n"))
}

/// What a renderer of JSON writes, as a value.
fn written(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<Value, Failure> {
    let mut text = Vec::new();
    let wrong = |why: String| Failure::new(crate::failure::Kind::Bug, format!("the answer cannot be written: {why}"));
    write(&mut text).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
}

fn strings(arguments: &JsonObject, name: &str) -> Vec<String> {
    let list = arguments.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn one(arguments: &JsonObject, name: &str) -> String {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn status(ctx: &Context, _: &JsonObject) -> Result<Value, Failure> {
    Ok(board::of(&survey(ctx)?))
}

fn scan(ctx: &Context, arguments: &JsonObject) -> Result<Value, Failure> {
    let least = match &*one(arguments, "min_grade") {
        "identical" => Grade::Identical,
        "disjoint" => Grade::Disjoint,
        _ => Grade::Conflict,
    };
    let survey = survey(ctx)?;
    written(|out| render::survey(&survey, least, out))
}

/// Everybody, recorded and published as the command line does it.
fn survey(ctx: &Context) -> Result<Survey, Failure> {
    let options = SurveyOptions::default();
    let mut survey = ops::survey::survey(ctx, &options)?;
    let told = ops::publish::everybody(ctx, &survey, &options);
    survey.notices.extend(told);
    Ok(survey)
}

fn check(ctx: &Context, arguments: &JsonObject) -> Result<Value, Failure> {
    let typed = strings(arguments, "paths");
    let paths: Vec<RepoPath> =
        typed.iter().map(|typed| paths::in_repository(ctx, Path::new(typed))).collect::<Result<_, _>>()?;
    let facts = ops::check::check(ctx, &CheckOptions { paths, lines: None })?;
    written(|out| render::facts(&facts, out))
}

fn diff(ctx: &Context, arguments: &JsonObject) -> Result<Value, Failure> {
    let path = Some(one(arguments, "path")).filter(|path| !path.is_empty());
    let path = path.map(|typed| paths::in_repository(ctx, Path::new(&typed))).transpose()?;
    let comparison = ops::diff::diff(ctx, &one(arguments, "a"), &one(arguments, "b"), path.as_ref())?;
    written(|out| render::comparison(&comparison, out))
}

fn plan(ctx: &Context, _: &JsonObject) -> Result<Value, Failure> {
    let survey = survey(ctx)?;
    let plan = ops::plan::plan(ctx, &survey)?;
    written(|out| render::plan(&survey, &plan, out))
}

fn claimed(ctx: &Context, _: &JsonObject) -> Result<Value, Failure> {
    let rows = ops::claim::list(ctx)?;
    written(|out| render::claims(&rows, out))
}

fn claim(ctx: &Context, arguments: &JsonObject) -> Result<Value, Failure> {
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
    written(|out| render::claimed(&report, out))
}

fn release(ctx: &Context, arguments: &JsonObject) -> Result<Value, Failure> {
    let tokens = arguments.get("tokens").and_then(Value::as_array);
    let tokens = tokens.map(|list| list.iter().filter_map(Value::as_u64).map(Token).collect());
    let which = tokens.map_or(Which::Mine, Which::Tokens);
    let released = ops::claim::release(ctx, &which, false)?;
    written(|out| render::claims(&released, out))
}
