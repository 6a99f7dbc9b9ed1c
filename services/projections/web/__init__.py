"""What people and programs see of the read models: pages in French, a JSON API, live changes."""
