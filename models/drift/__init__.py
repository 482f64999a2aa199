"""Has the world changed? Counts a day from every partition, merged, compared with a reference.

```text
 decisions (4 partitions) ─► Collector: a sketch a day ─► fraud.drift-counts (1 partition)
                                                              │
                        Merger: closes days, one `Watched` for the features, one for the scores
                            PSI of the day, PSI of the last seven days, Page-Hinkley, ADWIN
                                                              │
 outcomes (1 partition) ─► OutcomeWatch: error, label rate, calibration ─► Edges: FIRED, RECOVERED
```

What each part does and how it was calibrated: `infra/docs/drift.md`.
"""
