"""What prefect.yaml cannot say: bootstrap, the local stack, the demo."""
