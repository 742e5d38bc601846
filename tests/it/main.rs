//! What a user sees: the real binary with real git in temporary folders. One test binary, so that it is linked once.
//! Must not know: the library's insides.

mod action;
mod ci;
mod commits;
mod coordinator;
mod demo;
mod evidence;
mod fail_open;
mod hostile;
mod install;
mod kinds;
mod later;
mod look;
mod moved;
mod names;
mod openings;
mod plan;
mod policy;
mod properties;
mod races;
mod readme;
mod remembered;
mod repositories;
mod right_of_way;
mod rough;
mod scan;
mod select;
mod statuses;
mod sync;
mod watch;
mod ways_out;
mod world;
