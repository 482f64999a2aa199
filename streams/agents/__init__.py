"""The six agents: each decodes, calls a pure function of ``models``, writes state and sends."""
