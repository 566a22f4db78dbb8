"""What `pytest tests/verification --hypothesis-profile=long` needs before it collects tests."""

from hypothesis import settings

settings.register_profile("long")
