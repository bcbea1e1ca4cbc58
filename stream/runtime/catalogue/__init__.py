"""The metrics of Ebbtide, declared once: one module a process, each with constants and a ``CATALOGUE`` of all of them."""
