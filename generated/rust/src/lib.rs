//! Generated stubs of Aboveboard, one module for each package of the schema.

// What a generator writes is not held to what a person would.
#[allow(clippy::all, rustdoc::all)]
mod generated {
    include!("gen/mod.rs");
}

pub use generated::aboveboard::*;
