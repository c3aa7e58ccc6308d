//! The routes on a real socket.
