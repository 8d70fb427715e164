//! An audit: what a corpus holds, counted and drawn, so that a wrong import is seen before anything learns from it.
//!
//! [`Audit::of`] counts, [`table`] and [`page`] show. What to look for: notes off the beat where the music is dance music (bar
//! lines are wrong), one key for everything (keys were not read), melodies in the bass (roles are wrong), a bar of 200 notes
//! (the metre is wrong), a single velocity (loudness is not known).

mod chart;
mod count;
mod page;
mod sheet;
mod table;

pub use count::{Audit, SetAudit};
pub use page::page;
pub use sheet::sheet;
pub use table::table;

use aeolian_score::role::Role;

/// Names of the roles, and of having none, in the order of every count by role.
const ROLE_NAMES: [&str; 7] = ["melody", "counter", "harmony", "bass", "drums", "sustained", "no role"];

/// Where a role stands in such a count.
fn role_index(role: Option<Role>) -> usize {
    role.map_or(ROLE_NAMES.len() - 1, |role| role as usize)
}
