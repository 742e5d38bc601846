//! stub
use crate::failure::Failure;
use crate::ops::context::Context;
/// stub
pub fn refresh(_: &Context) -> Result<(), Failure> {
    Ok(())
}
