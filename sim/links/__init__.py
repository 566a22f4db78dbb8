"""The link's transports under bus models that others wrote: a host learns over the bus, beside the golden model."""
