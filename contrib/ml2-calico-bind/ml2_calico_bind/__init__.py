"""Binds Neutron ports for Calico, and does nothing else."""
