"""The sections of device_check.py."""
