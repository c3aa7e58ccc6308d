//! A checked policy to a [`Program`](ir::Program): units over numbered slots that [`eval`](crate::eval) runs.

pub mod index;
pub mod ir;
pub mod names;
