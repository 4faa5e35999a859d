//! A client that others wrote: rmcp, in both eras.

use rmcp::model::CallToolRequestParams;
use rmcp::model::ProtocolVersion;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};

use super::*;

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
