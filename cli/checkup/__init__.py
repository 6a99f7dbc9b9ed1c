"""What `perseverance doctor` looks at: each check finds facts, and says what to do about the bad ones."""
