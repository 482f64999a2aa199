"""Grafana: what it is provisioned with, and the table of panels that its dashboards are made of."""
