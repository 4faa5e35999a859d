//! A client that others wrote: rmcp, in both eras.

use rmcp::model::CallToolRequestParams;
use rmcp::model::ProtocolVersion;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationManager, AuthorizationRequest, AuthorizationSession};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};

use super::*;
use crate::oauth::CB;
use crate::world::sign_in_at_microsoft;

#[tokio::test]
async fn rmcp_lists_and_calls_tools_in_both_eras() {
    let agent = Agent::new().await;
    let modern = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    for mode in [modern, ClientLifecycleMode::Initialize] {
        let config =
            StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", agent.world.url)).auth_header(&agent.key);
        let client = ().serve_with_lifecycle(StreamableHttpClientTransport::from_config(config), mode).await.unwrap();
        let tools = client.list_all_tools().await.unwrap();
        assert!(tools.iter().any(|it| it.name == "whoami"));
        let answer = client.call_tool(CallToolRequestParams::new("whoami")).await.unwrap();
        assert!(serde_json::to_string(&answer).unwrap().contains(ADA));
        assert!(
            client
                .call_tool(CallToolRequestParams::new("no_such_tool"))
                .await
                .is_err()
        );
        client.cancel().await.unwrap();
    }
}

/// With nothing but the address: rmcp finds the authorization server, registers, signs in, calls, and renews its token.
#[tokio::test]
async fn rmcp_signs_in_with_the_address_alone() {
    let world = World::new().await;
    let address = format!("{}/mcp", world.url);
    let mut manager = AuthorizationManager::new_allowing_private_addresses(address.as_str())
        .await
        .unwrap();
    let found = manager.resolve_metadata().await.unwrap();
    assert!(found.source.is_discovered());
    manager.set_metadata(found.metadata);
    let request = AuthorizationRequest::new(CB).with_client_name("rmcp");
    let session = AuthorizationSession::new(manager, request)
        .await
        .map_err(|it| it.1)
        .unwrap();
    let mut browser = sandbox::visitor::Visitor::new();
    browser.stop_at(CB);
    let asked = browser.open(session.get_authorization_url()).await.unwrap();
    let there = browser
        .submit(&asked, "/authorize", &[("answer", "approve")])
        .await
        .unwrap();
    let back = sign_in_at_microsoft(&mut browser, there, ADA).await;
    session.handle_callback_url(back.url.as_str()).await.unwrap();
    // Its own time is the machine's, and the gateway's stands still, so it is told to renew.
    session.auth_manager.refresh_token().await.unwrap();
    let http = AuthClient::new(world.http.clone(), session.auth_manager);
    let config = StreamableHttpClientTransportConfig::with_uri(address);
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let modern = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    let client = ().serve_with_lifecycle(transport, modern).await.unwrap();
    let answer = client.call_tool(CallToolRequestParams::new("whoami")).await.unwrap();
    assert!(serde_json::to_string(&answer).unwrap().contains(ADA));
    client.cancel().await.unwrap();
}
