//! JSON text: reading into a [`Doc`](super::Doc), writing of documents and values.
