//! Compiles `proto/`: Rust types for ext_authz v2, descriptors of v2 and v3 for reflection.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for version in ["v2", "v3"] {
        let mut compiler = protox::Compiler::new(["proto"])?;
        compiler.include_imports(true);
        compiler.open_file(format!("envoy/service/auth/{version}/external_auth.proto"))?;
        let descriptors = out.join(format!("ext_authz_{version}.bin"));
        std::fs::write(descriptors, compiler.encode_file_descriptor_set())?;
        if version == "v2" {
            prost_build::Config::new()
                .include_file("ext_authz_v2.rs")
                .compile_fds(compiler.file_descriptor_set())?;
        }
    }
    Ok(())
}
