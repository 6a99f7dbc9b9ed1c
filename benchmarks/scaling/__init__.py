"""What more replicas of a service bring, and what joining, leaving and dying costs."""
