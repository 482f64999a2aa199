"""The histograms' upper bounds, each with what it is to tell apart."""

# From one hop's floor (a millisecond) to what a customer at a till notices, then to an outage.
LATENCY_BUCKETS_S = (
    0.001, 0.002, 0.004, 0.006, 0.008, 0.010, 0.015, 0.025, 0.050, 0.100,
    0.250, 0.500, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# An analyst's next day to the end of what card schemes allow.
LABEL_DELAY_BUCKETS_S = tuple(
    days * 86_400.0 for days in (0.25, 1, 2, 4, 7, 14, 21, 30, 45, 60, 90, 120, 180)
)
# A barrier of an idle worker takes a broker's round trip; past the delivery timeout it kills.
BARRIER_BUCKETS_S = (0.002, 0.005, 0.010, 0.025, 0.050, 0.100, 0.250, 0.500, 1.0, 2.5, 5.0, 10.0)
