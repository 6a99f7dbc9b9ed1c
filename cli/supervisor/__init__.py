"""The whole suite on one machine: servers, services and the gateway, started, watched and stopped."""
