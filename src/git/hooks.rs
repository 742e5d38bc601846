//! Git's hooks: where git looks for them, and coord's own part in them: put in, taken out, found again.
//! Must not know: what `coord hook` does when it is called, who asked for it.

pub mod configured;
pub mod files;
pub mod place;
pub mod probe;
pub mod runners;
pub mod shim;

/// The hooks that coord answers, in the order of git's manual.
pub const HOOKS: &[&str] =
    &["pre-commit", "pre-merge-commit", "post-commit", "post-checkout", "post-merge", "pre-push", "post-rewrite"];

/// The hook that leaves no way round, added by `coord install --strict`.
pub const STRICT: &str = "reference-transaction";

/// All of them, for looking and taking out.
pub fn all() -> impl Iterator<Item = &'static str> {
    HOOKS.iter().copied().chain([STRICT])
}
