//! `coord config`: sets and unsets one setting in the repository's git config, checked before it is written.
//! Must not know: what wins over what (see `settings`), printing.

use crate::domain::policy::Policy;
use crate::env::Env;
use crate::failure::{Failure, Kind};
use crate::git::hooks::configured;
use crate::git::repository::Repository;

use super::install::Site;
use super::settings::{KNOWN, Known};

/// Sets a setting for this repository; the name may be given with or without `coord.`. Gives the full name.
///
/// # Errors
/// Where there is no such setting, the value does not fit, or git cannot write it.
pub fn set(env: &Env, repository: &Repository, name: &str, value: &str) -> Result<&'static str, Failure> {
    let known = named(name)?;
    let values = known.split(value);
    known
        .check(&mut Policy::default(), &values)
        .map_err(|what| Failure::new(Kind::Usage, format!("{} = {value:?}: {what}", known.name)))?;
    let site = Site::new(env, repository)?;
    configured::unset(&site.git, site.common_dir(), known.name)?;
    for value in values {
        configured::add(&site.git, site.common_dir(), known.name, value.trim().into())?;
    }
    Ok(known.name)
}

/// Takes a setting of this repository back. Gives the full name.
///
/// # Errors
/// Where there is no such setting, or git cannot write.
pub fn unset(env: &Env, repository: &Repository, name: &str) -> Result<&'static str, Failure> {
    let known = named(name)?;
    let site = Site::new(env, repository)?;
    configured::unset(&site.git, site.common_dir(), known.name)?;
    Ok(known.name)
}

fn named(name: &str) -> Result<&'static Known, Failure> {
    Known::named(name).ok_or_else(|| {
        let all = KNOWN.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
        Failure::new(Kind::Usage, format!("{name:?} is no setting of coord's")).hint(format!("there are: {all}"))
    })
}
