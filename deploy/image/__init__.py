"""The image without a container engine: its Dockerfile is read, its steps are run, its promises are checked."""
