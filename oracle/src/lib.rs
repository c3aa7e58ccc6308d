//! Finds where ours and OPA differ: programs are generated, both are asked, what differs is made small and kept.
//!
//! | room | what it is |
//! | --- | --- |
//! | [`random`] | a small generator of random numbers |
//! | [`tree`] | a program's text as a tree of what can be dropped and replaced |
//! | [`program`] | modules, data, input, and what is asked of them |
//! | [`generate`] | makes programs |
//! | [`answer`] | what a program gave, and whether two answers are one |
//! | [`ours`] | asks this engine |
//! | [`command`] | asks OPA's command line |
//! | [`http`], [`peer`] | asks OPA's server |
//! | [`corpus`] | programs that people wrote: the language cases, the repository's policies |
//! | [`shrink`] | makes a program smaller while it still differs |
//! | [`gathered`] | a program whose `walk` does not stop early |
//! | [`explained`] | the differences that are known, with their reasons |
//! | [`calls`] | calls of built-ins with generated arguments, asked of both |
//! | [`stored`] | programs with OPA's answers, as files |
//! | [`metamorphic`] | changes to a program that change no answer |
//!
//! Nothing here is part of the program that is delivered.

pub mod answer;
pub mod calls;
pub mod command;
pub mod corpus;
pub mod explained;
pub mod gathered;
pub mod generate;
pub mod http;
pub mod metamorphic;
pub mod ours;
pub mod peer;
pub mod program;
pub mod random;
pub mod shrink;
pub mod stored;
pub mod tree;
