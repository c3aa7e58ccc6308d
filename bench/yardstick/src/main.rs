//! The yardstick: what a Rust team writes first. A bare tonic server on tokio's default runtime that
//! decodes the CheckRequest with prost and answers a constant. It decides nothing and logs nothing.

use envoy_types::pb::envoy::service::auth::v3::authorization_server::{
    Authorization, AuthorizationServer,
};
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use envoy_types::pb::google::protobuf::{Struct, Value, value::Kind};
use envoy_types::pb::google::rpc::Status as RpcStatus;
use tonic::{Request, Response, Status};

// The allocator that regate uses, so that the comparison is about the rest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Yardstick;

#[tonic::async_trait]
impl Authorization for Yardstick {
    async fn check(&self, _: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let id = Kind::StringValue("00000000-0000-4000-8000-000000000000".to_owned());
        let id = ("decision_id".to_owned(), Value { kind: Some(id) });
        Ok(Response::new(CheckResponse {
            status: Some(RpcStatus::default()),
            dynamic_metadata: Some(Struct {
                fields: [id].into(),
            }),
            ..CheckResponse::default()
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addr = std::env::args()
        .nth(1)
        .ok_or("usage: yardstick HOST:PORT")?
        .parse()?;
    tonic::transport::Server::builder()
        .add_service(AuthorizationServer::new(Yardstick))
        .serve(addr)
        .await?;
    Ok(())
}
