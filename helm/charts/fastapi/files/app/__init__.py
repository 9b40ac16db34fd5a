"""Terrarium's demonstration API.

It answers without Redis and without Kafka, and says so: neither is ever
waited for by a request beyond a bound.
"""
