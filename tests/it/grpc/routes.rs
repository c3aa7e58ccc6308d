//! What is beside the handler's paths: health and reflection.

use regate::proto::{self, service};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::*;

const SERVICES: [&str; 2] = [service::AUTHORIZATION_V3, service::AUTHORIZATION_V2];

async fn channel(server: &Server) -> Channel {
    let address = server.addresses[0].to_string();
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

async fn status(client: &mut HealthClient<Channel>, service: &str) -> Result<i32, tonic::Code> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    client
        .check(request)
        .await
        .map(|it| it.into_inner().status)
        .map_err(|it| it.code())
}

#[tokio::test]
async fn health_is_told_for_each_service() {
    let (routes, health) = grpc::health::add(Routes::default(), &SERVICES).await;
    let server = serve(tcp(), routes);
    let mut client = HealthClient::new(channel(&server).await);
    for (ready, expected) in [
        (None, ServingStatus::NotServing),
        (Some(true), ServingStatus::Serving),
        (Some(false), ServingStatus::NotServing),
    ] {
        if let Some(ready) = ready {
            health.set_ready(ready).await;
        }
        for service in ["", SERVICES[0], SERVICES[1]] {
            assert_eq!(
                status(&mut client, service).await,
                Ok(expected as i32),
                "{service}"
            );
        }
    }
    assert_eq!(
        status(&mut client, "unknown").await,
        Err(tonic::Code::NotFound)
    );
    assert_eq!(server.connect().await.ask("beside").await, "beside");
}

#[tokio::test]
async fn a_health_watch_does_not_hold_up_the_end() {
    let (routes, health) = grpc::health::add(Routes::default(), &SERVICES).await;
    let server = serve(tcp(), routes);
    let mut client = HealthClient::new(channel(&server).await);
    let mut watch = client
        .watch(HealthCheckRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut seen = vec![watch.message().await.unwrap().unwrap().status];
    let (ready, follow) = tokio::sync::watch::channel(true);
    let following = tokio::spawn(health.follow(follow));
    seen.push(watch.message().await.unwrap().unwrap().status);
    drop(ready);
    following.await.unwrap();
    seen.push(watch.message().await.unwrap().unwrap().status);
    assert_eq!(seen, [2, 1, 2]);
    assert!(server.stop().await);
    assert_eq!(
        watch.message().await.unwrap_err().code(),
        tonic::Code::Unavailable
    );
}

async fn reflect(
    client: &mut ServerReflectionClient<Channel>,
    ask: MessageRequest,
) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(ask),
    };
    let mut answers = client
        .server_reflection_info(futures_util::stream::iter([request]))
        .await
        .unwrap()
        .into_inner();
    let answer: ServerReflectionResponse = answers.message().await.unwrap().unwrap();
    answer.message_response.unwrap()
}

#[tokio::test]
async fn reflection_describes_what_is_served() {
    let (routes, _health) = grpc::health::add(Routes::default(), &SERVICES).await;
    let server = serve(tcp(), grpc::reflection::add(routes).unwrap());
    let mut client = ServerReflectionClient::new(channel(&server).await);
    let list = reflect(&mut client, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(list) = list else {
        panic!("{list:?}")
    };
    let mut names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "envoy.service.auth.v2.Authorization",
            "envoy.service.auth.v3.Authorization",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ]
    );
    for path in [proto::CHECK_V3_PATH, proto::CHECK_V2_PATH] {
        let symbol = path.trim_start_matches('/').replace('/', ".");
        let file = reflect(&mut client, MessageRequest::FileContainingSymbol(symbol)).await;
        assert!(
            matches!(file, MessageResponse::FileDescriptorResponse(_)),
            "{file:?}"
        );
    }
}
