"""The contest: a champion that decides, challengers that only learn and are judged beside it.

`competitor` learns and publishes one model, `standings` measures all of them on the same outcomes,
`promotion` says when a challenger takes over, `protection` when nobody may learn for a while.
"""
